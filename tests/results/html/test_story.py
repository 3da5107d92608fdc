"""The verdict in words."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.html.story import verdict_of
from tests.results.html.worlds import check, small, totals


def result(verdict: str, *checks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result with these checks."""
    counted = totals(planned=100, sent=100, compared=100, matched=100)
    return {"gate": {"verdict": verdict, "checks": list(checks)}, "totals": counted, **more}


def test_a_failed_run_says_what_failed_and_why() -> None:
    """The headline has the number that matters; the reasons are those of the checks that decided, the whole run's first."""
    verdict = verdict_of(small())
    assert (verdict.name, verdict.word, verdict.sign) == ("fail", "Fail", "✕")
    assert verdict.headline == "150 of 900 answers (16.7 %) regressed."
    assert verdict.why == [
        "150 of 900 compared answers differ from the recording, none may",
        "30 answers of GET /search fail now that went well",
    ]
    assert verdict.beside == ["1 endpoint is much slower than recorded, or without an answer: GET /search (advisory)"]


def test_a_failed_run_says_where_to_begin() -> None:
    """The heaviest cause can be shown by a command, and a change that is meant be accepted by a rule; a 500 never by one."""
    first, rule, *_ = verdict_of(small()).advice
    assert first.command == "replay-users show . 00000003-0000-4000-8000-000000000000"
    assert rule.command == "- {ignore: \"root['price']\", reason: ...}"


def test_single_endpoints_are_summed_up() -> None:
    """A check of an endpoint is no reason of its own where one of the same name speaks for the run."""
    whole, one = (
        check("mismatches", "mismatches", "fail", "all"),
        check("mismatches", "mismatches", "fail", "one", endpoint="GET /"),
    )
    assert verdict_of(result("fail", whole, one)).why == ["all"]
    assert verdict_of(result("fail", one)).why == ["one"]


@pytest.mark.parametrize(
    ("kinds", "headline"),
    [
        (["latency"], "The target got slower."),
        (["coverage"], "Too little of the recording could be replayed and compared."),
        (
            ["coverage", "latency", "coverage"],
            "Too little of the recording could be replayed and compared and the target got slower.",
        ),
        (["new"], "The target did not hold against the recording."),
    ],
    ids=["latency", "coverage", "both", "unknown"],
)
def test_headlines_of_failures(kinds: list[str], headline: str) -> None:
    """Each kind of check that failed is told once."""
    assert verdict_of(result("fail", *[check("x", kind, "fail", "s") for kind in kinds])).headline == headline


def test_a_passed_run() -> None:
    """A run without differences says how much that rests on."""
    verdict = verdict_of(result("pass", check("coverage", "coverage", "pass", "s")))
    assert verdict.headline == "100 answers compared, none regressed."
    assert [each.text for each in verdict.advice] == [
        "Nothing has to be done. Keep this run's folder to compare the next one with."
    ]
    apart = result("pass")
    apart["totals"] |= {"matched": 90, "mismatched": 10, "mismatched_by": {"throttled": 10}}
    assert verdict_of(apart).headline == "100 answers compared, none regressed; 10 stand apart."


def test_an_inconclusive_run() -> None:
    """A run that was stopped says that it can say nothing, and what to do."""
    verdict = verdict_of(result("inconclusive", check("complete", "coverage", "inconclusive", "a person stopped it")))
    assert verdict.headline == "This run cannot say whether the target got worse."
    assert verdict.why == ["a person stopped it"]
    assert verdict.advice[0].text == "Let the run come to its end."
    found = {**small(), "gate": {"verdict": "inconclusive", "checks": []}}
    assert verdict_of(found).headline.endswith("; 150 answers regressed as far as it went.")


def test_nothing_was_sent() -> None:
    """Then the plan is where to look."""
    verdict = verdict_of({"gate": {"verdict": "fail", "checks": []}, "totals": totals(), "run": {"recording": "a b"}})
    assert verdict.headline == "Nothing was sent, so nothing can be said about the target."
    assert verdict.advice[0].command == "replay-users plan 'a b'"


def test_autostop_comes_first() -> None:
    """The sentence of autostop is the first reason, once."""
    stop = "http(5xx,10%,5s): 12 % of the answers were 5xx"
    assert verdict_of(result("fail", run={"autostop": stop})).why == [stop]
    said = check("autostop", "coverage", "fail", stop)
    assert verdict_of(result("fail", said, run={"autostop": stop})).why == [stop]


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"workers": [{"lost_at_s": 3.5}]}, "A worker was lost"),
        ({"validity": {"void": ["latency"]}}, "For figures on latency"),
        (
            {"endpoints": [{"endpoint": "GET /a", "verdict": "slow"}, {"verdict": "failing"}]},
            "Look at GET /a and 1 more",
        ),
    ],
    ids=["worker", "late", "slow"],
)
def test_advice_by_what_happened(change: dict[str, Any], begins: str) -> None:
    """What went wrong beside the answers has its own advice."""
    assert any(each.text.startswith(begins) for each in verdict_of(result("fail", **change)).advice)


def test_a_result_without_a_verdict() -> None:
    """A damaged gate is no verdict, and stands as inconclusive."""
    verdict = verdict_of({"totals": totals(sent=1)})
    assert (verdict.name, verdict.word) == ("inconclusive", "No verdict")
