"""Whether everything became slower together.

Law: pure. What all endpoints share is the environment's and blamed on none of them, so this is the only check that can see a
release which slows down all. It must be sure that more than half of the endpoints are above the limit, not merely above
nothing: two runs an hour apart often differ by a third as a whole. Above the limit and not sure is no pass either, since no
other check would tell.
The subtle thing: a wait that all share is not seen by a factor. It is told, and decides nothing, because a load balancer
between us and the service looks just the same.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from replay_users.results.gate.latency_finding import Finding
from replay_users.results.gate.latency_shift import bound_p
from replay_users.results.gate.model import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.environment import Environment
    from replay_users.results.gate.latency_settings import LatencySettings
    from replay_users.results.gate.latency_shift import Shift

__all__ = ["NAME", "uniform_finding"]

NAME = "latency of all"
_UNSURE = "; the requests are too few or too restless to be sure of it: replay more of them, or the baseline run again"


def uniform_finding(
    shifts: Sequence[Shift],
    environment: Environment,
    settings: LatencySettings,
    *,
    run_likeness: float,
    other: str,
) -> Finding:
    """The claim that the run as a whole takes longer than it may."""
    voters = [shift for shift in shifts if shift.matched.endpoint in environment.voters] or shifts
    is_large = environment.factor > settings.uniform and (
        environment.extra_ns >= 0 or _take_longer(voters, settings.uniform)
    )
    p = _most_are_above(voters, settings.uniform / environment.factor, run_likeness) if is_large else 1.0
    extra_ms = environment.extra_ns / 1e6
    wait = (
        f", and {abs(extra_ms):.1f} ms {'longer' if extra_ms > 0 else 'shorter'} beyond what opening connections shows"
    )
    return Finding(
        name=NAME,
        endpoint=None,
        p=p,
        verdict=Decision.FAIL if is_large else Decision.PASS,
        value=round(environment.factor, 4),
        limit=settings.uniform,
        sentence=f"{_together(len(voters))} {environment.factor:.2f}x as long as {other}"
        f"{wait if extra_ms else ''}, the limit is {settings.uniform:g}x; each is judged beside the others",
        advisory=False,
        doubt=_UNSURE if is_large else "",
        numbers={"factor": round(environment.factor, 4), "extra_ms": extra_ms, "endpoints": len(voters)},
    )


def _together(endpoints: int) -> str:
    return f"all {endpoints:,} endpoints together take" if endpoints > 1 else "everything together takes"


def _take_longer(voters: Sequence[Shift], times: float) -> bool:
    """Whether half of them take so many times as long with their ways: a shorter one makes up for a larger factor."""
    above = [median(each.matched.ours) > times * median(each.matched.theirs) for each in voters]
    return 2 * sum(above) >= len(above)


def _most_are_above(voters: Sequence[Shift], times: float, run_likeness: float) -> float:
    """How likely it is that no more than half of the endpoints are above: a partial conjunction (Benjamini, Heller 2008)."""
    ps = sorted(bound_p(shift, times, run_likeness) for shift in voters)
    needed = len(ps) // 2 + 1
    return min(1.0, (len(ps) - needed + 1) * ps[needed - 1])
