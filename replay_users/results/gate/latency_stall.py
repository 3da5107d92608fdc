"""A time in which everything was slow, and which was over again: told once, instead of blamed on the endpoints it met.

Law: pure; pairs with their tail scores in, at most one finding out, which decides nothing. The subtle thing: a stall is short
by definition. Where more than a quarter of the run is slow, it is no event, and the checks of endpoints have it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.results.gate.latency_blocks import BLOCKS
from replay_users.results.gate.latency_finding import Finding
from replay_users.results.gate.model import Decision
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.results.gate.latency_blocks import Span
    from replay_users.results.gate.latency_tail import Tail

__all__ = ["NAME", "stall_finding"]

NAME = "latency stall"
_SHARE = 0.25
"""Of the pairs of a block: far slower, beyond those far faster."""
_PAIRS, _SLOWER, _SESSIONS = 5, 10, 3
_LONGEST = 0.25
"""Of the blocks in which anything was asked."""


@dataclass(slots=True)
class _Block:
    """What a block of the run holds, over all endpoints."""

    pairs: int = 0
    excess: int = 0
    slower: list[tuple[int, int, str]] = field(default_factory=list)
    """Due, session, endpoint."""

    @property
    def is_slow(self) -> bool:
        return self.pairs >= _PAIRS and self.excess >= _SHARE * self.pairs


def stall_finding(tails: Iterable[Tail], span: Span) -> Finding | None:
    """The worst stretch of slow blocks, if there is one and most of the run is not slow."""
    blocks = _counted(tails, span)
    slow = [nth for nth, block in blocks.items() if block.is_slow]
    if not slow or len(slow) > _LONGEST * len(blocks):
        return None
    worst = max(_neighbours(sorted(slow)), key=lambda part: sum(len(blocks[nth].slower) for nth in part))
    hit = [each for nth in worst for each in blocks[nth].slower]
    if len(hit) < _SLOWER or len({session for _, session, _ in hit}) < _SESSIONS:
        return None
    return _finding(hit, sum(blocks[nth].pairs for nth in worst))


def _counted(tails: Iterable[Tail], span: Span) -> dict[int, _Block]:
    blocks: dict[int, _Block] = {}
    for tail in tails:
        matched = tail.shift.matched
        for due, session, score in zip(matched.due, matched.sessions, tail.scores, strict=True):
            block = blocks.setdefault(span.part(due, BLOCKS), _Block())
            block.pairs += 1
            if score:
                block.excess += 1 if score > 0 else -1
            if score > 0:
                block.slower.append((due, session, matched.endpoint))
    return blocks


def _neighbours(slow: Sequence[int]) -> list[list[int]]:
    """Runs of blocks; one block between two slow ones does not part them."""
    parts: list[list[int]] = []
    for nth in slow:
        if parts and nth - parts[-1][-1] <= 2:  # noqa: PLR2004 - one between
            parts[-1].append(nth)
        else:
            parts.append([nth])
    return parts


def _finding(hit: Sequence[tuple[int, int, str]], pairs: int) -> Finding:
    begin, end = (pick(due for due, _, _ in hit) / 1e9 for pick in (min, max))
    endpoints = len({endpoint for _, _, endpoint in hit})
    sentence = (
        f"a stall from {_clock(begin)} to {_clock(end)} of the run: {len(hit):,} of {pairs:,} pairs of"
        f" {several(endpoints, 'endpoint')} became far slower there; it is an event, no regression"
    )
    return Finding(
        name=NAME,
        endpoint=None,
        p=None,
        verdict=Decision.PASS,
        value=round(end - begin, 3),
        limit=None,
        sentence=sentence,
        advisory=True,
        numbers={
            "from_s": round(begin, 3),
            "to_s": round(end, 3),
            "slower": len(hit),
            "pairs": pairs,
            "endpoints": endpoints,
        },
    )


def _clock(at_s: float) -> str:
    minutes, seconds = divmod(int(at_s), 60)
    return f"{minutes}:{seconds:02d}"
