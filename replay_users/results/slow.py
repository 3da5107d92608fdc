"""When an endpoint counts as slow: an advisory rule of thumb, against the recording.

Law: pure. Slow is a median pair ratio of at least 1.5 *and* a median at least 5 ms longer, from at least 30 pairs, or from
fewer whose median is surely above 1.5 (7 pairs can say so): 19 of 19 that take a thousand times as long are news. It never
fails a run: production was measured at another place, and a test environment is slower as a whole.
The subtle thing: the ratio's median is of pairs (the same request, recorded and replayed), so a run that happens to hold
more of the heavy requests is not slow; and failed pairs rank above all, so timeouts cannot make an endpoint look fast.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from replay_users.histogram import OVER

if TYPE_CHECKING:
    from replay_users.histogram import Histogram
    from replay_users.results.endpoint_tally import EndpointTally

__all__ = ["MIN_PAIRS", "SLOW_RATIO", "Speed", "speed"]

MIN_PAIRS = 30
SLOW_RATIO = 1.5
SLOW_BY = 5_000_000
"""5 ms: below it, a ratio is mostly the network between us and the target."""


class Speed(StrEnum):
    """The advisory verdict on an endpoint's service time."""

    OK = "ok"
    SLOW = "slow"
    FAILING = "failing"
    FEW = "few"


def speed(mine: EndpointTally) -> Speed:
    """`FEW` below 30 pairs that are not surely slow, `FAILING` where more than half got no answer, else `SLOW` or `OK`."""
    median, is_many = mine.ratio.median, mine.ratio.count >= MIN_PAIRS
    if median is None or not (is_many or _is_surely_slow(mine)):
        return Speed.FEW
    if median is OVER:
        return Speed.FAILING
    if median >= SLOW_RATIO and _median(mine.service) - _median(mine.recorded) >= SLOW_BY:
        return Speed.SLOW
    return Speed.OK if is_many else Speed.FEW


def _is_surely_slow(mine: EndpointTally) -> bool:
    lower, _ = mine.ratio.bounds()
    return lower is OVER or (isinstance(lower, float) and lower >= SLOW_RATIO)


def _median(histogram: Histogram) -> float:
    median = histogram.quantile(0.5)
    return median if isinstance(median, int) else float("inf")
