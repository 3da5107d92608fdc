"""Reading `--pace` and `--max-rate`.

Law: text to values; all that can be wrong with the text is said here, with the forms that are right. Numbers are plain
decimals, so `nan`, `inf` and `1e9` are not numbers, and what is read is exact.
"""

from __future__ import annotations

import re
from fractions import Fraction

from replay_users.errors import UsageError
from replay_users.plan.duration import parse_duration
from replay_users.plan.pace import AsRecorded, Pace, Rates, Stage

__all__ = ["parse_pace", "parse_rate"]

_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_SPEED = re.compile(rf"({_NUMBER})x")
_RATE = re.compile(rf"({_NUMBER})/([sm])")
_PER = {"s": 1, "m": 60}

_PACES = "1x, 2.5x, 500/s, 300/m, or stages such as 100/s->500/s:5m,500/s:10m"


class _Unreadable(ValueError):
    """What is wrong with a pace, in a few words."""


def parse_pace(text: str) -> Pace:
    """Read a pace.

    `2.5x` is the recorded timing 2.5 times as fast; `500/s` (or `/m`) a rate of sent exchanges; stages are separated by
    commas, each a rate or a ramp between two (`100/s->500/s`, which may begin at `0/s`), with the time it takes
    (`:5m`; the last stage may go without).

    Raises:
        UsageError: no pace; the message lists the forms.
    """
    clean = "".join(text.split())
    try:
        if speed := _SPEED.fullmatch(clean):
            return AsRecorded(_positive(Fraction(speed[1])))
        *parts, last = clean.split(",")
        return Rates((*(_stage(part, last=False) for part in parts), _stage(last, last=True)))
    except _Unreadable as error:
        raise UsageError(f"unknown pace {text[:80]!r} ({error}): write {_PACES}") from None


def parse_rate(text: str) -> Fraction:
    """Read a ceiling such as `500/s`, `300/m` or `500` (per second), as exchanges per second.

    Raises:
        UsageError: not a rate, or zero.
    """
    clean = "".join(text.split())
    try:
        return _positive(_rate(clean if "/" in clean else f"{clean}/s"))
    except _Unreadable as error:
        raise UsageError(f"unknown rate {text[:80]!r} ({error}): write 500/s or 300/m") from None


def _stage(text: str, *, last: bool) -> Stage:
    rates, colon, time = text.partition(":")
    start, arrow, end = rates.partition("->")
    first = _rate(start)
    then = _rate(end) if arrow else first
    if not colon and (arrow or not last):
        raise _Unreadable(f"{text[:40]!r} needs the time it takes, as in 100/s:5m")
    _positive(then)
    return Stage(first, then, _time(time) if colon else None)


def _time(text: str) -> int:
    try:
        return parse_duration(text)
    except UsageError as error:
        raise _Unreadable(str(error)) from None


def _rate(text: str) -> Fraction:
    match = _RATE.fullmatch(text)
    if match is None:
        raise _Unreadable(f"{text[:40]!r} is not a rate" if text else "a rate is missing")
    return Fraction(match[1]) / _PER[match[2]]


def _positive(number: Fraction) -> Fraction:
    if not number:
        raise _Unreadable("it must be more than zero")
    return number
