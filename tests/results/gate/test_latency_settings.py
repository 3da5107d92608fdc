"""The thresholds that a run without a gate file is judged by."""

from __future__ import annotations

from replay_users.results.gate.latency_settings import LatencySettings


def test_the_defaults_agree_with_each_other() -> None:
    """What must be sure is less than what must be seen, and production decides nothing by itself."""
    settings = LatencySettings()
    assert 1 < settings.shift_bound < settings.shift <= settings.tail
    assert 0 < settings.tail_bound_share < settings.tail_share < 1
    assert 0 < settings.untested_share < 1
    assert not settings.against_recording
