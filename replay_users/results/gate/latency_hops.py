"""The way to the service, as opening connections shows it: what may be taken off all times, and how much of it is believed.

Law: pure. No answer comes sooner than a packet can go there and back, so a connection that took longer to open than the quickest
endpoint takes to answer says nothing of the way: it was the first to a cold target, or TLS was shaken hands for.
The subtle thing: what little is left of a quick answer is mostly the error of the hop, and its ratio can be anything (measured:
0.3 ms after one connection of 0.3 ms and one of 0.7, "76x as long"). So a good part of the quickest answers always stays.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.pairs import Pair

__all__ = ["hops_of"]

_ALIKE_NS = 5e5
"""Hops that differ by less are taken off for the ratio's sake only, not because one of the runs had a longer way. Of a
millisecond more it is worth all that can be, or 2x at 80 ms hides among endpoints of 1 ms (94.7 % found, 100 % so)."""
_MOST, _MOST_ALIKE = 0.8, 0.5
"""Of the median of the quickest endpoint."""


def hops_of(
    connect_ns: tuple[int | None, int | None],
    candidate: Mapping[str, Sequence[Pair]],
    baseline: Mapping[str, Sequence[Pair]] | None,
    min_pairs: int,
) -> tuple[float, float]:
    """What to take off both sides. A recorded time has no hop in it; of two runs none is taken off if one is not known."""
    ours, theirs = connect_ns
    quickest = _quickest(candidate, min_pairs)
    if baseline is None:
        return (0.0 if ours is None or ours > quickest else min(ours, _MOST * quickest), 0.0)
    other = _quickest(baseline, min_pairs)
    if ours is None or theirs is None or ours > quickest or theirs > other:
        return 0.0, 0.0
    most = _MOST_ALIKE if abs(ours - theirs) < _ALIKE_NS else _MOST
    return min(ours, most * quickest), min(theirs, most * other)


def _quickest(run: Mapping[str, Sequence[Pair]], min_pairs: int) -> float:
    """The smallest median of an endpoint with enough answers, or that of all; 0 where there are none."""
    answered = [[pair.service for pair in pairs if pair.service is not None] for pairs in run.values()]
    known = [times for times in answered if len(times) >= max(1, min_pairs)] or [
        [took for times in answered for took in times]
    ]
    return min((median(times) for times in known if times), default=0.0)
