from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from replay_users.capture.appender import Appender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file will be, in a folder that is not there yet."""
    return tmp_path / "log" / "capture.jsonl"


@pytest.fixture
def file(path: Path) -> Iterator[Appender]:
    """An appender to that path."""
    appender = Appender(path)
    yield appender
    appender.close()


def test_lines_are_appended(file: Appender, path: Path) -> None:
    """Folder and file are made on the first line, for the owner only; a closed file is opened again."""
    file.append(b"one\n")
    file.close()
    file.append(b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_made_before_the_first_line(file: Appender, path: Path) -> None:
    """A middleware that never captures leaves no empty file."""
    file.close()
    assert not path.parent.exists()


@pytest.mark.parametrize("rotate", [lambda p: p.rename(f"{p}.1"), lambda p: p.unlink()], ids=["renamed", "removed"])
def test_a_rotated_file_is_made_anew(file: Appender, path: Path, rotate: object) -> None:
    """After a rename or a removal the next line begins a new file, with no signal needed."""
    file.append(b"one\n")
    assert callable(rotate)
    rotate(path)
    file.append(b"two\n")
    assert path.read_bytes() == b"two\n"


def test_two_appenders_share_a_file(file: Appender, path: Path) -> None:
    """Lines of several processes follow each other."""
    other = Appender(path)
    for n in range(4):
        (file, other)[n % 2].append(b"%d\n" % n)
    other.close()
    assert path.read_bytes() == b"0\n1\n2\n3\n"


def test_a_torn_line_costs_only_itself(file: Appender, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk took half a line, that is raised, and the next line begins on a line of its own."""
    write = os.write
    file.append(b"one\n")
    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "write", lambda fd, data: write(fd, data[:2]))
        with pytest.raises(OSError, match="only a part of a capture line"):
            file.append(b"two\n")
    file.append(b"three\n")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_the_torn_line_of_a_dead_process_is_ended(file: Appender, path: Path) -> None:
    """A file that does not end in a line break gets one before the next line."""
    path.parent.mkdir()
    path.write_bytes(b"one\ntw")
    file.append(b"three\n")
    file.append(b"four\n")
    assert path.read_bytes() == b"one\ntw\nthree\nfour\n"


def test_a_path_that_cannot_be_written_is_raised(tmp_path: Path) -> None:
    """The caller decides what a lost line means."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"(?i)exists|not a directory"):
        Appender(tmp_path / "file" / "capture.jsonl").append(b"one\n")
