"""Files and folders for their owner only: recordings, rejects and results hold what people sent and were answered.

Law: an edge; the one place where their permissions are decided. A folder that is there keeps its own, since who made it
knows who may look. The subtle thing: a file has its permissions before its first byte, and one that a killed process left
loses what others may do with it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_file", "make_folder", "write"]

_FILE: Final = 0o600
_FOLDER: Final = 0o700


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are not there.

    Raises:
        OSError: it cannot be made; `FileExistsError` if it is a file.
    """
    try:
        path.mkdir(_FOLDER, exist_ok=True)
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir(_FOLDER, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file, if it is not there.

    Raises:
        OSError: it cannot be made.
    """
    path.touch(_FILE)


def write(path: Path, data: bytes) -> None:
    """Write a file's whole content.

    Raises:
        OSError: it cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, _FILE)
        file.write(data)
