"""Durations and ratios, counted in log-wide buckets that merge by addition.

Law: pure values; nothing here knows a clock, an endpoint or a file. Two processes that counted
different exchanges add up to one that counted all of them, exactly.
The subtle thing: a value that was never observed because the exchange was dropped or failed is
*larger than any other*, not absent. It is counted by `add_over`, and a percentile that lands there
is `OVER` ("over" in JSON); so no figure that comes out of here describes survivors only.
"""

# ruff: noqa: PLR1730 - `if ns > peak` takes a fifth of the time of `peak = max(peak, ns)`
from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from math import ceil, exp2, log2, sqrt
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "OVER",
    "RATIO_BIAS",
    "RATIO_SCALE",
    "SCALE",
    "Histogram",
    "Measure",
    "Over",
    "RatioHistogram",
    "ratio_bucket",
]

SCALE = 1 / log2(1.02)
"""Buckets per unit of log2(ns + 1), each 2 % wide; `log2` takes half of the time of `log` (22 ns)."""

RATIO_SCALE = 1 / log2(1.01)
"""Buckets per unit of log2(ratio), each 1 % wide."""

RATIO_BIAS = 10_000.5
"""Keeps ratio buckets positive, where `int` rounds down; a ratio of 1 is a bucket's middle."""

_Z_99 = 2.3263
"""The 99 % point of the normal distribution."""

_EXACT_RANKS = 1_000
"""Up to this many pairs the binomial rank is exact; beyond, the normal one is off by <= 1."""


class Over(StrEnum):
    """The value of a percentile that falls among exchanges never sent or never answered."""

    OVER = "over"


OVER = Over.OVER

Measure: TypeAlias = int | Over | None
"""Nanoseconds; `OVER` beyond what was observed; `None` where nothing was counted."""


class _Buckets:
    """Counts by bucket number, and how many values lie above all buckets."""

    __slots__ = ("buckets", "over")

    def __init__(self) -> None:
        self.buckets: defaultdict[int, int] = defaultdict(int)
        self.over = 0

    @property
    def count(self) -> int:
        """All values, those over included."""
        return sum(self.buckets.values()) + self.over

    def add_over(self, n: int = 1) -> None:
        """Count `n` values that are larger than any other."""
        self.over += n

    def bucket_at(self, rank: int) -> int | Over:
        """The bucket of the value at 1-based `rank` in ascending order."""
        for bucket in sorted(self.buckets):
            rank -= self.buckets[bucket]
            if rank <= 0:
                return bucket
        return OVER

    def _merge_buckets(self, other: _Buckets) -> None:
        self.over += other.over
        if not self.buckets:  # a fifth of the time
            self.buckets.update(other.buckets)
            return
        for bucket, count in other.buckets.items():
            self.buckets[bucket] += count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Buckets) and type(self) is type(other) and self._counted() == other._counted()

    __hash__ = None  # type: ignore[assignment]

    def _counted(self) -> tuple[object, ...]:
        return {bucket: count for bucket, count in self.buckets.items() if count}, self.over


class Histogram(_Buckets):
    """Durations in ns, in buckets 2 % wide.

    The hot path of the tally adds to `buckets`, `total` and `peak` by itself, in the arithmetic of
    `add`.
    """

    __slots__ = ("peak", "total")

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self.peak = 0

    def add(self, ns: int) -> None:
        """Count one duration; a negative one (a clock's fault) counts as 0."""
        if ns < 0:
            ns = 0
        self.total += ns
        if ns > self.peak:
            self.peak = ns
        self.buckets[int(log2(ns + 1) * SCALE)] += 1

    def merge(self, other: Histogram) -> None:
        """Count everything the other counted as well."""
        self._merge_buckets(other)
        self.total += other.total
        self.peak = max(self.peak, other.peak)

    def quantile(self, q: float) -> Measure:
        """The value at nearest rank ceil(q * count), within 2 % of the exact one.

        Raises:
            ValueError: `q` is not within 0..1.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile lies within 0..1, not at {q}")
        if not (count := self.count):
            return None
        bucket = self.bucket_at(max(1, ceil(q * count)))
        if isinstance(bucket, Over):
            return OVER
        return min(round(exp2((bucket + 0.5) / SCALE) - 1), self.peak)

    @property
    def maximum(self) -> Measure:
        """The largest value, exact; `OVER` if any lies over."""
        if self.over:
            return OVER
        return self.peak if self.buckets else None

    @property
    def mean(self) -> float | Over | None:
        """The exact mean in ns; `OVER` if any value lies over."""
        if self.over:
            return OVER
        return self.total / self.count if self.buckets else None

    def count_above(self, ns: int) -> int:
        """How many lie above this, to 2 %; those over are not among them."""
        limit = int(log2(ns + 1) * SCALE)
        return sum(count for bucket, count in self.buckets.items() if bucket > limit)

    def _counted(self) -> tuple[object, ...]:
        return *super()._counted(), self.total, self.peak

    def to_ms_summary(self) -> dict[str, float | str | None]:
        """Percentiles as result.json shows them: ms, `"over"`, or null if nothing was counted."""
        points = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
        summary = {name: _ms(self.quantile(q)) for name, q in points.items()}
        return {**summary, "max": _ms(self.maximum)}

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: `{"buckets": {"BUCKET": count}, "over", "total_ns", "max_ns"}`."""
        counted = {str(bucket): self.buckets[bucket] for bucket in sorted(self.buckets)}
        return {"buckets": counted, "over": self.over, "total_ns": self.total, "max_ns": self.peak}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Histogram:
        """What `to_dict` wrote.

        Raises:
            ValueError: this is not a histogram.
        """
        histogram = cls()
        try:
            histogram.over = _natural(data["over"])
            for bucket, count in data["buckets"].items():
                histogram.buckets[_natural(int(bucket))] += _natural(count)
            histogram.total = _natural(data["total_ns"])
            histogram.peak = _natural(data["max_ns"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a histogram of durations: {error!r}") from error
        return histogram


class RatioHistogram(_Buckets):
    """Paired ratios replayed / recorded, in buckets 1 % wide: they carry the median and its bound.

    A pair whose replayed side never answered is over: larger than any ratio.
    """

    __slots__ = ()

    def add(self, recorded_ns: int, replayed_ns: int) -> None:
        """Count one pair of durations; ns below 0 count as 0."""
        steps = (log2(max(replayed_ns, 0) + 1) - log2(max(recorded_ns, 0) + 1)) * RATIO_SCALE
        self.buckets[int(steps + RATIO_BIAS)] += 1

    def merge(self, other: RatioHistogram) -> None:
        """Count everything the other counted as well."""
        self._merge_buckets(other)

    def count_above(self, ratio: float) -> int:
        """How many answered pairs have a larger ratio than this, to half a percent; those over are not among them."""
        limit = ratio_bucket(ratio)
        return sum(count for bucket, count in self.buckets.items() if bucket > limit)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: `{"buckets": {"BUCKET": count}, "over"}`; bucket 10000 is around a ratio of 1, each 1 % wide."""
        return {"buckets": {str(bucket): self.buckets[bucket] for bucket in sorted(self.buckets)}, "over": self.over}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RatioHistogram:
        """What `to_dict` wrote.

        Raises:
            ValueError: this is not a histogram.
        """
        histogram = cls()
        try:
            histogram.over = _natural(data["over"])
            for bucket, count in data["buckets"].items():
                histogram.buckets[_natural(int(bucket))] += _natural(count)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a histogram of ratios: {error!r}") from error
        return histogram

    @property
    def median(self) -> float | Over | None:
        """The ratio at rank ceil(count / 2), within 0.5 %."""
        return self._ratio_at(ceil(self.count / 2))

    def bounds(self) -> tuple[float | Over | None, float | Over | None]:
        """Between which two ratios the true median lies, each side at 99 %.

        Order statistics: no shape is assumed. `(None, None)` with fewer than 7 pairs, which cannot
        say so.
        """
        count = self.count
        rank = _median_rank_99(count)
        return self._ratio_at(rank), self._ratio_at(count + 1 - rank if rank else 0)

    def _ratio_at(self, rank: int) -> float | Over | None:
        if rank < 1:
            return None
        bucket = self.bucket_at(rank)
        if isinstance(bucket, Over):
            return OVER
        return exp2((bucket + 0.5 - RATIO_BIAS) / RATIO_SCALE)


def ratio_bucket(ratio: float) -> int:
    """The bucket in which a ratio is counted."""
    return int(log2(ratio) * RATIO_SCALE + RATIO_BIAS)


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def _ms(measure: Measure) -> float | str | None:
    """Milliseconds to the microsecond."""
    if measure is None:
        return None
    return str(measure) if isinstance(measure, Over) else round(measure / 1e6, 3)


def _median_rank_99(n: int) -> int:
    """The highest rank whose value lies below the true median with 99 % confidence; 0 if none does.

    The value at rank r exceeds the median with probability P(Binomial(n, 1/2) < r)
    (David and Nagaraja, Order Statistics, 7.1).
    """
    if n > _EXACT_RANKS:
        return ceil(n / 2 - 0.5 - _Z_99 * sqrt(n) / 2)
    ways, below, rank = 1, 1, 0
    while below * 100 <= 1 << n:
        rank += 1
        ways = ways * (n - rank + 1) // rank
        below += ways
    return rank
