"""What became of each endpoint's exchanges: counts, statuses, sessions, times.

Law: pure, constant memory, everything merges by addition.
Subtle: a ratio is only counted where both sides did the same work and nothing of ours stood between,
so every sent exchange is either a pair of `ratio` or under one reason of `excluded_by`. `count_times`
and `count_answers` run on the hub for every exchange: everything is in locals and the histograms'
arithmetic in line (a call of `Histogram.add` costs as much again).
"""

# ruff: noqa: PLR1730 - `if took > peak` takes a fifth of the time of `peak = max(peak, took)`
from __future__ import annotations

from collections import defaultdict
from math import log2
from typing import TYPE_CHECKING
from zlib import crc32

from replay_users.compare.difference import Class
from replay_users.histogram import RATIO_BIAS, RATIO_SCALE, SCALE, Histogram, RatioHistogram
from replay_users.model import Fault, Verdict
from replay_users.results.sessions import SessionSketch
from replay_users.results.signatures import session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Drop, Flight

__all__ = ["EndpointTally", "count_answers", "count_failed", "count_times"]

LATE = 10_000_000
"""An exchange picked up more than 10 ms late says nothing about the target's speed."""

_COUNTS = ("sent", "resent", "matched", "mismatched", "unchecked")
_REASONS = ("dropped_by", "skipped_by", "failed_by", "excluded_by", "mismatched_by")
_TIMES = ("recorded", "service", "latency")


class EndpointTally:
    """Counts of one endpoint; every attribute adds up under `merge`.

    `statuses` counts by (recorded status, replayed status or fault). Histograms are in ns.
    """

    __slots__ = (*_COUNTS, *_REASONS, *_TIMES, "ratio", "sessions", "statuses")

    def __init__(self) -> None:
        self.sent = self.resent = self.matched = self.mismatched = self.unchecked = 0
        self.dropped_by: defaultdict[str, int] = defaultdict(int)
        self.skipped_by: defaultdict[str, int] = defaultdict(int)
        self.failed_by: defaultdict[str, int] = defaultdict(int)
        self.excluded_by: defaultdict[str, int] = defaultdict(int)
        self.mismatched_by: defaultdict[str, int] = defaultdict(int)
        self.statuses: defaultdict[tuple[int, int | str], int] = defaultdict(int)
        self.recorded, self.service, self.latency = Histogram(), Histogram(), Histogram()
        self.ratio = RatioHistogram()
        self.sessions = SessionSketch()

    @property
    def failed(self) -> int:
        """Sent, and no answer came."""
        return sum(self.failed_by.values())

    @property
    def ended(self) -> int:
        """Exchanges that were sent, dropped or skipped: it grows whenever anything is counted here."""
        return self.sent + sum(self.dropped_by.values()) + sum(self.skipped_by.values())

    def drop(self, reason: Drop) -> None:
        """Count an exchange that was not sent by our limits: over of latency."""
        self.dropped_by[reason] += 1
        self.latency.over += 1

    def status_matrix(self) -> dict[str, dict[str, int]]:
        """Recorded status -> replayed status (or fault) -> count."""
        matrix: dict[str, dict[str, int]] = {}
        for recorded, replayed in sorted(self.statuses, key=str):
            row = matrix.setdefault(str(recorded), {})
            row[str(replayed)] = self.statuses[recorded, replayed]
        return matrix

    def merge(self, other: EndpointTally) -> None:
        """Count everything the other counted as well."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in (*_REASONS, "statuses"):
            mine = getattr(self, name)
            for reason, count in getattr(other, name).items():
                mine[reason] += count
        for name in (*_TIMES, "ratio", "sessions"):
            getattr(self, name).merge(getattr(other, name))


def count_times(order: Sequence[EndpointTally], answered: Sequence[Flight]) -> None:
    """Count service, latency and recorded duration of answered flights, and the pair's ratio."""
    for flight in answered:
        mine = order[flight.endpoint]
        service, latency, recorded = mine.service, mine.latency, mine.recorded
        took = flight.done - flight.sent
        if took < 0:
            took = 0
        service.total += took
        if took > service.peak:
            service.peak = took
        log_took = log2(took + 1)
        service.buckets[int(log_took * SCALE)] += 1
        took = flight.done - flight.due
        if took < 0:
            took = 0
        latency.total += took
        if took > latency.peak:
            latency.peak = took
        latency.buckets[int(log2(took + 1) * SCALE)] += 1
        duration = flight.duration
        if duration is None:
            mine.excluded_by["no_duration"] += 1
            continue
        recorded.total += duration
        if duration > recorded.peak:
            recorded.peak = duration
        log_recorded = log2(duration + 1)
        recorded.buckets[int(log_recorded * SCALE)] += 1
        if flight.picked - flight.ready > LATE:
            mine.excluded_by["lag"] += 1
        elif flight.status != flight.answer_status or flight.resent:
            mine.excluded_by["resent" if flight.resent else "status"] += 1
        else:
            mine.ratio.buckets[int((log_took - log_recorded) * RATIO_SCALE + RATIO_BIAS)] += 1


def count_answers(order: Sequence[EndpointTally], answered: Sequence[Flight]) -> None:
    """Count statuses, verdicts and sessions of answered flights."""
    matched, mismatched, unchecked = Verdict.MATCHED, Verdict.MISMATCHED, Verdict.UNCHECKED
    for flight in answered:
        mine = order[flight.endpoint]
        mine.sent += 1
        mine.statuses[flight.status, flight.answer_status] += 1
        judged = flight.judged
        if judged is matched:
            mine.matched += 1
        elif judged is mismatched:
            mine.mismatched += 1
            mine.mismatched_by[getattr(flight.differences, "main_class", Class.REGRESSION)] += 1
        elif judged is unchecked:
            mine.unchecked += 1
        if flight.resent:
            mine.resent += 1
        session = flight.session
        number = crc32(session if session is not None else session_of(flight))
        sessions = mine.sessions
        if number < sessions.limit and number not in sessions.members:
            sessions.enter(number)


def count_failed(mine: EndpointTally, flight: Flight, fault: Fault) -> None:
    """Count a flight that got no answer: over of service, latency and ratio."""
    mine.sent += 1
    mine.resent += flight.resent
    mine.failed_by[fault] += 1
    mine.statuses[flight.status, str(fault)] += 1
    mine.service.over += 1
    mine.latency.over += 1
    mine.sessions.see(session_of(flight))
    if flight.duration is None:
        mine.excluded_by["no_duration"] += 1
        return
    mine.recorded.add(flight.duration)
    if fault is Fault.STOPPED or flight.picked - flight.ready > LATE:
        mine.excluded_by["stopped" if fault is Fault.STOPPED else "lag"] += 1
    else:
        mine.ratio.over += 1
