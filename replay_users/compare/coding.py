"""Content codings undone: gzip, deflate, br and zstd, within bounds, whatever the header says.

Law: a peer's broken or hostile stream is a value. Nothing is ever inflated past the limit, not even to find out.
The subtle thing: headers lie both ways. A recording may hold bodies already decoded under a header that says gzip, and a
proxy may strip the header of a body still coded. A stream that cannot be undone but is valid UTF-8 was never coded
(compressed data practically never is); one that begins like gzip or zstd is, unless the content is itself such a file.
"""

from __future__ import annotations

import importlib
import zlib
from enum import Enum
from typing import TYPE_CHECKING, Any

import zstandard

from replay_users.compare.head import codings, is_packed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_DECODED", "Undecoded", "decode"]

MAX_DECODED = 1 << 18
"""Bytes a decoded body may have; 64 KB of gzip can hold 64 MB."""

_MAX_CODINGS = 3  # nobody applies more; each could inflate to the limit
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_ZSTD_WINDOW = 1 << 23  # what browsers accept (RFC 9659)
_ZSTD_PIECE = 256  # a block of 128 KB takes 4 bytes: a piece inflates to 8 MB at most


class Undecoded(Enum):
    """Why there is no decoded body."""

    BROKEN = "broken"
    UNKNOWN = "unknown"
    TOO_LARGE = "too large"


class _Broken(Exception):
    """The stream ends early or is none."""


class _TooLarge(Exception):
    """There is more in it than the limit."""


def decode(body: bytes, head: bytes) -> bytes | Undecoded:
    """Undo the content codings of a body as it was on the wire."""
    applied = codings(head) or _sniffed(body, head)
    if not applied or not body:
        return body
    if len(applied) > _MAX_CODINGS:
        return Undecoded.UNKNOWN
    for name in reversed(applied):
        undo = _CODINGS.get(name)
        if undo is None:
            return Undecoded.UNKNOWN
        try:
            body = undo(body)
        except _TooLarge:
            return Undecoded.TOO_LARGE
        except _Broken:
            return body if _is_text(body) else Undecoded.BROKEN
    return body


def _sniffed(body: bytes, head: bytes) -> tuple[str, ...]:
    """The coding that a body without a header for it begins with."""
    if body.startswith(_GZIP):
        name = "gzip"
    elif body.startswith(_ZSTD):
        name = "zstd"
    else:
        return ()
    return () if is_packed(head) else (name,)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _inflate(body: bytes, wbits: int = _ZLIB_OR_GZIP) -> bytes:
    """Undo gzip (of one or more members) or zlib; what follows the end is left out, as browsers do."""
    whole = b""
    while True:
        stream = zlib.decompressobj(wbits)
        try:
            whole += stream.decompress(body, MAX_DECODED + 1 - len(whole))
        except zlib.error as error:
            raise _Broken from error
        if len(whole) > MAX_DECODED:
            raise _TooLarge
        if not stream.eof:
            raise _Broken
        body = stream.unused_data
        if not body.startswith(_GZIP):
            return whole


def _undo_deflate(body: bytes) -> bytes:
    """Undo `deflate`, which is zlib by the standard and raw deflate from some servers."""
    try:
        return _inflate(body)
    except _Broken:
        return _inflate(body, _RAW_DEFLATE)


def _undo_zstd(body: bytes) -> bytes:
    stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    parts, size = [], 0
    try:
        for start in range(0, len(body), _ZSTD_PIECE):
            part = stream.decompress(body[start : start + _ZSTD_PIECE])
            parts.append(part)
            size += len(part)
            if size > MAX_DECODED:
                raise _TooLarge
            if stream.eof:
                return b"".join(parts)
    except zstandard.ZstdError as error:
        raise _Broken from error
    raise _Broken


def _brotli_undoer() -> Callable[[bytes], bytes] | None:
    """How to undo `br`, if there is a brotli that can be told to stop (1.2 and later)."""
    try:
        brotli: Any = importlib.import_module("brotli")
    except ImportError:
        return None
    if not hasattr(brotli.Decompressor, "can_accept_more_data"):
        return None

    def undo(body: bytes) -> bytes:
        stream = brotli.Decompressor()
        try:
            whole: bytes = stream.process(body, output_buffer_limit=MAX_DECODED + 1)
        except brotli.error as error:
            raise _Broken from error
        if len(whole) > MAX_DECODED:
            raise _TooLarge
        if not stream.is_finished():
            raise _Broken
        return whole

    return undo


_BROTLI = _brotli_undoer()
_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _inflate,
    "x-gzip": _inflate,
    "deflate": _undo_deflate,
    "zstd": _undo_zstd,
    **({"br": _BROTLI} if _BROTLI else {}),
}
