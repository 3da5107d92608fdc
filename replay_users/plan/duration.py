"""Lengths of time as a person writes them (`100ms`, `1.5s`, `5m`, `1h30m`), and as we write them back.

Law: text to ns and back, nothing else; every option of the product that takes a length of time takes this one.
"""

from __future__ import annotations

import re

from replay_users.errors import UsageError

__all__ = ["DURATION_FORMS", "SECOND", "describe_duration", "parse_duration"]

SECOND = 1_000_000_000
"""Nanoseconds in a second."""

DURATION_FORMS = "100ms, 30s, 5m, 1h30m"
"""Examples for messages."""

_FORM = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})(?:\.(\d{1,9}))?s)?(?:(\d{1,6})ms)?")
_MILLISECOND = 1_000_000


def parse_duration(text: str, *, zero: bool = False) -> int:
    """The ns of a length of time such as `100ms`, `1.5s`, `5m` or `1h30m`; `0s` only where `zero` has a meaning.

    Raises:
        UsageError: not such a text, or zero.
    """
    match = _FORM.fullmatch(text)
    if not match or not text:
        raise UsageError(f"{text[:80]!r} is not a length of time: write it like {DURATION_FORMS}")
    hours, minutes, seconds, fraction, milliseconds = (part or "0" for part in match.groups())
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    total = whole * SECOND + int(fraction.ljust(9, "0")) + int(milliseconds) * _MILLISECOND
    if not total and not zero:
        raise UsageError(f"{text!r} is no time: write it like {DURATION_FORMS}, more than zero")
    return total


def describe_duration(ns: int) -> str:
    """A length of time as a person reads it, to the second: `42s`, `5m`, `1h30m`, `<1s`.

    Whole seconds come back as what `parse_duration` reads; a part of a second rounds to the nearest one.
    """
    if ns < SECOND:
        return "<1s" if ns else "0s"
    minutes, seconds = divmod((ns + SECOND // 2) // SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount)
