"""How faithful the sending was: lag, wait, the hub's stalls, and the stretch of the whole run.

Law: pure, constant memory, merges by addition.
The subtle thing: `count` runs on the hub for every sent exchange, so it does the histogram's
arithmetic in line (a call of `Histogram.add` costs as much again); it and `add` are tested to agree.
"""

# ruff: noqa: PLR1730 - `if lag > peak` takes a fifth of the time of `peak = max(peak, lag)`
from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from replay_users.histogram import SCALE, Histogram
from replay_users.model import Drop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Flight

__all__ = ["Fidelity"]

_NEVER = 1 << 62
"""Later than any time of a run."""

_OURS = frozenset({Drop.LAG, Drop.LEASE_GAP})
"""Drops that are our own lateness; the others are the target's slowness passed on."""


class Fidelity:
    """Histograms in ns, and the first and last times (ns since the run's start) of what was sent."""

    __slots__ = ("first_due", "first_sent", "hub", "lag", "last_due", "last_sent", "wait")

    def __init__(self) -> None:
        self.lag, self.wait, self.hub = Histogram(), Histogram(), Histogram()
        self.first_due = self.first_sent = _NEVER
        self.last_due = self.last_sent = 0

    def count(self, flights: Sequence[Flight]) -> tuple[int, int, int, int]:
        """Count lag and wait of sent exchanges, and widen the spans. Hot: 0.25 us each.

        Returns the first and the last time at which one of these was sent, and the largest and the sum of their lags.
        """
        lags, waits, on_time = self.lag.buckets, self.wait, 0
        first_due = first_sent = _NEVER
        last_due = last_sent = peak = total = 0
        for flight in flights:
            due, ready, sent = flight.due, flight.ready, flight.sent
            lag = flight.picked - ready
            if lag < 0:
                lag = 0
            total += lag
            if lag > peak:
                peak = lag
            lags[int(log2(lag + 1) * SCALE)] += 1
            if ready > due:
                waits.add(ready - due)
            else:
                on_time += 1
            if due > last_due:
                last_due = due
            if due < first_due:
                first_due = due
            if sent > last_sent:
                last_sent = sent
            if sent < first_sent:
                first_sent = sent
        if on_time:
            waits.buckets[0] += on_time
        self.lag.total += total
        self.lag.peak = max(self.lag.peak, peak)
        self.first_due, self.last_due = min(self.first_due, first_due), max(self.last_due, last_due)
        self.first_sent, self.last_sent = min(self.first_sent, first_sent), max(self.last_sent, last_sent)
        return first_sent, last_sent, peak, total

    def drop(self, reason: Drop) -> None:
        """Count an exchange that was late beyond its limit: over of lag or of wait."""
        (self.lag if reason in _OURS else self.wait).over += 1

    @property
    def stretch_percent(self) -> float | None:
        """How much longer the sending took than its due times span; `None` without a span."""
        due = self.last_due - self.first_due
        if due <= 0:
            return None
        return 100 * ((self.last_sent - self.first_sent) / due - 1)

    def merge(self, other: Fidelity) -> None:
        """Count everything the other counted as well."""
        self.lag.merge(other.lag)
        self.wait.merge(other.wait)
        self.hub.merge(other.hub)
        self.first_due = min(self.first_due, other.first_due)
        self.first_sent = min(self.first_sent, other.first_sent)
        self.last_due = max(self.last_due, other.last_due)
        self.last_sent = max(self.last_sent, other.last_sent)
