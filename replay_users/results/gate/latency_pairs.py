"""The same exchange in two runs, side by side: what the latency checks look at.

Law: pure; two samples in, matched times out, and the count of all that was left out. Only our own lag leaves a pair out (it
is not in the samples at all); an answer that never came is larger than any number. The subtle thing: an answer of another
status class is another work (a 404 is quicker than what it stands for), so such pairs are counted apart, on neither side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from replay_users.results.pairs import Pair

__all__ = ["Matched", "match_pairs", "pool"]

_LEAST = 1_000.0
"""1 us is left of a time at least, once the hop was taken off it."""
_NAMED = 5
"""Members of a pool that a sentence names."""
_due = attrgetter("due")


@dataclass(slots=True, kw_only=True)
class Matched:
    """Exchanges of an endpoint (or of a pool of small ones) in both runs, as they were due; times in ns, without the hop."""

    endpoint: str
    members: tuple[str, ...]
    """The endpoints in it."""
    due: list[int] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    warm_up: int = 0
    """Left out: due too early."""
    other_work: int = 0
    """Left out: of another status class than in the other run."""
    alone: int = 0
    """Left out: not in the other run's sample."""

    def __len__(self) -> int:
        return len(self.due)

    @property
    def pooled(self) -> str:
        """For the end of a sentence, what a pool is made of; nothing of a single endpoint."""
        if len(self.members) <= 1:
            return ""
        more = len(self.members) - _NAMED
        return f"; the pool is {', '.join(self.members[:_NAMED])}{f' and {more:,} more' if more > 0 else ''}"


def match_pairs(
    candidate: Mapping[str, Sequence[Pair]],
    baseline: Mapping[str, Sequence[Pair]] | None,
    *,
    hops_ns: tuple[float, float],
    warm_up_ns: float,
) -> list[Matched]:
    """Each endpoint of the candidate run with what the other run has of it; without one, with the recorded times."""
    return [
        _matched(endpoint, pairs, _others(endpoint, pairs, baseline), hops_ns, warm_up_ns)
        for endpoint, pairs in candidate.items()
    ]


def _others(
    endpoint: str, pairs: Sequence[Pair], baseline: Mapping[str, Sequence[Pair]] | None
) -> dict[int, tuple[int | None, int]]:
    """By id: how long it took on the other side, and the status there (of a recorded one the pair does not tell)."""
    if baseline is None:
        return {pair.id: (pair.recorded, pair.status) for pair in pairs}
    return {pair.id: (pair.service, pair.status) for pair in baseline.get(endpoint, ())}


def _matched(
    endpoint: str,
    pairs: Sequence[Pair],
    others: dict[int, tuple[int | None, int]],
    hops_ns: tuple[float, float],
    warm_up_ns: float,
) -> Matched:
    found = Matched(endpoint=endpoint, members=(endpoint,))
    for pair in sorted(pairs, key=_due):
        other, status = others.get(pair.id, (None, -1))
        if pair.due < warm_up_ns:
            found.warm_up += 1
        elif status < 0:
            found.alone += 1
        elif pair.service is not None and other is not None and pair.status // 100 != status // 100:
            found.other_work += 1
        else:
            found.due.append(pair.due)
            found.sessions.append(pair.session)
            found.ours.append(_without(pair.service, hops_ns[0]))
            found.theirs.append(_without(other, hops_ns[1]))
    return found


def _without(took: int | None, hop: float) -> float:
    return inf if took is None else max(took - hop, _LEAST)


def pool(name: str, small: Iterable[Matched]) -> Matched:
    """Several as one."""
    parts = list(small)
    rows = sorted(row for part in parts for row in zip(part.due, part.sessions, part.ours, part.theirs, strict=True))
    due, sessions, ours, theirs = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    return Matched(
        endpoint=name,
        members=tuple(member for part in parts for member in part.members),
        due=due,
        sessions=sessions,
        ours=ours,
        theirs=theirs,
        warm_up=sum(part.warm_up for part in parts),
        other_work=sum(part.other_work for part in parts),
        alone=sum(part.alone for part in parts),
    )
