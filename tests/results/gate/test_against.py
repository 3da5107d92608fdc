"""Which two runs can be set side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from replay_users.errors import UsageError
from replay_users.results.gate.against import has_other_exchanges, refuse_other_run
from replay_users.results.pairs import Pair
from replay_users.results.samples import Samples

RUN: dict[str, Any] = {
    "id": "now",
    "recording": "s3://bucket/shop/",
    "manifest": 3,
    "window_ns": [0, 60],
    "pace": "1x",
}
BEFORE: dict[str, Any] = {"schema_version": 1, "run": {**RUN, "id": "before"}, "totals": {"sent": 9}}


def test_a_run_of_the_same_can_stand_beside_it() -> None:
    """Wherever its recording lies by now."""
    refuse_other_run(RUN, BEFORE, version=1)
    refuse_other_run(RUN, {**BEFORE, "run": {**BEFORE["run"], "recording": "/mnt/copy/shop"}}, version=1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"recording": "recordings/billing"},
            "baseline run before is of another recording (billing, this run is of shop)",
        ),
        ({"manifest": 2}, "of another manifest generation (2, this run is of 3)"),
        (
            {"window_ns": [0, 3 * 10**9 // 2]},
            "of another window (1970-01-01T00:00:00Z to 1970-01-01T00:00:01.5Z, this run is",
        ),
        ({"window_ns": None}, "of another window (unknown, this run"),
        ({"pace": "2x"}, "of another pace (2x, this run is of 1x): replay the same against the build that was good"),
    ],
)
def test_a_run_of_something_else_is_refused(change: dict[str, Any], told: str) -> None:
    """The sentence says what is other, how it was, and what to do."""
    with pytest.raises(UsageError) as caught:
        refuse_other_run(RUN, {**BEFORE, "run": {**BEFORE["run"], **change}}, version=1)
    assert told in str(caught.value)


def test_a_run_of_another_version_is_refused() -> None:
    """Its numbers may mean something else."""
    with pytest.raises(UsageError, match="baseline run before has schema version 7, this run has 1: replay it again"):
        refuse_other_run(RUN, {**BEFORE, "schema_version": 7}, version=1)


def test_a_run_that_sent_nothing_is_refused() -> None:
    """Beside it nothing could ever be worse."""
    with pytest.raises(UsageError, match="baseline run before has sent nothing: replay the same against"):
        refuse_other_run(RUN, {**BEFORE, "totals": {"sent": 0}}, version=1)


def samples(ids: range) -> Samples:
    """Pairs of exchanges with these hashes."""
    return Samples(pairs={"GET /a": [Pair(n, n, 0, 1, 1, 200) for n in ids]})


@pytest.mark.parametrize(
    ("one", "other", "are_other"),
    [
        pytest.param(range(100), range(100), False, id="the-same"),
        pytest.param(range(100), range(50), False, id="half-of-them"),
        pytest.param(range(100), range(100, 200), True, id="others"),
        pytest.param(range(100), range(90, 190), True, id="nearly-all-others"),
        pytest.param(range(10), range(100, 200), False, id="too-few-to-tell"),
    ],
)
def test_samples_of_one_recording_hold_the_same_exchanges(one: range, other: range, are_other: bool) -> None:
    """Those of another do not, nor do those of another sample of its sessions."""
    assert has_other_exchanges(samples(one), samples(other)) is are_other
    assert has_other_exchanges(samples(one), replace(samples(other), pairs={})) is False
