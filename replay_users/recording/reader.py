"""Read a recording's rows in time order: which bytes to fetch, how to decode them, how overlapping slices merge.

Law: `fetch` does I/O and nothing else, `decode` and `TimeOrder` are CPU on bytes in memory and never touch a socket or a
gevent primitive, so that a worker may run the first in a greenlet and the others in a pool thread. Creating Python objects
per row is not done here: that holds the GIL. The subtle thing: pyarrow reads from `_Fetched`, a file of which only the asked
byte ranges exist; a read outside them is an error, never hidden I/O.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from replay_users.errors import DamagedRecording
from replay_users.recording.schema import REPLAY_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from replay_users.recording.manifest import GroupInfo, SliceInfo
    from replay_users.recording.recording import Recording

__all__ = ["Part", "Selection", "TimeOrder", "decode", "fetch", "rows_in_order", "spans"]

_GAP = 256 << 10
"""Bytes between two ranges that are cheaper to fetch than another request."""

_DICTIONARIES = ["endpoint", "method", "authority", "session_kind", "capture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows: owned partitions, start <= at < end (UTC ns), sample buckets below `buckets`, and which columns."""

    partitions: frozenset[int]
    start: int
    end: int
    buckets: int
    columns: Sequence[str] = REPLAY_COLUMNS

    def touches(self, item: SliceInfo) -> bool:
        """Whether a slice may hold selected rows."""
        inside = item.first_at < self.end and item.last_at >= self.start
        return inside and any(group.partition in self.partitions for group in item.groups)


@dataclass(frozen=True, slots=True)
class Part:
    """A fetched byte range of a slice."""

    start: int
    data: bytes


def spans(item: SliceInfo, partitions: Collection[int]) -> list[tuple[int, int]]:
    """The byte ranges to fetch, adjacent ones as one: the owned row groups and the footer."""
    wanted = [(g.start, g.end) for g in item.groups if g.partition in partitions]
    wanted.append((item.size - item.footer, item.size))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(wanted):
        if merged and start - merged[-1][1] <= _GAP:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def fetch(recording: Recording, item: SliceInfo, partitions: Collection[int]) -> list[Part]:
    """Read what is needed of a slice.

    Raises:
        StoreError: it cannot be read.
        DamagedRecording: it changed since the recording was opened.
    """
    version = recording.version(item)
    return [Part(s, recording.store.read(item.file, s, e, version)) for s, e in spans(item, partitions)]


def decode(item: SliceInfo, parts: Sequence[Part], selection: Selection) -> pa.Table:
    """The selected rows of a slice, in no order.

    Raises:
        DamagedRecording: the bytes are not the slice the manifest describes.
    """
    owned = [nth for nth, group in enumerate(item.groups) if group.partition in selection.partitions]
    try:
        file = pq.ParquetFile(
            pa.PythonFile(_Fetched(item.size, parts), mode="r"),
            read_dictionary=_DICTIONARIES,
            page_checksum_verification=True,
        )
        table = file.read_row_groups(owned, columns=list(selection.columns), use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(item, str(error)) from None
    _expect_rows(item, [item.groups[nth] for nth in owned], table)
    return _select(table, selection)


def _expect_rows(item: SliceInfo, groups: list[GroupInfo], table: pa.Table) -> None:
    expected = sum(group.rows for group in groups)
    if table.num_rows != expected:
        raise _damaged(item, f"{table.num_rows} rows where the manifest says {expected}")


def _damaged(item: SliceInfo, reason: str) -> DamagedRecording:
    return DamagedRecording(f"slice {item.file} is damaged ({reason}); restore it or ingest the capture again")


def _select(table: pa.Table, selection: Selection) -> pa.Table:
    at = table["at"]
    keep = pc.and_(pc.greater_equal(at, selection.start), pc.less(at, selection.end))
    if selection.buckets < 1000:  # noqa: PLR2004 - SAMPLE_BUCKETS: everything
        keep = pc.and_(keep, pc.less(table["sample"], selection.buckets))
    return table if pc.all(keep).as_py() else table.filter(keep)


class TimeOrder:
    """Merges slices, given in order of their first row, into tables in time order.

    Rows that a later slice might still precede are carried over; slices that do not overlap carry nothing.
    """

    def __init__(self) -> None:
        self._carried: pa.Table | None = None

    def push(self, rows: pa.Table, next_at: int | None) -> pa.Table:
        """Take a slice's rows; give what comes before `next_at`, the first row of the next slice (`None`: no more)."""
        if self._carried is not None and self._carried.num_rows:
            rows = pa.concat_tables([self._carried, rows])
        ordered = _by_time(rows)
        if next_at is None:
            return ordered
        ready = int(pc.sum(pc.less(ordered["at"], next_at)).as_py() or 0)
        self._carried = ordered.slice(ready)
        return ordered.slice(0, ready)


def _by_time(rows: pa.Table) -> pa.Table:
    rows = rows.unify_dictionaries()
    if rows.num_rows > 1:
        rows = rows.take(pc.sort_indices(rows["at"]))
    return rows.combine_chunks()


def rows_in_order(recording: Recording, selection: Selection) -> Iterator[pa.Table]:
    """Every selected row, in time order, one table per slice; for tools that may block."""
    items = [item for item in recording.manifest.slices if selection.touches(item)]
    order = TimeOrder()
    for item, after in zip(items, _following(items), strict=True):
        rows = decode(item, fetch(recording, item, selection.partitions), selection)
        yield order.push(rows, after)


def _following(items: Sequence[SliceInfo]) -> Iterable[int | None]:
    return [*(item.first_at for item in items[1:]), None]


class _Fetched(io.RawIOBase):
    """A file of which only some byte ranges are there."""

    def __init__(self, size: int, parts: Sequence[Part]) -> None:
        super().__init__()
        self._size = size
        self._parts = parts
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def size(self) -> int:
        return self._size

    def read(self, size: int | None = -1) -> bytes:
        count = self._size - self._position if size is None or size < 0 else size
        for part in self._parts:
            low = self._position - part.start
            if low >= 0 and low + count <= len(part.data):
                self._position += count
                return bytes(memoryview(part.data)[low : low + count])
        raise OSError(f"bytes {self._position} to {self._position + count} were not fetched")
