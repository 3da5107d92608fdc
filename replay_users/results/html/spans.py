"""The durations of one side of an endpoint, ready to be drawn: by bucket, by percentile, and how many got no answer.

Law: pure values. The subtle thing: heights of a distribution are square roots of its shares, so that a tail of a hundredth is
still seen beside the peak; and what got no answer belongs to the whole, so a side that loses half of its answers is half as high.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Final

from replay_users.histogram import Over
from replay_users.results.html.figures import Figure, ms, percent
from replay_users.results.html.scale import LogScale, spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.histogram import Histogram

__all__ = ["NS_PER_MS", "Times", "times_of"]

NS_PER_MS: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Durations of one side, in ms. `buckets` are those of a histogram; of an older run there are none. `over` is a share."""

    buckets: Mapping[int, int] = field(default_factory=dict)
    p50: Figure = None
    p90: Figure = None
    p99: Figure = None
    over: float = 0.0

    def heights(self, scale: LogScale, bins: int) -> list[float]:
        """How high the distribution stands along the axis; 1 is all of it in one place."""
        counted = spread(self.buckets, scale, bins)
        answered = sum(counted)
        if not answered:
            return counted
        return [sqrt(each / answered * (1 - self.over)) for each in counted]

    def told(self, name: str) -> str:
        """In words."""
        lost = f", {percent(self.over)} without an answer" if self.over else ""
        return f"{name} p50 {ms(self.p50)} ms, p90 {ms(self.p90)} ms, p99 {ms(self.p99)} ms{lost}"


def times_of(histogram: Histogram) -> Times:
    """What a histogram says."""
    whole = histogram.count
    return Times(
        buckets=dict(histogram.buckets),
        p50=_ms(histogram, 0.5),
        p90=_ms(histogram, 0.9),
        p99=_ms(histogram, 0.99),
        over=histogram.over / whole if whole else 0.0,
    )


def _ms(histogram: Histogram, q: float) -> Figure:
    found = histogram.quantile(q)
    return None if found is None else str(found) if isinstance(found, Over) else found / NS_PER_MS
