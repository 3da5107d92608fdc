"""The course of a run over time."""

from __future__ import annotations

from replay_users.results.html.course import Curve, Moment, course_chart
from tests.results.html.drawn import labels, of_class, titles

PLANNED = Curve("planned", [10, 20, 20, 10], "rec", "/s")
SENT = Curve("sent", [10, 20, 5, 10], "rep", "/s")


def test_planned_is_a_line_and_sent_an_area() -> None:
    """Both are on one axis; what was not sent is the gap between them."""
    drawing = course_chart(PLANNED, SENT, [], 1.0)
    [line], [area] = of_class(drawing, "rec", "edge"), of_class(drawing, "rep", "veil")
    assert line.get("d") == "M0 168H0V93H250V18H750V93H1000"
    assert area.get("d") == "M0 168H0V93H250V18H500V130H750V93H1000V168Z"
    assert "10/s" in labels(drawing)


def test_time_is_labelled() -> None:
    """Quarters of the run stand under the chart."""
    assert labels(course_chart(PLANNED, SENT, [], 30.0))[-5:] == ["0:00", "0:30", "1:00", "1:30", "2:00"]


def test_each_slot_says_what_happened() -> None:
    """Under the pointer are all values of a slot, with its moment."""
    drawing = course_chart(PLANNED, SENT, [Curve("dropped", [0, 0, 15, 0], "bad")], 2.0)
    assert titles(drawing)[2] == "0:04: planned 20/s, sent 5/s, dropped 15"


def test_rows_have_their_own_height() -> None:
    """Three failures are seen as well as three thousand; the peak is written beside the name."""
    few = course_chart(PLANNED, SENT, [Curve("no answer", [0, 3, 0, 0], "bad", "/s")], 1.0)
    many = course_chart(PLANNED, SENT, [Curve("no answer", [0, 3000, 0, 0], "bad", "/s")], 1.0)
    assert of_class(few, "strip")[0].get("d") == of_class(many, "strip")[0].get("d")
    assert "no answer, peak 3,000/s" in labels(many)


def test_events_stand_at_their_moments() -> None:
    """An event has a line and its number in the list; one beyond the end stands at the end."""
    moments = [Moment(1.0, 1, "a <warning>"), Moment(99.0, 2, "late")]
    drawing = course_chart(PLANNED, SENT, [], 1.0, moments)
    assert [each.get("x1") for each in of_class(drawing, "moment")] == ["25%", "100%"]
    assert {"1", "2"} <= set(labels(drawing))
    assert "0:01 a <warning>" in titles(drawing)


def test_a_run_of_nothing() -> None:
    """Slots in which nothing was planned or sent are an empty chart."""
    assert labels(course_chart(Curve("planned", [], "rec"), Curve("sent", [], "rep"), [], 1.0, [Moment(1, 1, "x")]))


def test_a_short_run_has_each_time_once() -> None:
    """Two seconds have no five times to tell."""
    drawing = course_chart(Curve("planned", [1, 1], "rec", "/s"), Curve("sent", [1, 1], "rep", "/s"), [], 1.0)
    assert [text for text in labels(drawing) if ":" in text] == ["0:00", "0:01", "0:02"]
