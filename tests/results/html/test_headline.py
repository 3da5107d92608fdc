"""The first sentence of a report."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.html.headline import headline_of
from tests.results.html.worlds import check, small, totals


def said(verdict: str, *checks: dict[str, Any], baseline: dict[str, Any] | None = None, **more: Any) -> str:
    """The headline of a run of 100 that match, but for what is given."""
    counted = totals(**({"planned": 100, "sent": 100, "compared": 100, "matched": 100} | more))
    result = {"gate": {"verdict": verdict, "checks": list(checks), "baseline": baseline}, "totals": counted}
    return headline_of(result, verdict, checks)


REGRESSED: dict[str, Any] = {"matched": 97, "mismatched": 3, "mismatched_by": {"regression": 3}}
FAILED = check("failed", "coverage", "fail", "s")
COVERAGE = check("coverage", "coverage", "fail", "s")
DIFFERS = check("mismatches", "mismatches", "fail", "s")
SLOWER = check("latency", "latency", "fail", "s")


@pytest.mark.parametrize(
    ("checks", "headline"),
    [
        ([SLOWER], "The target got slower."),
        ([COVERAGE], "Too little of the recording could be replayed and compared."),
        (
            [COVERAGE, SLOWER, COVERAGE],
            "Too little of the recording could be replayed and compared, and the target got slower.",
        ),
        ([check("x", "new", "fail", "s")], "The target did not hold against the recording."),
        ([check("p95 limit", "latency", "fail", "s")], "Answers take longer than the gate allows."),
        ([check("noise", "mismatches", "fail", "s")], "What is known to be noise became more."),
        ([check("issues", "mismatches", "fail", "s")], "There are more issues than the gate allows."),
        ([DIFFERS], "Answers regressed."),
    ],
    ids=["latency", "coverage", "both", "unknown", "limit", "noise", "issues", "uncounted"],
)
def test_failures(checks: list[dict[str, Any]], headline: str) -> None:
    """Each kind of check that failed is told once; some say more by their name."""
    assert said("fail", *checks) == headline


@pytest.mark.parametrize(
    ("more", "headline"),
    [
        ({"failed": 100, "failed_by": {"connect": 100}}, "None of 100 requests got an answer."),
        ({"failed": 5, "failed_by": {"timeout": 5}}, "5 of 100 requests (5.0 %) got no answer."),
        ({"sent": 1, "failed": 1, "failed_by": {"connect": 1}}, "The only request got no answer."),
        (
            {"failed": 60, "failed_by": {"timeout": 50, "stopped": 10}},
            "50 of 90 requests (55.6 %) got no answer.",
        ),
    ],
    ids=["all", "some", "one", "stopped"],
)
def test_a_target_that_does_not_answer(more: dict[str, Any], headline: str) -> None:
    """That nothing could be compared then is a consequence, and no news; what our own stop did not wait for is not counted."""
    assert said("fail", COVERAGE, FAILED, **more) == headline


def test_autostop_explains_what_was_not_compared() -> None:
    """What is missing because of the stop is no reason of its own; what was found by then is."""
    stop = check("autostop", "coverage", "fail", "s")
    assert said("fail", stop, COVERAGE) == "Autostop stopped the run."
    assert (
        said("fail", stop, DIFFERS, **REGRESSED) == "Autostop stopped the run, and 3 of 100 answers (3.0 %) regressed."
    )


def test_services_that_are_away_are_no_regressions() -> None:
    """They are told as what they are."""
    upstream = check("upstream", "mismatches", "fail", "s")
    apart: dict[str, Any] = {"matched": 98, "mismatched": 2, "mismatched_by": {"upstream": 2}}
    assert said("fail", upstream, **apart) == "2 answers became 502, 503 or 504."


def test_what_is_accepted_is_not_called_a_regression() -> None:
    """With a baseline most of what differs may be accepted, so that their number says nothing."""
    accepted = {"runs": ["a"], "signatures": 3}
    assert said("fail", DIFFERS, baseline=accepted, **REGRESSED) == "Answers differ more than the baseline accepts."
    told = said("pass", baseline=accepted, **REGRESSED)
    assert told == "100 answers compared, 3 of them differ, no more than the baseline accepts."


@pytest.mark.parametrize(
    ("more", "headline"),
    [
        ({}, "100 answers compared, none regressed."),
        (
            {"matched": 90, "mismatched": 10, "mismatched_by": {"throttled": 10}},
            "100 answers compared, none regressed; 10 stand apart.",
        ),
        (REGRESSED, "100 answers compared, 3 of them differ, no more than the gate allows."),
        ({"compared": 1, "matched": 1}, "1 answer compared, none regressed."),
    ],
    ids=["none", "apart", "few", "one"],
)
def test_a_passed_run(more: dict[str, Any], headline: str) -> None:
    """It says how much it rests on, and never that nothing differs where something does."""
    assert said("pass", **more) == headline


def test_an_inconclusive_run() -> None:
    """What cannot be told is named; where it is only the times, what was found of answers stands."""
    stopped = check("complete", "coverage", "inconclusive", "s")
    assert said("inconclusive", stopped) == "This run cannot say whether the target got worse."
    few = [check(name, "mismatches", "inconclusive", "s") for name in ("mismatches", "signatures")]
    assert said("inconclusive", *few) == "Answers differ that did not in the baseline, in too few sessions to be sure."
    late = check("latency", "latency", "inconclusive", "s")
    assert said("inconclusive", late) == "No answer regressed, but whether the target got slower cannot be told."
    assert headline_of(small(), "inconclusive", [stopped]).endswith("; 150 answers regressed as far as it went.")


def test_nothing_was_sent() -> None:
    """No verdict is worth a word then."""
    assert said("fail", sent=0) == "Nothing was sent, so nothing can be said about the target."
