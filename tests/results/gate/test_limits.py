"""Absolute limits: what was counted against what somebody chose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.results.gate.limits import limit_checks
from replay_users.results.gate.model import Decision
from replay_users.results.gate.settings import Limits
from replay_users.results.validity import CheckKind, Validity
from tests.results.gate.made import A, B, end, run

if TYPE_CHECKING:
    from replay_users.results.gate.evidence import Evidence
    from replay_users.results.gate.model import Check


def judged(evidence: Evidence, **limits: object) -> list[Check]:
    """The checks of these limits."""
    return list(limit_checks(evidence, Limits(**limits)))  # type: ignore[arg-type]


def test_without_limits_there_are_no_checks() -> None:
    """They are for those who want them."""
    assert judged(run(end())) == []


@pytest.mark.parametrize(("limit", "verdict"), [(10, Decision.PASS), (9, Decision.FAIL), (0, Decision.FAIL)])
def test_issues_are_those_of_the_article(limit: int, verdict: Decision) -> None:
    """Answers with another status and those that took more than half longer count together."""
    [check] = judged(
        run(replace(end(A), status_mismatches=3), replace(end(B), status_mismatches=1, slow_pairs=6)), max_issues=limit
    )
    assert (check.verdict, check.value, check.limit) == (verdict, 10, limit)
    assert check.sentence.startswith("10 issues: 4 answers with another status and 6 that took more than half longer")


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [(10, Decision.PASS), (9, Decision.INCONCLUSIVE), (4, Decision.INCONCLUSIVE), (3, Decision.FAIL)],
)
def test_slow_answers_of_a_late_run_are_no_issues_that_decide(limit: int, verdict: Decision) -> None:
    """Our own lag voids what is said of times: other statuses fail the run, slow answers alone do not."""
    late = Validity(valid=True, reasons=("lag",), void=(CheckKind.LATENCY,))
    [check] = judged(run(replace(end(A), status_mismatches=4, slow_pairs=6), validity=late), max_issues=limit)
    assert check.verdict is verdict
    assert ("not to be trusted" in check.sentence) is (verdict is Decision.INCONCLUSIVE)


@pytest.mark.parametrize(("limit", "verdict"), [(2.0, Decision.PASS), (1.9, Decision.FAIL)])
def test_a_share_of_the_answers_may_differ(limit: float, verdict: Decision) -> None:
    """It is of answers, without bounds."""
    [check] = judged(run(end(differing=2)), max_mismatch_percent=limit)
    assert check.verdict is verdict
    assert check.sentence == f"2 of 100 compared answers differ (2 %), the limit is {limit:g} %"


@pytest.mark.parametrize(
    ("p95", "verdict", "told"),
    [
        pytest.param(199.9, Decision.PASS, "199.9 ms", id="below"),
        pytest.param(200.1, Decision.FAIL, "200.1 ms", id="above"),
        pytest.param("over", Decision.FAIL, "beyond all answers", id="among-those-without-an-answer"),
        pytest.param(None, Decision.INCONCLUSIVE, "not measured", id="not-measured"),
    ],
)
def test_a_percentile_has_a_limit(p95: float | str | None, verdict: Decision, told: str) -> None:
    """Of the endpoints that its glob covers, and of which anything was sent."""
    ends = [replace(end(A), service_p95_ms=p95), end(B), replace(end("GET /a/never", sessions=0))]
    [check] = judged(run(*ends), p95_ms=(("GET /a*", 200.0),))
    assert (check.verdict, check.endpoint, check.kind) == (verdict, A, CheckKind.LATENCY)
    assert check.sentence == f"p95 of GET /a is {told}, the limit is 200 ms"


def test_a_late_run_does_not_fail_a_percentile() -> None:
    """Our own lag makes it worthless; one below its limit is below it nevertheless."""
    late = Validity(valid=True, reasons=("lag",), void=(CheckKind.LATENCY,))
    for p95, verdict in ((300.0, Decision.INCONCLUSIVE), (100.0, Decision.PASS)):
        [check] = judged(run(replace(end(A), service_p95_ms=p95), validity=late), p95_ms=(("*", 200.0),))
        assert check.verdict is verdict
        assert "not to be trusted" in check.sentence
