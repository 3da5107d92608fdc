"""Blocks of time, in each of which two runs of the same exchanges can be exchanged if nothing has changed.

Law: pure. A score says of each exchange how much worse it was in one run than in the other, and is its own opposite if the
runs change places. Scores of a session in a block are one vote (their mean), a block's are added up, and p is the share of all
ways to exchange the runs block by block whose sum is at least as large: exact, whatever the noise is like within a block.
The subtle thing is what lasts longer than a block. How much a block's sum is like the one before is measured, on the endpoint
and on all of the run, and the sum counts for as much less as the mean of such a series is less certain. Noise that no clock can
see is like nothing, or a drift of a thousandth of a quiet service would hide that it takes six times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from replay_users.results.gate.statistics import sign_flip_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.latency_pairs import Matched

__all__ = ["BLOCKS", "STRETCHES", "Blocks", "Span", "blocks_of", "exchange_p", "least_p", "likeness", "swayed"]

BLOCKS = 80
"""Of a run. Measured on a tail of 8 % in 1,000 requests: found 100 % of the time, with 40 blocks 98 %, by Holm among 160."""
STRETCHES = 20
"""Longer ones, in which an excess must be seen again and again: a stall is over after one or two of them."""
_FEW = 200
"""With fewer pairs than this a block would hold one or two sessions at most: each of them is a block by itself."""
_GRID = 1_500
"""Steps in which sums are counted: the test is exact for the rounded ones, and takes 0.1 ms."""
_MOST_LIKE = 0.95
_SHORT = 6
"""A series of so few says nothing of what it is like."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time of a run that is looked at, in ns of run time."""

    start: float
    end: float

    def part(self, due: int, parts: int) -> int:
        """In which of so many equal parts it is; what was due outside belongs to the first or the last."""
        return max(0, min(parts - 1, int((due - self.start) * parts / max(1.0, self.end - self.start))))


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where each exchange of an endpoint counts: its cell (a session in a block), and each cell's block."""

    cells: Sequence[int]
    sizes: Sequence[int]
    blocks: Sequence[int]

    def sums(self, scores: Sequence[float]) -> list[float]:
        """The sum of each block in which the endpoint was asked, in the order of time."""
        of_cells = [0.0] * len(self.sizes)
        for cell, score in zip(self.cells, scores, strict=True):
            of_cells[cell] += score
        means = [total / size for total, size in zip(of_cells, self.sizes, strict=True)]
        if len(self.cells) < _FEW:
            return means
        sums: dict[int, float] = dict.fromkeys(self.blocks, 0.0)
        for block, mean in zip(self.blocks, means, strict=True):
            sums[block] += mean
        return list(sums.values())


def blocks_of(matched: Matched, span: Span) -> Blocks:
    """The blocks of an endpoint, whose exchanges come as they were due."""
    numbers: dict[tuple[int, int], int] = {}
    cells: list[int] = []
    sizes: list[int] = []
    blocks: list[int] = []
    for due, session in zip(matched.due, matched.sessions, strict=True):
        block = span.part(due, BLOCKS)
        cell = numbers.setdefault((block, session), len(numbers))
        if cell == len(sizes):
            sizes.append(0)
            blocks.append(block)
        sizes[cell] += 1
        cells.append(cell)
    return Blocks(cells, sizes, blocks)


def likeness(sums: Sequence[float], unseen: float = 0.0) -> float:
    """How much each sum is like the one before: the correlation at lag one, its bias taken off (Kendall 1954).

    Of all squares of their distances from the mean, so much is `unseen`: as large as what clocks cannot tell apart, which has no
    likeness. Where they are no larger, what looks like one counts half; far below, not at all.
    """
    n = len(sums)
    if n <= _SHORT:
        return 0.0
    mean = sum(sums) / n
    away = [each - mean for each in sums]
    square = sum(each * each for each in away)
    found = sum(one * next_one for one, next_one in pairwise(away)) / square if square else 0.0
    return (found + 1 / n) / (1 - 3 / n) * (square / (square + unseen) if unseen else 1.0)


def swayed(own: float, run: float, length: int, errors: float = 1.0) -> float:
    """By how much the variance of a sum of so many (`length`) is larger than if they were independent.

    `run` is the likeness of a typical endpoint of the run. An endpoint's `own` is believed as far as it is beyond so many of its
    standard `errors`.
    """
    like = min(_MOST_LIKE, max(0.0, run, own - errors / sqrt(max(1, length))))
    return (1 + like) / (1 - like)


def exchange_p(sums: Sequence[float], sway: float = 1.0, kept: float = 1.0) -> float:
    """How likely a sum as large is, if the runs are exchangeable in each block; `kept` is the part of the sum that counts."""
    steps = _rounded(sums)
    return sign_flip_p(steps, kept * sum(steps) / sqrt(sway)) if steps else 1.0


def least_p(sums: Sequence[float]) -> float:
    """What `exchange_p` would be if all sums that are not 0 pointed the same way."""
    return 0.5 ** sum(step != 0 for step in _rounded(sums))


def _rounded(sums: Sequence[float]) -> list[int]:
    total = sum(map(abs, sums))
    return [round(each * _GRID / total) for each in sums] if total else []
