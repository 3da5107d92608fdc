"""A candidate run against a baseline run: worse, no worse, or it cannot be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay_users.errors import UsageError
from replay_users.results.gate import parse_gate
from replay_users.results.versus import Versus, versus
from tests.results.two_runs import ITEM, run


def compared(baseline: dict[str, Any], candidate: dict[str, Any]) -> Versus:
    """Two runs with these properties."""
    (one, theirs), (other, ours) = run("a", **baseline), run("b", **candidate)
    return versus(one, other, (theirs, ours))


def test_a_candidate_that_answers_the_same_is_no_worse() -> None:
    """Also where both differ from the recording in the same way, for which either would fail by itself."""
    found = compared({"odd": {"price": 60}}, {"odd": {"price": 60}})
    assert (found.gate.verdict, found.exit_code) == ("pass", 0)
    assert (found.baseline["verdict"], found.candidate["verdict"]) == ("fail", "fail")


def test_a_candidate_that_differs_anew_is_worse() -> None:
    """By the gate's rules: in three sessions at least."""
    found = compared({"odd": {"price": 60}}, {"odd": {"price": 60, "name": 30}})
    assert found.exit_code == 3
    assert [each.how for each in found.signatures] == ["new", "same"]


def test_a_candidate_that_fails_anew_is_worse() -> None:
    """Answers that were 2xx in the recording and the baseline run are 5xx."""
    assert compared({}, {"broken": 12}).exit_code == 3


def test_a_candidate_that_mends_something_is_no_worse() -> None:
    """What is gone is shown."""
    found = compared({"odd": {"price": 60}, "broken": 12}, {})
    assert found.exit_code == 0
    assert {each.how for each in found.signatures} == {"gone"}


def test_a_candidate_that_was_stopped_cannot_be_told() -> None:
    """The rest of it is not known."""
    assert compared({}, {"stopped_by": "signal"}).exit_code == 4


def test_it_can_be_judged_by_another_gate() -> None:
    """Whatever its file says."""
    (one, theirs), (other, ours) = run("a"), run("b")
    settings = parse_gate("limits: {max_issues: 10}\n", "gate.yaml")
    assert versus(one, other, (theirs, ours)).exit_code == 0
    other["endpoints"][0]["slow_pairs"]["count"] = 11
    assert versus(one, other, (theirs, ours), settings).exit_code == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recording": "runs/demo/another"}, "another recording"),
        ({"manifest": 2}, "another manifest generation"),
        ({"window_ns": (5, 10**12)}, "another window"),
        ({"pace": "2x"}, "another pace"),
    ],
    ids=["recording", "generation", "window", "pace"],
)
def test_runs_of_something_else_are_refused(changes: dict[str, Any], sentence: str) -> None:
    """In one sentence."""
    with pytest.raises(UsageError, match=sentence):
        compared({}, changes)


def test_a_recording_may_have_moved() -> None:
    """Its folder's name, its generation and its window tell."""
    assert compared({}, {"recording": "/elsewhere/recording/"}).exit_code == 0


@pytest.mark.parametrize("missing", [0, 1])
def test_a_run_without_samples_is_refused(missing: int) -> None:
    """As those of older versions are; the sentence names it."""
    runs = run("a"), run("b")
    samples = [each[1] for each in runs]
    with pytest.raises(UsageError, match=f"run {'ab'[missing]} kept no samples"):
        versus(runs[0][0], runs[1][0], (None if missing == 0 else samples[0], None if missing else samples[1]))


def test_a_baseline_run_in_which_nothing_was_compared_is_refused() -> None:
    """There is nothing to be worse than."""
    with pytest.raises(UsageError, match="nothing of run a was compared"):
        compared({"count": 0}, {})


def test_it_is_json() -> None:
    """Runs, checks, signatures that changed and times; those as before are counted."""
    data = json.loads(json.dumps(compared({"odd": {"same": 9}}, {"odd": {"same": 9, "new": 30}}).to_dict()))
    assert (data["schema_version"], data["verdict"], data["exit_code"]) == (1, "fail", 3)
    assert [each["path"] for each in data["signatures"]] == ["root['new']"]
    assert (data["same_signatures"], data["signatures_capped"]) == (1, False)
    assert data["latency"][0]["endpoint"] == ITEM
    assert data["candidate"]["sent"] == 533
