"""Whether an endpoint as a whole became slower.

Law: pure. The effect is the median pair ratio, after what the environment explains; the evidence is an exchange test of the
scores `log ratio - log bound`, clipped where they are too far out for their size to say anything.
The subtle thing: one slow hour moves a median too. So the excess must also be there in half of all stretches of time, and more
than one session must have seen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log
from statistics import median
from typing import TYPE_CHECKING

from replay_users.results.gate.environment import NEVER
from replay_users.results.gate.latency_blocks import exchange_p, likeness, swayed
from replay_users.results.gate.latency_finding import Finding
from replay_users.results.gate.latency_presence import presence_of
from replay_users.results.gate.model import Decision
from replay_users.results.gate.statistics import lower_rank
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.environment import Environment
    from replay_users.results.gate.latency_blocks import Blocks, Span
    from replay_users.results.gate.latency_pairs import Matched
    from replay_users.results.gate.latency_presence import Presence
    from replay_users.results.gate.latency_settings import LatencySettings

__all__ = ["NAME", "Shift", "bound_p", "shift_finding", "shift_of"]

NAME = "latency"
_NOTABLE = log(1.1)
"""By so much the run as a whole must differ to be told beside each endpoint."""
_CLIP = 1.25
"""In sigmas: Huber's score, 94 % as sure as a mean of normal noise, and deaf to outliers. Of clips from 0.5 to 3 and of ranks
it finds most in the simulations (2x on 50 requests: 98 %)."""
_NORMAL_MAD = 1.4826
"""Times the median deviation is sigma, if noise is normal (Rousseeuw and Croux 1993)."""
_UNRESTS = 2.0
"""So many sigmas of what endpoints differ by themselves are added to the bound."""
_SURE_P = 0.005
"""Of an endpoint that was asked in a burst, by itself: then it is no chance that it is slower there."""
_FEW_SUMS = 16
"""So few can hardly be sure among many checks: 2^-16 is 0.0015 %."""
_LEAST_SIGMA = 0.02
"""Noise below 2 % is the resolution of clocks."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """What was measured of an endpoint: the logarithms of its pair ratios, their median and noise, and how they wander."""

    matched: Matched
    blocks: Blocks
    logs: Sequence[float]
    middle: float
    sigma: float

    @cached_property
    def centred(self) -> list[float]:
        """The blocks' sums about its own median."""
        return self.blocks.sums(self.scores(self.middle))

    @cached_property
    def likeness(self) -> float:
        """Of its blocks to the ones before, as far as clocks can see it."""
        return likeness(self.centred, unseen=len(self.blocks.sizes) * _LEAST_SIGMA**2)

    def sway(self, run_likeness: float) -> float:
        """By how much its sums are less certain than if blocks had nothing to do with each other."""
        return swayed(self.likeness, run_likeness, len(self.centred))

    def scores(self, bound: float) -> list[float]:
        """How far each pair ratio is above the bound (a logarithm)."""
        clip = _CLIP * self.sigma
        return [max(-clip, min(clip, each - bound)) for each in self.logs]


def shift_of(matched: Matched, logs: Sequence[float], blocks: Blocks) -> Shift:
    """Measure an endpoint."""
    middle = median(logs)
    sigma = max(_LEAST_SIGMA, _NORMAL_MAD * median(abs(each - middle) for each in logs))
    return Shift(matched=matched, blocks=blocks, logs=logs, middle=middle, sigma=sigma)


def bound_p(shift: Shift, times: float, run_likeness: float) -> float:
    """How likely ratios like these are, if the endpoint takes at most so many `times` as long."""
    sums = shift.blocks.sums(shift.scores(log(times)))
    return exchange_p(sums, shift.sway(run_likeness))


def shift_finding(
    shift: Shift,
    span: Span,
    environment: Environment,
    settings: LatencySettings,
    *,
    run_likeness: float,
    unrest: float,
    other: str,
) -> Finding:
    """The claim that the endpoint takes longer than it may, and than endpoints do by themselves in one run or another."""
    matched = shift.matched
    longer = median(map(environment.longer_ns, matched.ours, matched.theirs))
    is_large = shift.middle > log(settings.shift) and longer >= settings.floor_ms * 1e6
    bound = log(settings.shift_bound) + _UNRESTS * unrest
    scores = shift.scores(bound)
    sums = shift.blocks.sums(scores)
    p = exchange_p(sums, shift.sway(run_likeness))
    presence = presence_of(matched, scores, span) if is_large else None
    holds = presence is not None and presence.is_everywhere and presence.sessions_suffice(settings.min_sessions)
    doubt = _doubt(presence, settings, p, sums)
    value, lower = _times(shift.middle), _times(_lower(shift, run_likeness))
    return Finding(
        name=NAME,
        endpoint=matched.endpoint,
        p=p,
        verdict=Decision.FAIL if holds else Decision.PASS,
        value=value,
        limit=settings.shift,
        sentence=f"{matched.endpoint} {_told(shift, value, lower, other, environment)}"
        + (f", the limit is {settings.shift:g}x" if value is not None else "")
        + (f"; by themselves endpoints differ by {100 * unrest:.0f} %" if unrest and is_large else "")
        + (presence.told(settings.min_sessions) if presence is not None and not holds and not doubt else "")
        + matched.pooled,
        advisory=False,
        doubt=doubt,
        numbers={"ratio": value, "lower": lower, "bound": round(exp(bound), 4), **_numbers(matched, longer)},
    )


def _doubt(presence: Presence | None, settings: LatencySettings, p: float, sums: Sequence[float]) -> str:
    """Of an endpoint that is slower whenever it was asked, at so few moments that this is not sure, or may be one event."""
    if presence is None or not presence.sessions_suffice(settings.min_sessions):
        return ""
    is_always = min(sums) > 0
    if presence.is_brief and (is_always or p <= _SURE_P):
        return (
            f"; it was asked in {presence.of_apart} of 20 parts of the run only, where an event looks just the same: replay a"
            " longer part of the recording"
        )
    if presence.is_everywhere and is_always and len(sums) < _FEW_SUMS:
        return "; the moments at which it was asked are too few to be sure of it: replay a longer part of the recording"
    return ""


def _numbers(matched: Matched, longer: float) -> dict[str, float | int | str | None]:
    """What the claim is made of, beside its ratio and bounds."""
    return {
        "longer_ms": _ms(longer),
        "median_ms": _ms(median(matched.ours)),
        "other_median_ms": _ms(median(matched.theirs)),
        "pairs": len(matched),
        "endpoints": len(matched.members),
        "sessions": len(set(matched.sessions)),
        "other_work": matched.other_work,
        "warm_up": matched.warm_up,
        "alone": matched.alone,
    }


def _lower(shift: Shift, run_likeness: float) -> float | None:
    """The order statistic that the true median is above with 99 % confidence, of as many pairs as these are worth."""
    worth = round(len(shift.logs) / shift.sway(run_likeness))
    rank = lower_rank(worth)
    return None if rank is None else sorted(shift.logs)[rank * len(shift.logs) // worth]


def _times(log_ratio: float | None) -> float | None:
    """`None` if it is not known, or to something that never came (or half never, which is between)."""
    return None if log_ratio is None or abs(log_ratio) >= NEVER / 4 else round(exp(log_ratio), 4)


def _ms(ns: float) -> float | None:
    return round(ns / 1e6, 3) if abs(ns) < inf else None


def _told(shift: Shift, value: float | None, lower: float | None, other: str, environment: Environment) -> str:
    """A ratio is beside the run as a whole, which is said where that makes a difference."""
    matched = shift.matched
    of_pairs = several(len(matched), "pair")
    if value is None:
        return (
            f"mostly gets no answer ({of_pairs})" if shift.middle > 0 else f"mostly got no answer {other} ({of_pairs})"
        )
    ours, theirs = _ms(median(matched.ours)), _ms(median(matched.theirs))
    sure = f"at least {lower:.2f}x, " if lower is not None else ""
    whole = environment.factor
    beside = f", relative to {whole:.2f}x of the run as a whole" if abs(log(whole)) > _NOTABLE else ""
    return f"takes {value:.2f}x as long as {other}{beside} ({sure}{_of(theirs)} -> {_of(ours)} in the median of {of_pairs})"


def _of(ms: float | None) -> str:
    return "no answer" if ms is None else f"{ms:,.0f} ms" if ms >= 10 else f"{ms:.1f} ms"  # noqa: PLR2004 - two digits
