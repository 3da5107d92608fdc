"""Signatures against a baseline: new is what a baseline of that size would have shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.results.baseline import Baseline, accept
from replay_users.results.gate.accepted import SIGNATURES, signatures, signatures_by_endpoint
from replay_users.results.gate.claims import settle
from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.settings import GateSettings
from replay_users.results.gate.shares import Share
from tests.results.gate.made import A, B, end, run, signature

if TYPE_CHECKING:
    from replay_users.results.gate.evidence import Evidence


def judged(evidence: Evidence, accepted: Baseline) -> tuple[list[Check], Check | None]:
    """The checks of endpoints, and that of the whole run."""
    settings = GateSettings()
    ends = settle(list(signatures_by_endpoint(evidence, settings, accepted)), settings.alpha)
    return ends, signatures(evidence, accepted, ends)


KNOWN = accept(
    Baseline(), run(end(A, differing=30, sessions=1_000), signatures=[signature(differing=30, sessions=1_000)]), "r1"
)


@pytest.mark.parametrize(
    ("path", "differing", "sessions", "failed"),
    [
        pytest.param("root['price']", 35, 1_000, False, id="as-often-as-accepted"),
        pytest.param("root['price']", 120, 1_000, True, id="four-times-as-often"),
        pytest.param("root['new']", 2, 1_000, False, id="new-in-two-sessions"),
        pytest.param("root['new']", 3, 20_000, False, id="rarer-than-the-baseline-could-see"),
        pytest.param("root['new']", 20, 1_000, True, id="new-in-2-percent"),
        pytest.param("root['new']", 10, 10, True, id="new-in-all-of-ten"),
    ],
)
def test_a_signature_fails_if_it_is_surely_more_than_accepted(
    path: str, differing: int, sessions: int, failed: bool
) -> None:
    """Three sessions, a lower bound above the baseline's upper one, and no chance."""
    evidence = run(
        end(A, differing=differing, sessions=sessions),
        signatures=[signature(path, differing=differing, sessions=sessions)],
    )
    ends, whole = judged(evidence, KNOWN)
    assert any(check.verdict is Decision.FAIL for check in ends) is failed
    assert whole is not None
    assert (whole.verdict is Decision.FAIL) is failed
    assert (whole.name, whole.kind) == (SIGNATURES, "mismatches")


def test_the_sentence_says_the_numbers() -> None:
    """Where, how often, how often before, and how sure that is."""
    found = [
        signature("root['new']", differing=40, sessions=1_000),
        signature("root['x']", differing=30, sessions=1_000),
    ]
    [check], whole = judged(run(end(A, differing=40, sessions=1_000), signatures=found), KNOWN)
    assert check.sentence.startswith(
        "root['new'] value on GET /a is new: in 40 of 1,000 sessions (at least 2.42 %); the baseline has 0 of 1,000, at most"
    )
    assert ", and 1 more" in check.sentence
    assert check.numbers["tried"] == 2
    assert whole is not None
    assert whole.sentence == "2 signatures, 0 accepted; new or more frequent than accepted on GET /a"


def test_a_sample_of_the_sessions_is_called_one() -> None:
    """63 of 63 beside an endpoint of 69 sessions is no other number of sessions, but a sample of them."""
    found = replace(signature("root['new']", differing=63), share=Share(63, 63, is_sample=True))
    [check], _ = judged(run(end(A, differing=69, sessions=69), signatures=[found]), KNOWN)
    assert "is new: in 63 of a sample of 63 sessions (at least" in check.sentence


def test_a_new_signature_in_all_of_few_sessions_does_not_pass() -> None:
    """5 of 5 after 0 of 5 is not sure; the sentence is about it, not about what is as it was."""
    before = accept(
        Baseline(), run(end(A, differing=1, sessions=5), signatures=[signature(differing=1, sessions=5)]), "r1"
    )
    found = [signature(differing=2, sessions=5), signature("root['new']", differing=5, sessions=5)]
    [check], whole = judged(run(end(A, differing=5, sessions=5), signatures=found), before)
    assert whole is not None
    assert (check.verdict, whole.verdict) == (Decision.INCONCLUSIVE, Decision.INCONCLUSIVE)
    assert check.sentence.startswith("root['new'] value on GET /a is new: in 5 of 5 sessions")
    assert whole.sentence.endswith("one that the baseline has not is in all sessions of GET /a, too few to be sure")


def test_an_endpoint_that_the_baseline_does_not_know_is_not_judged_here() -> None:
    """Nothing can be said of it; that no answer of it may differ is another check's matter."""
    ends, whole = judged(run(end(B, differing=9), signatures=[signature(of=B, differing=9)]), KNOWN)
    assert ends == []
    assert whole is not None
    assert whole.verdict is Decision.PASS


def test_nothing_compared_is_no_check() -> None:
    """There is nothing to say then."""
    assert signatures(run(), KNOWN, []) is None
