"""The drawings inside of tables."""

from __future__ import annotations

import pytest

from replay_users.results.html.scale import LogScale
from replay_users.results.html.spans import Times, times_of
from replay_users.results.html.sparks import ratio_axis, ratio_mark, twin, twin_axis
from tests.results.html.drawn import labels, of_class, parsed, titles
from tests.results.html.test_spans import histogram

SCALE = LogScale(1, 100)


def numbers(path: str | None) -> list[float]:
    """Ordinates of a path of steps."""
    return [float(part.partition("H")[0].strip("Z")) for part in (path or "").split("V")[1:]]


def test_recorded_is_above_and_replayed_below() -> None:
    """The two sides never share a place, so that they can be told without colours."""
    drawing = twin(times_of(histogram(10, 12)), times_of(histogram(30, 35)), SCALE)
    [recorded], [replayed] = of_class(drawing, "rec", "shape"), of_class(drawing, "rep", "shape")
    assert max(numbers(recorded.get("d"))) <= 18 <= min(numbers(replayed.get("d")))
    assert titles(drawing) == [
        "recorded p50 9.91 ms, p90 12.0 ms, p99 12.0 ms; replayed p50 30.1 ms, p90 35.0 ms, p99 35.0 ms"
    ]


def test_medians_stand_at_their_values() -> None:
    """On the axis from 1 to 100 ms, 10 ms is its middle."""
    drawing = twin(Times(p50=10.0), Times(p50=100.0), SCALE)
    places = [each.get("d", "")[1:].partition(" ")[0] for each in of_class(drawing, "middle")]
    assert places == ["101", "202"]


def test_what_got_no_answer_stands_at_the_end() -> None:
    """A side with exchanges without an answer has a block for them, the other has none."""
    drawing = twin(times_of(histogram(10)), times_of(histogram(10, over=1)), SCALE)
    assert len(of_class(drawing, "lost")) == 1
    assert of_class(drawing, "rep", "lost")[0].get("x") == "203"


@pytest.mark.parametrize(
    ("side", "width"),
    [(Times(p50=10.0, p99=100.0), "101"), (Times(p50=10.0, p99="over"), "101"), (Times(p50=10.0), "1")],
    ids=str,
)
def test_without_counts_percentiles_are_drawn(side: Times, width: str) -> None:
    """A bar reaches from the median to the 99th percentile, to the end if that is over."""
    [bar] = of_class(twin(side, Times(), SCALE), "rec", "shape")
    assert bar.get("width") == width


def test_nothing_measured_is_an_empty_line() -> None:
    """A row of which nothing is known has the line only."""
    assert [each.tag for each in parsed(twin(Times(), Times(), SCALE))] == ["title", "path"]


def test_the_axis_of_the_table() -> None:
    """Its labels are round values of ms."""
    assert labels(twin_axis(SCALE)) == ["1", "3", "10", "30", "100"]
    assert labels(ratio_axis(1.5)) == ["¼x", "1x", "8x"]


@pytest.mark.parametrize(
    ("value", "place"),
    [(0.1, 3.5), (1, 38.4), (8, 92.5), (50, 92.5), ("over", 92.5)],
    ids=["below", "same", "end", "beyond", "over"],
)
def test_a_ratio_stands_at_its_value(value: float | str, place: float) -> None:
    """Values beyond the axis stand at its ends, wholly visible."""
    [dot] = of_class(ratio_mark(value, None, None, 1.5), "dot")
    assert float(dot.get("cx", "0")) == pytest.approx(place, abs=0.1)


def test_the_bounds_of_a_ratio() -> None:
    """A bar reaches from the lower to the upper bound, however near they are."""
    [bar] = of_class(ratio_mark(2.0, 1.0, 4.0, 1.5), "lost")
    assert (bar.get("x"), bar.get("width")) == ("38.4", "38.4")
    [thin] = of_class(ratio_mark(1.0, 1.0, 1.0, 1.5), "lost")
    assert thin.get("width") == "2"
    assert titles(ratio_mark(2.0, 1.0, "over", 1.5)) == ["replayed took 2.00x of recorded, 99 % bounds 1.00x to over"]
