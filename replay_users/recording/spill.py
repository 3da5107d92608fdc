"""Rows set aside on disk by stretches of time, so that they can be sorted without all being in memory.

Law: Arrow tables in, Arrow tables out, in stretches that do not overlap; no meaning of any column but `at`. The subtle
thing: rows wait in memory until together they are large, because capture is nearly in order and a file per batch would
be tiny.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from replay_users.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Spill"]

STRETCH = 10_000_000_000
"""Ten seconds, ns: 2,000 requests/s of 5 KB are 100 MB. It divides an hour, so no stretch crosses one."""

_IN_MEMORY = 128 << 20


class Spill:
    """Takes rows in any order and gives them back stretch by stretch."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists and is empty."""
        self._folder = folder
        self._waiting: dict[int, list[pa.Table]] = {}
        self._files: dict[int, list[Path]] = {}
        self._bytes = 0
        self._nth = 0

    def add(self, rows: pa.Table) -> None:
        """Set rows aside."""
        stretch = pc.divide(rows["at"], STRETCH)
        for value in pc.unique(stretch).to_pylist():
            part = rows.filter(pc.equal(stretch, value))
            self._waiting.setdefault(value, []).append(part)
            self._bytes += part.nbytes
        if self._bytes > _IN_MEMORY:
            self._write()

    def _write(self) -> None:
        for value, parts in self._waiting.items():
            path = self._folder / f"{value}-{self._nth}.arrow"
            table = pa.concat_tables(parts)
            try:
                with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                    writer.write_table(table)
            except OSError as error:
                raise StoreError(f"cannot set rows aside in {path}: {error}; free some space or set TMPDIR") from None
            self._files.setdefault(value, []).append(path)
        self._nth += 1
        self._waiting, self._bytes = {}, 0

    def stretches(self) -> Iterator[pa.Table]:
        """Every row once, a stretch at a time, stretches in time order, rows inside in no order."""
        for value in sorted(self._waiting.keys() | self._files.keys()):
            parts = [_read(path) for path in self._files.get(value, ())] + self._waiting.get(value, [])
            yield pa.concat_tables(parts)


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
