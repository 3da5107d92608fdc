"""Two statuses that differ: what the difference is called, and how bad it is.

Law: pure, numbers only. The name is the signature of the difference, so that 200 -> 500 and 200 -> 404 of one endpoint are
counted apart. The subtle thing: 304 and 206 are answers to what the request asked for (a validator, a range), so a change
from or to them is no change of what the service says, and its name says so.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["Severity", "severity", "status_text"]


class Severity(IntEnum):
    """How bad another status is; larger is worse."""

    WITHIN = 1
    """Another status of the same class: 200 -> 201."""
    CLASS = 2
    """Another class, neither worse nor an error: 200 -> 302, 404 -> 200."""
    REFUSED = 3
    """What went well is refused: 2xx or 3xx -> 4xx."""
    BROKEN = 4
    """What was answered fails now: -> 5xx."""


_NOT_MODIFIED, _PARTIAL, _UNSATISFIABLE = 304, 206, 416
_FAILED, _REFUSED = 5, 4
_MEANINGS: Final = {
    (_NOT_MODIFIED, 200): "the client's copy is no longer valid",
    (200, _NOT_MODIFIED): "the client's copy is still valid",
    (_PARTIAL, 200): "the range is not honoured",
    (200, _PARTIAL): "a part instead of the whole",
    (_PARTIAL, _UNSATISFIABLE): "the range is not there",
    (_NOT_MODIFIED, _PARTIAL): "a part instead of not modified",
    (_PARTIAL, _NOT_MODIFIED): "not modified instead of a part",
}


def severity(recorded: int, replayed: int) -> Severity:
    """How bad it is that one status became the other."""
    was, now = recorded // 100, replayed // 100
    if was == now:
        return Severity.WITHIN
    if now == _FAILED:
        return Severity.BROKEN
    return Severity.REFUSED if now == _REFUSED else Severity.CLASS


def status_text(recorded: str, replayed: str) -> str:
    """`200 -> 500`, and what it means where the numbers alone mislead."""
    meaning = _MEANINGS.get((_number(recorded), _number(replayed)))
    return f"{recorded} -> {replayed}" + (f" ({meaning})" if meaning else "")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() else 0
