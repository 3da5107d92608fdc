from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from replay_users.private import make_file, make_folder, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _lenient() -> Iterator[None]:
    """A process whose files all may read and write unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Who may do what."""
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_for_their_owner(tmp_path: Path) -> None:
    """All that are made are closed, what was there is left, and doing it twice does no harm."""
    tmp_path.chmod(0o755)
    for _ in range(2):
        make_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / name) for name in ("", "a", "a/b", "a/b/c")] == [0o755, 0o700, 0o700, 0o700]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """Neither in a folder's place nor above it."""
    write(tmp_path / "f", b"")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "f")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "f" / "g")


def test_what_is_written_is_for_its_owner(tmp_path: Path) -> None:
    """A new file is closed, and one that was open is closed and replaced."""
    (tmp_path / "old").write_bytes(b"a longer text")
    for name in ("new", "old"):
        write(tmp_path / name, b"text")
        assert (mode(tmp_path / name), (tmp_path / name).read_bytes()) == (0o600, b"text")


def test_a_file_to_append_to_is_for_its_owner(tmp_path: Path) -> None:
    """It is made empty and closed; one that is there keeps what it holds."""
    make_file(tmp_path / "new")
    write(tmp_path / "old", b"text")
    make_file(tmp_path / "old")
    assert (mode(tmp_path / "new"), (tmp_path / "old").read_bytes()) == (0o600, b"text")
