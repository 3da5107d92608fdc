"""Which bytes a whole answer explains, read by a second and much stricter reader than the engine's.

Law: pure, and shares nothing with the engine. It knows only framing (RFC 9112 6.3): a connection may be used again only if
everything that came on it is interim answers and one answer, to the last byte. What is lenient here would hide a defect.
"""

from __future__ import annotations

import re

__all__ = ["answer_end"]

_HEAD = re.compile(rb"[\r\n]*HTTP/(?:1\.[01]|2\.0) (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n").match
"""2.0 too, because httptools takes it and what follows is framed as ever."""

_CHUNK = re.compile(rb"([0-9A-Fa-f]+)[^\r\n]*\r\n").match
_LENGTH = re.compile(rb"(?:\A|\n)content-length:[ \t]*(\d+)[ \t]*\r(?=\n)", re.IGNORECASE).findall
_CODING = re.compile(rb"(?:\A|\n)transfer-encoding:([^\r\n]*)\r(?=\n)", re.IGNORECASE).findall


def answer_end(data: bytes, method: str) -> int | None:
    """Where the first final answer in the data ends; `None` if it does not end there, or if its framing says nothing of it."""
    at = 0
    while (head := _HEAD(data, at)) is not None:
        at, status = head.end(), int(head[1])
        if status == 101:
            return None
        if status >= 200:
            return at if method == "HEAD" or status in {204, 304} else _body_end(data, at, head[2])
    return None


def _body_end(data: bytes, at: int, head: bytes) -> int | None:
    codings = b",".join(_CODING(head)).lower()
    if codings:
        return _chunks_end(data, at) if codings.rstrip(b" \t").endswith(b"chunked") else None
    lengths = set(_LENGTH(head))
    if len(lengths) != 1:
        return None
    end = at + int(lengths.pop())
    return end if end <= len(data) else None


def _chunks_end(data: bytes, at: int) -> int | None:
    while (line := _CHUNK(data, at)) is not None:
        size = int(line[1], 16)
        at = line.end()
        if not size:
            return _trailers_end(data, at)
        if data[at + size : at + size + 2] != b"\r\n":
            return None
        at += size + 2
    return None


def _trailers_end(data: bytes, at: int) -> int | None:
    while (end := data.find(b"\r\n", at)) >= 0:
        if end == at:
            return at + 2
        at = end + 2
    return None
