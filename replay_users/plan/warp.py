"""Warps: monotone functions from recorded time to run time, called once per row.

Law: integers in, integers out, no state; each worker computes the same warp alone and gets the same due times. Both sides
are ns, from the window's origin and from the run's start. The subtle thing: `Pieces` joins its knots by straight lines in
integer arithmetic, so it is monotone by construction, whatever rounding produced the knots.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Pieces", "Scaled", "Warp", "pieces"]


@dataclass(frozen=True, slots=True)
class Scaled:
    """Recorded time divided by `num / den`: exact, rounded down to the ns."""

    num: int
    den: int

    def __call__(self, offset_ns: int) -> int:
        """When an exchange recorded `offset_ns` after the origin is due; what lies before the origin is due at once."""
        return offset_ns * self.den // self.num if offset_ns > 0 else 0

    def duration(self, last_offset_ns: int) -> int:
        """Ns from the run's start until the last exchange is due."""
        return self(last_offset_ns)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Straight lines between knots.

    ```
    run time        ____/      knots: offsets where the slope changes, the first one 0
            |      /           lines: (start, rise, run) from each knot on
            |    _/            a flat line: recorded time that takes no run time
            |___/________ recorded offset
    ```
    """

    knots: tuple[int, ...]
    lines: tuple[tuple[int, int, int], ...]

    def __call__(self, offset_ns: int) -> int:
        """When an exchange recorded `offset_ns` after the origin is due; what lies before the origin is due at once."""
        i = bisect_right(self.knots, offset_ns) - 1
        if i < 0:
            return 0
        start, rise, run = self.lines[i]
        return start + (offset_ns - self.knots[i]) * rise // run

    def duration(self, last_offset_ns: int) -> int:
        """Ns from the run's start until the last exchange is due."""
        return self(last_offset_ns)


Warp: TypeAlias = Scaled | Pieces


def pieces(points: Sequence[tuple[int, int]], beyond: tuple[int, int]) -> Pieces:
    """The warp through (offset, run time) points in ascending order of offset, the first at offset 0.

    `beyond` is (rise, run) after the last point. A run time smaller than an earlier one is raised to it. Of points at one
    offset the last counts, since a line of no width is never looked up.
    """
    knots = tuple(offset for offset, _ in points)
    times = accumulate((time for _, time in points), max)
    joined = pairwise(zip(knots, times, strict=True))
    lines = [(t0, t1 - t0, x1 - x0) for (x0, t0), (x1, t1) in joined]
    end = lines[-1][0] + lines[-1][1] if lines else points[0][1]
    return Pieces(knots, (*lines, (end, *beyond)))
