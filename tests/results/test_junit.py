"""The JUnit report: red where the gate failed, complete where it matters, and XML whatever the traffic was called."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.results.junit import MAX_CASES, junit_report
from tests.results.reported import HOSTILE, crowded, failed, hostile, nothing, passed, settled, untimed

if TYPE_CHECKING:
    from tests.conftest import Golden


def cases_of(result: dict[str, Any]) -> dict[tuple[str, str], ET.Element]:
    """The cases of a report, by suite and name; its counts are held against them."""
    root = ET.fromstring(junit_report(result).encode())  # noqa: S314 - our own
    for each in (root, *root.iter("testsuite")):
        found = list(each.iter("testcase"))
        counts = [
            len(found),
            *(sum(case.find(tag) is not None for case in found) for tag in ("failure", "error", "skipped")),
        ]
        assert [int(each.attrib[name]) for name in ("tests", "failures", "errors", "skipped")] == counts
    return {
        (suite.attrib["name"], case.attrib["name"]): case
        for suite in root.iter("testsuite")
        for case in suite.iter("testcase")
    }


def verdict_of(case: ET.Element) -> str:
    """What a CI server makes of it."""
    return next((tag for tag in ("failure", "error", "skipped") if case.find(tag) is not None), "passed")


def check(name: str, kind: str, verdict: str, **more: Any) -> dict[str, Any]:
    """A check as result.json has it."""
    return {"name": name, "kind": kind, "verdict": verdict, "sentence": f"about {name}", "advisory": False, **more}


@cache
def _failed() -> str:
    return json.dumps(failed())


def judged(*checks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The failed run as another gate would have judged it."""
    result: dict[str, Any] = json.loads(_failed())
    result["gate"]["checks"] = list(checks)
    return {**result, **changes}


def test_a_failed_run(golden: Golden) -> None:
    """A suite for each kind of check, a case for each check and endpoint."""
    golden("junit-fail.xml", junit_report(settled(failed())))


def test_a_passed_run_has_no_failures() -> None:
    """Nor anything skipped."""
    assert {verdict_of(case) for case in cases_of(passed()).values()} == {"passed"}


def test_a_run_that_sent_nothing_has_its_one_failure() -> None:
    """There are no endpoints, and still a case."""
    found = cases_of(nothing())
    assert [key for key, case in found.items() if verdict_of(case) == "failure"] == [("coverage", "sent")]


def test_what_failed_is_told_in_the_body() -> None:
    """GitLab shows nothing else: the sentence, the signatures, and an example of each."""
    found = cases_of(failed())
    check_body = found["mismatches", "mismatches"].findtext("failure", "")
    assert "69 of 549 compared answers differ" in check_body
    prices = found["mismatches", "GET /items/{id}"].findtext("failure", "")
    assert (
        "root['items'][*]['price'] value: 1999 -> \"19.99 GET /items/{id}\", 60x in 40 sessions, such as id-" in prices
    )
    broken = found["status", "GET /search"].findtext("failure", "")
    assert "status 200 -> 500: 9x in 9 sessions, such as id-" in broken
    assert "no answer: timeout 3" in broken


def test_a_check_of_an_endpoint_decides_its_case() -> None:
    """Where the gate names endpoints, only those fail that it names, each with its sentence."""
    found = cases_of(
        judged(
            check("mismatches", "mismatches", "fail", endpoint="GET /search"),
            check("shift", "latency", "fail", endpoint="GET /search"),
            check("tail", "latency", "inconclusive", endpoint="GET /search"),
        )
    )
    assert verdict_of(found["mismatches", "GET /search"]) == "failure"
    assert verdict_of(found["mismatches", "GET /items/{id}"]) == "passed"
    body = found["latency", "GET /search"].findtext("failure", "")
    assert body.startswith("about shift\nabout tail\nmedian 12.0 ms -> 60.0 ms, 5.0")


def test_what_cannot_be_told_is_skipped() -> None:
    """As is what only advises; a check that fails and decides is stronger."""
    found = cases_of(
        judged(
            check("complete", "coverage", "inconclusive"),
            check("slow", "latency", "fail", advisory=True),
            check("shift", "latency", "fail", advisory=True, endpoint="GET /search"),
        )
    )
    assert verdict_of(found["coverage", "complete"]) == "skipped"
    assert found["latency", "slow"].findtext("skipped") == "about slow (decides nothing)"
    assert verdict_of(found["latency", "GET /search"]) == "skipped"


def test_few_pairs_are_skipped() -> None:
    """A recording without durations cannot tell about speed."""
    case = cases_of(untimed())["latency", "GET /items/{id}"]
    assert verdict_of(case) == "skipped"
    assert case.findtext("skipped") == "too few pairs to tell\nmedian - -> 10.9 ms, - (0 pairs)"


def test_our_own_failure_is_an_error() -> None:
    """A replay that could not be done as planned is neither passed nor failed."""
    events = [
        {"at_s": 1.0, "event": "error", "text": "slice 7 is damaged"},
        {"at_s": 2.0, "event": "note", "text": "no"},
    ]
    case = cases_of(judged(exit_code=1, events=events))["coverage", "replay-users"]
    assert verdict_of(case) == "error"
    assert case.findtext("error", "").endswith("slice 7 is damaged")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_xml_all_the_same(name: str) -> None:
    """Every case is there, under a name of one line that can be printed."""
    found = cases_of(hostile(name))
    assert len(found) >= 6
    for suite, case in found:
        assert suite in {"coverage", "status", "mismatches", "latency"}
        assert case.isprintable()
        assert len(case) <= 200


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=20), value=st.text(max_size=20))
def test_any_text_is_xml(name: str, value: str) -> None:
    """Whatever characters there are."""
    result = judged(check(name, "coverage", "fail", sentence=value))
    result["run"]["labels"] = {name: value}
    assert cases_of(result)


@settings(max_examples=60, deadline=None)
@given(
    checks=st.lists(
        st.builds(
            check,
            st.sampled_from(["coverage", "mismatches", "server errors", "shift"]),
            st.sampled_from(["coverage", "mismatches", "latency"]),
            st.sampled_from(["pass", "fail", "inconclusive"]),
            advisory=st.booleans(),
            endpoint=st.sampled_from([None, "GET /search", "GET /items/{id}"]),
        ),
        max_size=6,
    )
)
def test_it_is_red_exactly_when_the_gate_failed(checks: list[dict[str, Any]]) -> None:
    """Whatever checks there are."""
    failures = any(verdict_of(case) == "failure" for case in cases_of(judged(*checks)).values())
    assert failures == any(each["verdict"] == "fail" and not each["advisory"] for each in checks)


def test_there_are_never_more_cases_than_servers_read() -> None:
    """What failed keeps its place, the last case counts the rest."""
    result = crowded(200, 400)
    result["endpoints"] = [{**each, "endpoint": f"{nth}"} for nth, each in enumerate(6 * result["endpoints"])]
    result["gate"]["checks"] = [check(f"check {nth}", "coverage", "fail") for nth in range(1_500)]
    found = cases_of(result)
    assert len(found) == MAX_CASES
    assert sum(verdict_of(case) == "failure" for case in found.values()) == 1_500
    [(_, name)] = [key for key in found if key[0] == "not listed"]
    assert name == f"{3 * 1_200 + 1_500 - MAX_CASES + 1:,} more cases"
