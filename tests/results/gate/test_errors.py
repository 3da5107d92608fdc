"""Answers that fail: weighed up against those that no longer do, session by session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.results.baseline import Baseline, accept
from replay_users.results.gate.claims import Claim, settle
from replay_users.results.gate.errors import SERVER_ERRORS, broken, broken_by_endpoint, unanswered_by_endpoint
from replay_users.results.gate.evidence import Turned
from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.settings import GateSettings, Limits
from replay_users.results.pairs import Pair
from tests.results.gate.made import A, B, end, run

if TYPE_CHECKING:
    from replay_users.results.gate.evidence import Evidence

SETTINGS = GateSettings()


def judged(evidence: Evidence, accepted: Baseline | None = None) -> dict[str, Check]:
    """The checks by endpoint, that of the whole run under an empty name."""
    found = [each for each in (broken(evidence, SETTINGS, accepted),) if each is not None]
    found += broken_by_endpoint(evidence, SETTINGS, accepted)
    claims = [each for each in found if isinstance(each, Claim)]
    checks = [*settle(claims, 0.01), *(each for each in found if isinstance(each, Check))]
    return {check.endpoint or "": check for check in checks}


@pytest.mark.parametrize(
    ("worse", "better", "verdict"),
    [
        pytest.param(20, 0, Decision.FAIL, id="many-broken"),
        pytest.param(20, 18, Decision.PASS, id="as-many-mended"),
        pytest.param(3, 0, Decision.PASS, id="three-may-be-chance"),
        pytest.param(30, 8, Decision.FAIL, id="more-broken-than-mended"),
        pytest.param(0, 20, Decision.PASS, id="mended-only"),
    ],
)
def test_broken_answers_are_weighed_against_mended_ones(worse: int, better: int, verdict: Decision) -> None:
    """A service that is as flaky as it was in production is no regression."""
    checks = judged(run(end(broken=worse, mended=better, sessions=1_000)))
    assert {check.verdict for check in checks.values()} == {verdict}
    assert {check.name for check in checks.values()} == {SERVER_ERRORS}


def test_a_session_has_one_vote() -> None:
    """200 broken answers of two sessions are two."""
    checks = judged(run(replace(end(sessions=50), broken=Turned(200, 2), succeeded=500)))
    assert checks[A].verdict is Decision.PASS
    assert checks[A].sentence.startswith(
        "200 answers of GET /a changed from 2xx to 5xx, in 2 sessions; none the other way"
    )


def test_an_endpoint_of_which_nothing_works_has_failed() -> None:
    """Two answers, both 5xx now, are no chance; a single one may be."""
    dead = replace(end(B, sessions=2, broken=2), succeeded=2)
    alone = replace(end(B, sessions=1, broken=1), succeeded=1)
    assert judged(run(end(A), dead))[B].verdict is Decision.FAIL
    assert judged(run(end(A), dead))[B].sentence == "all 2 answers of GET /b/{id} that were 2xx are 5xx"
    assert judged(run(end(A), alone))[B].verdict is Decision.PASS


def test_a_run_of_one_session_is_judged_by_its_answers() -> None:
    """Where there is no other session to look at, answers are weighed up."""
    one = replace(end(sessions=1), broken=Turned(20, 1), succeeded=50, sent=50, compared=50, mismatched=20)
    assert judged(run(one))[A].verdict is Decision.FAIL
    only = replace(end(sessions=1, broken=1), succeeded=1)
    assert judged(run(only))[A].sentence == "the only answer of GET /a that was 2xx is 5xx"


def few(sessions: int, worse: Turned, better: Turned) -> Evidence:
    """A run of so many sessions, each of which asked an endpoint 200 times."""
    asked = 200 * sessions
    each = end(sessions=sessions, sent=asked, compared=asked, succeeded=asked, mismatched=worse.count + better.count)
    return run(replace(each, broken=worse, mended=better))


@pytest.mark.parametrize("sessions", [3, 5, 7, 12])
def test_a_few_sessions_that_mostly_see_errors_are_judged_by_their_answers(sessions: int) -> None:
    """30 % of the answers of all of five sessions are no chance, though five sessions by themselves are sure of nothing."""
    most = max(3, sessions // 2 + 1)
    for hit in (sessions, most):
        checks = judged(few(sessions, Turned(60 * hit, hit), Turned()))
        assert {check.verdict for check in checks.values()} == {Decision.FAIL}


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        pytest.param(Turned(60, 2), Turned(), id="of-two-sessions"),
        pytest.param(Turned(5, 3), Turned(), id="five-answers"),
        pytest.param(Turned(100, 5), Turned(60, 5), id="on-either-side-of-all"),
        pytest.param(Turned(60, 5), Turned(50, 2), id="nearly-as-many-mended"),
    ],
)
def test_a_few_sessions_are_not_blamed_for_chance(worse: Turned, better: Turned) -> None:
    """What a user or two meet, a handful of answers, and a service that is flaky on either side fail nothing."""
    assert {check.verdict for check in judged(few(5, worse, better)).values()} == {Decision.PASS}


def test_estimated_numbers_of_sessions_weigh_no_more_than_what_was_counted() -> None:
    """A sketch of 64 that says 6,000 and 5,000 is no proof of anything."""
    close = replace(end(sessions=90_000), broken=Turned(6_000, 6_000), mended=Turned(5_000, 5_000), succeeded=90_000)
    far = replace(close, mended=Turned(900, 900))
    assert judged(run(close))[A].verdict is Decision.PASS
    assert judged(run(far))[A].verdict is Decision.FAIL


def test_errors_of_all_endpoints_count_together() -> None:
    """Four on each of five endpoints are found though none of these by itself."""
    checks = judged(run(*(end(f"GET /{n}", broken=4) for n in range(5))))
    assert checks[""].verdict is Decision.FAIL
    assert [check.verdict for name, check in checks.items() if name] == [Decision.PASS] * 5


def test_what_a_baseline_accepts_fails_only_when_it_is_more() -> None:
    """An endpoint that is known to be broken does not fail the run, until it is broken much more often."""
    accepted = accept(Baseline(), run(end(A, broken=20, sessions=200)), "r1")
    same, more = (judged(run(end(A, broken=n, sessions=200)), accepted) for n in (24, 90))
    assert (same[A].verdict, same[""].verdict) == (Decision.PASS, Decision.PASS)
    assert more[A].verdict is Decision.FAIL
    assert "the baseline has 20 of 200 sessions" in more[A].sentence
    assert (
        same[""].sentence == "no answer that was 2xx is 5xx, but for 24 on 1 endpoint where the baseline accepts some"
    )


def test_nothing_broken_is_said() -> None:
    """A run without such answers passes with a sentence; one in which nothing was compared says nothing."""
    checks = judged(run(end()))
    assert (checks[""].sentence, checks[""].verdict) == ("no answer that was 2xx is 5xx", Decision.PASS)
    assert judged(run(replace(end(sessions=3), failed=3, compared=0))) == {}


def pairs(failed: int, sessions: int) -> list[Pair]:
    """Pairs without an answer, of so many sessions."""
    return [Pair(n, n % sessions, 0, 1, None, 0) for n in range(failed)]


@pytest.mark.parametrize(
    ("failed", "sessions", "verdict"),
    [
        pytest.param(18, 18, Decision.FAIL, id="a-third-without-an-answer"),
        pytest.param(18, 2, Decision.PASS, id="of-two-sessions"),
        pytest.param(1, 1, Decision.PASS, id="one"),
    ],
)
def test_an_endpoint_without_answers_fails(failed: int, sessions: int, verdict: Decision) -> None:
    """A third of one endpoint fails the run even if that is little of the whole."""
    ends = [replace(end(A, sessions=60), failed=failed), *(end(f"GET /{n}", sessions=1_000) for n in range(9))]
    [check] = settle(list(unanswered_by_endpoint(run(*ends), SETTINGS, {A: pairs(failed, sessions)})), 0.01)
    assert (check.verdict, check.endpoint) == (verdict, A)


def test_an_endpoint_that_answers_nobody_fails_however_few_asked() -> None:
    """A run of one session has no third to ask, and an endpoint of two that never answers is dead; one timeout is chance."""
    whole = end("GET /other", sessions=1, sent=5_000, compared=5_000)
    alone = run(replace(end(A, sessions=0), sent=40, failed=20), whole)
    dead = run(replace(end(A, sessions=0), sent=18, failed=18), *(end(f"GET /{n}", sessions=1_000) for n in range(9)))
    once = run(replace(end(A, sessions=0), sent=1, failed=1), whole)
    one_of_many = run(replace(end(A, sessions=0), sent=2, failed=2), end("GET /other", sessions=1_000))
    found = [
        settle(list(unanswered_by_endpoint(evidence, SETTINGS, {A: pairs(failed, sessions)})), 0.005)[0].verdict
        for evidence, failed, sessions in ((alone, 20, 1), (dead, 18, 2), (once, 1, 1), (one_of_many, 2, 1))
    ]
    assert found == [Decision.FAIL, Decision.FAIL, Decision.PASS, Decision.PASS]


def test_what_may_fail_can_be_more() -> None:
    """The limit is that of the whole run."""
    settings = GateSettings(limits=Limits(max_failed_percent=40))
    evidence = run(replace(end(A, sessions=60), failed=18))
    [check] = settle(list(unanswered_by_endpoint(evidence, settings, {A: pairs(18, 18)})), 0.01)
    assert check.verdict is Decision.PASS
