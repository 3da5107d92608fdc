from __future__ import annotations

import gzip
import io
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from replay_users.capture import sources
from replay_users.capture.fields import Rejected
from replay_users.capture.sources import SourceCut, open_lines, source_files
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = b"".join(b'{"n": %d, "noise": "%s"}\n' % (n, os.urandom(40).hex().encode()) for n in range(2000))
NUMBERED = list(enumerate(TEXT.splitlines(), start=1))


def zst(data: bytes) -> bytes:
    """One Zstandard frame."""
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("c.jsonl", TEXT, id="plain"),
        pytest.param("c.jsonl", TEXT[:-1], id="no-last-line-break"),
        pytest.param("c.gz", gzip.compress(TEXT), id="gzip"),
        pytest.param("c.gz", gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]), id="gzip-members"),
        pytest.param("c.gz", gzip.compress(TEXT) + bytes(600), id="gzip-padded-with-zeros"),
        pytest.param("c.zst", zst(TEXT), id="zstd"),
        pytest.param("c.zst", zst(TEXT[:99]) + zst(b"") + zst(TEXT[99:]), id="zstd-frames"),
        pytest.param("c.zst", b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zst(TEXT), id="zstd-with-skippable-frame"),
        pytest.param("c.jsonl", gzip.compress(TEXT), id="gzip-by-another-name"),
        pytest.param("c.gz", TEXT, id="plain-by-another-name"),
    ],
)
def test_lines_come_numbered_from_any_file(tmp_path: Path, name: str, content: bytes) -> None:
    """Its first bytes, not its name, tell how a file is compressed; members and frames are one stream."""
    (tmp_path / name).write_bytes(content)
    assert list(open_lines(tmp_path / name)) == NUMBERED


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    """A capture that has not begun is no error."""
    (tmp_path / "c").touch()
    assert list(open_lines(tmp_path / "c")) == []


@pytest.mark.parametrize("compress", [gzip.compress, zst], ids=["gzip", "zstd"])
def test_a_torn_file_gives_what_is_there(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """All whole lines before the tear come first, then one note that says what happened."""
    torn = tmp_path / "torn"
    torn.write_bytes(compress(TEXT[:100]) + compress(TEXT[100:])[:-20_000])
    *read, (number, cut) = open_lines(torn)
    assert isinstance(cut, SourceCut)
    assert "ends in the middle" in cut.reason
    assert number == len(read) > 10
    assert read[:-1] == NUMBERED[: len(read) - 1]
    assert isinstance(read[-1][1], bytes)
    assert NUMBERED[len(read) - 1][1].startswith(read[-1][1])


@pytest.mark.parametrize("compress", [gzip.compress, zst], ids=["gzip", "zstd"])
def test_a_damaged_file_gives_what_came_before(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    """Damage, and what is no compressed data after some that was, ends the source with its reason."""
    (tmp_path / "c").write_bytes(compress(b"one\ntwo\n") + b"no member" * 100)
    *read, (number, cut) = open_lines(tmp_path / "c")
    assert read == [(1, b"one"), (2, b"two")]
    assert number == 2
    assert isinstance(cut, SourceCut)
    assert "is damaged" in cut.reason


def test_a_disk_that_fails_is_a_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the disk in the middle of a file loses only what follows it."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= 8:
                raise OSError(5, "Input/output error")
            return super().read(size)

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=Failing(b"one\ntwo\nthree\n"[:8])))
    assert list(open_lines("-")) == [
        (1, b"one"),
        (2, b"two"),
        (2, SourceCut("reading it failed: Input/output error")),
    ]


def test_a_line_without_end_is_rejected_and_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only lines up to the limit are kept; a longer one costs its place, not what follows."""
    monkeypatch.setattr(sources, "LONGEST_LINE", 100_000)
    (tmp_path / "c").write_bytes(b"x" * 100_000 + b"\n" + b"x" * 100_001 + b"\nlast")
    assert list(open_lines(tmp_path / "c")) == [
        (1, b"x" * 100_000),
        (2, Rejected("longer than 16 MiB")),
        (3, b"last"),
    ]


def test_a_long_line_is_not_kept_while_it_is_read() -> None:
    """What was gathered of a line is let go as soon as it is too long."""
    line = sources._Line()
    for _ in range(40):
        line.add(bytes(1 << 20))
    assert line._parts == []
    assert line.take() == Rejected("longer than 16 MiB")


def test_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash stands for standard input, compressed or not, which stays open."""
    buffer = io.BytesIO(gzip.compress(TEXT))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=buffer))
    assert list(open_lines("-")) == NUMBERED
    assert not buffer.closed


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    """Files below a folder come sorted by their path, numbered each from 1; hidden ones are not captures."""
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    for name, content in (("c.jsonl", b"three\n"), ("b/2.gz", gzip.compress(b"two\n")), ("a", b"0\n1\n")):
        (tmp_path / name).write_bytes(content)
    for hidden in (".c.swp", ".git/config"):
        (tmp_path / hidden).write_bytes(b"hidden\n")
    assert source_files(tmp_path) == tuple(str(tmp_path / name) for name in ("a", "b/2.gz", "c.jsonl"))
    assert list(open_lines(tmp_path)) == [(1, b"0"), (2, b"1"), (1, b"two"), (1, b"three")]


def test_nothing_there_is_said_at_once(tmp_path: Path) -> None:
    """A missing path and an empty folder are usage errors with a cure, before any line is asked for."""
    with pytest.raises(UsageError, match=r"there is no capture at .*give a file of capture lines"):
        open_lines(tmp_path / "missing")
    with pytest.raises(UsageError, match="holds no capture files; give the one"):
        open_lines(tmp_path)


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message holds the system's reason and what to check."""

    def refuse(*_: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "c").touch()
    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(UsageError, match=r"cannot open .*Permission denied; check that this user may read it"):
        list(open_lines(tmp_path / "c"))


@given(st.binary(max_size=60), st.sampled_from([bytes, gzip.compress, zst]), st.integers(0, 20))
def test_lines_join_to_the_content(content: bytes, stored: Callable[[bytes], bytes], cut: int) -> None:
    """Whatever the bytes are and wherever the file is cut, nothing is raised; uncut, the lines are the content."""
    file = stored(content)
    kept = file[: len(file) - cut]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(kept)))
        lines = [line for _, line in open_lines("-")]
    if cut == 0 and not (stored is bytes and content[:2] == b"\x1f\x8b"):
        assert b"\n".join(line for line in lines if isinstance(line, bytes)) == content.removesuffix(b"\n")
