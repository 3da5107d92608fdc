"""Which share of an endpoint's answers is compared, where somebody asked for less than all of them.

Law: pure. The choice falls by a hash of the exchange's id, so that it is the same in every run and says nothing of the
answer. What is not chosen is `unchecked`, equal or not: to look at some of it would make what differs look rarer or more
frequent than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zlib import crc32

from replay_users.errors import UsageError
from replay_users.plan.selection import Pattern, parse_sample
from replay_users.recording.partition import SAMPLE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SAMPLED", "Sampling", "parse_sampling"]

SAMPLED: Final = "sampled"
"""Why a pair was not compared where only a share was asked for."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Globs over endpoints with their shares (of `SAMPLE_BUCKETS`); the first that matches holds, and without one it is all."""

    shares: tuple[tuple[Pattern, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.shares)

    def share(self, endpoint: str) -> int:
        """The share of an endpoint."""
        return next((share for pattern, share in self.shares if pattern.matches(endpoint)), SAMPLE_BUCKETS)

    def chooses(self, endpoint: str, id: str) -> bool:  # noqa: A002 - the recording's column name
        """Whether this exchange is compared."""
        share = self.share(endpoint)
        return share >= SAMPLE_BUCKETS or crc32(id.encode()) % SAMPLE_BUCKETS < share

    def texts(self) -> list[str]:
        """The shares as they were given."""
        return [f"{pattern.text}={share * 100 / SAMPLE_BUCKETS:g}%" for pattern, share in self.shares]

    def idle(self, endpoints: Sequence[str]) -> list[str]:
        """The globs that match none of these endpoints: most likely mistyped."""
        return [pattern.text for pattern, _ in self.shares if not any(map(pattern.matches, endpoints))]


def parse_sampling(texts: Iterable[str]) -> Sampling:
    """Read `GLOB=SHARE` texts, such as `GET /big*=10%`.

    Raises:
        UsageError: one has no glob or no share.
    """
    return Sampling(tuple(_parse(text) for text in texts))


def _parse(text: str) -> tuple[Pattern, int]:
    glob, equals, share = text.rpartition("=")
    if not equals or not glob.strip():
        raise UsageError(f"--compare-sample {text[:80]!r}: write GLOB=SHARE, such as 'GET /big*=10%'")
    try:
        return Pattern(glob.strip()), parse_sample(share)
    except UsageError:
        raise UsageError(
            f"--compare-sample {text[:80]!r}: the share is from 0.1% to 100%, in steps of 0.1%, as in 'GET /big*=10%'"
        ) from None
