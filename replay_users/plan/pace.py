"""Paces: how recorded time becomes run time (`1x`, `2.5x`, `500/s`, `100/s->500/s:5m,500/s:10m`).

Law: pure arithmetic on numbers that everyone has (the pace and the rate curve of the manifest); no clock, no state,
nothing that counts what was really sent. Speeds and rates are exact fractions; a curve is rows that will be sent per
recorded second, from the whole second the window starts in, and `lead` is the ns from there to the window's origin. The
subtle thing: under a rate, the k-th sent exchange is due when the integral of the rate reaches k. Inside a recorded
second exchanges keep their places in proportion, so bursts stay bursts, and a second in which nothing is sent takes no
time.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING, TypeAlias

from replay_users.plan.duration import SECOND, describe_duration
from replay_users.plan.warp import Scaled, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.plan.warp import Warp

__all__ = ["AsRecorded", "Pace", "Rates", "Stage", "clip", "describe_rate"]


@dataclass(frozen=True, slots=True)
class AsRecorded:
    """The recorded timing, `speed` times as fast.

    With a `ceiling` (sent per second of run time) the recorded seconds that would be busier are stretched until they are
    not; what follows comes later by as much, and nothing is squeezed to catch up.
    """

    speed: Fraction = Fraction(1)
    ceiling: Fraction | None = None

    def warp(self, curve: Sequence[int], lead: int = 0) -> Warp:
        """Recorded offsets (ns from the origin) to due times (ns from the run's start)."""
        num, den = self.speed.as_integer_ratio()
        if self.ceiling is None or max(curve, default=0) * self.speed <= self.ceiling:
            return Scaled(num, den)
        return pieces(list(self._stretched(curve, lead, self.ceiling)), (den, num))

    def _stretched(self, curve: Sequence[int], lead: int, ceiling: Fraction) -> Iterator[tuple[int, int]]:
        num, den = self.speed.as_integer_ratio()
        most = ceiling // self.speed
        per_row = SECOND / ceiling
        delay = 0
        yield 0, 0
        for second, rows in enumerate(curve, start=1):
            begin, end = max((second - 1) * SECOND - lead, 0), second * SECOND - lead
            if rows > most:
                natural = end * den // num - begin * den // num
                delay += ceil(rows * per_row) - natural
            yield end, end * den // num + delay

    def peak_rate(self, curve: Sequence[int]) -> float:
        """The most exchanges per second of run time, seen over one recorded second."""
        peak = max(curve, default=0) * self.speed
        return float(peak if self.ceiling is None else min(peak, self.ceiling))

    def describe(self) -> str:
        """What `--pace` would say, and the ceiling if there is one."""
        text = f"{_decimal(self.speed)}x"
        return text if self.ceiling is None else f"{text}, at most {describe_rate(self.ceiling)}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A rate that goes evenly from `start` to `end` (sent per second) within `duration` ns.

    `None` is for ever, and then both rates are equal.
    """

    start: Fraction
    end: Fraction
    duration: int | None

    def describe(self) -> str:
        """The stage as `--pace` writes it."""
        ramp = "" if self.start == self.end else f"->{describe_rate(self.end)}"
        time = "" if self.duration is None else f":{describe_duration(self.duration)}"
        return f"{describe_rate(self.start)}{ramp}{time}"


@dataclass(frozen=True, slots=True)
class Rates:
    """Sent exchanges per second, stage after stage; the last rate holds until the recording is through."""

    stages: tuple[Stage, ...]

    def warp(self, curve: Sequence[int], lead: int = 0) -> Warp:
        """Recorded offsets (ns from the origin) to due times (ns from the run's start)."""
        return pieces(list(_points(_legs(self.stages), curve, lead)), (0, 1))

    def peak_rate(self, curve: Sequence[int]) -> float:
        """The highest rate the run comes to: stages after the last exchange do not count."""
        rows = sum(curve)
        legs = _legs(self.stages)
        reached = [leg for leg in legs if leg.rows < rows] or legs[:1]
        return max(max(leg.rate, leg.rate_when(rows)) for leg in reached)

    def describe(self) -> str:
        """What `--pace` would say."""
        return ",".join(stage.describe() for stage in self.stages)


Pace: TypeAlias = AsRecorded | Rates


def clip(pace: Pace, ceiling: Fraction) -> Pace:
    """The same pace, never above `ceiling` sent exchanges per second."""
    if isinstance(pace, AsRecorded):
        return replace(pace, ceiling=ceiling)
    return Rates(tuple(part for stage in pace.stages for part in _clipped(stage, ceiling)))


def _clipped(stage: Stage, ceiling: Fraction) -> Iterator[Stage]:
    """The lower of the stage and the ceiling; a ramp that crosses it becomes a ramp and a hold."""
    start, end = min(stage.start, ceiling), min(stage.end, ceiling)
    if stage.duration is None or (start, end) == (stage.start, stage.end) or start == end:
        yield replace(stage, start=start, end=end)
        return
    below = int(stage.duration * (end - start) / (stage.end - stage.start))
    ramp, hold = Stage(start, end, below), Stage(ceiling, ceiling, stage.duration - below)
    yield from (ramp, hold) if start < end else (hold, ramp)


@dataclass(frozen=True, slots=True)
class _Leg:
    """A stage placed on the run: it begins `at` seconds, when `rows` have been sent, and ends when `until` have.

    ```
    rate |      /|     sent after t seconds of the leg: rows + rate t + slope t^2 / 2,
         |    /  |     so n have been sent after t = 2 m / (rate + sqrt(rate^2 + 2 slope m)), m = n - rows
         |__/____|__   (the form of the root that loses no digits when the slope is small)
    ```
    """

    at: float
    rows: float
    rate: float
    slope: float
    until: float

    def when(self, n: float) -> float:
        """The second of the run at which `n` have been sent."""
        more = n - self.rows
        return self.at + 2 * more / (self.rate + self.rate_when(n)) if more > 0 else self.at

    def rate_when(self, n: float) -> float:
        """The rate at the moment when `n` have been sent, or at the leg's end if that is sooner."""
        more = max(min(n, self.until) - self.rows, 0.0)
        return sqrt(max(self.rate * self.rate + 2 * self.slope * more, 0.0)) if self.slope else self.rate

    def cuts(self, low: float, high: float) -> Iterator[float]:
        """Counts after `low` up to `high` between which a straight line is within a quarter of an exchange.

        Over `span` seconds a line misses the parabola by slope * span^2 / 8 exchanges.
        """
        begin, span = self.when(low), self.when(high) - self.when(low)
        lines = max(1, min(ceil(span * sqrt(abs(self.slope) / 2)), ceil(high - low)))
        for line in range(1, lines):
            t = begin + span * line / lines - self.at
            yield min(self.rows + self.rate * t + self.slope * t * t / 2, high)
        yield high


def _legs(stages: Sequence[Stage]) -> list[_Leg]:
    """The stages in their places, and the last rate for ever."""
    legs: list[_Leg] = []
    at = rows = 0.0
    for stage in stages:
        rate, end, seconds = float(stage.start), float(stage.end), inf
        if stage.duration is not None:
            seconds = stage.duration / SECOND
        slope = (end - rate) / seconds
        until = rows + (rate + end) / 2 * seconds
        legs.append(_Leg(at, rows, rate, slope, until))
        at, rows = at + seconds, until
    if rows < inf:
        legs.append(_Leg(at, rows, float(stages[-1].end), 0.0, inf))
    return legs


def _points(legs: Sequence[_Leg], curve: Sequence[int], lead: int) -> Iterator[tuple[int, int]]:
    """Knots of the warp: the edges of each recorded second, and what the rate needs between them."""
    begins = [leg.rows for leg in legs]
    sent = 0
    yield 0, 0
    for second, rows in enumerate(curve, start=1):
        begin, end = max((second - 1) * SECOND - lead, 0), second * SECOND - lead
        low: float = sent
        while rows and low < sent + rows:
            leg = legs[bisect_right(begins, low) - 1]
            for n in leg.cuts(low, min(leg.until, sent + rows)):
                offset = begin + int((n - sent) * (end - begin) / rows)
                if offset:  # 0 is due at once, however few ns a window has of its first second
                    yield offset, int(leg.when(n) * SECOND)
                low = n
        sent += rows
        if not rows:
            yield end, 0


def describe_rate(rate: Fraction) -> str:
    """A rate as `--pace` writes it: per second, or per minute where only that is a short number."""
    if Fraction(_decimal(rate)) != rate and Fraction(_decimal(rate * 60)) == rate * 60:
        return f"{_decimal(rate * 60)}/m"
    return f"{_decimal(rate)}/s"


def _decimal(number: Fraction) -> str:
    """The number in decimal, to nine places, without trailing zeros."""
    whole, part = divmod(round(number * SECOND), SECOND)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".")
