from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.plan.duration import SECOND
from replay_users.plan.pace import AsRecorded
from replay_users.plan.pace_text import parse_pace
from replay_users.plan.rate import COURSE_STEPS, rate_curve


def test_the_curve_of_a_recorded_pace_is_the_recorded_one() -> None:
    """At 1x, each second of the run sends what its recorded second held."""
    warp = AsRecorded().warp([5, 0, 10])
    rate = rate_curve([5, 0, 10], warp, 0, 3 * SECOND, 10.0)
    assert (rate.mean, rate.peak, rate.step_s, *rate.values) == (5, 10, 1, 5, 0, 10)


def test_a_faster_pace_sends_more_in_less_time() -> None:
    """At 2x, the same exchanges take half the seconds."""
    warp = AsRecorded(Fraction(2)).warp([4, 6, 8, 2])
    rate = rate_curve([4, 6, 8, 2], warp, 0, 2 * SECOND, 16.0)
    assert list(rate.values) == [10, 10]
    assert rate.mean == 10


def test_a_long_run_has_sixty_points() -> None:
    """The curve fits one line of a terminal."""
    curve = [3] * 600
    rate = rate_curve(curve, AsRecorded().warp(curve), 0, 600 * SECOND, 3.0)
    assert rate.values == pytest.approx([3.0] * 60)
    assert rate.step_s == 10


def test_the_course_of_a_run_has_finer_steps() -> None:
    """As many as asked for, of a second at least."""
    curve = [3] * 1_200
    rate = rate_curve(curve, AsRecorded().warp(curve), 0, 1_200 * SECOND, 3.0, most_steps=COURSE_STEPS)
    assert (len(rate.values), rate.step_s) == (600, 2)
    assert rate.values == pytest.approx([3.0] * 600)


def test_a_run_of_an_instant_counts_as_a_second() -> None:
    """No rate is infinite."""
    rate = rate_curve([7], AsRecorded().warp([7]), 0, 0, 7.0)
    assert (rate.mean, list(rate.values)) == (7, [7])


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=100),
    st.sampled_from(["1x", "3.7x", "0.3x", "11/s", "1/s->40/s:7s"]),
    st.integers(0, SECOND - 1),
    st.integers(0, SECOND),
)
@settings(max_examples=100, deadline=None)
def test_the_curve_holds_every_exchange(curve: list[int], pace: str, lead: int, short: int) -> None:
    """The steps add up to the exchanges, also when the run ends inside its last second."""
    warp = parse_pace(pace).warp(curve, lead)
    duration = warp.duration(max(len(curve) * SECOND - lead - short, 0))
    rate = rate_curve(curve, warp, lead, duration, 1.0)
    assert sum(rate.values) * rate.step_s == pytest.approx(sum(curve))
    assert rate.mean * max(duration / SECOND, 1) == pytest.approx(sum(curve))
