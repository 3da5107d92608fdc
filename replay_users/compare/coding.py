"""Content codings undone: gzip, deflate, br and zstd, within bounds, whatever the header says.

Law: a peer's broken or hostile stream is a value. Nothing is ever inflated past the limit, not even to find out.
The subtle thing: headers lie in every way. A recording may hold bodies already decoded under a header that says gzip, a
proxy may strip the header of a body still coded, a service may name one coding and apply another. A stream that cannot be
undone but is valid UTF-8 was never coded (compressed data practically never is); what is no text where text was promised,
or begins like gzip or zstd, is tried, unless the content itself is such a file.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

import brotli
import zstandard

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.head import codings, is_packed
from replay_users.compare.lift.media import is_textual, media
from replay_users.compare.limits import MAX_DECODED

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Decoded", "Undecoded", "decode"]

_MAX_CODINGS = 3  # nobody applies more; each could inflate to the limit
_MAX_MEMBERS = 256  # of one gzip body; what follows a member is copied, so many small ones would cost its square
_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP_BITS = 16 + zlib.MAX_WBITS
_ZLIB_BITS = zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_ZSTD_WINDOW = 1 << 23  # what browsers accept (RFC 9659)
_ZSTD_PIECE = 256  # a block of 128 KB takes 4 bytes: a piece inflates to 8 MB at most


class Undecoded(NamedTuple):
    """Why there is no decoded body."""

    reason: UncheckedReason
    is_broken: bool = False


class Decoded(NamedTuple):
    """A body without its codings, and which ones it really had, the last applied last."""

    body: bytes
    undone: tuple[str, ...] = ()


class _Broken(Exception):
    """The stream ends early or is none."""


class _TooLarge(Exception):
    """There is more in it than the limit."""


_BROKEN: Final = Undecoded(UncheckedReason.ENCODING, is_broken=True)
_UNKNOWN: Final = Undecoded(UncheckedReason.ENCODING)
_LARGE: Final = Undecoded(UncheckedReason.SIZE)


def decode(body: bytes, head: bytes, limit: int = MAX_DECODED) -> Decoded | Undecoded:
    """Undo the content codings of a body as it was on the wire."""
    named = codings(head)
    if not body or (not named and not _seems_coded(body, head)):
        return Decoded(body)
    if len(named) > _MAX_CODINGS:
        return _UNKNOWN
    try:
        return _undone(body, named, limit) if named else _guessed(body, limit)
    except _TooLarge:
        return _LARGE


def _undone(body: bytes, named: tuple[str, ...], limit: int) -> Decoded | Undecoded:
    """Undo the codings the header names; where one is not what it says, whatever it is instead."""
    undone: tuple[str, ...] = ()
    for name in reversed(named):
        undo = _CODINGS.get(name)
        if undo is None:
            return _UNKNOWN
        try:
            body = undo(body, limit)
            undone = (_PLAIN_NAMES.get(name, name), *undone)
        except _Broken:
            if _is_text(body):
                return Decoded(body, undone)
            other = _guessed(body, limit)
            return Decoded(other.body, (*other.undone, *undone)) if other.undone else _BROKEN
    return Decoded(body, undone)


def _guessed(body: bytes, limit: int) -> Decoded:
    """Undo the one coding that gives something whole; bytes that are in none are left as they are."""
    for name, begins in _GUESSES.items():
        if not body.startswith(begins):
            continue
        try:
            return Decoded(_CODINGS[name](body, limit), (name,))
        except _Broken:
            continue
    return Decoded(body)


def _seems_coded(body: bytes, head: bytes) -> bool:
    """Whether a body without a header for it may be coded: it begins like it, or is no text where text was promised."""
    if body.isascii():
        return False
    if body.startswith((_GZIP, _ZSTD)):
        return not is_packed(head)
    return is_textual(media(head)) and not _is_text(body)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _inflate(body: bytes, limit: int, wbits: int = _GZIP_BITS) -> bytes:
    """Undo gzip (of one or more members) or deflate; what follows the end is left out, as browsers do."""
    parts, size = [], 0
    for _ in range(_MAX_MEMBERS):
        stream = zlib.decompressobj(wbits)
        try:
            parts.append(stream.decompress(body, limit + 1 - size))
        except zlib.error as error:
            raise _Broken from error
        size += len(parts[-1])
        if size > limit:
            raise _TooLarge
        if not stream.eof:
            raise _Broken
        body = stream.unused_data
        if wbits != _GZIP_BITS or not body.startswith(_GZIP):
            return b"".join(parts)
    raise _TooLarge


def _undo_deflate(body: bytes, limit: int) -> bytes:
    """Undo `deflate`, which is zlib by the standard and raw deflate from some servers."""
    try:
        return _inflate(body, limit, _ZLIB_BITS)
    except _Broken:
        return _inflate(body, limit, _RAW_DEFLATE)


def _undo_zstd(body: bytes, limit: int) -> bytes:
    stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    parts, size = [], 0
    try:
        for start in range(0, len(body), _ZSTD_PIECE):
            part = stream.decompress(body[start : start + _ZSTD_PIECE])
            parts.append(part)
            size += len(part)
            if size > limit:
                raise _TooLarge
            if stream.eof:
                return b"".join(parts)
    except zstandard.ZstdError as error:
        raise _Broken from error
    raise _Broken


def _undo_brotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    try:
        whole: bytes = stream.process(body, output_buffer_limit=limit + 1)
    except brotli.error as error:
        raise _Broken from error
    if len(whole) > limit:
        raise _TooLarge
    if not stream.is_finished():
        raise _Broken
    return whole


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _inflate,
    "x-gzip": _inflate,
    "deflate": _undo_deflate,
    "zstd": _undo_zstd,
    "br": _undo_brotli,
}
_PLAIN_NAMES = {"x-gzip": "gzip"}
_GUESSES: dict[str, bytes | tuple[bytes, ...]] = {
    "gzip": _GZIP,
    "zstd": _ZSTD,
    "deflate": (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"),
    "br": b"",  # has no mark; that it ends where the body does, with nothing broken before, is one
}
