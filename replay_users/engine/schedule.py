"""What is due, what waits for an answer, what is dropped: the run's decisions, without a clock of its own.

Law: pure; every method is told the time (ns since the run's start). The live engine and the simulations run this very
class. A flight goes UPCOMING -> (HELD ->) PICKED -> ANSWERED, or is dropped on the way. The subtle thing: a flight
dropped while it waits becomes a GHOST, which passes the answers it waited for on to those that wait for it; otherwise a
dropped exchange would let its successors overtake its predecessors. Nothing here outlives its use: look-ahead is
bounded by what is loaded.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from replay_users.engine.causality import Causality
from replay_users.model import Drop

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.model import Flight

__all__ = ["ANSWERED", "GHOST", "HELD", "PICKED", "UPCOMING", "Limits", "Schedule"]

UPCOMING, HELD, PICKED, ANSWERED, GHOST = range(5)

SECOND = 1_000_000_000
_BEHIND = 100_000_000  # ns of lag from which on too many in flight are a burst of ours, that makes up for a standstill


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Our limits; what they stop is dropped and counted. Times are ns."""

    max_lag: int = SECOND
    max_wait: int = 30 * SECOND
    max_in_flight: int = 2000


class Schedule:
    """Flights in due order go in, flights to send now come out."""

    __slots__ = (
        "_causality",
        "_dropped",
        "_held",
        "_limits",
        "_upcoming",
        "in_flight",
        "last_due",
        "loaded",
        "released",
        "stood_since",
    )

    def __init__(self, limits: Limits, dropped: Callable[[Flight, Drop], None], *, causal: bool = True) -> None:
        """`dropped` is told of each flight that will not be sent, once, with the limit that stopped it.

        While `stood_since` is set, whoever drives this stood still since then and reads only now what came meanwhile: answers
        count as of that time, so that what they held up is late by us, and did not wait for the target.
        """
        self._limits = limits
        self._dropped = dropped
        self._causality = Causality() if causal else None
        self._upcoming: deque[Flight] = deque()
        self._held: dict[Flight, None] = {}
        self.released: deque[Flight] = deque()
        self.in_flight = 0
        self.last_due = 0
        self.loaded = 0
        self.stood_since: int | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is loaded and nothing is in flight."""
        return not self.loaded and not self.in_flight

    @property
    def patience(self) -> int:
        """How late (ns) a due row may become for want of room before one that waits is dropped for it."""
        return self._limits.max_lag // 2

    @property
    def upcoming(self) -> int:
        """Loaded flights that are not due yet."""
        return len(self._upcoming)

    @property
    def waiting(self) -> int:
        """Flights that are due and wait for answers."""
        return len(self._held)

    def offer(self, flight: Flight) -> None:
        """Load a flight; its due time is not before the last one's."""
        if flight.session is not None and self._causality is not None:
            self._causality.link(flight, flight.session)
        self._upcoming.append(flight)
        self.last_due = flight.due
        self.loaded += 1

    def next_at(self) -> int | None:
        """When `take` will have something to decide: 0 for at once, `None` for when something is offered or answered."""
        if self.released:
            return 0
        return self._upcoming[0].due if self._upcoming else None

    def take(self, now: int) -> Flight | None:
        """The next flight to send at `now`, or `None`. Sets its `ready` and `picked`."""
        limits = self._limits
        while True:
            flight = self._next(now)
            if flight is None:
                return None
            if now - flight.ready > limits.max_lag:
                self._drop(flight, Drop.LAG, now)
            elif self.in_flight >= limits.max_in_flight:
                self._drop(flight, Drop.LAG if now - flight.ready > _BEHIND else Drop.IN_FLIGHT, now)
            else:
                flight.picked = now
                flight.state = PICKED
                self.loaded -= 1
                self.in_flight += 1
                return flight

    def _next(self, now: int) -> Flight | None:
        """The flight that became ready first, waited for or not; those that are due but must wait are set aside."""
        upcoming = self._upcoming
        while upcoming and upcoming[0].due <= now:
            if self.released and self.released[0].ready < upcoming[0].due:
                break
            flight = upcoming.popleft()
            if not flight.pending:
                flight.ready = flight.due
                return flight
            flight.state = HELD
            self._held[flight] = None
        return self.released.popleft() if self.released else None

    def answered(self, flight: Flight, now: int) -> None:
        """A picked flight has its answer, or failed: those that waited for it may become ready."""
        self.in_flight -= 1
        flight.state = ANSWERED
        if flight.session is not None:
            self._settle(flight, now, self.stood_since)

    def _settle(self, flight: Flight, now: int, read_late: int | None) -> None:
        """Count the flight as answered, by an answer that may have come since `read_late`, and every ghost that this frees."""
        session = flight.session
        if self._causality is None or session is None:
            return
        self._causality.answered(flight, session)
        freed = flight.dependents or []
        flight.dependents = None
        for other in freed:  # grows while it is walked, so that a long chain of ghosts is no deep recursion
            other.pending -= 1
            if not other.pending and self._passes(other, now, read_late):
                other.state = ANSWERED
                self._causality.answered(other, session)
                freed += other.dependents or ()
                other.dependents = None

    def _passes(self, flight: Flight, now: int, read_late: int | None) -> bool:
        """Whether a flight that waits for nothing any more is a ghost, or becomes one now, rather than ready to send."""
        if flight.state != HELD:
            return flight.state == GHOST
        del self._held[flight]
        ready = now if read_late is None else max(flight.due, read_late)
        if ready - flight.due <= self._limits.max_wait:
            flight.ready = ready
            flight.state = UPCOMING
            self.released.append(flight)
            return False
        self.loaded -= 1
        self._dropped(flight, Drop.WAIT)
        return True

    def expire(self, now: int) -> None:
        """Drop what has waited too long for an answer; called now and then."""
        oldest = now - self._limits.max_wait
        for flight in list(takewhile(lambda held: held.due < oldest, self._held)):
            self._drop(flight, Drop.WAIT, now)

    def shed(self, rows: int, now: int) -> None:
        """Drop the `rows` that have waited longest, because nothing more can be loaded: the target is saturated."""
        for flight in list(islice(self._held, rows)):
            self._drop(flight, Drop.IN_FLIGHT, now)

    def clear(self) -> list[Flight]:
        """Forget everything that is not in flight, and give it back, what is due and waits first: the run was stopped."""
        left = [*self._held, *self.released, *self._upcoming]
        for flight in left:
            flight.state = GHOST  # never released, whatever is still answered
        self._held.clear()
        self.released.clear()
        self._upcoming.clear()
        self.loaded -= len(left)
        return left

    def _drop(self, flight: Flight, reason: Drop, now: int) -> None:
        self.loaded -= 1
        if flight.pending:
            self._held.pop(flight, None)
            flight.state = GHOST
            flight.wire = flight.response_head = b""
            flight.body = flight.request = None
        else:
            flight.state = ANSWERED
            self._settle(flight, now, None)  # what waited for more than it is not late by us, but waits on
        self._dropped(flight, reason)
