"""Two texts side by side, their differences marked."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.html.marks import marked


@pytest.mark.parametrize(
    ("recorded", "replayed", "left", "right"),
    [
        ("2024-01-05", "2024-02-05", "2024-<mark>01</mark>-05", "2024-<mark>02</mark>-05"),
        ("5.25", "5.2", "5.<mark>25</mark>", "5.<mark>2</mark>"),
        ("200", "500", "<mark>200</mark>", "<mark>500</mark>"),
        ("a b", "a x b", "a b", "a <mark>x </mark>b"),
        ("", "new", "", "<mark>new</mark>"),
        ("same", "same", "same", "same"),
        ("<b>", "<i>", "&lt;<mark>b</mark>&gt;", "&lt;<mark>i</mark>&gt;"),
    ],
    ids=["month", "digits", "whole", "inserted", "nothing", "same", "markup"],
)
def test_words_are_marked(recorded: str, replayed: str, left: str, right: str) -> None:
    """What only one of two texts has is marked, word by word."""
    assert marked(recorded, replayed) == (left, right)


def test_texts_without_much_in_common_stay_whole() -> None:
    """Two sentences of other words are not cut to shreds."""
    left, right = marked("one two three four", "five six seven eight")
    assert (left, right) == ("<mark>one two three four</mark>", "<mark>five six seven eight</mark>")


def test_long_texts_cost_little() -> None:
    """Beyond some hundred words the beginning and the end are compared, which is linear."""
    left, right = marked("a " * 5_000 + "x", "a " * 5_000 + "y")
    assert (left[-14:], right[-14:]) == ("<mark>x</mark>", "<mark>y</mark>")


@given(st.text(), st.text())
def test_nothing_is_lost(recorded: str, replayed: str) -> None:
    """Without the marks both texts are what they were."""
    for shown, text in zip(marked(recorded, replayed), (recorded, replayed), strict=True):
        bare = unescape(shown.replace("<mark>", "").replace("</mark>", ""))
        if text.isprintable() and not set(text) & set("\u115f\u1160\u2800\u3164\uffa0"):
            assert bare == text
