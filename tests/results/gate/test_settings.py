"""Settings of a gate: which glob holds, and that all of them can be written down and read again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.read import parse_gate
from replay_users.results.gate.settings import GateSettings, Limits, Mismatches


def test_the_first_glob_that_covers_an_endpoint_holds() -> None:
    """For rates and for limits; an endpoint that none covers has the general rate, and no limit."""
    rates = Mismatches(max_rate=0.1, endpoints=(("GET /a/*", 0.2), ("GET *", 0.3)))
    assert [rates.rate_of(name) for name in ("GET /a/{id}", "GET /b", "POST /a")] == [0.2, 0.3, 0.1]
    limits = Limits(p95_ms=(("/a", 100.0),))
    assert (limits.p95_of("POST /a"), limits.p95_of("GET /b")) == (100.0, None)


def test_defaults_survive_being_written_down() -> None:
    """What result.json keeps is a gate file that means the same."""
    assert parse_gate(json.dumps(GateSettings().to_data()), "g") == GateSettings()


def test_all_settings_survive_being_written_down() -> None:
    """None of them is lost, whatever its value."""
    settings = GateSettings(
        alpha=0.05,
        coverage=0.9,
        upstream=0.02,
        apart=0.4,
        noise_decides=True,
        mismatches=Mismatches(max_rate=0.01, min_sessions=5, endpoints=(('GET /"a": #', 0.5),), decides=False),
        min_error_sessions=4,
        latency=LatencySettings(shift=2.0, shift_bound=1.5, min_pairs=30, warm_up_s=0.0, against_recording=True),
        limits=Limits(max_issues=10, max_failed_percent=3.5, max_mismatch_percent=1.5, p95_ms=(("*", 250.5),)),
    )
    assert parse_gate(json.dumps(settings.to_data()), "g") == settings


@given(st.floats(0, 1), st.floats(1e-12, 0.1), st.floats(0.01, 1e6))
def test_any_number_survives_being_written_down(share: float, alpha: float, limit: float) -> None:
    """However many digits it has."""
    read = parse_gate(json.dumps({"alpha": alpha, "coverage": share, "limits": {"p95_ms": {"*": limit}}}), "g")
    assert (read.alpha, read.coverage, read.limits.p95_of("GET /")) == (alpha, share, limit)
    assert parse_gate(json.dumps(read.to_data()), "g") == read


@pytest.mark.parametrize(("text", "share"), [("7.1%", 0.071), ("0.3%", 0.003), ("33.3 %", 0.333), ("1e-3", 0.001)])
def test_a_share_in_percent_is_what_it_says(text: str, share: float) -> None:
    """And not what dividing makes of it."""
    assert parse_gate(f"upstream: {text}", "g").upstream == share
