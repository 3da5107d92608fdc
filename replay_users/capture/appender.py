"""A file of lines that several processes append to, and that may fill its disk or be rotated away meanwhile.

Law: the edge; whole lines in, one `write` each, so that lines of several processes never mix. Errors are raised to the
caller. The subtle thing: a full disk takes half a line. The next line then begins with a line break, so that only the
torn one is lost; the same goes for what a process that died left behind.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

__all__ = ["Appender"]

_OWNER_ONLY: Final = 0o600
"""Bodies of production traffic are nobody else's business."""


class Appender:
    """Appends lines to the file at `path`, made on the first line, made anew after it was renamed or removed."""

    __slots__ = ("_descriptor", "_inode", "_path", "_torn")

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._descriptor: int | None = None
        self._inode = 0
        self._torn = False

    def append(self, line: bytes) -> None:
        """Write one line, which ends in a line break.

        Raises:
            OSError: it could not be written, or not to its end.
        """
        descriptor = self._current()
        data = b"\n" + line if self._torn else line
        if os.write(descriptor, data) < len(data):
            self._torn = True
            raise OSError(errno.ENOSPC, "only a part of a capture line could be written", str(self._path))
        self._torn = False

    def close(self) -> None:
        """Close the file; another line opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _current(self) -> int:
        if self._descriptor is not None and not self._was_moved():
            return self._descriptor
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        there = os.fstat(self._descriptor)
        self._inode = there.st_ino
        self._torn = there.st_size > 0 and os.pread(self._descriptor, 1, there.st_size - 1) != b"\n"
        return self._descriptor

    def _was_moved(self) -> bool:
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True
