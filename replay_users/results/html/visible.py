"""Texts out of recorded traffic as a page may show them: harmless, and nothing in them hidden.

Law: pure; the only module that makes markup out of a recorded text. Everything is escaped; what has no shape of its own (control
and bidirectional characters, zero-width ones, lone surrogates, spaces that are none) is shown as its code, since it could
reorder or hide what stands beside it. The subtle thing: a joiner between two emoji is part of a picture and stays.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from unicodedata import category, name

from markupsafe import Markup, escape

__all__ = ["plain", "visible"]

_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols without ink."""
_JOINER: Final = "\u200d"
_EMOJI_PARTS: Final = frozenset("\ufe0f\u20e3")
_MOST_CHIPS = 16
"""Codes of one text that stand out; where there are more, the text is not about letters."""


def plain(text: object, most: int = 0) -> str:
    """The text with codes in the place of what cannot be seen, for attributes; with `most`, cut to so many characters."""
    parts = _parts(_cut(str(text), most))
    return "".join(_code(char) if odd else char for char, odd in parts)


def visible(text: object, most: int = 0) -> Markup:
    """The text as markup; codes stand out. With `most`, cut to so many characters."""
    whole = _cut(str(text), most)
    if whole.isprintable() and _BLANK.isdisjoint(whole):
        return escape(whole)
    parts = _parts(whole)
    if sum(odd for _, odd in parts) > _MOST_CHIPS:
        return escape("".join(_code(char) if odd else char for char, odd in parts))
    shown, run = [], ""
    for char, odd in parts:
        if not odd:
            run += char
            continue
        shown += [escape(run), _chip(char)]
        run = ""
    return Markup().join([*shown, escape(run)])


def _cut(text: str, most: int) -> str:
    return text if not most or len(text) <= most else f"{text[: most - 1]}…"


def _parts(text: str) -> list[tuple[str, bool]]:
    """Each character, and whether it cannot be seen."""
    return [(char, _is_odd(text, place)) for place, char in enumerate(text)]


def _is_odd(text: str, place: int) -> bool:
    char = text[place]
    if char == _JOINER:
        around = text[place - 1 : place] + text[place + 1 : place + 2]
        return not (len(around) == 2 and all(map(_is_pictured, around)))  # noqa: PLR2004 - both neighbours
    return not char.isprintable() or char in _BLANK


def _is_pictured(char: str) -> bool:
    return category(char) in {"So", "Sk"} or char in _EMOJI_PARTS


@lru_cache(maxsize=1024)
def _chip(char: str) -> Markup:
    title = name(char, "control character")
    return Markup('<span class="cc" title="{}">{}</span>').format(title.lower(), _code(char))


def _code(char: str) -> str:
    return _NAMED.get(char) or f"U+{ord(char):04X}"
