"""Criteria that stop a run, as a person writes them: `http(5xx,10%,5s)`, in the manner of Yandex.Tank.

Law: text to values, nothing else. Whatever cannot be read is refused before anything is sent, with the argument that is
wrong and what would be right. The subtle thing: an endpoint stands last, since its name may hold commas and brackets.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from replay_users.errors import UsageError
from replay_users.model import Fault
from replay_users.plan.duration import DURATION_FORMS, SECOND, parse_duration
from replay_users.plan.selection import Pattern
from replay_users.results.autostop import (
    Count,
    Criterion,
    Faults,
    Mean,
    Mismatches,
    Percentile,
    Share,
    Slower,
    Statuses,
    Time,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.results.autostop import Counted, Limit

__all__ = ["parse_autostop"]

_FORMS: Final = {
    "http": "http(5xx,10%,5s)",
    "net": "net(timeout,10%,5s)",
    "failed": "failed(10%,5s)",
    "mismatch": "mismatch(5%,30s)",
    "time": "time(1.5s,10s)",
    "quantile": "quantile(95,500ms,10s)",
}
_CODES = re.compile(r"[1-5](?:\d\d|\dx|xx)")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%")
_COUNT = re.compile(r"[1-9]\d{0,9}")
_PERCENTILE = re.compile(r"\d{1,2}(?:\.\d{1,3})?")


def parse_autostop(texts: Iterable[str]) -> tuple[Criterion, ...]:
    """Read criteria such as `http(5xx,10%,5s)`.

    Raises:
        UsageError: one cannot be read; the sentence says where, and what would be right.
    """
    return tuple(_Reader(text.strip()).read() for text in texts)


class _Reader:
    """Reads one criterion, argument by argument."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._name = ""
        self._left: list[str] = []
        self._nth = 0

    def read(self) -> Criterion:
        self._name, opened, rest = self._text.partition("(")
        self._name = self._name.strip().lower()
        if self._name not in _FORMS:
            raise self._unknown()
        if not opened or not rest.endswith(")"):
            raise self._wrong("put its arguments in brackets")
        last = _FORMS[self._name].count(",") + 1  # of an endpoint, which may hold commas
        self._left = [part.strip() for part in rest[:-1].split(",", last)]
        counted, limit = self._what()
        window = self._duration("the length of the window")
        if window < SECOND:
            raise self._wrong("the window is 1s at least", argument=True)
        endpoint = self._next("") if self._left else None
        if endpoint == "":
            raise self._wrong("the endpoint is missing behind the last comma: name one, or a glob such as GET /users/*")
        pattern = None if endpoint is None else Pattern(endpoint)
        return Criterion(text=self._text, counted=counted, limit=limit, window=window, pattern=pattern)

    def _what(self) -> tuple[Counted, Limit]:
        if self._name == "time":
            return Time(), Mean(self._duration("a time"))
        if self._name == "quantile":
            percentile = Percentile(self._percentile())
            return Slower(self._duration("a time")), percentile
        counted: Counted = Mismatches() if self._name == "mismatch" else Faults(None)
        if self._name == "http":
            counted = self._statuses()
        elif self._name == "net":
            counted = self._fault()
        return counted, self._limit()

    def _statuses(self) -> Statuses:
        codes = self._next("a status such as 503, 50x or 5xx").lower()
        if not _CODES.fullmatch(codes):
            raise self._wrong("write a status such as 503, 50x or 5xx", argument=True)
        return Statuses(codes)

    def _fault(self) -> Faults:
        name = self._next("a reason such as timeout, or xx for any").lower()
        known = [str(fault) for fault in Fault if fault is not Fault.STOPPED]
        if name != "xx" and name not in known:
            raise self._wrong(f"write one of xx (any), {', '.join(known)}", argument=True)
        return Faults(None if name == "xx" else Fault(name))

    def _limit(self) -> Share | Count:
        text = self._next("a share such as 10%, or a number such as 25")
        share = _SHARE.fullmatch(text)
        if share and 0 < float(share[1]) <= 100:  # noqa: PLR2004 - per cent
            return Share(float(share[1]))
        if _COUNT.fullmatch(text):
            return Count(int(text))
        raise self._wrong("write a share above 0% and up to 100%, such as 10%, or a number such as 25", argument=True)

    def _percentile(self) -> float:
        text = self._next("a percentile such as 95")
        if not _PERCENTILE.fullmatch(text) or not float(text):
            raise self._wrong("write a percentile above 0 and below 100, such as 95", argument=True)
        return float(text)

    def _duration(self, what: str) -> int:
        text = self._next(f"{what} such as {DURATION_FORMS}")
        try:
            return parse_duration(text)
        except UsageError:
            raise self._wrong(f"write {what} like {DURATION_FORMS}", argument=True) from None

    def _next(self, what: str) -> str:
        if not self._left:
            raise self._wrong(f"argument {self._nth + 1} is missing: {what}")
        self._nth += 1
        self._taken = self._left.pop(0)
        return self._taken

    def _wrong(self, what: str, *, argument: bool = False) -> UsageError:
        where = f", argument {self._nth} ({self._taken[:40]!r})" if argument else ""
        return UsageError(f"--autostop {self._text[:80]!r}{where}: {what}, as in {_FORMS[self._name]}")

    def _unknown(self) -> UsageError:
        close = get_close_matches(self._name, _FORMS, n=1)
        hint = f"did you mean {_FORMS[close[0]]}? " if close else ""
        return UsageError(
            f"--autostop {self._text[:80]!r}: {self._name[:40]!r} is none of the criteria: {hint}write one of"
            f" {', '.join(_FORMS.values())}"
        )
