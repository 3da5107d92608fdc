"""From values to places on an axis, and where its labels stand.

Law: pure arithmetic; nothing here knows what an axis looks like. A place is a share of the axis, 0 to 1, and never outside.
The subtle thing: durations have a logarithmic axis, because 2x slower is the same step at 2 ms as at 2 s; what is 0 stands at
its low end.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log2, log10
from typing import TYPE_CHECKING

from replay_users.histogram import SCALE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["LinearScale", "LogScale", "log_scale", "spread"]

_STEPS = (1, 2, 2.5, 5, 10)
_FEW_DECADES, _SOME_DECADES = 1.6, 4
_LEAST_SPAN = 10.0
"""An axis of less than a decade makes noise look like news."""


@dataclass(frozen=True, slots=True)
class LogScale:
    """An axis from `low` to `high`, both above 0."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Where a value stands."""
        if value <= self.low:
            return 0.0
        return min(1.0, log2(value / self.low) / log2(self.high / self.low))

    def ticks(self) -> list[float]:
        """Round values: all powers of ten, and of few decades what lies between."""
        decades = log10(self.high / self.low)
        steps = (1, 2, 5) if decades <= _FEW_DECADES else (1, 3) if decades <= _SOME_DECADES / 2 else (1,)
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        values = (float(f"{step}e{power}") for power in powers for step in steps)
        return [value for value in values if self.low <= value <= self.high]


@dataclass(frozen=True, slots=True)
class LinearScale:
    """An axis from 0 to a round value of at least `high`."""

    high: float
    wanted: int = 4

    @property
    def step(self) -> float:
        """From label to label."""
        rough = (self.high if self.high > 0 else 1.0) / self.wanted
        power = 10.0 ** floor(log10(rough))
        return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))

    @property
    def top(self) -> float:
        """The axis's end."""
        return self.step * max(1, ceil(self.high / self.step - 1e-9))

    def at(self, value: float) -> float:
        """Where a value stands."""
        return min(1.0, max(0.0, value / self.top))

    def ticks(self) -> list[float]:
        """0, and round values up to the end."""
        return [number * self.step for number in range(round(self.top / self.step) + 1)]


def log_scale(values: Iterable[float], *, least: float = 1e-3) -> LogScale:
    """An axis that holds these values, at least a decade long, with round ends; `least` is the smallest that is told apart."""
    found = [max(value, least) for value in values]
    low, high = (min(found), max(found)) if found else (1.0, _LEAST_SPAN)
    if high / low < _LEAST_SPAN:
        middle = (high * low) ** 0.5
        low = max(least, middle / _LEAST_SPAN**0.5)
        high = low * _LEAST_SPAN
    return LogScale(low, high)


def spread(buckets: Mapping[int, int], scale: LogScale, bins: int) -> list[float]:
    """A histogram's counts (buckets of `replay_users.histogram`, ns) in equal steps of an axis of ms.

    A bucket that reaches over an edge is shared by its width, so that a fine axis shows no comb. What lies outside of the
    axis counts at its ends.
    """
    found = [0.0] * bins
    for bucket, count in buckets.items():
        begin, end = (_place(edge, scale) * bins for edge in (bucket, bucket + 1))
        first, last = min(bins - 1, floor(begin)), min(bins - 1, floor(end))
        if first == last:
            found[first] += count
            continue
        for number in range(first, last + 1):
            found[number] += count * (min(end, number + 1) - max(begin, number)) / (end - begin)
    return found


def _place(bucket: float, scale: LogScale) -> float:
    return scale.at((2 ** (bucket / SCALE) - 1) / 1e6)
