"""The durations of one side of an endpoint."""

from __future__ import annotations

import pytest

from replay_users.histogram import Histogram
from replay_users.results.html.scale import LogScale
from replay_users.results.html.spans import Times, times_of

MS = 1_000_000


def histogram(*durations_ms: float, over: int = 0) -> Histogram:
    """These durations, and so many without an answer."""
    made = Histogram()
    for ms in durations_ms:
        made.add(round(ms * MS))
    made.add_over(over)
    return made


def test_percentiles_come_from_the_histogram() -> None:
    """Percentiles are in ms, and one among those without an answer is over."""
    side = times_of(histogram(*[10] * 97, over=3))
    assert side.p50 == pytest.approx(10, rel=0.02)
    assert (side.p99, side.over) == ("over", 0.03)
    assert side.told("recorded").endswith("p99 over ms, 3.0 % without an answer")


def test_nothing_was_measured() -> None:
    """An empty histogram has no percentiles and no heights."""
    side = times_of(Histogram())
    assert (side.p50, side.over) == (None, 0)
    assert side.heights(LogScale(1, 10), 4) == [0, 0, 0, 0]


def test_heights_are_square_roots_of_shares() -> None:
    """A quarter of the answers stands half as high as all of them would."""
    side = times_of(histogram(*[2] * 3, 50))
    low, *between, high = side.heights(LogScale(1.5, 60), 12)
    assert sum(between) == pytest.approx(0.75**0.5 - low, abs=0.01)
    assert high == pytest.approx(0.5)


def test_what_got_no_answer_lowers_the_rest() -> None:
    """Of a side that loses three quarters, the rest stands half as high."""
    scale = LogScale(1, 100)
    assert max(times_of(histogram(10, over=3)).heights(scale, 7)) == pytest.approx(0.5)
    assert max(times_of(histogram(10)).heights(scale, 7)) == pytest.approx(1)


def test_a_side_of_percentiles_only() -> None:
    """An older run has its percentiles, and no heights."""
    side = Times(p50=3.0, p90=4.0, p99="over")
    assert side.told("replayed") == "replayed p50 3.00 ms, p90 4.00 ms, p99 over ms"
    assert side.heights(LogScale(1, 10), 2) == [0, 0]
