"""What two runs differ in as a whole: replayed = a x recorded + b.

Law: pure. `b` is the way to the service, measured by opening connections (it was taken off all times before they come here);
`a` is the median of the endpoints' median pair ratios, one vote each, so that an endpoint with most of the traffic cannot make
its own regression the measure of the others.
The subtle thing: a load balancer hides part of the way from who opens connections. So what all endpoints take longer by
alike, beyond what opening one explains, is looked for as well, and taken for a part of `b` if it explains them much better.
Of two endpoints any value between their ratios is a median; that which is nearest to no change blames the one that changed,
and leaves the other alone. And where half of the endpoints are so quick that a fraction of a millisecond is a large ratio, they
vote with the others: what they say beyond these is not heard, but they do not say that nothing has changed either.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, inf, log
from statistics import median, median_high, median_low
from typing import TYPE_CHECKING

from replay_users.results.gate.latency_pairs import pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.latency_pairs import Matched

__all__ = ["NEVER", "Environment", "environment_of", "log_ratios"]

NEVER = 40.0
"""The logarithm of a ratio to an answer that never came: larger than any other, and can still be added up."""
_LEAST = 1_000.0
"""1 us is left of a time at least."""
_UNTOLD_NS = 1e6
"""Who takes less than a millisecond more or less has no ratio of its own: 0.3 and 0.7 ms are how busy the machine was."""
_VOTERS = 5
"""So many endpoints at least tell a hop from a factor."""
_SPEEDS = 3.0
"""Times as long as the quickest of them the slowest takes at least: what endpoints of one speed share may be either."""
_STEPS_MS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100)
_BETTER = 0.4
"""A hop is believed that leaves at most so much of the endpoints' deviations from one factor."""
_UNEVEN = 0.08
"""Endpoints that agree on a factor within 8 % need no hop to explain them."""
_ASIDE = 0.1
"""Of the endpoints: those that deviate most may be regressions, and are not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """How the candidate run's times relate to the other's: `factor` x theirs + `extra_ns`, after both hops were taken off."""

    factor: float
    extra_ns: float
    voters: tuple[str, ...]

    def longer_ns(self, ours: float, theirs: float) -> float:
        """By how much an exchange took longer than the environment explains."""
        return 0.0 if ours == theirs == inf else ours - self.extra_ns - self.factor * theirs


def environment_of(endpoints: Sequence[Matched], min_pairs: int, floor_ns: float = _UNTOLD_NS) -> Environment:
    """Of the endpoints with enough pairs; where none has, of all pairs together. Less than `floor_ns` is no difference."""
    voters = [each for each in endpoints if len(each) >= min_pairs]
    if not voters and any(len(each) for each in endpoints):
        voters = [pool("all", endpoints)]
    extra = _extra(voters)
    alone = Environment(factor=1.0, extra_ns=extra, voters=())
    finite = _votes(voters, alone, min(floor_ns, _UNTOLD_NS))
    names = tuple(each.endpoint for each in voters)
    return Environment(factor=exp(_middle(finite)) if finite else 1.0, extra_ns=extra, voters=names)


def _votes(voters: Sequence[Matched], alone: Environment, untold: float) -> list[float]:
    """Each endpoint's median ratio; of one that differs by less than `untold` as far as others or no change go with it."""
    ratios = [(median(log_ratios(each, alone)), _longer_ns(each, alone)) for each in voters]
    ratios = [each for each in ratios if abs(each[0]) < NEVER / 4]  # half never came: no ratio either
    heard = [0.0, *(ratio for ratio, longer in ratios if abs(longer) >= untold)]
    least, most = min(heard), max(heard)
    return [ratio if abs(longer) >= untold else max(least, min(most, ratio)) for ratio, longer in ratios]


def _longer_ns(matched: Matched, alone: Environment) -> float:
    return alone.longer_ns(median(matched.ours), median(matched.theirs))


def _middle(votes: Sequence[float]) -> float:
    """Their median: of those that an even number has, the one nearest to 0."""
    return min(max(0.0, median_low(votes)), median_high(votes))


def log_ratios(matched: Matched, environment: Environment) -> list[float]:
    """How many times as long each exchange took as the environment explains, as logarithms; never answered is `NEVER`."""
    extra, by = environment.extra_ns, log(environment.factor)
    return [
        log(max(ours - extra, _LEAST) / theirs) - by if ours < inf and theirs < inf else _endless(ours, theirs)
        for ours, theirs in zip(matched.ours, matched.theirs, strict=True)
    ]


def _endless(ours: float, theirs: float) -> float:
    return 0.0 if ours == theirs else (NEVER if ours == inf else -NEVER)


def _extra(voters: Sequence[Matched]) -> float:
    """The part of the hop that opening connections did not see: the one by which the endpoints agree best on a factor."""
    pairs = [(median(each.ours), median(each.theirs)) for each in voters]
    known = [(ours, theirs) for ours, theirs in pairs if ours < inf and theirs < inf]
    speeds = [theirs for _, theirs in known]
    if len(known) < _VOTERS or max(speeds) < _SPEEDS * min(speeds):
        return 0.0
    costs = {extra: _cost(known, extra) for extra in _tried(known)}
    best = min(costs, key=costs.__getitem__)
    return best if costs[0.0] > _UNEVEN and costs[best] < _BETTER * costs[0.0] else 0.0


def _tried(known: Sequence[tuple[float, float]]) -> list[float]:
    """No answer comes sooner than its way takes: neither ours after a longer one, nor theirs."""
    ours, theirs = (min(each) for each in zip(*known, strict=True))
    steps = [step * 1e6 for step in _STEPS_MS]
    return [0.0, *(step for step in steps if step < ours), *(-step for step in steps if step < theirs)]


def _cost(known: Sequence[tuple[float, float]], extra: float) -> float:
    """How far the endpoints are from agreeing on a factor, in the mean of all but the worst, by whichever way shows more of it.

    What is left of our times without the hop agrees the better, the shorter it is made out to be, and our times agree with what
    factor and hop make of theirs the better, the more of it is hop: by chance each of them is believed alone.
    """
    logs = [log(max(ours - extra, _LEAST) / theirs) for ours, theirs in known]
    middle = median(logs)
    whole = [log(ours / max(exp(middle) * theirs + extra, _LEAST)) for ours, theirs in known]
    return max(_away([each - middle for each in logs]), _away(whole))


def _away(logs: Sequence[float]) -> float:
    away = sorted(map(abs, logs))[: -ceil(_ASIDE * len(logs))]
    return sum(away) / len(away)
