"""Which answers an exchange has to wait for: those of its session that had ended before it began in the recording.

Law: pure; recorded times only. The subtle thing: waiting is transitive, so only the frontier of a session is kept: an
exchange whose recorded end lies before the start of another one that is waited for needs no edge of its own. A session
of one user at a time therefore costs one edge per exchange, however long it is. What is answered leaves the frontier at
once, because it would keep its answer in memory: everything it stood for is answered too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.model import Flight

__all__ = ["MAX_CONCURRENT", "Causality"]

MAX_CONCURRENT = 8
"""A session with more exchanges under way at once is no person (browsers open six connections per host): order is not kept."""


class _Lane:
    """One session: unanswered flights that others may wait for, in recorded order, and the recorded ends of what is under way."""

    __slots__ = ("ends", "free", "frontier", "open")

    def __init__(self) -> None:
        self.frontier: list[Flight] = []
        self.ends: list[int] = []
        self.open = 0
        self.free = False


class Causality:
    """Links flights of one session; holds only sessions that have unanswered flights."""

    __slots__ = ("_lanes",)

    def __init__(self) -> None:
        self._lanes: dict[bytes, _Lane] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def link(self, flight: Flight, session: bytes) -> None:
        """Add a flight, after all that began before it; sets `pending` and the others' `dependents`."""
        lane = self._lanes.get(session)
        if lane is None:
            lane = self._lanes[session] = _Lane()
            lane.frontier.append(flight)
            lane.ends.append(flight.ended)
        elif not lane.free:
            _join(lane, flight)
        lane.open += 1

    def answered(self, flight: Flight, session: bytes) -> None:
        """A flight of the session has its answer, or will never have one."""
        lane = self._lanes[session]
        lane.open -= 1
        if not lane.open:
            del self._lanes[session]
        elif flight in lane.frontier:
            lane.frontier.remove(flight)


def _join(lane: _Lane, flight: Flight) -> None:
    at = flight.at
    lane.ends = [end for end in lane.ends if end > at]
    lane.ends.append(flight.ended)
    if len(lane.ends) > MAX_CONCURRENT:
        lane.free = True
        lane.frontier = []
        return
    lane.frontier = _waited_for(flight, lane.frontier)
    lane.frontier.append(flight)


def _waited_for(flight: Flight, frontier: list[Flight]) -> list[Flight]:
    """Make the flight wait for those that had ended; gives the frontier without those that the last of these waits for."""
    at = flight.at
    last = None
    for other in frontier:
        if other.ended <= at:
            last = other
    if last is None:
        return frontier
    kept = [other for other in frontier if other.ended > last.at or other is last]
    for other in kept:
        if other.ended <= at:
            _wait(flight, other)
    return kept


def _wait(flight: Flight, other: Flight) -> None:
    flight.pending += 1
    if other.dependents is None:
        other.dependents = [flight]
    else:
        other.dependents.append(flight)
