"""What a shown value looks like, in a word: all that may be told of it without telling it.

Law: pure; reads the texts that `show` made, which are shortened and redacted, so that nothing here ever sees a secret. What
was redacted there is a `token` here: a JWT, long hex or base64. The subtle thing: runs on the hub for the first exchanges of
a signature, so texts are short, and the patterns cannot run away.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ANYTHING", "look_of", "look_of_pair"]

ANYTHING: Final = "text"
"""What fits nothing better."""

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_EPOCHS = (10**9, 4_102_444_800), (10**12, 4_102_444_800_000)
"""Unix times from 2001 to 2100, in seconds and in milliseconds; what is less is more often a count."""

_QUOTED: Final = (
    ("empty text", re.compile(r"")),
    ("token", re.compile(r"\[redacted:[0-9]+\]")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)),
    (
        "timestamp",
        re.compile(rf"{_DATE}[Tt ][0-9]{{2}}:[0-9]{{2}}[0-9:.,]*(?:\s?(?:[Zz]|UTC|[+-][0-9:]{{4,6}}))?", re.ASCII),
    ),
    ("timestamp", re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT", re.ASCII)),
    ("date", re.compile(_DATE, re.ASCII)),
    ("int in quotes", re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)),
    ("number in quotes", re.compile(r"[+-]?[0-9]{1,40}\.[0-9]{1,40}", re.ASCII)),
    ("hex", re.compile(r"(?=[0-9a-fA-F]*[0-9])(?:[0-9a-fA-F]{2}){4,64}", re.ASCII)),
    ("url", re.compile(r"(?:https?:/)?/\S*", re.ASCII)),
)
_INT = re.compile(r"-?[0-9]{1,40}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_WHOLE: Final = {"": "nothing", "null": "null", "true": "flag", "false": "flag"}


def look_of(shown: str) -> str:
    """What one shown value looks like."""
    if shown in _WHOLE:
        return _WHOLE[shown]
    if shown[0] == '"':
        return _look_of_text(shown[1:-1] if shown[-1] == '"' else shown[1:])
    if _INT.fullmatch(shown):
        return "timestamp" if any(first <= int(shown) < last for first, last in _EPOCHS) else "int"
    if _NUMBER.fullmatch(shown):
        return "number"
    if shown.startswith("[redacted:"):
        return "token"
    return {"{": "object", "[": "list"}.get(shown[0], ANYTHING)


def look_of_pair(recorded: str, replayed: str) -> str:
    """What both values of a difference look like: one word if it is the same, `int -> text` if not."""
    one, other = look_of(recorded), look_of(replayed)
    return one if one == other else f"{one} -> {other}"


def _look_of_text(text: str) -> str:
    return next((name for name, pattern in _QUOTED if pattern.fullmatch(text)), ANYTHING)
