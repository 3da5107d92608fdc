"""Pairs of heads that were found to agree, recognised again in 0.35 us although time has moved on.

Law: pure and bounded. It only ever says what a comparison has said before; whatever it does not recognise is compared.
The subtle thing: one pair is remembered per endpoint and size of the body, since then nothing but the date differs as a
rule. Of each head it keeps what stands before the time of day and what follows it, up to the empty line. The eight bytes
between, before ` GMT`, cannot hold a header that is compared.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

__all__ = ["KnownHeads"]

_MOST = 2048
_LARGEST = 2048
"""Bytes of a head that is remembered, so that all of them take 16 MB at most."""

_TIME: Final = re.compile(rb"(?:\A|\n)date: \w{3}, \d\d \w{3} \d{4} (\d\d:\d\d:\d\d) GMT\r\n", re.IGNORECASE)
_END = b"\r\n\r\n"

_Pair: TypeAlias = "tuple[int, bytes, bytes, int, bytes, bytes, int]"
"""Length of the recorded head; of each side what is before the time of day, what follows it, and where that begins."""


class KnownHeads:
    """The pairs that agree, by endpoint and size of the body."""

    __slots__ = ("_pairs",)

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, int], _Pair] = {}

    def agree(self, endpoint: int, size: int, recorded: bytes, received: bytes) -> bool:
        """Whether these two are a known pair, but for the time of day; `received` may go on after the head."""
        pair = self._pairs.get((endpoint, size))
        if pair is None:
            return False
        length, before, after, end, their_before, their_after, their_end = pair
        return (
            len(recorded) == length
            and received.startswith(their_after, their_end)
            and received.startswith(their_before)
            and recorded.startswith(after, end)
            and recorded.startswith(before)
        )

    def learn(self, endpoint: int, size: int, recorded: bytes, received: bytes) -> None:
        """Remember that these two agree."""
        whole = received.find(_END) + len(_END)
        if whole < len(_END) or max(len(recorded), whole) > _LARGEST:
            return
        if len(self._pairs) >= _MOST:
            self._pairs.clear()
        ours, theirs = _around_the_time(recorded), _around_the_time(received[:whole])
        self._pairs[endpoint, size] = (len(recorded), *ours, *theirs)


def _around_the_time(head: bytes) -> tuple[bytes, bytes, int]:
    found = _TIME.search(head)
    begin, end = found.span(1) if found else (0, 0)
    return head[:begin], head[end:], end
