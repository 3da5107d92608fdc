from __future__ import annotations

import pytest

from benchmarks.harness import Group, missed
from benchmarks.suite import groups

GROUPS = {group.name: group for group in groups()}

ROWS = {
    "transport vs FastHttpUser",
    "transport vs wrk",
    "HTTPS vs FastHttpUser over HTTPS",
    "naive replay vs bare FastHttpUser, less its decoding",
    "whole pipeline vs naive Locust replay",
    "whole pipeline, requests per CPU second",
    "lag p50 at 2,000/s, engine only",
    "lag p99 at 2,000/s, engine only",
    "lag p99 at 1,000/s, whole pipeline",
    "the same vs the naive replay's",
    "stretch of 30 s at 1,000/s",
    "dropped in 30 s at 1,000/s",
    "peak RSS, 1 GB recording",
    "peak RSS, 4 GB recording",
    "peak RSS, P = 256, one owner, 4 GB",
    "lag p99 at 2,000/s, whole pipeline",
    "lag p99 at 10,000/s, whole pipeline",
    "lag p99 over an hour at 2,000/s",
    "comparing: hub, equal bodies of 1 KB",
    "comparing: hub, handing over a pair of 1 KB",
    "comparing: 1 KB of JSON, one difference",
    "comparing: 10 KB of JSON, one difference",
    "comparing vs DeepDiff at 10 KB",
    "5,000/s, all differing: not compared",
    "5,000/s, all differing: answers that wait",
    "5,000/s, all differing: lag p99",
    "2 processes vs 1, CPU-bound",
    "2 busy loops vs 1, the machine's own",
    "start of all workers against the common epoch",
}


IN_TESTS = {name: group for name, group in GROUPS.items() if "4 GB" not in name}
"""Recordings of 4 GB take ten minutes to make and to replay: `make bench` measures those, CI has one of 1 GB."""


def test_every_promised_row_is_measured() -> None:
    """The table has a row for each thing the product promises to reach."""
    assert {row.name.partition(" (measured")[0] for group in GROUPS.values() for row in group.rows} == ROWS


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("group", IN_TESTS.values(), ids=IN_TESTS.keys())
def test_the_floors_hold(group: Group) -> None:
    """Each floor is met in one of three attempts, on whatever machine this is."""
    assert [line.name for line in missed(group, attempts=3, rounds=1)] == []
