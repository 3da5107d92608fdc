"""How much of a pair is looked at, all in one place: what lies beyond is counted or `unchecked`, never taken for equal.

Law: numbers with their reasons, nothing else. `Limits` bounds the work of one judgement in bytes, values and levels, and by
that in time and memory. The subtle thing: a limit is asked before the work it bounds is done, so that a hostile body costs
no more than the largest honest one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "IN_HUB",
    "LIMITS",
    "MAX_BODY",
    "MAX_DECODED",
    "MAX_DEPTH",
    "MAX_DIFFERENCES",
    "MAX_NESTING",
    "MAX_NODES",
    "Limits",
]

MAX_BODY: Final = 1 << 20
"""Bytes of a body as on the wire: as many as a recording stores, and as the engine keeps of an answer."""

MAX_DECODED: Final = 8 << 20
"""Bytes of a decoded body: JSON and HTML rarely shrink to less than an eighth, while 64 KB of gzip can hold 64 MB."""

MAX_DEPTH: Final = 2048
"""Levels of JSON: honest bodies have some tens, orjson reads 1,024, and paths cost the square of it (2,048: 20 ms)."""

MAX_NESTING: Final = 512
"""Levels of HTML and XML: browsers nest no deeper."""

MAX_NODES: Final = 1 << 20
"""Values of a body: a value costs about 100 bytes once it is read, and honest bodies have one per 10 bytes."""

MAX_DIFFERENCES: Final = 200
"""How many differences of one body are kept, and how many ignored ones; what was found beyond is counted in `capped`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a body may be to be compared."""

    body: int = MAX_BODY
    decoded: int = MAX_DECODED
    depth: int = MAX_DEPTH
    nesting: int = MAX_NESTING
    nodes: int = MAX_NODES


LIMITS: Final = Limits()
"""For a process that only compares."""

IN_HUB: Final = Limits(body=1 << 16, decoded=1 << 18)
"""While judging takes the hub's own time: the worst body then holds it for some 20 ms."""
