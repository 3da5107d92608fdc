"""The checks that need no statistics: nothing passes for want of evidence."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.gate import Check, Decision, Evidence, GateSettings, checks_of, coverage, decide
from replay_users.results.gate.hard import class_checks
from replay_users.results.gate.shares import Share
from replay_users.results.slow import Speed
from replay_users.results.tally import Totals
from replay_users.results.validity import CheckKind, Validity

BROKEN = Validity(valid=False, reasons=("conservation is broken: 1 is not 2",), void=tuple(CheckKind))
LATE = Validity(valid=True, reasons=("lag",), void=(CheckKind.LATENCY,))

LOST = ("worker a was lost at 3.0 s: 1 rows in doubt, 0 unread",)


def found(
    planned: int = 100,
    *,
    stopped_by: str | None = None,
    speeds: dict[str, Speed] | None = None,
    lost: tuple[str, ...] = (),
    settings: GateSettings | None = None,
    **counts: Any,
) -> tuple[Check, ...]:
    """The checks of a run with these counts, else of one in which 100 of 100 matched, each of a session of its own."""
    validity = counts.pop("validity", Validity(valid=True))
    counts.setdefault("mismatched_by", {"regression": counts.get("mismatched", 0)})
    totals = Totals(**({"sent": 100, "compared": 100, "matched": 100} | counts))
    evidence = Evidence(
        planned=planned,
        totals=totals,
        validity=validity,
        speeds=speeds or {},
        stopped_by=stopped_by,
        lost=lost,
        sessions=Share(totals.regressions, max(totals.compared, totals.regressions)),
    )
    return checks_of(evidence, settings or GateSettings())


STATUSES: dict[str, Any] = {"compared": 0, "matched": 0}
NOTHING: dict[str, Any] = {"sent": 0, "compared": 0, "matched": 0}

CASES = [
    pytest.param({}, "pass", id="everything-matched"),
    pytest.param({"matched": 98, "mismatched": 2}, "pass", id="two-sessions-say-nothing"),
    pytest.param({"matched": 97, "mismatched": 3}, "fail", id="three-sessions-do"),
    pytest.param(
        {"planned": 2, "sent": 2, "compared": 2, "matched": 0, "mismatched": 2}, "fail", id="all-of-two-sessions"
    ),
    pytest.param({"mismatched": 1, "mismatched_by": {"missing_in_staging": 1}}, "pass", id="missing-in-staging"),
    pytest.param({"mismatched": 50, "mismatched_by": {"credential": 50}}, "pass", id="half-without-a-login"),
    pytest.param({"mismatched": 51, "mismatched_by": {"credential": 51}}, "inconclusive", id="most-without-a-login"),
    pytest.param({"mismatched": 1, "mismatched_by": {"upstream": 1}}, "pass", id="an-upstream-error"),
    pytest.param({"mismatched": 2, "mismatched_by": {"upstream": 2}}, "fail", id="many-upstream-errors"),
    pytest.param(
        {"mismatched": 63, "mismatched_by": {"regression": 3, "throttled": 60}},
        "fail",
        id="regressions-among-others",
    ),
    pytest.param({"compared": 95, "unchecked": 5}, "pass", id="coverage-at-its-limit"),
    pytest.param({"compared": 94, "unchecked": 6}, "fail", id="coverage-below"),
    pytest.param({"planned": 1_000, "skipped": 900}, "pass", id="what-was-skipped-is-not-wanted"),
    pytest.param({"planned": 200, "dropped": 100}, "fail", id="what-was-dropped-is"),
    pytest.param({"planned": 200, "dropped": 100, "dropped_by": {"wait": 100}}, "fail", id="the-target-was-too-slow"),
    pytest.param({"planned": 200, "dropped": 100, "dropped_by": {"lag": 100}}, "inconclusive", id="we-were-too-late"),
    pytest.param(
        {"planned": 220, "dropped": 120, "dropped_by": {"lag": 110, "wait": 10}}, "fail", id="we-and-the-target-were"
    ),
    pytest.param(
        {"planned": 300, "dropped": 100, "dropped_by": {"lag": 100}, "unread": 100, "unread_by": {"x": 100}},
        "fail",
        id="late-and-unread",
    ),
    pytest.param(
        {"compared": 50, "matched": 50, "unchecked": 50, "unchecked_by": {"queue": 49, "comparer": 1}},
        "inconclusive",
        id="comparing-was-too-slow",
    ),
    pytest.param(
        {"compared": 0, "matched": 0, "unchecked": 100, "unchecked_by": {"comparer": 100}},
        "inconclusive",
        id="no-comparer-worked",
    ),
    pytest.param({**NOTHING, "dropped": 100, "dropped_by": {"lag": 100}}, "inconclusive", id="all-too-late"),
    pytest.param(
        {**NOTHING, "dropped": 100, "dropped_by": {"lag": 50, "wait": 50}}, "fail", id="nothing-sent-for-both-reasons"
    ),
    pytest.param({"planned": 101, "unread": 1, "unread_by": {"x": 1}}, "fail", id="one-unread-row"),
    pytest.param({**NOTHING, "dropped": 100}, "fail", id="nothing-sent"),
    pytest.param({**NOTHING, "planned": 0}, "fail", id="nothing-planned"),
    pytest.param({**NOTHING, "skipped": 100, "skipped_by": {"method": 100}}, "fail", id="everything-skipped"),
    pytest.param({"compared": 0, "matched": 0, "unchecked": 100}, "fail", id="nothing-compared"),
    pytest.param(
        {**STATUSES, "unchecked": 100, "unchecked_by": {"status_only": 100}}, "pass", id="statuses-are-all-there-is"
    ),
    pytest.param(
        {**STATUSES, "compared": 1, "mismatched": 1, "unchecked": 99, "unchecked_by": {"status_only": 99}},
        "fail",
        id="one-other-status",
    ),
    pytest.param(
        {**STATUSES, "unchecked": 100, "unchecked_by": {"status_only": 94, "not_recorded": 6}},
        "fail",
        id="bodies-not-kept-are-no-statuses",
    ),
    pytest.param(
        {"compared": 2, "matched": 2, "unchecked": 98, "unchecked_by": {"sampled": 98}},
        "pass",
        id="a-share-was-asked-for",
    ),
    pytest.param(
        {"compared": 2, "matched": 2, "unchecked": 98, "unchecked_by": {"sampled": 97, "size": 1}},
        "fail",
        id="less-than-the-share-that-was-asked-for",
    ),
    pytest.param(
        {"compared": 0, "matched": 0, "unchecked": 100, "unchecked_by": {"sampled": 100}},
        "fail",
        id="a-share-of-nothing",
    ),
    pytest.param({"planned": 150, "skipped": 50, "stopped_by": "person"}, "inconclusive", id="stopped-by-a-person"),
    pytest.param({"planned": 150, "skipped": 50, "stopped_by": "signal"}, "inconclusive", id="stopped-by-a-signal"),
    pytest.param({"planned": 150, "skipped": 50, "stopped_by": "time"}, "pass", id="a-time-limit-was-asked-for"),
    pytest.param({"planned": 150, "skipped": 50, "stopped_by": "error"}, "inconclusive", id="ended-by-anything-else"),
    pytest.param({"matched": 97, "mismatched": 3, "stopped_by": "signal"}, "fail", id="failing-is-stronger"),
    pytest.param({**NOTHING, "skipped": 100, "stopped_by": "signal"}, "inconclusive", id="stopped-at-once"),
    pytest.param({"planned": 101, "in_doubt": 1, "lost": LOST}, "inconclusive", id="a-lost-worker"),
    pytest.param(
        {"planned": 200, "unread": 100, "unread_by": {"x": 100}, "lost": LOST}, "inconclusive", id="half-of-it-lost"
    ),
    pytest.param({**NOTHING, "unread": 100, "lost": LOST}, "inconclusive", id="all-of-it-lost"),
    pytest.param({"matched": 97, "mismatched": 3, "lost": LOST}, "fail", id="what-the-others-found-is-found"),
    pytest.param({"validity": BROKEN}, "inconclusive", id="a-broken-account"),
    pytest.param({"validity": BROKEN, "mismatched": 3}, "inconclusive", id="a-broken-account-outweighs-mismatches"),
    pytest.param({"validity": LATE}, "pass", id="our-lag-voids-no-answers"),
    pytest.param({"speeds": {"GET /": Speed.SLOW}}, "pass", id="slowness-is-advisory"),
]


@pytest.mark.parametrize(("run", "verdict"), CASES)
def test_the_verdict(run: dict[str, Any], verdict: str) -> None:
    """Each run gets the verdict its evidence allows."""
    assert decide(found(**run)) == verdict


def test_every_check_says_its_numbers() -> None:
    """Each check has a value, a limit and a sentence with the counts."""
    checks = {check.name: check for check in found(matched=97, mismatched=3)}
    assert (checks["coverage"].value, checks["coverage"].limit) == (1.0, 0.95)
    assert checks["coverage"].sentence.startswith("100 of 100 exchanges were compared (100.0 %)")
    assert checks["mismatches"].sentence == (
        "3 of 100 compared answers differ from the recording, in 3 of 100 sessions, none may"
    )
    assert all(check.sentence for check in checks.values())


def test_what_differs_for_another_reason_is_said() -> None:
    """Classes that do not fail the run stand beside those that do, and have a check of their own."""
    apart = {"regression": 2, "missing_in_staging": 30, "upstream": 1}
    checks = {check.name: check for check in found(mismatched=33, mismatched_by=apart)}
    assert (checks["mismatches"].value, checks["upstream"].value, checks["staging"].value) == (2, 0.01, 0.31)
    assert checks["mismatches"].sentence == (
        "2 of 100 compared answers differ from the recording, in 2 of 100 sessions; fewer than 3 sessions prove nothing;"
        " 31 more for another reason (missing in staging 30, upstream 1)"
    )


def test_what_was_compared_by_status_only_is_said() -> None:
    """Where the recording has no more of the answers, they count as compared, and the sentence says how."""
    by_status: dict[str, Any] = {"unchecked": 97, "unchecked_by": {"status_only": 97}}
    checks = {check.name: check for check in found(compared=3, matched=0, mismatched=3, **by_status)}
    assert checks["coverage"].value == 1.0
    assert checks["coverage"].sentence == (
        "100 of 100 exchanges were compared (100.0 %), at least 95 % must be;"
        " 97 by their status only, since the recording has no more of their answers"
    )
    assert checks["mismatches"].sentence == (
        "3 of 100 compared answers differ from the recording, in 3 of 3 sessions, none may"
    )


def test_what_sampling_left_out_is_said() -> None:
    """It does not count against the coverage, and is not passed over."""
    coverage = found(compared=3, matched=3, unchecked=97, unchecked_by={"sampled": 97})[0]
    assert coverage.sentence == (
        "3 of 3 exchanges were compared (100.0 %), at least 95 % must be; 97 more were left out by --compare-sample"
    )


def test_a_run_in_which_nothing_was_sent_says_why() -> None:
    """Where all was skipped, the sentence names the reasons."""
    sent = found(**NOTHING, skipped=100, skipped_by={"method": 90, "protocol": 10})[0]
    assert sent.sentence == "nothing was sent of 100 planned (skipped: method 90, protocol 10)"


def test_a_lost_worker_is_told_of() -> None:
    """The first thing that is said of such a run is which worker was lost, and what it left."""
    check = next(check for check in found(planned=104, in_doubt=1, unread=3, lost=LOST) if check.name == "workers")
    assert (check.sentence, check.value) == (LOST[0], 4)


def test_coverage_without_anything_wanted_is_unknown() -> None:
    """A run that skipped everything has no coverage, not one of 100 %."""
    assert coverage(10, Totals(skipped=10)) is None


def test_answers_that_a_stop_did_not_wait_for_do_not_count_against_coverage() -> None:
    """Whoever stops a run early gets an inconclusive verdict, not a failed one."""
    assert coverage(10, Totals(sent=6, skipped=4, failed=2, failed_by={"stopped": 2}, compared=4)) == 1.0


def test_what_we_were_too_late_for_is_said() -> None:
    """Where too little was compared, the sentence says how much of that is nobody's fault but ours."""
    late: dict[str, Any] = {"dropped": 60, "dropped_by": {"lag": 50, "wait": 10}, "unchecked_by": {"queue": 5}}
    checks = {check.name: check for check in found(planned=160, compared=95, matched=95, unchecked=5, **late)}
    assert checks["coverage"].sentence == (
        "95 of 160 exchanges were compared (59.3 %), at least 95 % must be; for 55 of them we were too late"
    )


def test_coverage_is_never_rounded_up_to_its_limit() -> None:
    """A coverage just below the limit fails and does not read as if it reached it."""
    checks = {check.name: check for check in found(planned=10_000, compared=9_499, matched=9_499)}
    assert checks["coverage"].verdict is Decision.FAIL
    assert "(94.9 %)" in checks["coverage"].sentence


def test_requests_without_an_answer_fail_beyond_their_share() -> None:
    """1 % may get none by default; those that our own stop did not wait for are not among them."""
    for failed, stopped, verdict in ((1, 0, "pass"), (2, 0, "fail"), (2, 50, "fail"), (1, 50, "fail"), (0, 50, "pass")):
        by = {"timeout": failed, "stopped": stopped}
        checks = {check.name: check for check in found(failed=failed + stopped, failed_by=by)}
        assert checks["failed"].verdict == verdict
    assert checks["failed"].sentence == "0 of 50 requests got no answer, the limit is 1 %"


@pytest.mark.parametrize(
    ("cut_off", "failed", "stopped_by", "verdict"),
    [
        pytest.param(1, 0, "time", "pass", id="some are under way when time is over"),
        pytest.param(2, 0, "time", "inconclusive", id="so many that the target may hang"),
        pytest.param(100, 0, "time", "inconclusive", id="it hung from the start"),
        pytest.param(2, 2, "time", "fail", id="failing is stronger"),
        pytest.param(2, 0, None, "pass", id="what a person stops is another check's"),
    ],
)
def test_a_target_that_hangs_until_time_is_over_does_not_pass(
    cut_off: int, failed: int, stopped_by: str | None, verdict: str
) -> None:
    """Requests that had no answer when the time limit and the drain timeout were over prove nothing good of a target."""
    by = {"timeout": failed, "stopped": cut_off}
    answered = 100 - cut_off - failed
    run: dict[str, Any] = {"compared": answered, "matched": answered, "failed": cut_off + failed, "failed_by": by}
    check = next(check for check in found(stopped_by=stopped_by, **run) if check.name == "failed")
    assert check.verdict == verdict
    told = f"{cut_off} more had none when the run's time and its drain timeout were over"
    assert (told in check.sentence) is (stopped_by == "time")


@pytest.mark.parametrize(
    ("limit", "verdict"), [pytest.param(0.9, "pass", id="lower"), pytest.param(0.99, "fail", id="higher")]
)
def test_another_coverage_can_be_asked_for(limit: float, verdict: str) -> None:
    """The limit is that of the settings, and the sentence says it."""
    settings = GateSettings(coverage=limit)
    check = next(check for check in found(compared=95, unchecked=5, settings=settings) if check.name == "coverage")
    assert check.verdict == verdict
    assert f"at least {100 * limit:g} % must be" in check.sentence


def test_an_autostop_fails_and_says_why() -> None:
    """A run that met a criterion somebody set has failed, and what it did not send is not held against it."""
    evidence = Evidence(
        planned=200,
        totals=Totals(sent=100, compared=100, matched=100, skipped=100, skipped_by={"stopped": 100}),
        validity=Validity(valid=True),
        speeds={},
        stopped_by="autostop",
        autostop="http(5xx,10%,5s): 12 % were",
    )
    checks = checks_of(evidence, GateSettings())
    assert [check.sentence for check in checks if check.verdict is Decision.FAIL] == [
        "autostop http(5xx,10%,5s): 12 % were"
    ]
    assert not any(check.name == "complete" for check in checks)


@pytest.mark.parametrize(
    ("by", "told"),
    [("signal", "a signal"), ("person", "a person"), ("error", "an error"), ("something", "something")],
)
def test_who_stopped_it_is_said_in_words(by: str, told: str) -> None:
    """As a person says it; a reason that has no words yet stands as it is."""
    checks = {check.name: check for check in found(planned=150, skipped=50, skipped_by={"stopped": 50}, stopped_by=by)}
    assert checks["complete"].sentence == (
        f"the run was stopped by {told} with 50 of 150 planned exchanges still to come"
    )


def test_one_learnt_field_is_one() -> None:
    """One differs, two differ, and none is no list."""
    field = {"path": "root['a']", "endpoint": "GET /a", "alarm": True}
    more = {**field, "learnt": {"rate": 0.01}, "seen": {"rate": 0.2, "of": 100}}
    told = [_noise([more] * count) for count in (0, 1, 2)]
    assert not told[0]
    quiet = {**more, "alarm": False}
    assert _noise([quiet]) == "no learnt field differs more often than when it was learnt"
    assert told[1].startswith("1 learnt field differs more often than when it was learnt: root['a'] on GET /a 1.0 %")
    assert told[2].startswith("2 learnt fields differ more often than when they were learnt: ")


def _noise(rows: list[dict[str, Any]]) -> str:
    evidence = Evidence(
        planned=1, totals=Totals(sent=1, compared=1, matched=1), validity=Validity(valid=True), speeds={}, noise=rows
    )
    return next((each.sentence for each in class_checks(evidence, GateSettings())), "")
