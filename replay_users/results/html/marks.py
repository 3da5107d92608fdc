"""Two texts side by side, with what differs between them marked.

Law: pure. Words are the units: of `2024-01-05` and `2024-02-05` the month is marked, of `5.25` and `5.2` what follows the dot.
The subtle thing: texts that have little in common are not cut to shreds; they are marked as a whole.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from markupsafe import Markup

from replay_users.results.html.visible import visible

__all__ = ["marked"]

_WORDS: Final = re.compile(r"\w+|\s+|.", re.DOTALL)
_MOST_WORDS = 300
"""Beyond it only the beginning and the end are compared: the matcher is quadratic."""
_ALIKE = 0.34
"""Below a third in common, marks in between say nothing."""


def marked(recorded: str, replayed: str) -> tuple[Markup, Markup]:
    """Both texts as markup, `<mark>` around what only one of them has."""
    if not recorded or not replayed or recorded == replayed:
        return _mark(recorded, same=recorded == replayed), _mark(replayed, same=recorded == replayed)
    ours, theirs = _WORDS.findall(recorded), _WORDS.findall(replayed)
    pieces = _pieces(ours, theirs)
    left = Markup().join(_mark("".join(ours[a:b]), same=same) for same, a, b, _, _ in pieces)
    right = Markup().join(_mark("".join(theirs[c:d]), same=same) for same, _, _, c, d in pieces)
    return left, right


def _pieces(ours: list[str], theirs: list[str]) -> list[tuple[bool, int, int, int, int]]:
    """Stretches of both: whether they are the same, and from where to where each goes."""
    if max(len(ours), len(theirs)) > _MOST_WORDS:
        return _ends(ours, theirs)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    found = [(tag == "equal", a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes()]
    common = sum(_told(ours[a:b]) for same, a, b, _, _ in found if same)
    return found if common >= _ALIKE * max(_told(ours), _told(theirs)) else _ends(ours, theirs)


def _told(words: list[str]) -> int:
    """Characters that say something: spaces are everywhere."""
    return sum(len(word) for word in words if not word.isspace())


def _ends(ours: list[str], theirs: list[str]) -> list[tuple[bool, int, int, int, int]]:
    """The same beginning, what differs, the same end."""
    shorter = min(len(ours), len(theirs))
    head = next((n for n in range(shorter) if ours[n] != theirs[n]), shorter)
    tail = next((n for n in range(shorter - head) if ours[-1 - n] != theirs[-1 - n]), shorter - head)
    end, other_end = len(ours) - tail, len(theirs) - tail
    return [
        (True, 0, head, 0, head),
        (False, head, end, head, other_end),
        (True, end, len(ours), other_end, len(theirs)),
    ]


def _mark(text: str, *, same: bool) -> Markup:
    if same or not text:
        return visible(text)
    return Markup("<mark>{}</mark>").format(visible(text))
