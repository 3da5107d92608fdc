"""Rows set aside on disk by stretches of time, so that they can be sorted without all being in memory.

Law: Arrow tables in, Arrow tables out, in stretches that do not overlap; no meaning of any column but `at`. The subtle
thing: rows wait in memory until together they are large, because capture is nearly in order and a file per batch would
be tiny.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from replay_users.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Spill"]

STRETCH = 10_000_000_000
"""Ten seconds, ns. It divides an hour, so no stretch crosses one."""

_IN_MEMORY = 128 << 20
_AT_ONCE = 32 << 20
"""Bytes of a stretch that are given at once; sorting and placing them takes about five times as much memory (measured)."""


class Spill:
    """Takes rows in any order and gives them back stretch by stretch, a busy stretch in shorter ones."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists and is empty."""
        self._folder = folder
        self._waiting: dict[int, list[pa.Table]] = {}
        self._files: dict[int, list[Path]] = {}
        self._sizes: Counter[int] = Counter()
        self._bytes = 0
        self._nth = 0

    def add(self, rows: pa.Table) -> None:
        """Set rows aside.

        Raises:
            StoreError: the folder cannot be written.
        """
        stretch = pc.divide(rows["at"], STRETCH)
        for value in pc.unique(stretch).to_pylist():
            part = rows.filter(pc.equal(stretch, value))
            self._waiting.setdefault(value, []).append(part)
            self._sizes[value] += part.nbytes
            self._bytes += part.nbytes
        if self._bytes > _IN_MEMORY:
            self._write()

    def _write(self) -> None:
        for value, parts in self._waiting.items():
            path = self._folder / f"{value}-{self._nth}.arrow"
            _save(pa.concat_tables(parts), path)
            self._files.setdefault(value, []).append(path)
        self._nth += 1
        self._waiting, self._bytes = {}, 0

    def stretches(self) -> Iterator[pa.Table]:
        """Every row once, a stretch at a time, stretches in time order, rows inside in no order.

        Raises:
            StoreError: the folder cannot be written.
        """
        if self._files:
            self._write()
        for value in sorted(self._sizes):
            pieces = -(-self._sizes[value] // _AT_ONCE)
            for start, end in pairwise(value * STRETCH + STRETCH * n // pieces for n in range(pieces + 1)):
                rows = self._between(value, start, end)
                if rows.num_rows:
                    yield rows
                del rows

    def _between(self, value: int, start: int, end: int) -> pa.Table:
        """A stretch's rows with start <= at < end; files are mapped anew, so that what was given before is not held."""
        parts = [*(_read(path) for path in self._files.get(value, ())), *self._waiting.get(value, ())]
        inside = [pc.and_(pc.greater_equal(part["at"], start), pc.less(part["at"], end)) for part in parts]
        return pa.concat_tables([part.filter(keep) for part, keep in zip(parts, inside, strict=True)])


def _save(rows: pa.Table, path: Path) -> None:
    try:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
            writer.write_table(rows)
    except OSError as error:
        raise StoreError(f"cannot set rows aside in {path}: {error}; free some space or set TMPDIR") from None


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
