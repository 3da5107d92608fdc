from __future__ import annotations

from replay_users.plan import PlanSettings, parse_endpoints, parse_pace, parse_sample


def test_the_defaults_are_what_the_options_say_when_left_alone() -> None:
    """As recorded, everything, no writes, and no ceiling."""
    settings = PlanSettings()
    assert settings.pace == parse_pace("1x")
    assert settings.buckets == parse_sample("100%")
    assert settings.endpoints == parse_endpoints("")
    assert not settings.safety.allow_writes
    assert settings.max_rate is None
