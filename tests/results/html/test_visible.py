"""Texts out of recorded traffic: harmless, and nothing in them hidden."""

from __future__ import annotations

from html import unescape
from re import sub
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from replay_users.results.html.visible import plain, visible
from tests.results.html.worlds import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\u202eabc", "U+202Eabc"),
        ("a\u200bb", "aU+200Bb"),
        ("\ud800", "U+D800"),
        ("\u3164", "U+3164"),
        ("a\u200db", "aU+200Db"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
        ("naïve 日本", "naïve 日本"),
        ("a\u00a0b", "aU+00A0b"),
    ],
    ids=ascii,
)
def test_what_has_no_shape_is_a_code(text: str, shown: str) -> None:
    """Control, bidirectional and zero-width characters are told, letters and emoji stay."""
    assert plain(text) == shown


def test_codes_stand_out() -> None:
    """A code has a mark of its own and says what it is."""
    assert visible("a\u202e<") == 'a<span class="cc" title="right-to-left override">U+202E</span>&lt;'


def test_many_codes_do_not_fill_a_page() -> None:
    """A text of nothing but control characters is shown without a mark for each."""
    assert visible("\x01" * 100) == "U+0001" * 100


@pytest.mark.parametrize("show", [plain, visible])
def test_long_texts_are_cut(show: Callable[[str, int], str]) -> None:
    """So many characters and no more, and one sees that it is cut."""
    assert show("x" * 50, 10) == "x" * 9 + "…"


@given(st.one_of(st.sampled_from(HOSTILE), st.text()))
def test_no_markup_comes_through(text: str) -> None:
    """All that is left of the markup are our own marks, and what they show is the plain text."""
    shown = visible(text)
    assert isinstance(shown, Markup)
    bare = sub(r'<span class="cc" title="[^"<>]*">([^<]*)</span>', r"\1", shown)
    assert not set("<>\"'") & set(bare)
    assert unescape(bare) == plain(text)
    assert all(char.isprintable() or char == "\u200d" for char in shown)
    shown.encode("utf-8")
