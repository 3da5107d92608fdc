"""From values to places on an axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.histogram import Histogram
from replay_users.results.html.scale import LinearScale, LogScale, log_scale, spread

VALUES = st.floats(0, 1e7)


@given(st.lists(VALUES, min_size=1), VALUES)
def test_places_are_on_the_axis_and_in_order(values: list[float], other: float) -> None:
    """Every place lies within 0 and 1, a larger value never before a smaller one; the axis is a decade at least."""
    scale = log_scale(values)
    low, high = sorted((values[0], other))
    assert 0 <= scale.at(low) <= scale.at(high) <= 1
    assert scale.high / scale.low >= 10 * (1 - 1e-9)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (2, 60, [2, 5, 10, 20, 50]),
        (0.01, 20, [0.01, 0.1, 1, 10]),
        (1, 90, [1, 3, 10, 30]),
    ],
    ids=["narrow", "wide", "between"],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    """A few round values, the fewer the wider the axis."""
    assert LogScale(low, high).ticks() == ticks


def test_twice_as_long_is_the_same_step_everywhere() -> None:
    """2 to 4 ms is as far as 200 to 400 ms."""
    scale = LogScale(1, 1000)
    assert scale.at(4) - scale.at(2) == pytest.approx(scale.at(400) - scale.at(200))


@pytest.mark.parametrize(
    ("high", "top", "step"), [(255, 300, 100), (0.9, 1, 0.25), (10, 10, 2.5), (0, 0.25, 0.25), (41, 60, 20)], ids=str
)
def test_a_linear_axis_ends_at_a_round_value(high: float, top: float, step: float) -> None:
    """The highest label is at or above the highest value."""
    scale = LinearScale(high)
    assert scale.top == pytest.approx(top)
    assert scale.step == pytest.approx(step)
    assert scale.ticks()[-1] == pytest.approx(top)
    assert (scale.at(-1), scale.at(2 * top)) == (0, 1)


@given(st.lists(st.integers(0, 10**10), max_size=50), st.integers(1, 100))
def test_a_spread_histogram_counts_all(durations: list[int], bins: int) -> None:
    """However the bins lie, each exchange is counted once."""
    histogram = Histogram()
    for ns in durations:
        histogram.add(ns)
    found = spread(histogram.buckets, LogScale(0.1, 50), bins)
    assert sum(found) == pytest.approx(len(durations))
    assert len(found) == bins


def test_a_bucket_over_an_edge_is_shared() -> None:
    """Bins narrower than a bucket show no comb."""
    histogram = Histogram()
    for ns in range(1_000_000, 2_000_000, 100):
        histogram.add(ns)
    found = spread(histogram.buckets, LogScale(1, 10), 200)[1:55]
    assert max(found) < 2.2 * min(found)  # and as much more towards the right as a millisecond is narrower there
