r"""What a response's header block says about its body: how it is coded, what it is, how long it is.

Law: reads bytes (`Name: value\r\n` per line), knows nothing of bodies. A header that makes no sense says nothing.
The subtle thing: searching the lowered block for a name is ten times faster than a regular expression that ignores case,
and as each of the two heads of a pair is asked several times, what the last ones said is remembered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

__all__ = ["LAST", "codings", "content_length", "content_type", "is_packed"]

LAST: Final = 8
"""Heads that are remembered: those of the pair that is judged. A head may have megabytes."""

_ENCODING = re.compile(rb"(?:^|\n)content-encoding[ \t]*:([^\r\n]*)")
_TYPE = re.compile(rb"(?:^|\n)content-type[ \t]*:([^\r\n]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"(?:^|\n)content-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*(?:\r|\n|$)")
_PACKED = re.compile(rb"[ \t]*application/(?:x-)?(?:gzip|zstd|tgz)\b", re.IGNORECASE)


@lru_cache(maxsize=LAST)
def codings(head: bytes) -> tuple[str, ...]:
    """The content codings in the order they were applied, lower case, without `identity`."""
    lowered = head.lower()
    if b"content-encoding" not in lowered:
        return ()
    return tuple(
        name.decode("latin-1")
        for line in _ENCODING.findall(lowered)
        for name in line.replace(b" ", b"").replace(b"\t", b"").split(b",")
        if name not in {b"", b"identity"}
    )


def content_type(head: bytes) -> bytes:
    """The value of the first content type as it stands there, empty where there is none."""
    at = head.lower().find(b"content-type")
    if at < 0:
        return b""
    found = _TYPE.search(head, max(0, at - 1))
    return found[1] if found else b""


def content_length(head: bytes) -> int | None:
    """How many bytes the body is said to have on the wire."""
    lowered = head.lower()
    found = _LENGTH.search(lowered) if b"content-length" in lowered else None
    return int(found[1]) if found else None


def is_packed(head: bytes) -> bool:
    """Whether the content itself is a compressed file, which is compared as it is."""
    return _PACKED.match(content_type(head)) is not None
