"""How far a worker's monotonic clock is from the master's, and how sure that is.

Law: pure arithmetic of pings and pongs. Monotonic clocks are compared as they are: wall clocks may step while a run
starts, and comparing them would add their own error. The subtle thing: a pong tells the worker's time at some moment
between a ping's sending and the pong's arrival, so the middle is wrong by at most half the round trip, however lopsided:

    master  sent ------------- middle ------------- arrived
    worker          ^ its clock, read somewhere here

The shortest of several round trips is kept (Cristian, Distributed Computing 3, 1989).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.swarm.messages import Ping

if TYPE_CHECKING:
    from replay_users.swarm.messages import Pong

__all__ = ["PINGS", "ClockOffset", "ClockRound"]

PINGS = 8
"""Pongs that make a round: one of eight finds both hubs free."""

_TRIES = PINGS + 4  # pings of a round, answered or not: a program that is not ours logs each of them
_UNANSWERED = 1_000_000_000  # ns until another ping goes out
_DRIFT = 1_000  # 1000 ppm apart: each of two clocks is slewed by at most 500, adjtimex(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """A worker's clock is the master's plus `offset`, give or take `error`, at the time `at` of the master."""

    offset: int
    error: int
    at: int

    def error_at(self, now: int) -> int:
        """What the error has grown to since, as both clocks run on by themselves."""
        return self.error + -(-abs(now - self.at) // _DRIFT) if self.error else 0

    @property
    def is_shared(self) -> bool:
        """Whether the two may be one clock: no offset at all is within the error."""
        return abs(self.offset) <= self.error


class ClockRound:
    """One measurement: pings one after the other, the next when the last is answered."""

    __slots__ = ("_open", "_tries", "answered", "best", "longest", "shared")

    def __init__(self, *, shared: bool = False) -> None:
        """`shared`: both sides have the same boot id, so they have one clock unless the pongs say otherwise."""
        self.best: ClockOffset | None = None
        self.answered = self.longest = self._tries = 0
        self.shared = shared
        self._open: set[tuple[int, int]] = set()

    @property
    def is_asking(self) -> bool:
        """Whether a ping has gone out."""
        return self._tries > 0

    @property
    def is_under_way(self) -> bool:
        """Whether there is more to come of it."""
        return bool(self._open) and not self.is_complete and self._tries < _TRIES

    @property
    def is_complete(self) -> bool:
        """Whether enough pongs have come."""
        return self.answered >= PINGS

    def ping(self, now: int) -> Ping | None:
        """The next one; `None` if the round has had enough."""
        if self.is_complete or self._tries >= _TRIES:
            return None
        ping = Ping(nth=self._tries, sent=now)
        self._tries += 1
        self._open.add((ping.nth, ping.sent))
        return ping

    def retry(self, now: int) -> Ping | None:
        """Another one, if the last has had no answer for a second."""
        waiting = self._open and now - max(sent for _, sent in self._open) >= _UNANSWERED
        return self.ping(now) if waiting else None

    def take(self, pong: Pong, now: int) -> bool:
        """Measure by a pong; whether it answers a ping of this round."""
        key = (pong.nth, pong.sent)
        if key not in self._open:
            return False
        self._open.remove(key)
        self.answered += 1
        self.longest = max(self.longest, now - pong.sent)
        found = _measure(pong, now)
        if self.best is None or found.error < self.best.error_at(now):
            self.best = found
        return True

    def clock(self) -> ClockOffset | None:
        """What the round has found by now."""
        if self.best is not None and self.shared and self.best.is_shared:
            return ClockOffset(offset=0, error=0, at=self.best.at)
        return self.best


def _measure(pong: Pong, now: int) -> ClockOffset:
    half = (now - pong.sent + 1) // 2
    return ClockOffset(offset=pong.monotonic - (pong.sent + half), error=half + half // _DRIFT + 1, at=now)
