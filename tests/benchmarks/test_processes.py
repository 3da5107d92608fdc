from __future__ import annotations

from typing import Any

import pytest

from benchmarks.ours.processes import figures


def result(**changes: Any) -> dict[str, Any]:
    """What counts here of a result.json: 1,000 requests in two seconds instead of one."""
    plain = {"totals": {"planned": 1000, "sent": 1000, "failed": 0}, "fidelity": {"stretch_percent": 100.0}}
    return {**plain, **changes}


def test_the_rate_is_that_of_the_time_between_first_and_last() -> None:
    """Due times span a second at the pace that was asked for, and sending took as much longer as its stretch says."""
    assert figures(result(), 1000) == {"n": 1000, "rps": 500, "failed": 0}


def test_the_worst_start_counts() -> None:
    """Of all workers the one that was furthest from the epoch, early or late, is told; one that never began is not."""
    workers = [{"start_ms": 0.2}, {"start_ms": -0.7}, {"start_ms": None}]
    assert figures(result(workers=workers), 1000)["start_ms"] == pytest.approx(0.7)


def test_what_was_not_sent_makes_the_contender_broken() -> None:
    """A run that left rows out, or whose requests failed, is no measurement."""
    totals = {"planned": 1000, "sent": 990, "failed": 5}
    assert figures(result(totals=totals), 1000)["failed"] == 15
