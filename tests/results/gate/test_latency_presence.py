"""Where an excess must be seen before it counts."""

from __future__ import annotations

import pytest

from replay_users.results.gate.latency_presence import Presence, presence_of
from tests.results.gate.paired import SPAN, matched


def test_what_is_there_all_the_time_is_everywhere() -> None:
    """In each stretch, for each session."""
    found = presence_of(matched([1] * 400, [1] * 400), [1.0] * 400, SPAN)
    assert found == Presence(
        stretches=20, of_stretches=20, worst=8, lasts=True, apart=20, of_apart=20, sessions=400, of_sessions=400
    )
    assert found.is_everywhere
    assert found.told(3) == ""


def test_a_stall_is_not_everywhere() -> None:
    """5 % of the run, however bad it was."""
    scores = [9.0 if 100 <= nth < 120 else -0.1 for nth in range(400)]
    found = presence_of(matched([1] * 400, [1] * 400), scores, SPAN)
    assert found.stretches in {1, 2}
    assert not found.is_everywhere
    assert "stretches of time: an event, no regression" in found.told(3)


def test_a_cold_third_is_not_everywhere() -> None:
    """Where most of the other stretches have a little more than nothing by chance, nothing remains without the worst."""
    scores = [3.0 if nth < 130 else 0.1 if nth // 20 % 3 else -0.3 for nth in range(400)]
    found = presence_of(matched([1] * 400, [1] * 400), scores, SPAN)
    assert 2 * found.stretches > found.of_stretches
    assert not found.is_everywhere
    assert found.told(3) == "; but only in 8 of 20 stretches of time: an event, no regression"


def test_half_of_the_time_is_enough() -> None:
    """A release that is slow whenever a job runs is slow."""
    scores = [1.0 if nth // 20 % 2 else -0.1 for nth in range(400)]
    assert presence_of(matched([1] * 400, [1] * 400), scores, SPAN).is_everywhere


def test_a_burst_in_a_stall_is_not_everywhere() -> None:
    """All of its own stretches are slow, but they are one moment of the run."""
    burst = matched([1] * 400, [1] * 400, over_s=60)
    found = presence_of(burst, [1.0] * 400, SPAN)
    assert found.stretches == found.of_stretches
    assert not found.is_everywhere
    assert found.is_brief


@pytest.mark.parametrize(
    ("over_s", "scores"),
    [
        pytest.param(600, [1.0] * 400, id="asked-all-the-time"),
        pytest.param(60, [1.0] * 200 + [-1.0] * 200, id="slow-in-one-of-two-parts"),
        pytest.param(60, [-1.0] * 400, id="not-slow"),
    ],
)
def test_what_is_not_slow_whenever_it_was_asked_is_not_brief(over_s: float, scores: list[float]) -> None:
    """Nor what was asked often enough to tell."""
    assert not presence_of(matched([1] * 400, [1] * 400, over_s=over_s), scores, SPAN).is_brief


@pytest.mark.parametrize(
    ("sessions", "suffices"),
    [pytest.param(3, True, id="three"), pytest.param(2, False, id="two"), pytest.param(1, False, id="one")],
)
def test_so_many_sessions_must_see_it(sessions: int, suffices: bool) -> None:
    """Three of many."""
    scores = [1.0 if nth % 10 < sessions else -1.0 for nth in range(400)]
    found = presence_of(matched([1] * 400, [1] * 400, session=lambda nth: nth % 10), scores, SPAN)
    assert found.sessions_suffice(3) is suffices
    if not suffices:
        assert found.told(3).endswith(f"seen by {sessions} of 10 sessions only") or not found.is_everywhere


def test_fewer_sessions_must_all_see_it() -> None:
    """Where one client asks everything, it is all the evidence there is."""
    found = presence_of(matched([1] * 400, [1] * 400, session=lambda _: 0), [1.0] * 400, SPAN)
    assert found.sessions_suffice(3)
