"""The engine's own schedule under a virtual clock, with a target that takes as long as it is told.

Law: no clock, no sockets, no threads: a simulation gives the same outcomes every time, however long its seconds are.
The subtle thing: it decides nothing itself. What is sent, dropped and when comes from the very `Schedule` that live
runs use; this is only the world around it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from replay_users.engine.schedule import Limits, Schedule
from replay_users.model import Fate, SkipReason, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from replay_users.model import Drop, Fault, Flight, Outcome

__all__ = ["VirtualClock", "VirtualRun", "VirtualTarget"]

_SWEEP = 100_000_000
"""ns between two looks at what has waited too long, as in the live engine."""


class VirtualClock:
    """A clock that moves only when told; calling it gives ns, as `time.monotonic_ns` does."""

    def __init__(self, now: int = 0) -> None:
        """It begins at `now`."""
        self.now = now

    def __call__(self) -> int:
        """The time it is."""
        return self.now

    def move_to(self, at: int) -> None:
        """Go to a later time.

        Raises:
            ValueError: it is not later.
        """
        if at < self.now:
            raise ValueError(f"a clock cannot go back from {self.now} to {at}")
        self.now = at


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualTarget:
    """How long a target takes (ns), and what goes wrong.

    `service` is one time for all, or times to be taken in turn, or a function of the flight. `fault` gives what the flight meets
    with instead of an answer, `None` for an answer as recorded.
    """

    service: int | Sequence[int] | Callable[[Flight], int] = 10_000_000
    fault: Callable[[Flight], Fault | None] | None = None

    def time_of(self, flight: Flight, nth: int) -> int:
        """The service time of the nth flight that was sent."""
        service = self.service
        if isinstance(service, int):
            return service
        return service(flight) if callable(service) else service[nth % len(service)]


class VirtualRun:
    """A run of some flights, to be run once."""

    def __init__(
        self,
        flights: Iterable[Flight],
        target: VirtualTarget | None = None,
        *,
        limits: Limits | None = None,
        causal: bool = True,
        ahead: int | None = None,
        stalls: Sequence[tuple[int, int]] = (),
        stop_at: int | None = None,
    ) -> None:
        """Prepare it.

        Args:
            flights: in order of their due times.
            target: who answers; 10 ms each if not given.
            limits: of the schedule.
            causal: whether exchanges wait for the answers of their session.
            ahead: how many flights may be loaded at once; all if not given.
            stalls: from when to when the hub did something else (ns), so that nothing was sent and no answer seen.
            stop_at: when to stop sending (ns); what is under way is still waited for.
        """
        self.clock = VirtualClock()
        self.schedule = Schedule(limits or Limits(), self._dropped, causal=causal)
        self.outcomes: list[Outcome] = []
        self._target = target or VirtualTarget()
        self._left = list(flights)[::-1]
        self._ahead = ahead or len(self._left)
        self._stalls = stalls
        self._stop_at = stop_at
        self._answers: list[tuple[int, int, Flight]] = []
        self._numbers = count()
        self._swept = 0

    def run(self) -> list[Outcome]:
        """Run to the end.

        Returns:
            One outcome per flight, in the order in which they ended; `done` of one that was not sent is when that was decided.

        Raises:
            RuntimeError: the schedule holds something that it will never give out.
        """
        self._load()
        while (at := self._next()) is not None:
            self.clock.move_to(self._awake(max(at, self.clock.now)))
            self._turn(self.clock.now)
        if not self.schedule.idle:
            raise RuntimeError(f"the schedule is stuck with {self.schedule.loaded} flights")
        return self.outcomes

    def _next(self) -> int | None:
        """When something happens next."""
        times = [self.schedule.next_at(), self._stop_at]
        if self._answers:
            times.append(self._answers[0][0])
        known = [at for at in times if at is not None]
        if self.schedule.waiting and known:  # else nothing is left that could free those that wait
            known.append(self._swept + _SWEEP)
        return min(known, default=None)

    def _awake(self, at: int) -> int:
        """The first moment from `at` on at which the hub is free."""
        for begin, end in self._stalls:
            if begin <= at < end:
                return self._awake(end)
        return at

    def _turn(self, now: int) -> None:
        if self._stop_at is not None and now >= self._stop_at:
            self._stop()
        while self._answers and self._answers[0][0] <= now:
            self._answer(heapq.heappop(self._answers)[2], now)
        if now >= self._swept + _SWEEP:
            self._swept = now
            self.schedule.expire(now)
        while (flight := self.schedule.take(now)) is not None:
            self._send(flight, now)
        self._load()

    def _load(self) -> None:
        while self._left and self.schedule.loaded < self._ahead:
            self.schedule.offer(self._left.pop())

    def _send(self, flight: Flight, now: int) -> None:
        number = next(self._numbers)
        flight.sent = now
        heapq.heappush(self._answers, (now + self._target.time_of(flight, number), number, flight))

    def _answer(self, flight: Flight, now: int) -> None:
        flight.fault = self._target.fault(flight) if self._target.fault else None
        flight.answer_status = 0 if flight.fault else flight.status
        flight.done = now
        self.schedule.answered(flight, now)
        self._ended(flight, Fate.SENT)

    def _dropped(self, flight: Flight, reason: Drop) -> None:
        flight.done = self.clock.now
        self._ended(flight, Fate.DROPPED, reason)

    def _stop(self) -> None:
        self._stop_at = None
        for flight in [*self.schedule.clear(), *self._left[::-1]]:
            flight.done = self.clock.now
            self._ended(flight, Fate.SKIPPED, SkipReason.STOPPED)
        self._left.clear()

    def _ended(self, flight: Flight, fate: Fate, reason: str = "") -> None:
        self.outcomes.append(outcome_of(flight, endpoint=str(flight.endpoint), fate=fate, reason=reason))
