"""The live engine: the schedule on a real clock and real sockets, inside Locust's gevent hub.

Law: this is the hot path. Per request there is no greenlet, no dict, no log line, no exception; what is not sending or
receiving is a chore. The subtle thing: a turn of the hub sends a bounded number of requests and then lets sockets be read,
so that a burst of due rows cannot keep answers, and the exchanges that wait for them, from being seen.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from replay_users.engine.connection import Connection
from replay_users.engine.timer import open_timer
from replay_users.model import Fault
from replay_users.recording.acting import READ_METHODS, acts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.engine.connection import Address
    from replay_users.engine.schedule import Schedule
    from replay_users.model import Flight

__all__ = ["Counters", "Engine", "Timeouts"]

SECOND = 1_000_000_000
_BURST = 64
"""Sends per turn of the hub: some 0.5 ms."""
_SWEEP = 0.1  # s between two looks at timeouts and waiting rows
_UNREACHED = frozenset({Fault.CONNECT, Fault.CONNECT_TIMEOUT})
_NEVER_BEGUN = frozenset({Fault.RESET_BEFORE_HEADERS, Fault.CLOSED_BEFORE_HEADERS})


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


@dataclass(slots=True)
class Counters:
    """What happened to connections."""

    opened: int = 0
    reused: int = 0
    closed_idle: int = 0
    late_bytes: int = 0
    resent: int = 0
    avoided_addresses: int = 0


class Engine:
    """Sends what the schedule says is due, and collects what came of it in `finished`."""

    def __init__(
        self,
        loop: Any,
        schedule: Schedule,
        addresses: Sequence[Address],
        *,
        timeouts: Timeouts,
        wake: Callable[[], None],
        sign: Callable[[Flight], bytes | None] | None = None,
        unsigned: Callable[[Flight], None] | None = None,
    ) -> None:
        """`wake` is called when `finished` gets something.

        `sign` gives a flight's wire bytes at send time; where it gives `None` the flight is not sent and `unsigned` is told.
        """
        self.start = 0
        self.schedule = schedule
        self.counters = Counters()
        self.finished: list[Flight] = []
        self._loop = loop
        self._timeouts = timeouts
        self._wake = wake
        self._sign = sign
        self._unsigned = unsigned
        self._addresses = self._usable = list(addresses)
        self._next_address = 0
        self._idle: deque[Connection] = deque()
        self._all: set[Connection] = set()
        self._timer = open_timer(loop, self.pump)
        self._armed = 0
        self._sweeper = loop.timer(_SWEEP, repeat=_SWEEP)
        self._stopped = self._closed = False

    def begin(self, at: int) -> None:
        """Set the run's start (monotonic ns, may be ahead) and begin."""
        self.start = at
        self._sweeper.start(self._sweep)
        self.rearm()

    def now(self) -> int:
        """Ns since the run's start."""
        return time.monotonic_ns() - self.start

    def readdress(self, addresses: Sequence[Address]) -> None:
        """The target's addresses are now these, each worth another try; connections that are open stay."""
        self._addresses = self._usable = list(addresses)

    def pump(self) -> None:
        """Send what is due, then set the timer for what comes next."""
        self._armed = 0
        take, start, clock = self.schedule.take, self.start, time.monotonic_ns
        for _ in range(_BURST):
            flight = take(clock() - start)
            if flight is None:
                break
            self._dispatch(flight)
        self.rearm()

    def rearm(self) -> None:
        """Set the timer for the schedule's next time, if it is not set for an earlier one."""
        at = self.schedule.next_at()
        if at is None or self._stopped or not self.start:
            return  # rows are loaded before the run begins
        at += self.start
        if not self._armed or at < self._armed:
            self._armed = at
            self._timer.arm(at)

    def _dispatch(self, flight: Flight) -> None:
        if self._sign is not None and not self._signed(flight, self._sign):
            return
        answer_by = flight.picked + self._timeouts.of(flight.duration)
        idle = self._idle
        while idle:
            connection = idle.popleft()
            if not connection.closed:
                self.counters.reused += 1
                connection.carry(flight, answer_by)
                return
        self._connect(flight, answer_by)

    def _signed(self, flight: Flight, sign: Callable[[Flight], bytes | None]) -> bool:
        wire = sign(flight)
        if wire is None:
            self.schedule.answered(flight, flight.picked)
            if self._unsigned is not None:
                self._unsigned(flight)
            return False
        flight.wire = wire
        return True

    def _connect(self, flight: Flight, answer_by: int) -> None:
        addresses = self._usable
        address = addresses[self._next_address % len(addresses)]
        self._next_address += 1
        try:
            connection = Connection(self, self._loop, address)
        except OSError:
            self._end(flight, Fault.NO_SOCKET)
            return
        self.counters.opened += 1
        self._all.add(connection)
        connection.deadline = self.now() + self._timeouts.connect
        connection.carry(flight, answer_by)

    def completed(self, connection: Connection, flight: Flight) -> None:
        """An answer has come."""
        if connection.closed:
            self._all.discard(connection)
        else:
            self._idle.append(connection)
        schedule = self.schedule
        schedule.answered(flight, flight.done)
        self.finished.append(flight)
        self._wake()
        if schedule.released:
            self.pump()

    def failed(self, connection: Connection, flight: Flight, fault: Fault) -> None:
        """No answer has come; what was not sent, or what may safely be sent twice, is tried once more elsewhere."""
        self._all.discard(connection)
        if self._stopped:
            self._end(flight, fault)
        elif fault in _UNREACHED and self._avoid(connection.address, flight):
            flight.sent = flight.connect = 0
            self._connect(flight, connection.answer_by)
        elif connection.reused and fault in _NEVER_BEGUN and _may_be_sent_twice(flight):
            flight.resent = True
            self.counters.resent += 1
            self._connect(flight, connection.deadline)
        else:
            self._end(flight, fault)

    def _avoid(self, address: Address, flight: Flight) -> bool:
        """Connect to an address no more until addresses are resolved again; whether there is another for the flight to try."""
        if address in self._usable:
            self._usable = [other for other in self._usable if other != address] or self._addresses
            self.counters.avoided_addresses += len(self._addresses) > 1
        flight.tried += 1
        return flight.tried < len(self._addresses)

    def _end(self, flight: Flight, fault: Fault) -> None:
        flight.done = self.now()
        if not flight.sent:
            flight.sent = flight.done
        flight.fault = fault
        self.schedule.answered(flight, flight.done)
        self.finished.append(flight)
        self._wake()
        self.rearm()

    def lost(self, connection: Connection, *, late_bytes: bool) -> None:
        """A connection without a flight is gone."""
        self._all.discard(connection)
        if late_bytes:
            self.counters.late_bytes += 1
        elif connection.connected:
            self.counters.closed_idle += 1

    def _sweep(self) -> None:
        now = self.now()
        self.schedule.expire(now)
        late = [c for c in self._all if c.flight is not None and c.deadline and c.deadline < now]
        for connection in late:
            connection.expire()
        self._wake()
        self.rearm()

    def stop(self) -> list[Flight]:
        """Send nothing more; gives back what was loaded and is not in flight."""
        self._stopped = True
        return self.schedule.clear()

    def abandon(self) -> None:
        """Wait no longer for what is in flight."""
        for connection in [c for c in self._all if c.flight is not None]:
            connection.abandon()

    def close(self) -> None:
        """End what is in flight, and close every connection, watcher and descriptor; doing it twice does no harm."""
        if self._closed:
            return
        self._closed = self._stopped = True
        self.abandon()
        self._timer.close()
        self._sweeper.stop()
        self._sweeper.close()
        for connection in list(self._all):
            connection.close()
        self._all.clear()
        self._idle.clear()


def _may_be_sent_twice(flight: Flight) -> bool:
    """Whether it was sent once and only reads: `GET /cart?action=remove` might act twice."""
    return not flight.resent and flight.method in READ_METHODS and not acts(flight.target.decode("latin-1"))
