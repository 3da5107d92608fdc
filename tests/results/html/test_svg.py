"""SVG, element by element."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.html.svg import amount, area, canvas, line, picture, plot, short, tag, write
from tests.results.html.worlds import HOSTILE


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_escaped(text: str) -> None:
    """Neither an attribute nor a child can end its element."""
    shown = tag("text", text, class_=text)
    assert shown.count("<") == 2
    assert shown.count('"') == 2


def test_children_of_ours_are_not_escaped() -> None:
    """An element within an element stays one."""
    assert tag("g", tag("path", d="M0 0"), stroke_width=2) == '<g stroke-width="2"><path d="M0 0"/></g>'


def test_steps_are_drawn_where_the_height_changes() -> None:
    """Equal steps are one line."""
    assert area([0, 0, 1, 1], 100, 10, 0) == "M0 10H50V0H100V10Z"
    assert line([0, 0, 1, 1], 100, 10, 0) == "M0 10H50V0H100"
    assert area([], 100, 10, 0) == "M0 10H100V10Z"


@given(st.lists(st.floats(0, 1), max_size=30))
def test_steps_stay_inside(heights: list[float]) -> None:
    """No step is above the reach or below the base."""
    ys = [int(part.partition("H")[0].partition("Z")[0]) for part in area(heights, 100, 50, 10).split("V")[1:]]
    assert all(10 <= y <= 50 for y in ys)


@pytest.mark.parametrize(("share", "anchor"), [(0, "start"), (0.5, "middle"), (1, "end")])
def test_labels_stay_inside(share: float, anchor: str) -> None:
    """At an end of the axis a label grows towards the middle."""
    assert f'class="a-{anchor}"' in write("1 ms", share, 5)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.03, "0.03"), (5, "5"), (1000, "1,000"), (2.5, "2.5"), (39.23, "39.2"), (123.4, "123")],
    ids=str,
)
def test_round_values_are_short(value: float, shown: str) -> None:
    """A label has no digit too many."""
    assert short(value) == shown


def test_drawings_say_what_they_show() -> None:
    """A drawing of either sort is an image with a text."""
    assert picture("three bars", size=(10, 5), class_="x").startswith(
        '<svg class="x" width="10" height="5" viewBox="0 0 10 5"'
    )
    assert "<title>three bars</title>" in picture("three bars", size=(10, 5), class_="x")
    assert (
        plot("a curve", height=5, class_="x")
        == '<svg class="plot x" width="100%" height="5" role="img" aria-label="a curve"/>'
    )
    assert canvas(5).startswith('<svg width="100%" height="5" viewBox="0 0 1000 5"')
    assert amount(3.0) == "3"
