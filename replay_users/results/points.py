"""From a tally, and what it was before, to the points of an interval for InfluxDB.

Law: pure; told the time. It gives its lines in pieces, each made within 0.2 ms (measured: docs/influxdb.md), so that whoever
sends from the same hub can have it back in between; a piece may be empty.
The subtle thing: an endpoint's counts are copied in one moment and looked at afterwards, so its lines agree with each other
although the run goes on counting between two pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.histogram import Over
from replay_users.results.health_points import AccountPoints, WorkerPoints
from replay_users.results.influx_lines import Lines, Places, in_ms
from replay_users.results.influx_schema import COMPARE, ENDPOINTS_KEPT, LATENCY, OTHER, SIDES, STATUS, STATUSES_KEPT
from replay_users.results.interval import Counted, counted
from replay_users.results.signature_points import SignaturePoints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.events import WorkerHealth
    from replay_users.results.interval import Times
    from replay_users.results.tally import Tally

__all__ = ["RunPoints"]

_PERCENTILES = (0.5, 0.9, 0.95, 0.99)
_TOTALS = ("sent", "dropped", "skipped", "failed", "compared", "mismatched", "regressions")
_NOTHING = Counted()
_SHORTEST = 1e-3
"""Seconds of an interval, for rates."""


class RunPoints:
    """The points of one run, interval after interval.

    Args:
        run_id: the run's name, a tag of every point.
        planned: exchanges of the whole plan.
        rates: exchanges per second over each `rate_step_s` seconds of the plan, if they are known.
        rate_step_s: how long each of these is.

    Attributes:
        lines: makes the lines, and knows all series of the run.
        signatures: the signatures' part.
        seen: each endpoint as it was at the last call.
    """

    def __init__(self, run_id: str, *, planned: int, rates: Sequence[float] = (), rate_step_s: float = 0.0) -> None:
        self.lines = Lines()
        self.signatures = SignaturePoints(run_id, self.lines)
        self.seen: dict[str, Counted] = {}
        self._run = run_id
        self._workers = WorkerPoints(run_id, self.lines)
        self._account = AccountPoints(run_id, self.lines, planned=planned, rates=rates, rate_step_s=rate_step_s)
        self._endpoints, self._statuses = Places(ENDPOINTS_KEPT), Places(STATUSES_KEPT)
        self._placeless = 0
        self._at_s = 0.0

    def interval(
        self, tally: Tally, workers: Mapping[str, WorkerHealth], *, at_s: float, at: int, points_dropped: int = 0
    ) -> Iterator[str]:
        """What came since the last call, in pieces of whole lines.

        Args:
            tally: all counts so far; it may go on counting between two pieces.
            workers: the processes that send, by name.
            at_s: seconds since the run's start.
            at: the time of the points, UTC ns.
            points_dropped: points that InfluxDB never got so far.
        """
        begin, end = min(self._at_s, at_s - _SHORTEST), at_s
        self._at_s = end
        totals = dict.fromkeys(_TOTALS, 0)
        yield from self._of_endpoints(tally, totals, at)
        yield from self.signatures.interval(tally.signatures, at)
        yield from self._workers.interval(workers, begin=begin, end=end, at=at)
        totals["skipped"] += tally.never_loaded
        yield from self._account.interval(
            tally, totals, begin=begin, end=end, at=at, rate=self._workers.rate, points_dropped=points_dropped
        )

    def _of_endpoints(self, tally: Tally, totals: dict[str, int], at: int) -> Iterator[str]:
        """Lines of each endpoint, and the sums over all of them into `totals`."""
        others, self._placeless = _NOTHING, 0
        for name, mine in list(tally.endpoints.items()):
            now = counted(mine)
            for total in _TOTALS:
                totals[total] += now.counts[total]
            yield ""
            if now.ended and (name == OTHER or not self._endpoints.has(name)):
                others = others.plus(now)
            elif now.ended:
                yield from self._of_endpoint(name, now, at)
        if others.ended:
            yield from self._of_endpoint(OTHER, others, at)
        if self._placeless:
            yield self.lines.of(STATUS, (OTHER, OTHER, self._run), {"count": self._placeless}, at)

    def _of_endpoint(self, name: str, now: Counted, at: int) -> Iterator[str]:
        before = self.seen.get(name, _NOTHING)
        self.seen[name] = now
        if now.ended == before.ended:
            return
        new = now.since(before)
        yield ""
        for side, times in zip(SIDES, (new.recorded, new.service), strict=True):
            yield self._latency(name, side, times, at)
        ratio = new.ratio.median_ratio
        values = {**new.counts, "ratio_p50": None if isinstance(ratio, Over) else ratio}
        yield self.lines.of(COMPARE, (name, self._run), values, at)
        yield self._of_statuses(name, new, at)

    def _latency(self, name: str, side: str, times: Times, at: int) -> str:
        """The times of one side; nothing where there are none, such as recorded ones of a recording without."""
        count = times.count
        if not count and not times.over:
            return ""
        p50, p90, p95, p99 = map(in_ms, times.quantiles(*_PERCENTILES))
        largest = times.peak / 1e6 if count else None
        values = {"count": count, "sum_ms": times.total / 1e6, "max_ms": largest, "over": times.over}
        values |= {"p50_ms": p50, "p90_ms": p90, "p95_ms": p95, "p99_ms": p99}
        return self.lines.of(LATENCY, (name, self._run, side), values, at)

    def _of_statuses(self, name: str, new: Counted, at: int) -> str:
        """A line for each pair that has a place; the others of all endpoints together are one point."""
        texts = []
        for (recorded, replayed), count in new.statuses.items():
            kind = f"{recorded} -> {replayed}"
            if self._statuses.has((name, kind)):
                texts.append(self.lines.of(STATUS, (name, kind, self._run), {"count": count}, at))
            else:
                self._placeless += count
        return "".join(texts)
