from __future__ import annotations

from benchmarks.peers.floor import lags_s


def test_a_busy_loop_is_never_early() -> None:
    """Each due time of the schedule has one lag, and none is negative."""
    lags = lags_s(rate=2_000, seconds=0.05)
    assert 50 < len(lags) < 150
    assert min(lags) >= 0
