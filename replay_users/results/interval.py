"""What came between two looks at a tally that only ever grows.

Law: pure values. A mark is a copy of the counts of one moment, which stands still while counting goes on; what came since is
the difference of two marks.
The subtle thing: both are made on the hub that sends, an endpoint at a time, so they look at nothing twice. A count that is
smaller than before began at nothing again (the second pass of an A/A run), and is taken whole.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil, exp2
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from replay_users.compare.difference import Class
from replay_users.histogram import OVER, RATIO_BIAS, RATIO_SCALE, SCALE, Over

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.histogram import Histogram, Measure, RatioHistogram
    from replay_users.results.endpoint_tally import EndpointTally

__all__ = ["Counted", "Statuses", "Times", "counted", "times_of"]

Statuses: TypeAlias = "dict[tuple[int, int | str], int]"
"""Recorded and replayed status, or fault, and how often."""

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Times:
    """A histogram as it was, or what came to it in an interval; durations in ns, or ratios."""

    buckets: dict[int, int] = field(default_factory=dict)
    over: int = 0
    total: int = 0
    peak: int = 0

    @property
    def count(self) -> int:
        """Values that are not over."""
        return sum(self.buckets.values())

    def since(self, before: Times) -> Times:
        """What came after `before`. The largest of it is exact if it is the largest of all, else within 1 %."""
        buckets = _less(self.buckets, before.buckets)
        peak = self.peak if self.peak > before.peak else min(_ns(max(buckets, default=0)), self.peak)
        return Times(buckets, self.over - before.over, self.total - before.total, peak)

    def plus(self, other: Times) -> Times:
        """Both together."""
        peak = max(self.peak, other.peak)
        return Times(_more(self.buckets, other.buckets), self.over + other.over, self.total + other.total, peak)

    def quantiles(self, *points: float) -> Sequence[Measure]:
        """The durations at nearest rank of each point, those over included; `None` where nothing was counted."""
        return [_duration(bucket, self.peak) for bucket in self._at(points)]

    @property
    def median_ratio(self) -> float | Over | None:
        """The median of ratios, those over included."""
        (bucket,) = self._at((0.5,))
        return bucket if bucket is None or isinstance(bucket, Over) else exp2((bucket + 0.5 - RATIO_BIAS) / RATIO_SCALE)

    def _at(self, points: Sequence[float]) -> list[int | Over | None]:
        """The buckets at nearest rank of each point."""
        buckets = sorted(self.buckets)
        below = list(accumulate(self.buckets[bucket] for bucket in buckets))
        whole = (below[-1] if below else 0) + self.over
        if not whole:
            return [None] * len(points)
        ranks = [max(1, ceil(point * whole)) for point in points]
        return [buckets[nth] if (nth := bisect_left(below, rank)) < len(below) else OVER for rank in ranks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """An endpoint's counts by name, as they were or of an interval; `ended` is what was sent, dropped or skipped."""

    ended: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    statuses: Statuses = field(default_factory=dict)
    recorded: Times = field(default_factory=Times)
    service: Times = field(default_factory=Times)
    ratio: Times = field(default_factory=Times)

    def since(self, before: Counted) -> Counted:
        """What came after `before`."""
        if self.ended < before.ended:
            return self
        return Counted(
            ended=self.ended - before.ended,
            counts={name: count - before.counts.get(name, 0) for name, count in self.counts.items()},
            statuses=_less(self.statuses, before.statuses),
            recorded=self.recorded.since(before.recorded),
            service=self.service.since(before.service),
            ratio=self.ratio.since(before.ratio),
        )

    def plus(self, other: Counted) -> Counted:
        """Both together."""
        return Counted(
            ended=self.ended + other.ended,
            counts=_more(self.counts, other.counts),
            statuses=_more(self.statuses, other.statuses),
            recorded=self.recorded.plus(other.recorded),
            service=self.service.plus(other.service),
            ratio=self.ratio.plus(other.ratio),
        )


def times_of(histogram: Histogram | RatioHistogram) -> Times:
    """A histogram as it is."""
    buckets = dict(histogram.buckets)
    return Times(buckets, histogram.over, getattr(histogram, "total", 0), getattr(histogram, "peak", 0))


def counted(mine: EndpointTally) -> Counted:
    """An endpoint as it is."""
    dropped, skipped = sum(mine.dropped_by.values()), sum(mine.skipped_by.values())
    return Counted(
        ended=mine.sent + dropped + skipped,
        counts={
            "sent": mine.sent,
            "compared": mine.matched + mine.mismatched,
            "matched": mine.matched,
            "mismatched": mine.mismatched,
            "regressions": mine.mismatched_by.get(Class.REGRESSION, 0),
            "unchecked": mine.unchecked,
            "failed": mine.failed,
            "dropped": dropped,
            "skipped": skipped,
            "broken": mine.broken.count,
        },
        statuses=dict(mine.statuses),
        recorded=times_of(mine.recorded),
        service=times_of(mine.service),
        ratio=times_of(mine.ratio),
    )


def _less(now: Mapping[_Key, int], before: Mapping[_Key, int]) -> dict[_Key, int]:
    """What was added, of each key that had something added."""
    return {key: count - before.get(key, 0) for key, count in now.items() if count != before.get(key, 0)}


def _more(mine: Mapping[_Key, int], theirs: Mapping[_Key, int]) -> dict[_Key, int]:
    return {**mine, **{key: mine.get(key, 0) + count for key, count in theirs.items()}}


def _ns(bucket: int) -> int:
    """The middle of a bucket of durations."""
    return round(exp2((bucket + 0.5) / SCALE) - 1)


def _duration(bucket: int | Over | None, peak: int) -> Measure:
    return bucket if bucket is None or isinstance(bucket, Over) else min(_ns(bucket), peak)
