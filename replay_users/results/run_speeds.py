"""How long the endpoints took in two runs of the same, exchange by exchange, as a table that people read.

Law: pure; two samples in, values out; the verdict on them is the gate's. An answer that never came is longer than any number.
The subtle thing: a median of two runs may move although no exchange does, so the ratio is that of the same exchange in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf
from statistics import median
from typing import TYPE_CHECKING, Final

from replay_users.results.gate import Decision
from replay_users.results.validity import CheckKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.results.gate import Check
    from replay_users.results.pairs import Pair
    from replay_users.results.samples import Samples

__all__ = ["RunSpeed", "run_speeds"]

_P95: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpeed:
    """How long an endpoint took in both runs, over the exchanges that are in both samples; ms, `over` beyond all answers.

    `ratio` is the median of candidate / baseline of the same exchange. `verdict` is the gate's on the endpoint's times.
    """

    endpoint: str
    pairs: int
    baseline_p50_ms: float | str | None
    candidate_p50_ms: float | str | None
    baseline_p95_ms: float | str | None
    candidate_p95_ms: float | str | None
    ratio: float | str | None
    verdict: str | None


def run_speeds(theirs: Samples, ours: Samples, checks: Sequence[Check]) -> Iterator[RunSpeed]:
    """Each endpoint that both samples have something of, those that failed first, then the slowest."""
    rows = [
        _speed(endpoint, pairs, theirs.pairs.get(endpoint, ()), _verdict(checks, endpoint))
        for endpoint, pairs in ours.pairs.items()
    ]
    found = [row for row in rows if row.pairs]
    yield from sorted(found, key=lambda row: (row.verdict != Decision.FAIL, -_size(row.ratio), row.endpoint))


def _verdict(checks: Sequence[Check], endpoint: str) -> str | None:
    """The gate's on its times; `None` where it says nothing."""
    found = {check.verdict for check in checks if check.kind is CheckKind.LATENCY and check.endpoint == endpoint}
    return next((str(each) for each in (Decision.FAIL, Decision.INCONCLUSIVE, Decision.PASS) if each in found), None)


def _speed(endpoint: str, ours: Sequence[Pair], theirs: Sequence[Pair], verdict: str | None) -> RunSpeed:
    known = {pair.id: pair for pair in theirs}
    both = [(known[pair.id], pair) for pair in ours if pair.id in known]
    both = [(one, other) for one, other in both if _is_same_work(one, other)]
    before, now = [_ms(one) for one, _ in both], [_ms(other) for _, other in both]
    return RunSpeed(
        endpoint=endpoint,
        pairs=len(both),
        baseline_p50_ms=_point(before, 0.5),
        candidate_p50_ms=_point(now, 0.5),
        baseline_p95_ms=_point(before, _P95),
        candidate_p95_ms=_point(now, _P95),
        ratio=_rounded(median(map(_ratio, before, now))) if both else None,
        verdict=verdict,
    )


def _is_same_work(one: Pair, other: Pair) -> bool:
    """An error page is quicker than what it stands for; an answer that never came is slower than any."""
    return not (one.status and other.status) or one.status // 100 == other.status // 100


def _ms(pair: Pair) -> float:
    return inf if pair.service is None else pair.service / 1e6


def _ratio(before: float, now: float) -> float:
    if isinf(now):
        return 1.0 if isinf(before) else inf
    return now / before if before else 1.0 if not now else inf


def _point(values: Sequence[float], share: float) -> float | str | None:
    """The smallest value that so many are not above."""
    if not values:
        return None
    ranked = sorted(values)
    return _rounded(ranked[min(len(ranked) - 1, int(share * len(ranked)))])


def _rounded(value: float) -> float | str:
    return "over" if isinf(value) else round(value, 3)


def _size(ratio: float | str | None) -> float:
    return inf if isinstance(ratio, str) else ratio or 0.0
