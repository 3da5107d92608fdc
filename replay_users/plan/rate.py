"""The rate curve of a plan: how many exchanges it sends per second of run time.

Law: arithmetic on the recorded curve and the warp; expected values, since it is known how many exchanges a recorded second
holds but not where in it they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.plan.duration import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.plan.warp import Warp

__all__ = ["COURSE_STEPS", "RateCurve", "rate_curve"]

_STEPS = 60
"""How many points the curve of a plan has at most: one line of a terminal."""

COURSE_STEPS = 600
"""How many those beside which stands what was sent: as many as a chart has."""


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Exchanges per second: over the whole run, in its busiest recorded second, and over each `step_s` seconds of the run."""

    mean: float
    peak: float
    step_s: float
    values: tuple[float, ...]


def rate_curve(
    curve: Sequence[int], warp: Warp, lead: int, duration_ns: int, peak: float, *, most_steps: int = _STEPS
) -> RateCurve:
    """Spread a recorded curve (rows per second, the first one short by `lead` ns) over a run of `duration_ns`."""
    steps = max(1, min(most_steps, duration_ns // SECOND))
    step = max(duration_ns, SECOND) / steps
    sums = [0.0] * steps
    for rows, begin, end in _spans(curve, warp, lead):
        for nth, share in _shares(min(begin, duration_ns), min(end, duration_ns), step, steps):
            sums[nth] += rows * share
    values = tuple(total * SECOND / step for total in sums)
    return RateCurve(sum(curve) * SECOND / max(duration_ns, SECOND), peak, step / SECOND, values)


def _spans(curve: Sequence[int], warp: Warp, lead: int) -> Iterator[tuple[int, int, int]]:
    """Rows, and from when to when of the run they are due, per recorded second that has some."""
    for second, rows in enumerate(curve):
        if rows:
            yield rows, warp(second * SECOND - lead), warp((second + 1) * SECOND - lead)


def _shares(begin: int, end: int, step: float, steps: int) -> Iterator[tuple[int, float]]:
    """Which steps a stretch of the run touches, with its share in each; shares add up to 1."""
    low, high = (min(int(t / step), steps - 1) for t in (begin, end))
    if low == high:
        yield low, 1.0
        return
    for nth in range(low, high + 1):
        inside = min(end, (nth + 1) * step) - max(begin, nth * step)
        yield nth, inside / (end - begin)
