"""Which answers an exchange has to wait for: those of its session that had ended before it began in the recording.

Law: pure; recorded times only. The subtle thing: waiting is transitive, so only the frontier of a session is kept: an exchange
whose recorded end lies before the start of another one that is waited for needs no edge of its own. A session of one user at
a time therefore costs one edge per exchange, however long it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.model import Flight

__all__ = ["MAX_CONCURRENT", "Causality"]

MAX_CONCURRENT = 8
"""A session with more exchanges under way at once is no person (browsers open six connections per host): order is not kept."""

ANSWERED = 3


class _Lane:
    """The frontier of one session: flights in recorded order, and how many are still to be answered."""

    __slots__ = ("flights", "free", "horizon", "open")

    def __init__(self) -> None:
        self.flights: list[Flight] = []
        self.open = 0
        self.horizon = 0
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
            lane.flights.append(flight)
        else:
            self._join(lane, flight)
        lane.open += 1

    def _join(self, lane: _Lane, flight: Flight) -> None:
        at = flight.at
        horizon = lane.horizon
        under_way = 1
        for other in lane.flights:
            if other.ended > at:
                under_way += 1
            elif other.at > horizon:
                horizon = other.at
        if under_way > MAX_CONCURRENT:
            lane.free = True
        lane.horizon = horizon
        frontier = [other for other in lane.flights if other.ended > horizon]
        if not lane.free:
            for other in frontier:
                if other.ended <= at and other.state != ANSWERED:
                    _wait(flight, other)
        frontier.append(flight)
        lane.flights = frontier

    def answered(self, session: bytes) -> None:
        """One flight of the session has its answer, or will never have one."""
        lane = self._lanes[session]
        lane.open -= 1
        if not lane.open:
            del self._lanes[session]


def _wait(flight: Flight, other: Flight) -> None:
    flight.pending += 1
    if other.dependents is None:
        other.dependents = [flight]
    else:
        other.dependents.append(flight)
