"""The connections that stand for recorded ones: `--connections recorded`.

Law: pure bookkeeping; the pool opens and closes. A recorded connection is known by its key, and has one of ours from its
first exchange until it has long had none. The subtle thing: a recording does not say when a connection ended, so ours are
closed for having had nothing to do: after a minute, or sooner where more are kept than there is room for.
"""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.engine.connection import Connection

__all__ = ["LONG_IDLE", "MOST_KEPT", "Kept"]

LONG_IDLE = 60_000_000_000
"""Ns of run time: services and balancers close what is idle for longer (nginx's keepalive_timeout is 75 s, an AWS load
balancer's idle timeout 60 s), so a recorded connection that was silent for so long has most likely ended."""

MOST_KEPT = 4_096
"""Connections kept for their keys: Locust raises the limit on descriptors to 10,000, and what is in flight, the store's
files and the desk need theirs."""


class Kept:
    """Connections by key, and since when each of them has rested."""

    __slots__ = ("_by_key", "_most", "_resting")

    def __init__(self, most: int = MOST_KEPT) -> None:
        """`most` is how many are kept before resting ones have to go."""
        self._most = most
        self._by_key: dict[str, Connection] = {}
        self._resting: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def take(self, key: str) -> Connection | None:
        """The resting connection of a key, which rests no longer; `None` if there is none, or it is busy."""
        return None if self._resting.pop(key, None) is None else self._by_key[key]

    def keep(self, key: str, connection: Connection) -> bool:
        """Make a connection its key's; `False` if the key has one."""
        return self._by_key.setdefault(key, connection) is connection

    def rest(self, key: str, connection: Connection, now: int) -> bool:
        """The connection has nothing to do; `False` if it is another that is kept for its key, and this one is in excess."""
        if not self.keep(key, connection):
            return False
        self._resting[key] = now
        return True

    def forget(self, key: str, connection: Connection) -> None:
        """The connection is closed: the next exchange of its key opens another."""
        if self._by_key.get(key) is connection:
            del self._by_key[key]
            self._resting.pop(key, None)

    def longest_resting(self) -> list[Connection]:
        """A quarter of the resting connections, at least one if there is any: those that should go to make room."""
        quarter = -(-len(self._resting) // 4)
        return [self._by_key[key] for key in islice(self._resting, quarter)]

    def stale(self, now: int) -> list[Connection]:
        """The resting connections that should go: those that have rested too long, and the longest resting above the most."""
        resting, long_ago = self._resting, now - LONG_IDLE
        tired = list(takewhile(lambda key: resting[key] < long_ago, resting))
        surplus = len(self._by_key) - len(tired) - self._most
        if surplus > 0:
            tired = list(islice(resting, len(tired) + surplus))
        return [self._by_key[key] for key in tired]
