"""A live engine in the test's own hub, with a scripted target to fly to.

Law: waiting is for events, with a time limit that fails the test; nothing sleeps a guessed time.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event
from gevent.hub import get_hub

from replay_users.engine.engine import Engine, Timeouts
from replay_users.engine.origin import Origin
from replay_users.engine.pool import Keep
from replay_users.engine.schedule import Limits, Schedule
from replay_users.engine.target import Target
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.engine.connection import Address
    from replay_users.model import Drop, Flight

__all__ = ["ANY_LAG", "ORIGIN", "Rig", "request", "resources"]

ORIGIN = Origin(name="target", port=80)
"""Where flights go says only what is spoken there: addresses are given."""

ANY_LAG = 10**12
"""Nothing is dropped for being late: a test's process may stand still for longer than a run should."""

_WITHIN = 30.0  # s: only a test that fails waits so long


def request(method: str = "GET", target: bytes = b"/", body: bytes = b"", **marks: object) -> Flight:
    """A flight whose wire bytes are a whole request."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    wire = b"%b %b HTTP/1.1\r\nHost: target\r\n%b\r\n%b" % (method.encode(), target, length, body)
    return make_flight(method=method, target=target, wire=wire, **marks)


def resources() -> tuple[int, int]:
    """Open descriptors of this process, and active watchers of its hub, once the hub has been round (gevent closes late)."""
    gevent.sleep(0.001)
    return len(list(Path("/proc/self/fd").iterdir())), get_hub().loop.activecnt


class Rig:
    """One engine; its run begins at once."""

    def __init__(
        self,
        addresses: Sequence[Address],
        *,
        origin: Origin = ORIGIN,
        others: Sequence[Sequence[Address]] = (),
        keep: Keep | None = None,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        sign: Callable[[Flight], bytes | None] | None = None,
    ) -> None:
        """Nothing is connected yet; `others` are the addresses of further targets."""
        self.dropped: list[tuple[Flight, Drop]] = []
        self.unsigned: list[Flight] = []
        self._woken = Event()
        self.schedule = Schedule(
            limits or Limits(max_lag=ANY_LAG), lambda flight, reason: self.dropped.append((flight, reason))
        )
        self.engine = Engine(
            get_hub().loop,
            self.schedule,
            [Target(origin, each) for each in (addresses, *others)],
            timeouts=timeouts or Timeouts(),
            keep=keep or Keep(),
            wake=self._woken.set,
            sign=sign,
            unsigned=self.unsigned.append,
        )
        self.engine.begin(time.monotonic_ns())

    def fly(self, *flights: Flight) -> list[Flight]:
        """Send flights now, whatever their due times, and wait until all have ended."""
        self.launch(*flights)
        self.wait_until(lambda: all(flight in self.engine.finished for flight in flights))
        return list(flights)

    def launch(self, *flights: Flight) -> None:
        """Send flights now, whatever their due times."""
        for flight in flights:
            flight.due = self.engine.now()
            self.schedule.offer(flight)
        self.engine.rearm()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Let the hub work until something is so."""
        with gevent.Timeout(_WITHIN):
            while not is_so():
                self._woken.wait(0.002)
                self._woken.clear()
