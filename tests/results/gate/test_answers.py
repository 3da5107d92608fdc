"""Answers that differ: three sessions, a rate with its bound, or more than a baseline has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.results.baseline import Baseline, accept
from replay_users.results.gate.answers import MISMATCHES, differing, differing_by_endpoint
from replay_users.results.gate.claims import Claim, settle
from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.settings import GateSettings, Mismatches
from replay_users.results.gate.shares import EVERYWHERE, Share
from tests.results.gate.made import A, B, end, run

if TYPE_CHECKING:
    from replay_users.results.gate.evidence import Evidence

STRICT = GateSettings()


def allowing(rate: float, **more: object) -> GateSettings:
    """Settings that let a share of the sessions differ."""
    return GateSettings(mismatches=Mismatches(max_rate=rate, **more))  # type: ignore[arg-type]


def judged(evidence: Evidence, settings: GateSettings = STRICT, accepted: Baseline | None = None) -> dict[str, Check]:
    """The checks by endpoint, that of the whole run under an empty name."""
    found = list(differing_by_endpoint(evidence, settings, accepted))
    claims = [each for each in found if isinstance(each, Claim)]
    ends = [*settle(claims, settings.alpha), *(each for each in found if isinstance(each, Check))]
    whole = differing(evidence, settings, accepted, ends)
    return {str(each.endpoint): each for each in ends} | ({"": whole} if whole else {})


@pytest.mark.parametrize(
    ("sessions", "seen", "verdict"),
    [
        pytest.param(2, 100, Decision.PASS, id="two-of-many"),
        pytest.param(3, 100, Decision.FAIL, id="three-of-many"),
        pytest.param(1, 2, Decision.PASS, id="one-of-two"),
        pytest.param(2, 2, Decision.FAIL, id="both"),
        pytest.param(1, 1, Decision.FAIL, id="the-only-one"),
    ],
)
def test_no_answer_may_differ_in_three_sessions(sessions: int, seen: int, verdict: Decision) -> None:
    """By default a regression is what three sessions see, or all where there are fewer."""
    checks = judged(run(end(differing=sessions, sessions=seen)))
    assert (checks[A].verdict, checks[""].verdict) == (verdict, verdict)
    assert checks[A].p is None, "there is no chance in it"


def test_answers_that_are_judged_elsewhere_are_said_to_differ() -> None:
    """Where all that differs is between 2xx and 5xx or stands apart, no sentence says that nothing differs."""
    checks = judged(run(end(A, broken=61), end(B)))
    assert checks[A].verdict is Decision.PASS
    assert checks[A].sentence == (
        "no answer of GET /a differs in 100 sessions, beside 61 as a server error or for a reason that stands apart"
    )
    assert checks[B].sentence == "no answer of GET /b/{id} differs in 100 sessions"


def test_many_mismatches_of_one_session_fail_nothing() -> None:
    """One user whose data is missing may meet hundreds."""
    checks = judged(run(replace(end(differing=1), mismatched=400, compared=1_000, sent=1_000)))
    assert checks[""].verdict is Decision.PASS
    assert "400 of 1,000 compared answers differ from the recording, in 1 of 100 sessions" in checks[""].sentence


def test_sessions_count_together_in_the_whole_run() -> None:
    """Three endpoints on each of which one session differs fail the run, though none of them by itself."""
    checks = judged(run(end(A, differing=1), end(B, differing=1), end("GET /c", differing=1)))
    assert [checks[name].verdict for name in (A, B, "GET /c", "")] == [*[Decision.PASS] * 3, Decision.FAIL]


def test_a_rate_is_judged_by_its_bound() -> None:
    """3 of 20 may well be no more than 5 %; 12 of 100 are surely more than 2 %."""
    few, many = (
        judged(run(end(differing=3, sessions=20)), allowing(0.05)),
        judged(run(end(differing=12)), allowing(0.02)),
    )
    assert (few[A].verdict, many[A].verdict) == (Decision.PASS, Decision.FAIL)
    assert (many[""].verdict, many[A].p is not None) == (Decision.FAIL, True)
    assert "differ in 12 of 100 sessions (at least 6.33 %), the limit is 2 %" in many[A].sentence
    assert "in 12 of 100 sessions, more than allowed on 1 endpoint" in many[""].sentence


def test_an_endpoint_may_have_a_rate_of_its_own() -> None:
    """The first glob that covers it holds, and others are as strict as before."""
    settings = allowing(0.0, endpoints=(("GET /a*", 0.5), ("*", 0.0)))
    checks = judged(run(end(A, differing=20), end(B, differing=3)), settings)
    assert (checks[A].verdict, checks[B].verdict, checks[""].verdict) == (Decision.PASS, Decision.FAIL, Decision.FAIL)


def test_what_only_advises_says_the_same() -> None:
    """Without deciding, checks are advisory and their verdicts stay."""
    checks = judged(run(end(differing=9)), allowing(0.0, decides=False))
    assert {check.verdict for check in checks.values()} == {Decision.FAIL}
    assert all(check.advisory for check in checks.values())


def test_a_baseline_takes_the_place_of_none_may() -> None:
    """What differs as often as accepted passes; three times as often fails; an endpoint it does not know is as strict as ever."""
    accepted = accept(Baseline(), run(end(A, differing=10, sessions=200)), "r1")
    same = judged(run(end(A, differing=12, sessions=200)), accepted=accepted)
    more = judged(run(end(A, differing=40, sessions=200)), accepted=accepted)
    new = judged(run(end(A, sessions=200), end(B, differing=3)), accepted=accepted)
    assert (same[A].verdict, same[""].verdict) == (Decision.PASS, Decision.PASS)
    assert (more[A].verdict, more[""].verdict) == (Decision.FAIL, Decision.FAIL)
    assert (new[A].verdict, new[B].verdict, new[""].verdict) == (Decision.PASS, Decision.FAIL, Decision.FAIL)
    assert "the baseline has 10 of 200" in more[A].sentence


def test_a_baseline_beside_a_rate_needs_both_exceeded() -> None:
    """More than accepted, but within what may, is no failure."""
    accepted = accept(Baseline(), run(end(A, sessions=200)), "r1")
    checks = judged(run(end(A, differing=40, sessions=200)), allowing(0.5), accepted)
    assert checks[A].verdict is Decision.PASS


@pytest.mark.parametrize(
    ("differing", "sessions", "before", "verdict"),
    [
        pytest.param(5, 5, (0, 5), Decision.INCONCLUSIVE, id="all-of-five"),
        pytest.param(3, 3, (0, 3), Decision.INCONCLUSIVE, id="all-of-three"),
        pytest.param(60, 60, (0, 60), Decision.FAIL, id="all-of-many"),
        pytest.param(4, 5, (0, 5), Decision.PASS, id="four-of-five"),
        pytest.param(5, 5, (1, 5), Decision.PASS, id="one-did-before"),
        pytest.param(2, 2, (0, 2), Decision.PASS, id="two-may-be-bad-luck"),
    ],
)
def test_what_all_sessions_see_does_not_pass(
    differing: int, sessions: int, before: tuple[int, int], verdict: Decision
) -> None:
    """Where every session of an endpoint differs and none did, few of them are not sure, but no pass either."""
    accepted = accept(Baseline(), run(end(A, differing=before[0], sessions=before[1]), end(B)), "r1")
    checks = judged(run(end(A, differing=differing, sessions=sessions), end(B)), accepted=accepted)
    assert (checks[A].verdict, checks[""].verdict) == (verdict, verdict)
    unsure = verdict is Decision.INCONCLUSIVE
    assert checks[A].sentence.endswith(EVERYWHERE) is unsure
    assert ("; on 1 endpoint all of them, where the baseline has none" in checks[""].sentence) is unsure


def test_what_all_sessions_of_a_small_run_see_does_not_pass() -> None:
    """A run of one session has no other that could be looked at; a rate that lets all differ lets them."""
    accepted = accept(Baseline(), run(end(A, sessions=1)), "r1")
    evidence = run(end(A, differing=1, sessions=1))
    assert judged(evidence, accepted=accepted)[""].verdict is Decision.INCONCLUSIVE
    assert judged(evidence, allowing(1.0), accepted)[""].verdict is Decision.PASS


@pytest.mark.parametrize(("sessions", "told"), [(1, "1 session"), (2, "2 sessions"), (3, "")])
def test_a_pass_of_one_session_says_how_little_it_is(sessions: int, told: str) -> None:
    """It passes, since nothing is wrong, but a recording of one exchange is hardly what somebody wanted to replay."""
    check = judged(run(end(sessions=sessions)))[""]
    assert check.verdict is Decision.PASS
    assert check.sentence == (
        f"0 of {sessions} compared answers differ from the recording, none may"
        + (f"; they are all of {told}, so that this says little of other users" if told else "")
    )


def test_server_errors_are_not_judged_here() -> None:
    """Answers that became 5xx are mismatches, but of no session that differs otherwise, and the sentence says so."""
    check = judged(run(end(broken=5)))[""]
    assert check.verdict is Decision.PASS
    assert check.sentence.endswith("; all of them are server errors, judged by themselves")


def test_sessions_are_of_what_is_judged_here() -> None:
    """Answers that became 5xx are in no session of the sentence, which says whose sessions these are."""
    told = judged(run(end(differing=10, broken=60)))[""].sentence
    assert told == (
        "70 of 100 compared answers differ from the recording, 60 of them between 2xx and 5xx,"
        " the others in 10 of 100 sessions, none may"
    )
    evidence = run(end(differing=10, broken=60))
    by = {"regression": 60, "upstream": 10}
    gateway = judged(replace(evidence, totals=replace(evidence.totals, mismatched_by=by)))[""].sentence
    assert ", some of them between 2xx and 5xx, the others in 10 of 100 sessions, none may; 10 more" in gateway


def test_nothing_compared_is_no_check() -> None:
    """There is nothing to say of answers then; other checks fail such a run."""
    assert judged(run(replace(end(sessions=5), sent=5, failed=5, compared=0, share=Share(0, 0)))) == {}


def test_names_and_numbers_are_for_programs() -> None:
    """Each check has the numbers of its sentence."""
    check = judged(run(end(differing=12)), allowing(0.02))[A]
    assert check.name == MISMATCHES
    assert {"differing", "sessions", "low", "p_corrected", "together", "alpha"} == set(check.numbers)
