"""A recording in a folder.

Law: the `Store` of files, nothing else. The subtle thing: a file is written beside its place under a name with a
leading dot and renamed, so that a reader sees all of it or nothing, and what a killed ingest leaves behind is never
listed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from replay_users.errors import StoreError, UsageError
from replay_users.private import make_folder, write
from replay_users.recording.store import ObjectInfo, changed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FolderStore"]


class FolderStore:
    """A recording in a folder."""

    blocking: Final = True

    def __init__(self, root: Path) -> None:
        """`root` may not exist yet; writing creates it."""
        self.root = root
        self.name = str(root)

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every file below the root, in key order."""
        found = {path.relative_to(self.root).as_posix(): path for path in self._files()}
        for key in sorted(key for key in found if key.startswith(prefix)):
            try:
                stat = found[key].stat()
            except FileNotFoundError:
                continue  # pruned since it was listed
            yield ObjectInfo(key, stat.st_size, _version(stat))

    def _files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.root, onerror=self._cannot_list):
            yield from (Path(folder, name) for name in names if not name.startswith("."))

    def _cannot_list(self, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return
        if isinstance(error, NotADirectoryError):
            raise UsageError(f"{self.name} is a file where a recording's folder belongs")
        _fail("read", Path(error.filename), error)

    def get(self, key: str) -> bytes | None:
        """A whole file, `None` if it is not there."""
        path = self.root / key
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _fail("read", path, error)

    def read(self, key: str, start: int, end: int, version: str) -> bytes:
        """A byte range, if the file is still the version that was listed."""
        path = self.root / key
        try:
            with path.open("rb") as file:
                if _version(os.fstat(file.fileno())) != version:
                    raise changed(str(path))
                file.seek(start)
                return file.read(end - start)
        except FileNotFoundError:
            raise changed(str(path)) from None
        except OSError as error:
            _fail("read", path, error)

    def put(self, key: str, data: bytes) -> None:
        """Write beside the target and rename, so that readers see all of it or nothing."""
        path = self.root / key
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            make_folder(path.parent)
            try:
                write(temporary, data)
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            _fail("write", path, error)


def _version(stat: os.stat_result) -> str:
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def _fail(verb: str, path: Path, error: OSError) -> NoReturn:
    raise StoreError(f"cannot {verb} {path}: {error.strerror}; check its permissions and the disk") from None
