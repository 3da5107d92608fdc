from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.compare.difference import Kind
from replay_users.compare.lift.element import Elements, flat, settle
from replay_users.compare.lift.html import read_html
from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.limits import LIMITS, Limits
from replay_users.compare.walk import walk

if TYPE_CHECKING:
    from replay_users.compare.tree import Json


def found(recorded: str, replayed: str) -> list[tuple[object, Kind, object, object]]:
    """What differs between the bodies of two pages: last step, kind and both values."""
    one, other = read_html(recorded, LIMITS)[0], read_html(replayed, LIMITS)[0]
    return [(step, kind, x, y) for _, step, kind, x, y in settle(walk(one, other))]


def test_elements_are_members_of_the_element_they_stand_in() -> None:
    """Attributes, text, children by name in a list, and the order of what is unlike."""
    root: dict[str, Json] = {}
    elements = Elements(LIMITS, root)
    elements.open("p", {"@class": "x"})
    elements.text("Hello\n ")
    elements.open("b", {})
    elements.text("Bob")
    elements.close()
    elements.close_all()
    assert root == {"p": [{"@class": "x", "#text": "Hello", "b": [{"#text": "Bob"}], "#order": "#text b"}]}


def test_an_element_that_is_nothing_but_text_can_be_that_text() -> None:
    """As in XML, where most are."""
    root: dict[str, Json] = {}
    elements = Elements(LIMITS, root)
    for attributes in ({}, {"@unit": "EUR"}):
        elements.open("price", dict(attributes))
        elements.text(" 5 ")
        elements.close(as_text=True)
    assert root == {"price": ["5", {"@unit": "EUR", "#text": "5"}]}


def test_white_space_is_one_space_or_none() -> None:
    """Line breaks and spaces that do not break are spaces too."""
    assert flat(" a\n\tb\xa0 c ") == "a b c"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        pytest.param(Limits(nesting=2), "depth", id="levels"),
        pytest.param(Limits(nodes=3), "nodes", id="values"),
    ],
)
def test_limits_hold_while_it_grows(limits: Limits, reason: str) -> None:
    """One element more than is allowed ends it, with the reason."""
    elements = Elements(limits, {})
    elements.open("a", {})
    elements.open("b", {})
    with pytest.raises(Beyond) as beyond:
        elements.open("c", {"@d": "e"})
    assert beyond.value.reason == reason


@pytest.mark.parametrize(
    ("recorded", "replayed", "differences"),
    [
        pytest.param(
            "<p>a</p><h2>b</h2>", "<h2>b</h2><p>a</p>", [(None, Kind.ORDER, "p h2", "h2 p")], id="order-alone"
        ),
        pytest.param("<p>a</p>", "<p>a</p><h2>b</h2>", [("h2", Kind.ADDED)], id="a-child-more"),
        pytest.param("<p>a<h2>b</h2>", "<p>a<h2>b</h2><p>c", [(None, Kind.LENGTH)], id="one-of-a-name-more"),
        pytest.param("<i></i>x", "x<i></i>y", [("#text", Kind.VALUE)], id="a-text-more"),
        pytest.param("<i></i>x", "x<i></i>", [(None, Kind.ORDER)], id="a-text-that-moved"),
        pytest.param(
            "<p>a<h2>b</h2><div><i></i><b></b></div>",
            "<p>c<h2>b</h2><div><b></b><i></i></div>",
            [("#text", Kind.VALUE), (None, Kind.ORDER)],
            id="order-beside-a-value-elsewhere",
        ),
        pytest.param(
            "<dl><dt>a<dd>1<dd>2<dt>b<dd>3</dl>",
            "<dl><dt>a<dd>1<dt>b<dd>2<dd>3</dl>",
            [(None, Kind.ORDER, "dt dd*2 dt dd", "dt dd dt dd*2")],
            id="a-child-that-belongs-to-another",
        ),
        pytest.param(
            "<h2>a</h2><p>1<p>2<h2>b</h2>", "<h2>a</h2><p>1<h2>b</h2>", [(None, Kind.LENGTH)], id="one-less-in-a-run"
        ),
        pytest.param("<p>a<h2>b</h2>", "<h2>b</h2><p>c", [(None, Kind.ORDER), ("#text", Kind.VALUE)], id="both"),
    ],
)
def test_order_is_told_where_nothing_else_explains_it(
    recorded: str, replayed: str, differences: list[tuple[object, ...]]
) -> None:
    """A child more changes the order of all; only a changed order of the same children is one."""
    said = found(recorded, replayed)
    assert [each[: len(expected)] for each, expected in zip(said, differences, strict=True)] == differences
