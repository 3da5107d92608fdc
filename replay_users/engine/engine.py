"""The live engine: the schedule on a real clock, inside Locust's gevent hub, with a pool of connections for each target.

Law: this is the hot path. Per request there is no greenlet, no dict, no log line, no exception; what is not sending or
receiving is a chore. The subtle thing: a turn of the hub sends a bounded number of requests and then lets sockets be read,
so that a burst of due rows cannot keep answers, and the exchanges that wait for them, from being seen.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from replay_users.engine.counters import Counters
from replay_users.engine.kept import MOST_KEPT
from replay_users.engine.pool import Keep, Pool
from replay_users.engine.timer import open_timer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.engine.connection import Address
    from replay_users.engine.schedule import Schedule
    from replay_users.engine.target import Target
    from replay_users.model import Fault, Flight

__all__ = ["Engine", "Timeouts"]

SECOND = 1_000_000_000
_BURST = 64
"""Sends per turn of the hub: some 0.5 ms."""
_SWEEP = 0.1  # s between two looks at timeouts and waiting rows
_STOOD = (
    250_000_000  # ns between two sweeps beyond which the hub stood still, and what came meanwhile was not read in time
)
_READ_FIRST = (
    5_000_000  # ns in which it is read, before anything is sent on connections that may have been closed meanwhile
)
_KEEP = Keep()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a peer may take, ns: three times as long as recorded, within bounds."""

    connect: int = 10 * SECOND
    answer: int = 30 * SECOND
    longest: int = 300 * SECOND

    def of(self, duration: int | None) -> int:
        """The time an exchange has, from being picked to its answer's last byte."""
        if duration is None or duration * 3 <= self.answer:
            return self.answer
        return min(duration * 3, self.longest)


class Engine:
    """Sends what the schedule says is due, and collects what came of it in `finished`.

    Attributes:
        until: ns of run time after which nothing is taken from the schedule, `None` if it is nobody's to say. A process that
            was frozen wakes up in `pump`, before anything else could have stopped it.
    """

    def __init__(
        self,
        loop: Any,
        schedule: Schedule,
        targets: Sequence[Target],
        *,
        timeouts: Timeouts,
        keep: Keep = _KEEP,
        wake: Callable[[], None],
        sign: Callable[[Flight], bytes | None] | None = None,
        unsigned: Callable[[Flight], None] | None = None,
    ) -> None:
        """A flight's `route` says which of `targets` it goes to. `wake` is called when `finished` gets something.

        `sign` gives a flight's wire bytes at send time; where it gives `None` the flight is not sent and `unsigned` is told.
        """
        self.start = 0
        self.until: int | None = None
        self.stopped = self._closed = False
        self.schedule = schedule
        self.counters = Counters()
        self.finished: list[Flight] = []
        self.wake = wake
        self._sign = sign
        self._unsigned = unsigned
        chance = Random()  # noqa: S311 - jitter
        most = max(1, MOST_KEPT // len(targets))
        self.pools = [
            Pool(self, loop, target, timeouts=timeouts, keep=keep, chance=chance, most_kept=most) for target in targets
        ]
        for tls in [target.origin.tls for target in targets if target.origin.tls is not None]:
            tls.errors = self.counters.tls_errors
        self._timer = open_timer(loop, self.pump)
        self._armed = 0
        self._swept = self._hold = 0
        self._sweeper = loop.timer(_SWEEP, repeat=_SWEEP)

    def begin(self, at: int) -> None:
        """Set the run's start (monotonic ns, may be ahead) and begin."""
        self.start = at
        for pool in self.pools:
            pool.start = at
        self._sweeper.start(self._sweep)
        self.rearm()

    def now(self) -> int:
        """Ns since the run's start."""
        return time.monotonic_ns() - self.start

    def readdress(self, nth: int, addresses: Sequence[Address]) -> None:
        """The name of a target now gives these addresses; what is avoided of them is worth one try."""
        self.pools[nth].readdress(addresses)

    def pump(self) -> None:
        """Send what is due, then set the timer for what comes next."""
        self._armed = 0
        take, start, clock = self.schedule.take, self.start, time.monotonic_ns
        pools, sign = self.pools, self._sign
        if self.until is not None and clock() - start > self.until:
            return  # the sweep looks again
        if self._hold:
            if clock() - start < self._hold:
                self._armed = start + self._hold
                self._timer.arm(self._armed)
                return
            self._hold = 0
        for _ in range(_BURST):
            flight = take(clock() - start)
            if flight is None:
                break
            if sign is None or self._signed(flight, sign):
                pools[flight.route].dispatch(flight)
        self.rearm()

    def rearm(self) -> None:
        """Set the timer for the schedule's next time, if it is not set for an earlier one."""
        at = self.schedule.next_at()
        if at is None or self.stopped or not self.start:
            return  # rows are loaded before the run begins
        at += self.start
        if not self._armed or at < self._armed:
            self._armed = at
            self._timer.arm(at)

    def _signed(self, flight: Flight, sign: Callable[[Flight], bytes | None]) -> bool:
        wire = sign(flight)
        if wire is None:
            self.schedule.answered(flight, flight.picked)
            if self._unsigned is not None:
                self._unsigned(flight)
            return False
        flight.wire = wire
        return True

    def end(self, flight: Flight, fault: Fault) -> None:
        """A flight will have no answer."""
        flight.done = self.now()
        if not flight.sent:
            flight.sent = flight.done
        flight.fault = fault
        self.schedule.answered(flight, flight.done)
        self.finished.append(flight)
        self.wake()
        self.rearm()

    def _sweep(self) -> None:
        """Peers are judged by the time of the sweep before: what they had done by then has been read since.

        The hub calls timers before sockets, and it may have stood still for longer than a peer has (a frozen process, a burst
        of large uploads): who looked at the clock alone would find answers late that only nobody had read. So the next sweep
        comes a whole period after this one; what repeats by itself would catch up, before all is read.
        """
        self._sweeper.again(self._sweep)
        now, before = self.now(), self._swept
        stood = now - before > _STOOD
        self.schedule.stood_since = before if stood else None
        self._hold = now + _READ_FIRST if stood else self._hold
        self.schedule.expire(before)
        for pool in self.pools:
            pool.sweep(before)
        self._swept = now
        self.wake()
        self.rearm()

    def stop(self) -> list[Flight]:
        """Send nothing more; gives back what was loaded and is not in flight."""
        self.stopped = True
        return self.schedule.clear()

    def abandon(self) -> None:
        """Wait no longer for what is in flight."""
        for pool in self.pools:
            pool.abandon()

    def close(self) -> None:
        """End what is in flight, and close every connection, watcher and descriptor; doing it twice does no harm."""
        if self._closed:
            return
        self._closed = self.stopped = True
        self.abandon()
        self._timer.close()
        self._sweeper.stop()
        self._sweeper.close()
        for pool in self.pools:
            pool.close()
