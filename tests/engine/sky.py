"""Connections that only say they are: a pool's other side, driven by hand.

Law: what a connection tells its owner, in the order in which the real one does, without sockets, hub or clock; it objects
to being closed in the middle of an exchange.
"""

from __future__ import annotations

import errno
from random import Random
from typing import TYPE_CHECKING, Any

from replay_users.engine.counters import Counters
from replay_users.engine.engine import Timeouts
from replay_users.engine.pool import Keep, Pool
from replay_users.engine.schedule import Limits, Schedule
from replay_users.engine.target import Target
from replay_users.model import Fault
from tests.engine.rig import ORIGIN, request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.engine.connection import Address
    from replay_users.model import Flight

__all__ = ["A", "B", "C", "Line", "Sky"]

A, B, C = ((2, (f"10.0.0.{nth}", 80)) for nth in (1, 2, 3))


class Line:
    """A connection without a socket."""

    def __init__(self, sky: Sky, owner: Pool, address: Address) -> None:
        """It begins to connect."""
        self.sky, self.owner, self.address = sky, owner, address
        self.flight: Flight | None = None
        self.connected = self.closed = self.reused = self.resumed = False
        self.deadline = self.answer_by = self.begun = self.retire_at = 0
        self.key: str | None = None
        self.reason = ""

    def carry(self, flight: Flight, answer_by: int) -> None:
        """Take a flight, now or when it is open."""
        assert self.flight is None
        assert not self.closed
        self.flight = flight
        self.answer_by = answer_by
        if self.connected:
            self.deadline = answer_by
            flight.sent = flight.sent or self.sky.time

    def open(self) -> None:
        """Connecting is done."""
        self.connected = True
        self.owner.opened(self)  # type: ignore[arg-type]
        flight, self.flight = self.flight, None
        assert flight is not None
        self.carry(flight, self.answer_by)

    def answer(self, *, last: bool = False) -> None:
        """The answer has come; `last` if the peer closes after it."""
        flight, self.flight = self.flight, None
        assert flight is not None
        flight.done = self.sky.time
        self.reused = True
        if last:
            self.close()
        self.owner.completed(self, flight)  # type: ignore[arg-type]

    def fail(self, fault: Fault, reason: str = "") -> None:
        """The exchange, or opening, has failed."""
        flight, self.flight = self.flight, None
        assert flight is not None
        self.reason = reason
        self.close()
        self.owner.failed(self, flight, fault)  # type: ignore[arg-type]

    def lose(self, *, late_bytes: bool = False) -> None:
        """The peer ends it while it is idle."""
        self.close()
        self.owner.lost(self, late_bytes=late_bytes)  # type: ignore[arg-type]

    def expire(self) -> None:
        """Its deadline is over."""
        self.fail(Fault.TIMEOUT if self.connected else Fault.CONNECT_TIMEOUT)

    def abandon(self) -> None:
        """The run is over."""
        self.fail(Fault.STOPPED)

    def close(self) -> None:
        """Close."""
        assert self.flight is None, "closed in the middle of an exchange"
        assert not self.closed, "closed twice"
        self.closed = True


class Sky:
    """A pool, its tower, and every connection it has ever made."""

    def __init__(self, *addresses: Address, keep: Keep | None = None, seed: int = 1, most_kept: int = 100) -> None:
        """Time stands still until it is set."""
        self.time = 1
        self.lines: list[Line] = []
        self.most_sockets, self.stopped = 1 << 30, False
        self.families: set[int] = {2, 10}
        self.counters, self.finished = Counters(), list["Flight"]()
        self.schedule = Schedule(Limits(max_lag=1 << 62), lambda *_: None)
        self.pool = Pool(
            self,
            None,
            Target(ORIGIN, addresses or (A,)),
            timeouts=Timeouts(),
            keep=keep or Keep(),
            chance=Random(seed),
            most_kept=most_kept,
            connect=self._connect,
        )

    def _connect(self, owner: Pool, loop: None, address: Address, **_: Any) -> Any:  # noqa: ARG002
        if address[0] not in self.families:
            raise OSError(errno.EAFNOSUPPORT, "address family not supported by protocol")
        if len(self.open_lines()) >= self.most_sockets:
            raise OSError(errno.EMFILE, "too many open files")
        self.lines.append(Line(self, owner, address))
        return self.lines[-1]

    def now(self) -> int:
        """Ns since the start."""
        return self.time

    def wake(self) -> None:
        """Nobody sleeps."""

    def pump(self) -> None:
        """Send all that is due."""
        while (flight := self.schedule.take(self.time)) is not None:
            self.pool.dispatch(flight)

    def end(self, flight: Flight, fault: Fault) -> None:
        """Without an answer."""
        flight.done, flight.fault = self.time, fault
        self.schedule.answered(flight, flight.done)
        self.finished.append(flight)

    def send(self, key: str | None = None, method: str = "GET") -> Flight:
        """Send a flight; `key` is the recorded connection."""
        flight = request(method)
        flight.connection, flight.due = key, self.time
        self.schedule.offer(flight)
        self.pump()
        return flight

    def fly(self, *keys: str | None) -> list[Line]:
        """Send flights together, answer them in that order, and give the connections that took them."""
        flights = [self.send(key) for key in keys]
        taken = [self.line_of(flight) for flight in flights]
        for line in taken:
            if not line.connected:
                line.open()
            line.answer()
        return taken

    def line_of(self, flight: Flight) -> Line:
        """The connection that carries a flight."""
        (line,) = (line for line in self.lines if line.flight is flight)
        return line

    def open_lines(self) -> list[Line]:
        """What is not closed."""
        return [line for line in self.lines if not line.closed]

    def readdress(self, addresses: Sequence[Address]) -> None:
        """The name gives these, this time."""
        self.pool.readdress(addresses)

    def move(self, addresses: Sequence[Address]) -> None:
        """The target has moved, which shows when its name has given these often enough."""
        for _ in range(3):
            self.readdress(addresses)
