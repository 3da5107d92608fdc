"""The stretch of a recording that a run is about.

Law: text and the recording's range to a `Window`. Times are UTC unless they say otherwise. The subtle thing: a window
counts in whole seconds, because the count index does, but its origin is the first recorded instant in it, so that a run
does not begin by waiting for the rest of a second (or of a minute) in which nothing was recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from replay_users.errors import UsageError
from replay_users.plan.duration import SECOND, parse_duration

__all__ = ["Window", "describe_instant", "parse_window"]

_DAY = 24 * 3600 * SECOND
_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FORMS = (
    "write A..B with times such as 2026-11-05T10:00:00, 10:00 or +30s (from the recording's start);"
    " either end may be left out"
)


@dataclass(frozen=True, slots=True)
class Window:
    """Rows with `start` <= at < `end` (UTC ns, whole seconds); due times count from `origin`, in the first of its seconds."""

    start: int
    end: int
    origin: int

    @property
    def lead(self) -> int:
        """Ns from the start of the first second to the origin."""
        return self.origin - self.start

    @property
    def seconds(self) -> int:
        """How many recorded seconds the window counts."""
        return (self.end - self.start) // SECOND

    def describe(self) -> str:
        """The window as `--window` reads it."""
        return f"{describe_instant(self.start)}..{describe_instant(self.end)}"


def describe_instant(at: int) -> str:
    """A UTC time to the second (rounded down) in ISO 8601."""
    return (_EPOCH + timedelta(seconds=at // SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_window(text: str, first_at: int, last_at: int) -> Window:
    """The part of a recording (its first and last `at`, UTC ns) that `--window` asks for; all of it for an empty text.

    Ends are ISO 8601 times or dates, clock times (of the recording's day; the end's is the next after the start), or
    `+90s`, from the second in which the recording starts. What lies outside the recording is cut off.

    Raises:
        UsageError: unreadable, ends before it begins, or outside the recording, whose range the message names.
    """
    whole = Window(_floor(first_at), _floor(last_at) + SECOND, first_at)
    if not text.strip():
        return whole
    first, dots, last = text.strip().partition("..")
    if not dots or not (first or last):
        raise UsageError(f"unknown window {text[:80]!r}: {_FORMS}")
    start = _Reader(text, whole).start(first.strip())
    end = _Reader(text, whole).end(last.strip(), start)
    if first and last and end <= start:
        raise UsageError(f"window {text[:80]!r} ends before it begins: {_FORMS}")
    return _cut(whole, start, end, text)


def _cut(whole: Window, start: int, end: int, text: str) -> Window:
    start, end = max(start, whole.start), min(end, whole.end)
    if end <= start:
        raise UsageError(f"window {text[:80]!r} holds nothing of this recording: choose one within {whole.describe()}")
    return Window(start, end, max(start, whole.origin))


def _floor(at: int) -> int:
    return at - at % SECOND


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the two ends of a window against the recording they are about."""

    text: str
    whole: Window

    def start(self, end: str) -> int:
        if not end:
            return self.whole.start
        if not _CLOCK.fullmatch(end):
            return self._other(end)
        today = self._clock(end, self.whole.start - self.whole.start % _DAY)
        tomorrow = today + _DAY
        return tomorrow if today < self.whole.start and tomorrow < self.whole.end else today

    def end(self, end: str, start: int) -> int:
        if not end:
            return self.whole.end
        if not _CLOCK.fullmatch(end):
            return self._other(end)
        at = self._clock(end, start - start % _DAY)
        while at <= start:
            at += _DAY
        return at

    def _clock(self, text: str, midnight: int) -> int:
        """A clock time on the UTC day that begins at `midnight`.

        Which day is meant must be clear, so a recording of more than a day takes dates only.
        """
        if self.whole.end - self.whole.start > _DAY:
            raise UsageError(
                f"{text!r} is not one time in a recording of more than a day ({self.whole.describe()}):"
                " write the date too"
            )
        try:
            clock = time.fromisoformat(text)
        except ValueError:
            raise self._unreadable(text) from None
        offset = (clock.utcoffset() or timedelta()) // timedelta(seconds=1)
        seconds = clock.hour * 3600 + clock.minute * 60 + clock.second - offset
        return midnight + seconds % (24 * 3600) * SECOND

    def _other(self, text: str) -> int:
        if text.startswith("+"):
            return self.whole.start + self._offset(text[1:])
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise self._unreadable(text) from None
        if at.microsecond:
            raise self._too_fine()
        since_epoch = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
        return since_epoch // timedelta(seconds=1) * SECOND

    def _offset(self, text: str) -> int:
        ns = parse_duration(text, zero=True)
        if ns % SECOND:
            raise self._too_fine()
        return ns

    def _too_fine(self) -> UsageError:
        return UsageError(f"window {self.text[:80]!r} has parts of a second: write whole ones")

    def _unreadable(self, text: str) -> UsageError:
        return UsageError(f"window {self.text[:80]!r}: {text[:40]!r} is not a time; {_FORMS}")
