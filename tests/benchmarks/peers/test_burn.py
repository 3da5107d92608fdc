from __future__ import annotations

from benchmarks.peers.burn import rounds


def test_more_time_more_rounds() -> None:
    """It goes on for as long as it is told, and counts what it did."""
    short, long = rounds(0.01), rounds(0.2)
    assert 0 < short < long
