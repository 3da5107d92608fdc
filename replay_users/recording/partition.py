"""Whose share a session is, and whether a sample holds it: decided by hash, without talking to anyone.

Law: pure, bytes in and small numbers out; never `hash()`, which differs between processes. The subtle thing: sampling
hashes with another key than partitioning, so that a 10 % sample is 10 % of every partition and not 10 % of the
partitions.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SAMPLE_BUCKETS", "SessionRows", "partition_of", "sample_bucket", "share_key", "shared_threshold"]

SAMPLE_BUCKETS = 1000
"""Sessions are hashed into this many buckets, so a sample comes in steps of 0.1 %."""

_SHARED_MIN_ROWS = 2000


def partition_of(key: bytes, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1, that owns a session (BLAKE2b mod P)."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big") % partitions


def sample_bucket(key: bytes) -> int:
    """The sample bucket of a session, 0 to 999: a sample of 10 % holds the buckets below 100."""
    digest = blake2b(key, digest_size=8, key=b"replay-users sample").digest()
    return int.from_bytes(digest, "big") % SAMPLE_BUCKETS


def share_key(session: bytes, connection: str | None, *, shared: bool) -> bytes:
    """What is hashed for an exchange: its session, or session and connection where the session is shared."""
    return session + b"\0" + (connection or "").encode() if shared else session


def shared_threshold(rows: int, partitions: int) -> int:
    """The most rows a session may have before it is split by connection.

    More than 1/(4P) of the recording would leave its owner with a lopsided share; below 2,000 rows that does not matter.
    """
    return max(_SHARED_MIN_ROWS, rows // (4 * partitions))


class SessionRows:
    """Rows per session, to find the large ones in bounded memory (Misra and Gries, "Finding repeated elements", 1982).

    Exact up to `2 * tracked` sessions. With more, no session is counted too high and none is short of more than
    rows / `tracked`: against a limit of rows / (4P) that is a hundredth of it at P = 256.
    """

    def __init__(self, tracked: int = 100_000) -> None:
        """`tracked` sessions at least are held, twice as many at most: about 30 MB."""
        self._tracked = tracked
        self._counts: Counter[bytes] = Counter()
        self.total = 0

    def add(self, sessions: Iterable[bytes]) -> None:
        """Count a row of each of these sessions."""
        for session in sessions:
            self._counts[session] += 1
            self.total += 1
            if len(self._counts) > 2 * self._tracked:
                self._forget()

    def _forget(self) -> None:
        """Take as much from every session as leaves the `tracked` largest at most."""
        taken = sorted(self._counts.values())[-self._tracked - 1]
        self._counts = Counter({session: rows - taken for session, rows in self._counts.items() if rows > taken})

    def above(self, limit: int) -> frozenset[bytes]:
        """The sessions with more rows than `limit`."""
        return frozenset(session for session, rows in self._counts.items() if rows > limit)
