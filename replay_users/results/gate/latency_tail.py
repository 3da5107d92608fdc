"""Whether some of an endpoint's requests became far slower, or are never answered, while most did not.

Law: pure. Far slower is: than the endpoint as a whole, beyond its noise; those that became far faster by as much are set
against them, since chance and caches make both. A comparison of p95s needs four times the requests for the same certainty:
most of what stands in a tail is there for what was asked, not for who answered, and pairs know.
The subtle thing: what the environment or a shift explains is taken off, but where an endpoint became faster nothing is, or
its unchanged tail would look slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, exp, inf, log
from typing import TYPE_CHECKING

from replay_users.results.gate.environment import NEVER
from replay_users.results.gate.latency_blocks import exchange_p, least_p, likeness, swayed
from replay_users.results.gate.latency_finding import Finding
from replay_users.results.gate.latency_presence import presence_of
from replay_users.results.gate.model import Decision
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.environment import Environment
    from replay_users.results.gate.latency_blocks import Span
    from replay_users.results.gate.latency_presence import Presence
    from replay_users.results.gate.latency_settings import LatencySettings
    from replay_users.results.gate.latency_shift import Shift

__all__ = ["NAME", "Tail", "tail_finding", "tail_of"]

NAME = "latency tail"
_BEYOND, _SURE = 2.0, 3.0
"""In sigmas: below, it is noise; from there on it counts in full; a line between. Measured on a tail of 8 % at 6x in 1,000
requests: found 100 % of the time, with a step at 2 sigmas 97 %, by Holm among 160."""
_FARTHEST = 7.0
"""1,000 times is far, however wild the noise (it is without measure where half of the answers never come)."""
_NEVER_SCORE = 2.0
"""An answer that never came is no noise at all."""
_MOST_P = 0.01
_ERRORS = 2.0
"""What is far out is rare, and a few next to each other look like more than they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What was measured of an endpoint: the score of each pair, the blocks' sums, and from how many times on it is far."""

    shift: Shift
    scores: Sequence[float]
    sums: Sequence[float]
    likeness: float
    times: float

    @property
    def slower(self) -> int:
        """Pairs that became far slower."""
        return sum(score > 0 for score in self.scores)

    @property
    def faster(self) -> int:
        """Pairs that became far faster."""
        return sum(score < 0 for score in self.scores)


def tail_of(shift: Shift, environment: Environment, settings: LatencySettings) -> Tail:
    """Score an endpoint's pairs: 1 for each that is far slower beyond doubt, -1 for the opposite, 0 for most."""
    centre = min(max(shift.middle, 0.0), NEVER)
    beyond = min(_FARTHEST, max(log(settings.tail), _BEYOND * shift.sigma))
    sure = max(beyond, _SURE * shift.sigma)
    by = environment.factor * exp(centre)
    floor = settings.floor_ms * 1e6
    scores = [
        _score(each - centre, beyond, sure)
        if abs(each - centre) > beyond and _apart(ours - environment.extra_ns, by * theirs, floor)
        else 0.0
        for each, ours, theirs in zip(shift.logs, shift.matched.ours, shift.matched.theirs, strict=True)
    ]
    sums = shift.blocks.sums(scores)
    return Tail(shift=shift, scores=scores, sums=sums, likeness=likeness(sums), times=exp(beyond))


def _apart(ours: float, theirs: float, floor: float) -> bool:
    return ours != theirs and abs(ours - theirs) >= floor


def _score(away: float, beyond: float, sure: float) -> float:
    size = abs(away)
    partly = 1.0 if size >= sure else (size - beyond) / (sure - beyond)
    return copysign(_NEVER_SCORE if size >= NEVER / 2 else partly, away)


def tail_finding(
    tail: Tail, span: Span, settings: LatencySettings, *, run_likeness: float, endpoints: int, other: str
) -> Finding:
    """The claim that more requests became far slower than may; none where so few differ that it could never be believed."""
    matched, slower, faster = tail.shift.matched, tail.slower, tail.faster
    excess = (slower - faster) / len(matched)
    presence = _presence(tail, span, settings) if excess > settings.tail_share else None
    holds = presence is not None and presence.is_everywhere and presence.sessions_suffice(settings.min_sessions)
    told = presence.told(settings.min_sessions) if presence is not None and not holds else ""
    unanswered = sum(ours == inf for ours in matched.ours)
    p = _p(
        tail, excess, settings.tail_bound_share, swayed(tail.likeness, run_likeness, len(tail.sums), _ERRORS), endpoints
    )
    return Finding(
        name=NAME,
        endpoint=matched.endpoint,
        p=p,
        verdict=Decision.FAIL if holds and p is not None else Decision.PASS,
        value=round(excess, 6),
        limit=settings.tail_share,
        sentence=_sentence(tail, settings, unanswered, other) + told + matched.pooled,
        advisory=False,
        numbers={
            "slower": slower,
            "faster": faster,
            "times": round(tail.times, 3),
            "unanswered": unanswered,
            "other_unanswered": sum(theirs == inf for theirs in matched.theirs),
            "p95_ms": _p95(matched.ours),
            "other_p95_ms": _p95(matched.theirs),
            "pairs": len(matched),
        },
    )


def _presence(tail: Tail, span: Span, settings: LatencySettings) -> Presence:
    """Where more than a third of what may be is far slower: what chance leaves in a stretch is no excess."""
    level = settings.tail_share / 3
    return presence_of(tail.shift.matched, [score - level for score in tail.scores], span)


def _p(tail: Tail, excess: float, bound: float, sway: float, endpoints: int) -> float | None:
    """`None` where not even an excess of all that differs could be believed, which says nothing of how it differs (Tarone)."""
    if least_p(tail.sums) > _MOST_P / endpoints:
        return None
    return exchange_p(tail.sums, sway, kept=1 - bound / excess) if excess > bound else 1.0


def _sentence(tail: Tail, settings: LatencySettings, unanswered: int, other: str) -> str:
    matched = tail.shift.matched
    silent = f", {unanswered:,} of them unanswered" if unanswered else ""
    return (
        f"{tail.slower:,} of {several(len(matched), 'pair')} of {matched.endpoint} became far slower than {other} (over"
        f" {tail.times:.1f}x{silent}) and {tail.faster:,} far faster; the limit of the difference is"
        f" {100 * settings.tail_share:g} %"
    )


def _p95(times: Sequence[float]) -> float | None:
    """Nearest rank, in ms; `None` if that one was never answered."""
    found = sorted(times)[max(0, -(-95 * len(times) // 100) - 1)]
    return round(found / 1e6, 3) if found < inf else None
