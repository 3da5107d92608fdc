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
from replay_users.results.pairs import NEVER, PER_ENDPOINT, PairSample, row_of
from replay_users.results.sessions import SessionCount, SessionSketch
from replay_users.results.signatures import session_of
from replay_users.results.slow_pairs import SLOW_BUCKET, SlowPairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Drop, Flight

__all__ = ["EndpointTally", "count_answers", "count_failed", "count_times"]

LATE = 10_000_000
"""An exchange picked up more than 10 ms late says nothing about the target's speed."""

_COUNTS = ("sent", "resent", "matched", "mismatched", "unchecked")
_REASONS = ("dropped_by", "skipped_by", "failed_by", "excluded_by", "mismatched_by")
_TIMES = ("recorded", "service", "latency")
_SKETCHES = ("compared_sessions", "other_sessions", "differing")
_PARTS = (*_TIMES, "ratio", "pairs", "slow", *_SKETCHES, "broken", "mended")

_OK, _OK_END, _ERROR, _ERROR_END = 200, 300, 500, 600


class EndpointTally:
    """Counts of one endpoint; every attribute adds up under `merge`.

    `statuses` counts by (recorded status, replayed status or fault). Histograms are in ns. `broken` are answers recorded as
    2xx and replayed as 5xx, `mended` the other way round, unless a rule settles it. `differing` are sessions with a regression
    of any other sort. A session is kept in `compared_sessions` if an answer of it was compared, in `other_sessions` if one was
    not, and may be in both.
    """

    __slots__ = (*_COUNTS, *_REASONS, *_PARTS, "statuses")

    def __init__(self, pairs_kept: int = PER_ENDPOINT, beside: EndpointTally | None = None) -> None:
        """`beside` is another one with which this will be merged: samples then take only what can belong into both together."""
        self.sent = self.resent = self.matched = self.mismatched = self.unchecked = 0
        self.dropped_by: defaultdict[str, int] = defaultdict(int)
        self.skipped_by: defaultdict[str, int] = defaultdict(int)
        self.failed_by: defaultdict[str, int] = defaultdict(int)
        self.excluded_by: defaultdict[str, int] = defaultdict(int)
        self.mismatched_by: defaultdict[str, int] = defaultdict(int)
        self.statuses: defaultdict[tuple[int, int | str], int] = defaultdict(int)
        self.recorded, self.service, self.latency = Histogram(), Histogram(), Histogram()
        self.ratio = RatioHistogram()
        if beside is None:
            self.pairs, self.slow = PairSample(pairs_kept), SlowPairs()
        else:
            self.pairs, self.slow = PairSample(beside.pairs.k, beside.pairs.limit), SlowPairs(beside.slow.limit)
        self.compared_sessions, self.other_sessions, self.differing = SessionSketch(), SessionSketch(), SessionSketch()
        self.broken, self.mended = SessionCount(), SessionCount()

    @property
    def sessions(self) -> SessionSketch:
        """All sessions, as a sketch of its own."""
        everyone = SessionSketch(members=self.compared_sessions.members)
        everyone.merge(self.other_sessions)
        return everyone

    def sampled(self) -> tuple[int, int]:
        """Of a fair sample of the sessions of which an answer was compared: how many are `differing`, and how many those are."""
        return self.differing.share_of(self.compared_sessions)

    @property
    def failed(self) -> int:
        """Sent, and no answer came."""
        return sum(self.failed_by.values())

    @property
    def ended(self) -> int:
        """Exchanges that were sent, dropped or skipped: it grows whenever anything is counted here."""
        return self.sent + sum(self.dropped_by.values()) + sum(self.skipped_by.values())

    @property
    def paired(self) -> int:
        """Exchanges that were offered to `pairs`: those of the ratio, and those that got an answer of another status."""
        return self.ratio.count + self.excluded_by.get("status", 0)

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
        for name in _PARTS:
            getattr(self, name).merge(getattr(other, name))


def count_times(order: Sequence[EndpointTally], answered: Sequence[Flight]) -> int:  # noqa: C901 - a call costs 60 ns
    """Count service, latency and recorded duration of answered flights, and the pair's ratio; the sum of their services."""
    served = 0
    for flight in answered:
        mine = order[flight.endpoint]
        service, latency, recorded = mine.service, mine.latency, mine.recorded
        took = flight.done - flight.sent
        if took < 0:
            took = 0
        served += took
        service.total += took
        if took > service.peak:
            service.peak = took
        log_took = log2(took + 1)
        service.buckets[int(log_took * SCALE)] += 1
        waited = flight.done - flight.due
        if waited < 0:
            waited = 0
        latency.total += waited
        if waited > latency.peak:
            latency.peak = waited
        latency.buckets[int(log2(waited + 1) * SCALE)] += 1
        duration = flight.duration
        if duration is None or flight.resent or flight.picked - flight.ready > LATE:
            _count_unpaired(mine, flight)
            continue
        recorded.total += duration
        if duration > recorded.peak:
            recorded.peak = duration
        log_recorded = log2(duration + 1)
        recorded.buckets[int(log_recorded * SCALE)] += 1
        number = crc32(encoded := flight.id.encode())
        if number <= mine.pairs.limit:
            session = encoded if flight.session is None else flight.session
            mine.pairs.enter(row_of(number, crc32(session), flight.due, duration, took, flight.answer_status))
        if flight.status != flight.answer_status:
            mine.excluded_by["status"] += 1
            continue
        mine.ratio.buckets[ratio := int((log_took - log_recorded) * RATIO_SCALE + RATIO_BIAS)] += 1
        if ratio > SLOW_BUCKET and number <= mine.slow.limit:
            mine.slow.enter(number, flight)
    return served


def _count_unpaired(mine: EndpointTally, flight: Flight) -> None:
    """Count the recorded duration of a flight that is no pair, and why it is none."""
    if flight.duration is None:
        mine.excluded_by["no_duration"] += 1
        return
    mine.recorded.add(flight.duration)
    mine.excluded_by["lag" if flight.picked - flight.ready > LATE else "resent"] += 1


def count_answers(order: Sequence[EndpointTally], answered: Sequence[Flight]) -> int:
    """Count statuses, verdicts and sessions of answered flights; how many of them are mismatched."""
    matched, mismatched, unchecked = Verdict.MATCHED, Verdict.MISMATCHED, Verdict.UNCHECKED
    differ = 0
    for flight in answered:
        mine = order[flight.endpoint]
        mine.sent += 1
        mine.statuses[flight.status, flight.answer_status] += 1
        session = flight.session
        number = crc32(session if session is not None else session_of(flight))
        judged = flight.judged
        if judged is matched:
            mine.matched += 1
            sessions = mine.compared_sessions
        elif judged is mismatched:
            differ += 1
            _count_mismatched(mine, flight, number)
            sessions = mine.compared_sessions
        else:
            mine.unchecked += judged is unchecked
            sessions = mine.other_sessions
        if flight.resent:
            mine.resent += 1
        if number < sessions.limit and number not in sessions.members:
            sessions.enter(number)
    return differ


def _count_mismatched(mine: EndpointTally, flight: Flight, session: int) -> None:
    """What works where the recorded answer failed, or the other way round, is weighed up by itself and not `differing`."""
    mine.mismatched += 1
    found = getattr(flight.differences, "main_class", Class.REGRESSION)
    mine.mismatched_by[found] += 1
    status, answer = flight.status, flight.answer_status
    if _OK <= status < _OK_END and _ERROR <= answer < _ERROR_END:
        mine.broken.see_hash(session)
    elif _ERROR <= status < _ERROR_END and _OK <= answer < _OK_END:
        mine.mended.see_hash(session)
    elif found == Class.REGRESSION:
        mine.differing.see_hash(session)


def count_failed(mine: EndpointTally, flight: Flight, fault: Fault) -> None:
    """Count a flight that got no answer: over of service, latency and ratio."""
    mine.sent += 1
    mine.resent += flight.resent
    mine.failed_by[fault] += 1
    mine.statuses[flight.status, str(fault)] += 1
    mine.service.over += 1
    mine.latency.over += 1
    session = crc32(session_of(flight))
    mine.other_sessions.see_hash(session)
    if flight.duration is None:
        mine.excluded_by["no_duration"] += 1
        return
    mine.recorded.add(flight.duration)
    if fault is Fault.STOPPED or flight.picked - flight.ready > LATE:
        mine.excluded_by["stopped" if fault is Fault.STOPPED else "lag"] += 1
        return
    mine.ratio.over += 1
    number = crc32(flight.id.encode())
    if number <= mine.pairs.limit:
        mine.pairs.enter(row_of(number, session, flight.due, flight.duration, NEVER, 0))
