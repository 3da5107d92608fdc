"""Pairs for the tests of latency checks, made by hand: one exchange a second, each of a session of its own unless said."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from replay_users.results.gate.latency_blocks import Span
from replay_users.results.gate.latency_pairs import Matched
from replay_users.results.pairs import Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MS", "SPAN", "S", "matched", "noisy", "pair", "pairs"]

MS, S = 1_000_000, 1_000_000_000
SPAN = Span(0, 600 * S)


def pair(number: int, service_ms: float | None = 10.0, **changes: int) -> Pair:
    """The exchange of this number; 200, or no answer at all."""
    service = None if service_ms is None else round(service_ms * MS)
    given = {
        "session": number,
        "due": number * S,
        "recorded": 10 * MS,
        "status": 0 if service is None else 200,
        **changes,
    }
    return Pair(id=number, service=service, **given)


def pairs(times_ms: Sequence[float | None], *, over_s: float = 600) -> list[Pair]:
    """Exchanges that took so long, evenly spread."""
    step = over_s / max(1, len(times_ms))
    return [pair(nth, took, due=round(nth * step * S)) for nth, took in enumerate(times_ms)]


def noisy(count: int, base_ms: float = 40.0, *, seed: int = 1, sigma: float = 0.3) -> list[float]:
    """Times with noise."""
    random = Random(seed)
    return [base_ms * random.lognormvariate(0, sigma) for _ in range(count)]


def matched(
    ours_ms: Sequence[float],
    theirs_ms: Sequence[float],
    *,
    endpoint: str = "GET /a",
    session: Callable[[int], int] = lambda nth: nth,
    over_s: float = 600,
) -> Matched:
    """Exchanges in both runs, evenly spread over the time that is looked at."""
    step = over_s * S / max(1, len(ours_ms))
    return Matched(
        endpoint=endpoint,
        members=(endpoint,),
        due=[round(nth * step) for nth in range(len(ours_ms))],
        sessions=[session(nth) for nth in range(len(ours_ms))],
        ours=[took * MS for took in ours_ms],
        theirs=[took * MS for took in theirs_ms],
    )
