"""Opens capture files, plain or compressed, one or a folder of them, and gives their lines.

Law: the edge of this stage; it reads bytes and knows nothing of what is in them. What cannot be opened at all is the
person's mistake and raises; what ends or breaks in the middle is a value, after everything that could be read before
it. The subtle thing: memory stays small whatever the file is. A line that never ends is counted, not kept, and
compressed input is fed in pieces so small that even the worst of them unfolds to a few MB.
"""

from __future__ import annotations

import sys
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import zstandard

from replay_users.capture.fields import Rejected
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["LONGEST_LINE", "STDIN", "SourceCut", "open_lines", "source_files"]

STDIN: Final = "-"

LONGEST_LINE: Final = 16 << 20
"""Bytes. A capture line at Envoy's default limits is at most 0.3 MB; this leaves room for bodies of several MB."""

_PLAIN_PIECE: Final = 1 << 16
_GZIP_PIECE: Final = 1 << 14
"""Deflate unfolds at most 1,032-fold: 17 MB."""
_ZSTD_PIECE: Final = 1 << 9
"""Four bytes of Zstandard may stand for a block of 128 KiB: 17 MB."""

_MAGIC_LENGTH: Final = 4
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE: Final = b"\x2a\x4d\x18"
"""The last three bytes of a frame that holds no data (RFC 8878 section 3.1.2)."""


@dataclass(frozen=True, slots=True)
class SourceCut:
    """The source ended before its end, or broke; what comes before it was read, what would follow is lost."""

    reason: str


class _Torn(Exception):
    """Carries the reason out of a decompressor."""


def source_files(path: str | Path) -> tuple[str, ...]:
    """The capture files a path stands for: itself, `-`, or all files below a folder, sorted, hidden ones left out.

    Raises:
        UsageError: there is nothing there.
    """
    place = Path(path)
    if str(path) == STDIN:
        return (STDIN,)
    if not place.exists():
        raise UsageError(
            f"there is no capture at {path}; give a file of capture lines, a folder of them, or - for stdin"
        )
    if not place.is_dir():
        return (str(place),)
    files = tuple(sorted(str(file) for file in place.rglob("*") if file.is_file() and not _is_hidden(file, place)))
    if not files:
        raise UsageError(f"the folder {path} holds no capture files; give the one that your proxy or shipper writes to")
    return files


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def open_lines(path: str | Path) -> Iterator[tuple[int, bytes | Rejected | SourceCut]]:
    """The lines of a capture file with their numbers (from 1, anew in each file of a folder), without line breaks.

    Plain, `.gz` (several members) and `.zst` (several frames) are told apart by their first bytes. A line longer than
    `LONGEST_LINE` comes as `Rejected`; a source that is torn or damaged ends with `SourceCut`, numbered as its last line.

    Raises:
        UsageError: there is nothing at `path`, or it may not be read.
    """
    return chain.from_iterable(map(_numbered, source_files(path)))


def _numbered(file: str) -> Iterator[tuple[int, bytes | Rejected | SourceCut]]:
    number = 0
    with _opened(file) as raw:
        for line in _lines(_pieces(raw)):
            number += not isinstance(line, SourceCut)
            yield number, line


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        raw = Path(file).open("rb")  # noqa: SIM115 - closed below; only the opening may raise UsageError
    except OSError as error:
        raise UsageError(f"cannot open {file}: {error.strerror}; check that this user may read it") from error
    with raw:
        yield raw


class _Line:
    """A line being put together, of which nothing is kept once it is too long."""

    __slots__ = ("_parts", "_size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        self._size += len(part)
        self._parts.append(part)
        if self._size > LONGEST_LINE:
            self._parts.clear()

    def take(self) -> bytes | Rejected:
        line = Rejected("longer than 16 MiB") if self._size > LONGEST_LINE else b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return line

    def __bool__(self) -> bool:
        return self._size > 0


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes | Rejected | SourceCut]:
    line, cut = _Line(), None
    try:
        for piece in pieces:
            first, *others = piece.split(b"\n")
            line.add(first)
            for other in others:
                yield line.take()
                line.add(other)
    except _Torn as torn:
        cut = SourceCut(str(torn))
    if line:
        yield line.take()
    if cut:
        yield cut


def _pieces(raw: BinaryIO) -> Iterator[bytes]:
    """The content of a file, decompressed."""
    magic = _read(raw, _MAGIC_LENGTH)
    if magic.startswith(_GZIP):
        yield from _unfolded(_stored(raw, magic, _GZIP_PIECE), _gzip_member, "gzip")
    elif magic == _ZSTD or magic[1:] == _ZSTD_SKIPPABLE:
        yield from _unfolded(_stored(raw, magic, _ZSTD_PIECE), _zstd_frame, "zstd")
    else:
        yield from _stored(raw, magic, _PLAIN_PIECE)


def _stored(raw: BinaryIO, magic: bytes, size: int) -> Iterator[bytes]:
    return chain([magic], iter(partial(_read, raw, size), b""))


def _read(raw: BinaryIO, size: int) -> bytes:
    try:
        return raw.read(size)
    except OSError as error:
        raise _Torn(f"reading it failed: {error.strerror}") from error


class _Unfolder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _gzip_member() -> _Unfolder:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _zstd_frame() -> _Unfolder:
    return zstandard.ZstdDecompressor().decompressobj()


def _unfolded(pieces: Iterable[bytes], fresh: Callable[[], _Unfolder], name: str) -> Iterator[bytes]:
    """Decompress members or frames, one after the other; zeros between them are padding."""
    member: _Unfolder | None = None
    for piece in pieces:
        rest = piece
        while rest := rest if member else rest.lstrip(b"\0"):
            member = member or fresh()
            try:
                yield member.decompress(rest)
            except (zlib.error, zstandard.ZstdError) as error:
                raise _Torn(f"the {name} data is damaged: {error}") from error
            rest = member.unused_data if member.eof else b""
            member = None if member.eof else member
    if member is not None:
        raise _Torn(f"the {name} data ends in the middle; its writer was stopped, or the copy is not complete")
