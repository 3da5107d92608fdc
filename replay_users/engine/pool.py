"""The connections to one origin: which of them carries a flight, when one is opened, and when it has to go.

Law: the hot path. A pool owns connections and nothing else: schedule, timers and what has ended are the engine's, here
called the tower. Every connection that is not closed is in `_all`; it is busy if it has a flight, otherwise it lies idle
or rests for its key. The subtle thing: age and addresses that are gone are one number, `retire_at`, looked at where a
connection changes hands, so that none is closed in the middle of an exchange.
"""

from __future__ import annotations

import errno
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from replay_users.engine.connection import Connection
from replay_users.engine.kept import MOST_KEPT, Kept
from replay_users.engine.spread import Spread
from replay_users.model import Fault
from replay_users.recording.acting import READ_METHODS, acts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from replay_users.engine.connection import Address
    from replay_users.engine.counters import Counters
    from replay_users.engine.engine import Timeouts
    from replay_users.engine.schedule import Schedule
    from replay_users.engine.target import Target
    from replay_users.model import Flight

__all__ = ["Keep", "Pool", "Tower"]

_NEVER = 1 << 62
_AT_ONCE = 0
_JITTER = 0.2  # of the age: connections that were opened together must not end, and be opened again, together
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_UNREACHED = frozenset({Fault.CONNECT, Fault.CONNECT_TIMEOUT})
_NEVER_BEGUN = frozenset({Fault.RESET_BEFORE_HEADERS, Fault.CLOSED_BEFORE_HEADERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long connections are kept: up to an age in ns (`None`: any), and one for each recorded connection if asked for."""

    max_age: int | None = None
    recorded: bool = False


class Tower(Protocol):
    """What a pool has of its engine."""

    schedule: Schedule
    counters: Counters
    finished: list[Flight]
    stopped: bool

    def now(self) -> int:
        """Ns since the run's start."""

    def wake(self) -> None:
        """There is something in `finished`."""

    def pump(self) -> None:
        """Send what is due."""

    def end(self, flight: Flight, fault: Fault) -> None:
        """No answer will come, on whatever connection."""


class Pool:
    """The connections to one origin, and their `Owner`."""

    def __init__(
        self,
        tower: Tower,
        loop: Any,
        target: Target,
        *,
        timeouts: Timeouts,
        keep: Keep,
        chance: Random,
        most_kept: int = MOST_KEPT,
        connect: Callable[..., Connection] = Connection,
    ) -> None:
        """Nothing is connected yet; `connect` makes a connection, and `most_kept` holds for those of recorded ones."""
        self.start = 0
        self._tower = tower
        self._loop = loop
        self._origin = target.origin
        self._timeouts = timeouts
        self._keep = keep
        self._chance = chance
        self._connect = connect
        self._counters = tower.counters
        self._recorded = keep.recorded
        self._spread = Spread(target.addresses)
        self._idle: deque[Connection] = deque()
        self._kept = Kept(most_kept)
        self._all: set[Connection] = set()
        self._schedule, self._finished, self._wake = tower.schedule, tower.finished, tower.wake

    def __len__(self) -> int:
        return len(self._all)

    # A flight goes out

    def dispatch(self, flight: Flight) -> None:
        """Send a flight on the connection that has been idle longest, or a new one."""
        answer_by = flight.picked + self._timeouts.of(flight.duration)
        if self._recorded and flight.connection is not None:
            self._dispatch_kept(flight, flight.connection, answer_by)
            return
        idle = self._idle
        while idle:
            connection = idle.popleft()
            if connection.closed:
                continue
            if connection.retire_at > flight.picked:
                self._counters.reused += 1
                connection.carry(flight, answer_by)
                return
            self._retire(connection)
        self._open(flight, answer_by)

    def _dispatch_kept(self, flight: Flight, key: str, answer_by: int) -> None:
        connection = self._kept.take(key)
        if connection is not None and connection.retire_at > flight.picked:
            self._counters.reused += 1
            connection.carry(flight, answer_by)
            return
        if connection is not None:
            self._retire(connection)
        self._open(flight, answer_by)

    def _open(self, flight: Flight, answer_by: int) -> None:
        now = self._tower.now()
        connection = self._begin(flight)
        if connection is None:
            self._tower.end(flight, Fault.NO_SOCKET)
            return
        self._all.add(connection)
        connection.begun = now
        connection.deadline = now + self._timeouts.connect
        connection.retire_at = now + self._age()
        if self._recorded and flight.connection is not None:
            connection.key = flight.connection
            self._counters.extra += not self._kept.keep(connection.key, connection)
        connection.carry(flight, answer_by)

    def _begin(self, flight: Flight) -> Connection | None:
        """A connection on its way; `None` if no socket is to be had, for any address and after making room."""
        origin, address = (
            self._origin,
            self._spread.next(probes=not flight.tried),
        )  # a flight waits in vain once at most
        try:
            return self._connect(self, self._loop, address, tls=origin.tls, tunnel=origin.tunnel)
        except OSError as error:  # a family that this machine does not have, or no more descriptors
            is_full = error.errno in _FULL
        if is_full:
            self._spread.failed(address)
        is_hope = self._make_room() if is_full else self._is_another_left(address, flight)
        return self._begin(flight) if is_hope else None

    def _age(self) -> int:
        if self._keep.max_age is None:
            return _NEVER
        return int(self._keep.max_age * self._chance.uniform(1 - _JITTER, 1 + _JITTER))

    # What becomes of it

    def opened(self, connection: Connection) -> None:
        """A connection is open, TLS and proxy included."""
        took = self._tower.now() - connection.begun
        self._counters.open(_text(connection.address), took, resumed=connection.resumed)
        self._spread.opened(connection.address)

    def completed(self, connection: Connection, flight: Flight) -> None:
        """An answer has come; what it set free is sent at once."""
        if connection.closed:
            self._discard(connection)
        elif connection.retire_at <= flight.done:
            self._retire(connection)
        elif connection.key is None:
            self._idle.append(connection)
        elif not self._kept.rest(connection.key, connection, flight.done):
            self._close(connection)
        schedule = self._schedule
        schedule.answered(flight, flight.done)
        self._finished.append(flight)
        self._wake()
        if schedule.released:
            self._tower.pump()

    def failed(self, connection: Connection, flight: Flight, fault: Fault) -> None:
        """No answer has come; what was not sent, or what may safely be sent twice, is tried once more elsewhere."""
        self._discard(connection)
        is_unreached = fault in _UNREACHED and not self._tower.stopped
        if not connection.connected:
            self._not_opened(connection, fault, is_avoided=is_unreached)
        if fault is Fault.PROXY:
            self._counters.proxy_refusals.count(connection.reason)
        if self._tower.stopped:
            self._tower.end(flight, fault)
        elif is_unreached and self._is_another_left(connection.address, flight):
            self._open(flight, connection.answer_by)
        elif connection.reused and fault in _NEVER_BEGUN and _may_be_sent_twice(flight):
            flight.resent = True
            self._counters.resent += 1
            self._open(flight, connection.deadline)
        else:
            self._tower.end(flight, fault)

    def _not_opened(self, connection: Connection, fault: Fault, *, is_avoided: bool) -> None:
        """Count it; an address that is going to be avoided is told with that."""
        if fault is not Fault.STOPPED:
            self._counters.fail(_text(connection.address))
        if not is_avoided:
            self._spread.failed(connection.address)

    def _is_another_left(self, address: Address, flight: Flight) -> bool:
        """Avoid an address that did not answer; whether there is another for the flight to try."""
        self._counters.avoided_addresses += self._spread.avoid(address)
        flight.tried += address in self._spread  # one that is gone meanwhile was none of these
        return flight.tried < len(self._spread)

    def lost(self, connection: Connection, *, late_bytes: bool) -> None:
        """A connection without a flight is gone."""
        self._discard(connection)
        if late_bytes:
            self._counters.late_bytes += 1
        elif connection.connected:
            self._counters.closed_idle += 1

    # Connections go

    def _discard(self, connection: Connection) -> None:
        """It is closed: nobody gets it any more. The idle queue drops it when its turn comes."""
        self._all.discard(connection)
        if connection.key is not None:
            self._kept.forget(connection.key, connection)

    def _close(self, connection: Connection) -> None:
        connection.close()
        self._discard(connection)

    def _retire(self, connection: Connection) -> None:
        self._counters.retired += 1
        self._close(connection)

    def readdress(self, addresses: Sequence[Address]) -> None:
        """The target's name now gives these; connections to addresses that are gone end as soon as they carry nothing."""
        self._spread.renew(addresses)
        for connection in [c for c in self._all if self._spread.is_gone(c.address)]:
            connection.retire_at = _AT_ONCE
            if connection.flight is None:
                self._retire(connection)

    def sweep(self, now: int) -> None:
        """End what takes too long, and close what is too old or has rested too long."""
        for connection in [c for c in self._all if (c.retire_at if c.flight is None else c.deadline or _NEVER) < now]:
            if connection.flight is not None:
                connection.expire()
            else:
                self._retire(connection)
        self._forget(self._kept.stale(now))

    def _make_room(self) -> bool:
        """Give descriptors back, more than one since the store and the desk need some too; whether there were any."""
        return self._forget(self._kept.longest_resting())

    def _forget(self, resting: list[Connection]) -> bool:
        self._counters.forgotten += len(resting)
        for connection in resting:
            self._close(connection)
        return bool(resting)

    def abandon(self) -> None:
        """Wait no longer for what is in flight."""
        for connection in [c for c in self._all if c.flight is not None]:
            connection.abandon()

    def close(self) -> None:
        """Close every connection; what they carried was abandoned before."""
        for connection in list(self._all):
            self._close(connection)
        self._idle.clear()


def _text(address: Address) -> str:
    """`127.0.0.1:80`, `[::1]:80`."""
    host, port = address[1][:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _may_be_sent_twice(flight: Flight) -> bool:
    """Whether it was sent once and only reads: `GET /cart?action=remove` might act twice."""
    return not flight.resent and flight.method in READ_METHODS and not acts(flight.target.decode("latin-1"))
