"""The charts as wide as the page."""

from __future__ import annotations

import pytest

from replay_users.histogram import Histogram
from replay_users.results.html.charts import bar_chart, histogram_chart, pair_chart
from replay_users.results.html.scale import LogScale
from replay_users.results.html.spans import Times, times_of
from tests.results.html.drawn import labels, of_class, parsed, titles
from tests.results.html.test_spans import histogram

SCALE = LogScale(1, 100)


def test_both_distributions_with_their_percentiles() -> None:
    """Each side has its shape, and its p50 and p99 are written at their marks, in rows of their own."""
    drawing = pair_chart(times_of(histogram(*[5] * 98, 50, 50)), times_of(histogram(*[20] * 98, 80, 80)), SCALE)
    assert len(of_class(drawing, "veil")) == 2
    assert [each.text for each in of_class(drawing, "rec", "told")] == ["p50 4.96", "p99 50.0"]
    assert [each.text for each in of_class(drawing, "rep", "told")] == ["p50 19.8", "p99 79.3"]
    rows = {each.get("y") for each in of_class(drawing, "told")}
    assert rows == {"11", "25"}
    assert parsed(drawing).get("aria-label", "").startswith("recorded p50 4.96 ms")


def test_the_axis_is_labelled() -> None:
    """Each round value of the axis stands under it with its unit."""
    assert {"1 ms", "10 ms", "100 ms"} <= set(labels(pair_chart(Times(), Times(), SCALE)))


def test_labels_that_would_touch_are_one() -> None:
    """A narrow distribution has one label for both its percentiles."""
    drawing = histogram_chart(histogram(*[10] * 50), SCALE, "lag")
    assert [each.text for each in of_class(drawing, "told")] == ["p50 9.91, p99 9.91"]


@pytest.mark.parametrize(("limit", "count"), [(None, 0), (10.0, 1), (500.0, 0)], ids=["none", "inside", "beyond"])
def test_a_limit_is_a_line(limit: float | None, count: int) -> None:
    """The limit is drawn and named if it lies on the axis."""
    drawing = histogram_chart(histogram(5, 50), SCALE, "lag", limit)
    assert len(of_class(drawing, "limit")) == count
    assert ("limit" in labels(drawing)) is bool(count)


def test_an_empty_histogram_is_drawn_too() -> None:
    """Nothing counted is an axis without bars, and says that nothing is known."""
    drawing = histogram_chart(Histogram(), SCALE, "lag")
    assert "lag p50 – ms" in drawing  # noqa: RUF001


def test_shares_fill_the_bar() -> None:
    """Parts follow each other over the whole width, those of nothing are not there."""
    drawing = bar_chart([("sent", 75, "a"), ("dropped", 0, "b"), ("skipped", 25, "c")])
    parts = [(each.get("class"), each.get("x"), each.get("width")) for each in parsed(drawing).iter("rect")]
    assert parts == [("a", "0", "750"), ("c", "750", "250")]
    assert titles(drawing) == ["sent 75 (75.0 %)", "skipped 25 (25.0 %)"]


def test_a_bar_of_nothing() -> None:
    """A whole of nothing is an empty bar."""
    assert parsed(bar_chart([("sent", 0, "a")])).get("aria-label") == "nothing"
