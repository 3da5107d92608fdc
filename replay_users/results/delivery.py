"""Payloads on their way to InfluxDB: how many are kept, when the next one is tried, what is given up, and what of it is said.

Law: pure, told the time (seconds of any clock that only goes forward). Bounded: so many payloads and no more, the oldest
given up first, and every point given up is counted.
The subtle thing: a payload that is under way is out of the queue, so it cannot be the oldest one that is given up, and comes
back to the front if it was not taken.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "FIRST_WAIT_S",
    "LONGEST_WAIT_S",
    "PAYLOADS_KEPT",
    "REFUSALS",
    "Answer",
    "Delivery",
    "Failed",
    "Refused",
    "Taken",
]

PAYLOADS_KEPT = 60
"""Five minutes of flushes every five seconds."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
REFUSALS = 3
"""Refusals one after the other until nothing is tried any more; a place that has taken points before may do so again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The payload was written, but for so many points that the server would not have; `why` says so if there are some."""

    lost: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be written now: no connection, no answer, or a server in trouble, which may want so many seconds of rest."""

    why: str
    rest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not be written as things are. `is_spoilt`: for what is in it; else for who we are, or where it goes."""

    why: str
    is_spoilt: bool


Answer: TypeAlias = Taken | Failed | Refused


class Delivery:
    """The payloads of one run.

    Attributes:
        lost: points given up so far.
        written: points written so far.
        is_off: too often refused, so nothing is tried any more.
        told: what changed since somebody last looked, as sentences; whoever tells them empties it.
    """

    def __init__(self) -> None:
        self.lost = self.written = 0
        self.is_off = False
        self.told: list[str] = []
        self._waiting: deque[str] = deque()
        self._under_way: str | None = None
        self._refusals = 0
        self._wait_s = FIRST_WAIT_S
        self._next_at = float("-inf")
        self._failing_since: float | None = None
        self._has_told_partial = False

    def add(self, payload: str) -> None:
        """One more payload of whole lines; if there are too many, the oldest one is given up."""
        if payload:
            self._waiting.append(payload)
        while len(self._waiting) + (self._under_way is not None) > PAYLOADS_KEPT:
            self.lost += _points(self._waiting.popleft())

    @property
    def left(self) -> list[str]:
        """What is not written, the oldest first."""
        return [*([] if self._under_way is None else [self._under_way]), *self._waiting]

    def wait_s(self, now: float) -> float | None:
        """In how many seconds something is to be tried; `None` if there is nothing to try."""
        return None if self.is_off or not self._waiting else max(0.0, self._next_at - now)

    def hurry(self) -> None:
        """Wait no more before the next try, and little between those after it: there is not much time left."""
        self._next_at, self._wait_s = float("-inf"), FIRST_WAIT_S / 2

    def take(self) -> str:
        """The payload to be tried now."""
        self._under_way = self._waiting.popleft()
        return self._under_way

    def answer(self, answer: Answer, now: float) -> None:
        """What became of the payload under way."""
        payload, self._under_way = self._under_way or "", None
        if isinstance(answer, Taken):
            self._taken(payload, answer, now)
        elif isinstance(answer, Failed):
            self._failed(payload, answer, now)
        else:
            self._refused(payload, answer, now)

    def _taken(self, payload: str, answer: Taken, now: float) -> None:
        lost = min(answer.lost, _points(payload))
        self.lost += lost
        self.written += _points(payload) - lost
        if self._failing_since is not None:
            self.told.append(f"InfluxDB takes points again, after {now - self._failing_since:.0f} s")
        if lost and not self._has_told_partial:
            self._has_told_partial = True
            self.told.append(f"InfluxDB does not take all points, and does not get these again: {answer.why}")
        self._failing_since, self._refusals, self._wait_s = None, 0, FIRST_WAIT_S

    def _failed(self, payload: str, answer: Failed, now: float) -> None:
        self._waiting.appendleft(payload)
        self._rest(answer.rest_s, now)
        if self._failing_since is None:
            self._failing_since = now
            self.told.append(f"InfluxDB does not take points: {answer.why}; the run goes on, and so do the tries")

    def _refused(self, payload: str, answer: Refused, now: float) -> None:
        self._refusals += 1
        if answer.is_spoilt:
            self.lost += _points(payload)
        else:
            self._waiting.appendleft(payload)
        self._rest(0.0, now)
        if self._failing_since is None:
            self._failing_since = now
            self.told.append(f"InfluxDB refuses points: {answer.why}")
        if self._refusals >= REFUSALS and (answer.is_spoilt or not self.written):
            self.is_off = True
            self.told.append(f"{self._often(answer)}, so nothing more is sent to it in this run")
        elif self._refusals == REFUSALS:
            self.told.append(f"{self._often(answer)}; it has taken some before, so the tries go on")

    def _often(self, answer: Refused) -> str:
        return f"InfluxDB refused points {self._refusals} times in a row ({answer.why})"

    def _rest(self, asked_s: float, now: float) -> None:
        self._next_at = now + min(max(self._wait_s, asked_s), LONGEST_WAIT_S)
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)


def _points(payload: str) -> int:
    return payload.count("\n")
