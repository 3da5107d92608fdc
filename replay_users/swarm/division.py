"""Whose partitions are whose: the rows of a run in shares as equal as whole partitions allow.

Law: pure arithmetic. A share is a stretch of neighbouring partitions; the largest share is as small as any such division
can make it, and none is empty while another could give. The subtle thing: several divisions have the same largest share,
and filling each share up to it would leave the last workers idle, so each takes what is nearest to its part of the rest.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["divide"]


def divide(weights: Mapping[int, int], workers: int) -> list[tuple[int, ...]]:
    """Partitions by share, at most one share for each worker; partitions without rows go with their neighbour's."""
    ordered = sorted(weights)
    heavy = [partition for partition in ordered if weights[partition] > 0]
    if not heavy:
        return [tuple(ordered)]
    ends = _ends([weights[partition] for partition in heavy], min(workers, len(heavy)))
    firsts = [ordered[0], *(heavy[end] for end in ends[:-1])]
    bounds = [*firsts[1:], ordered[-1] + 1]
    return [
        tuple(partition for partition in ordered if first <= partition < bound)
        for first, bound in zip(firsts, bounds, strict=True)
    ]


def _ends(rows: Sequence[int], shares: int) -> list[int]:
    """Where each share ends, so that the largest is smallest and none is empty."""
    before = [0, *accumulate(rows)]
    capacity = _least_capacity(rows, shares)
    needed = _needed(before, capacity)
    ends, start = [], 0
    for left in range(shares - 1, -1, -1):
        fair = before[start] + (before[-1] - before[start]) / (left + 1)
        start = min(
            (
                end
                for end in range(start + 1, len(rows) - left + 1)
                if before[end] - before[start] <= capacity and needed[end] <= left
            ),
            key=lambda end: abs(before[end] - fair),
        )
        ends.append(start)
    return ends


def _least_capacity(rows: Sequence[int], shares: int) -> int:
    """The smallest size that holds the largest share, by halving."""
    before = [0, *accumulate(rows)]
    low, high = max(rows), before[-1]
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _needed(before, middle)[0] <= shares else (middle + 1, high)
    return low


def _needed(before: Sequence[int], capacity: int) -> list[int]:
    """How many shares of a capacity the rows from each position on need, each filled to the brim."""
    last = len(before) - 1
    needed, end = [0] * (last + 1), last
    for start in range(last - 1, -1, -1):
        while before[end] - before[start] > capacity:
            end -= 1
        needed[start] = 1 + needed[end]
    return needed
