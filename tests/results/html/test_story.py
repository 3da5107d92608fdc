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


SLOW = [{"endpoint": f"GET /{name}", "verdict": "slow"} for name in "ac"]


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


def test_what_cannot_be_told_of_one_endpoint_and_decides_nothing_is_not_noted() -> None:
    """Where the run was late, each of its endpoints has such a check: the table has them, the top of the page has the run's."""
    checks = [
        check("latency", "latency", "inconclusive", "of one", endpoint="GET /", advisory=True),
        check("latency", "latency", "fail", "slower", endpoint="GET /a", advisory=True),
        check("latency evidence", "latency", "inconclusive", "of all", advisory=True),
    ]
    assert verdict_of(result("pass", *checks)).beside == ["slower (advisory)", "of all (advisory)"]


def test_a_passed_run() -> None:
    """A run without differences says how much that rests on."""
    verdict = verdict_of(result("pass", check("coverage", "coverage", "pass", "s")))
    assert verdict.headline == "100 answers compared, none regressed."
    assert [each.text for each in verdict.advice] == [
        "Nothing has to be done. Keep this run's folder to compare the next one with."
    ]


def test_an_inconclusive_run() -> None:
    """A run that was stopped says that it can say nothing, and what to do."""
    verdict = verdict_of(result("inconclusive", check("complete", "coverage", "inconclusive", "a person stopped it")))
    assert verdict.headline == "This run cannot say whether the target got worse."
    assert verdict.why == ["a person stopped it"]
    assert verdict.advice[0].text == "Let the run come to its end."


def test_nothing_was_sent() -> None:
    """Then the plan is where to look, unless somebody stopped the run before its first request."""
    verdict = verdict_of({"gate": {"verdict": "fail", "checks": []}, "totals": totals(), "run": {"recording": "a b"}})
    assert verdict.headline == "Nothing was sent, so nothing can be said about the target."
    assert "options that chose" in verdict.advice[0].text, "without them the plan would leave out something else"
    assert verdict.advice[0].command == "replay-users plan 'a b'"
    stopped = {"gate": {"verdict": "inconclusive"}, "totals": totals(planned=4, skipped=4, skipped_by={"stopped": 4})}
    assert not any(each.command for each in verdict_of(stopped).advice)


def test_autostop_comes_first() -> None:
    """The sentence of autostop is the first reason, once."""
    stop = "http(5xx,10%,5s): 12 % of the answers were 5xx"
    assert verdict_of(result("fail", run={"autostop": stop})).why == [stop]
    said = check("autostop", "coverage", "fail", f"autostop {stop}")
    assert verdict_of(result("fail", said, run={"autostop": stop})).why == [f"autostop {stop}"]


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"workers": [{"lost_at_s": 3.5}]}, "A worker was lost"),
        ({"validity": {"void": ["latency"]}}, "For figures on latency"),
        (
            {"endpoints": [{"endpoint": "GET /b", "verdict": "failing"}, *SLOW]},
            "Look at GET /a and 1 more",
        ),
    ],
    ids=["worker", "late", "slow"],
)
def test_advice_by_what_happened(change: dict[str, Any], begins: str) -> None:
    """What went wrong beside the answers has its own advice."""
    assert any(each.text.startswith(begins) for each in verdict_of(result("fail", **change)).advice)


@pytest.mark.parametrize(
    ("reasons", "begins"),
    [({"connect": 100}, "No connection could be opened"), ({"timeout": 100}, "Find out why the target did not answer")],
    ids=["away", "hangs"],
)
def test_a_target_that_does_not_answer_has_one_cure(reasons: dict[str, int], begins: str) -> None:
    """That nothing could be compared for it needs none of its own."""
    checks = check("coverage", "coverage", "fail", "s"), check("failed", "coverage", "fail", "s")
    failed = result("fail", *checks)
    failed["totals"] |= {"compared": 0, "matched": 0, "failed": 100, "failed_by": reasons}
    [advice] = verdict_of(failed).advice
    assert advice.text.startswith(begins)


def test_a_passed_run_has_nothing_to_begin_with() -> None:
    """What differs and is allowed is no work for anybody."""
    passed = {**small(), "gate": {"verdict": "pass", "checks": []}, "endpoints": []}
    assert not any(each.command for each in verdict_of(passed).advice)


def test_a_result_without_a_verdict() -> None:
    """A damaged gate is no verdict, and stands as inconclusive."""
    verdict = verdict_of({"totals": totals(sent=1)})
    assert (verdict.name, verdict.word) == ("inconclusive", "No verdict")


def test_times_of_a_target_that_does_not_answer_are_not_noted() -> None:
    """They say nothing that the reason does not."""
    failed = check("failed", "coverage", "fail", "none answered")
    late = check("latency", "latency", "fail", "mostly gets no answer", advisory=True)
    assert verdict_of(result("fail", failed, late)).beside == []
    assert verdict_of(result("fail", check("x", "mismatches", "fail", "s"), late)).beside
