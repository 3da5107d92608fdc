"""The tunnel through a forward proxy: the request for it, and what the proxy says to that (RFC 9110 9.3.6).

Law: bytes in, facts out. The subtle things: what a 2xx says of a body means nothing, since the tunnel begins right after
its head; and bytes that follow this head come before we have said a word to the target, so they cannot be the target's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Opened", "Refused", "connect_request", "read_answer"]

_MAX_HEAD = 64 << 10
_PHRASE = 60
_PASSING = frozenset({404, 408, 429, *range(500, 600)})
"""Statuses that blame the target or the moment, not us."""
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?\r\n").match
_INTERIMS = re.compile(rb"\A(?:HTTP/1\.[01] 1\d\d[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)+").sub
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """The tunnel is open."""


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no tunnel; the reason is short, to be counted; `final` if asking again would not help."""

    reason: str
    final: bool = True


def connect_request(name: str, port: int, lines: Sequence[bytes] = ()) -> bytes:
    r"""The request for a tunnel to a host; `lines` are whole header lines for the proxy, `Name: value\r\n`."""
    host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    start = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n".encode("latin-1")
    return b"".join((start, *lines, b"\r\n"))


def read_answer(data: bytes, *, ended: bool) -> Opened | Refused | None:
    """What the proxy has said so far, from its first byte on; `None` if it is not enough yet."""
    head, end, rest = _INTERIMS(b"", data).partition(_END)
    if len(data) - len(rest) > _MAX_HEAD:
        return Refused("the proxy's answer has too large a head")
    if not end:
        return _unfinished(head, ended=ended)
    line = _STATUS(head + _END)
    if line is None:
        return Refused("the proxy does not answer in HTTP/1.1")
    status = int(line[1])
    if not 200 <= status < 300:  # noqa: PLR2004
        phrase = "".join(filter(str.isprintable, (line[2] or b"").decode("latin-1")[:_PHRASE]))
        return Refused(f"{status} {phrase}".strip(), final=status not in _PASSING)
    return Refused("bytes follow the proxy's answer before TLS begins") if rest else Opened()


def _unfinished(head: bytes, *, ended: bool) -> Refused | None:
    if not b"HTTP/1.".startswith(head[:7]):
        return Refused("the proxy does not answer in HTTP/1.1")
    return Refused("the proxy closed the connection without an answer", final=False) if ended else None
