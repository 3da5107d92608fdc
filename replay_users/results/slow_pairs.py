"""A few exchanges that took much longer than recorded, so that a person can ask for one again.

Law: pure, constant memory; redacted when they are taken in. Those with the smallest hashes of ids are kept, so that they are a
fair sample and the same whichever worker saw them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from replay_users.compare.show import redact_target
from replay_users.histogram import ratio_bucket
from replay_users.results.pairs import EVERY_HASH
from replay_users.results.slow import SLOW_RATIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.model import Flight

__all__ = ["SLOW_BUCKET", "SlowPair", "SlowPairs"]

SLOW_BUCKET = ratio_bucket(SLOW_RATIO)
"""Pairs in a bucket above are slow."""

_KEPT = 5
_TARGET_SHOWN = 500
"""A target's characters."""


@dataclass(frozen=True, slots=True, order=True)
class SlowPair:
    """One such exchange, redacted; times in ns."""

    id: str
    method: str
    target: str
    recorded: int
    service: int


Hashed: TypeAlias = tuple[int, SlowPair]
"""With the hash of its id before it."""


class SlowPairs:
    """The five with the smallest hashes of ids; the hot path asks `limit` by itself and calls `enter` for what belongs in."""

    __slots__ = ("kept", "limit")

    def __init__(self, limit: int = EVERY_HASH, kept: Sequence[Hashed] = ()) -> None:
        """`limit` is the largest hash that may still belong in, where another table knows."""
        self.limit = limit
        self.kept: list[Hashed] = []
        if kept:
            self._keep(kept)

    def enter(self, number: int, flight: Flight) -> None:
        """Keep this flight, whose id's hash is not above `limit`."""
        target = redact_target(flight.target)[:_TARGET_SHOWN]
        took = max(flight.done - flight.sent, 0)
        self._keep([(number, SlowPair(flight.id, flight.method, target, flight.duration or 0, took))])

    def merge(self, other: SlowPairs) -> None:
        """Look at all that the other looked at as well."""
        self.limit = min(self.limit, other.limit)
        self._keep(other.kept)

    def shown(self) -> list[SlowPair]:
        """In the order of their hashes."""
        return [pair for _, pair in self.kept]

    def _keep(self, more: Iterable[Hashed]) -> None:
        self.kept = sorted({*self.kept, *more})[:_KEPT]
        if len(self.kept) == _KEPT:
            self.limit = min(self.limit, self.kept[-1][0])
