"""Read a recording's rows in time order: which bytes to fetch, how to decode them, how overlapping slices merge.

Law: `fetch` does I/O and nothing else, `decode` and `TimeOrder` are CPU on bytes in memory and never touch a socket or a
gevent primitive, so that a worker may run the first in a greenlet and the others in a pool thread. Creating Python objects
per row is not done here: that holds the GIL. The subtle thing: pyarrow reads from memory of the slice's size in which only
what was fetched is filled in, and never calls back into Python, so decoding takes the GIL once per slice and not once per
column chunk; what lies outside is zeros, which no page can be. A row group may hold rows of partitions that are not owned
(`writer` says why): then the partition of each row is read too, and others' rows are left out.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from replay_users.errors import DamagedRecording
from replay_users.recording.partition import SAMPLE_BUCKETS
from replay_users.recording.schema import REPLAY_COLUMNS, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from replay_users.recording.manifest import SliceInfo
    from replay_users.recording.recording import Recording

__all__ = ["Part", "Selection", "TimeOrder", "decode", "fetch", "rows_in_order", "spans"]

_GAP = 256 << 10
"""Bytes between two ranges that are cheaper to fetch than another request."""

_HEAD, _TRAILERS = "response_head", "trailers"
_ALL_NULL = 35
"""Bytes of a column chunk of up to 20,000 rows without a value, as our writer writes it (measured: 31 to 35; with one, 39).

Slices have statistics on other columns only; a chunk that is larger is read.
"""

_DICTIONARIES = ["endpoint", "method", "authority", "session_kind", "capture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows: owned partitions, start <= at < end (UTC ns), sample buckets below `buckets`, and which columns.

    With `trailers`, those of a recorded answer stand behind its head (`replay_users.trailers`).
    """

    partitions: frozenset[int]
    start: int
    end: int
    buckets: int
    columns: Sequence[str] = REPLAY_COLUMNS
    trailers: bool = False

    def touches(self, item: SliceInfo) -> bool:
        """Whether a slice may hold selected rows."""
        inside = item.first_at < self.end and item.last_at >= self.start
        return inside and any(group.touches(self.partitions) for group in item.groups)


@dataclass(frozen=True, slots=True)
class Part:
    """A fetched byte range of a slice."""

    start: int
    data: bytes


def spans(item: SliceInfo, partitions: Collection[int]) -> list[tuple[int, int]]:
    """The byte ranges to fetch, adjacent ones as one: the owned row groups and the footer."""
    wanted = [(g.start, g.end) for g in item.groups if g.touches(partitions)]
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
    owned = [nth for nth, group in enumerate(item.groups) if group.touches(selection.partitions)]
    exact = all(item.groups[nth].within(selection.partitions) for nth in owned)
    columns = _columns(selection, exact=exact)
    data = _in_place(item.size, parts)
    try:
        _verify(item, memoryview(data), owned)
        table = _read(item, data, owned, columns, trailers=selection.trailers)
        _expect(table, columns)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise _damaged(item, " ".join(str(error).split()).rstrip(".")) from None
    rows = _select(table, selection, exact=exact)
    return (_with_trailers(rows) if selection.trailers else rows).select(selection.columns)


def _columns(selection: Selection, *, exact: bool) -> list[str]:
    """What has to be read: which partition a row is of only where a row group holds rows of others' too."""
    columns = list(selection.columns)
    return columns if exact or "partition" in columns else [*columns, "partition"]


def _verify(item: SliceInfo, data: memoryview, groups: list[int]) -> None:
    """Compare checksums over everything that will be read (Parquet's own leave out footer and page headers)."""
    ranges = [(g.start, g.end, g.crc32) for g in (item.groups[nth] for nth in groups)]
    for start, end, expected in [*ranges, (item.size - item.footer, item.size, item.footer_crc32)]:
        if crc32(data[start:end]) != expected:
            raise ValueError(f"bytes {start} to {end} are not what was written")


def _in_place(size: int, parts: Sequence[Part]) -> pa.Buffer:
    """The fetched parts where the slice has them; pages of memory that nothing is written to cost nothing."""
    if len(parts) == 1 and len(parts[0].data) == size:
        return pa.py_buffer(parts[0].data)
    room = memoryview(mmap.mmap(-1, size))
    for part in parts:
        place = pa.py_buffer(room[part.start : part.start + len(part.data)])
        with pa.FixedSizeBufferWriter(place) as writer:  # copies without the GIL
            writer.write(part.data)
    return pa.py_buffer(room)


def _read(item: SliceInfo, data: pa.Buffer, groups: list[int], columns: list[str], *, trailers: bool) -> pa.Table:
    # Without metadata pyarrow would look for the footer in the last 64 KB, more than was fetched.
    metadata = pq.read_metadata(pa.BufferReader(data.slice(item.size - item.footer)))
    file = pq.ParquetFile(pa.BufferReader(data), metadata=metadata, read_dictionary=_DICTIONARIES)
    if trailers and _TRAILERS not in columns and any(_may_hold(metadata.row_group(nth), _TRAILERS) for nth in groups):
        columns = [*columns, _TRAILERS]
    return file.read_row_groups(groups, columns=columns, use_threads=False)


def _may_hold(group: pq.RowGroupMetaData, name: str) -> bool:
    """Whether a row group may have any value of a column: what its statistics or its size do not exclude."""
    chunk = group.column(SCHEMA.get_field_index(name))
    if chunk.path_in_schema != name:
        return True
    if chunk.statistics is not None and chunk.statistics.has_null_count:
        return bool(chunk.statistics.null_count < group.num_rows)
    return bool(chunk.total_uncompressed_size > _ALL_NULL)


def _with_trailers(rows: pa.Table) -> pa.Table:
    """Trailers behind the heads of their answers, after an empty line; most slices hold none."""
    if _TRAILERS not in rows.column_names or rows[_TRAILERS].null_count == rows.num_rows:
        return rows
    trailers = pc.if_else(pc.equal(rows[_TRAILERS], pa.scalar(b"", pa.binary())), None, rows[_TRAILERS])
    line = pa.scalar(b"\r\n", pa.binary())
    heads = pc.binary_join_element_wise(rows[_HEAD], trailers, line, null_handling="skip")
    return rows.set_column(rows.column_names.index(_HEAD), SCHEMA.field(_HEAD), heads)


def _expect(table: pa.Table, columns: Sequence[str]) -> None:
    """The columns are there and hold what the schema says."""
    for name in columns:
        found = table.field(name).type
        if (found.value_type if pa.types.is_dictionary(found) else found) != SCHEMA.field(name).type:
            raise ValueError(f"column {name} holds {found}")


def _damaged(item: SliceInfo, reason: str) -> DamagedRecording:
    return DamagedRecording(f"slice {item.file} is damaged ({reason}); restore it or ingest the capture again")


def _select(table: pa.Table, selection: Selection, *, exact: bool) -> pa.Table:
    at = table["at"]
    keep = pc.and_(pc.greater_equal(at, selection.start), pc.less(at, selection.end))
    if not exact:
        keep = pc.and_(keep, pc.is_in(table["partition"], value_set=pa.array(selection.partitions, pa.uint16())))
    if selection.buckets < SAMPLE_BUCKETS:
        keep = pc.and_(keep, pc.less(table["sample"], selection.buckets))
    return table if pc.all(keep).as_py() else table.filter(keep)


class TimeOrder:
    """Merges slices, given in order of their first row, into tables in time order.

    Rows that a later slice might still precede are carried over; slices that do not overlap carry nothing.
    """

    def __init__(self) -> None:
        self._carried: pa.Table | None = None

    def push(self, rows: pa.Table | None, next_at: int | None) -> pa.Table | None:
        """Take a slice's rows; give what comes before `next_at`, the first row of the next slice (`None`: no more).

        `rows` is `None` for a slice that could not be read.
        """
        parts = [table for table in (self._carried, rows) if table is not None and table.num_rows]
        self._carried = rows = None
        if not parts:
            return None
        ordered = _by_time(pa.concat_tables([parts.pop(0) for _ in tuple(parts)]))
        if next_at is None:
            return ordered
        ready = int(pc.sum(pc.less(ordered["at"], next_at)).as_py() or 0)
        self._carried = ordered.slice(ready)
        return ordered.slice(0, ready)


def _by_time(rows: pa.Table) -> pa.Table:
    """Sorted, one chunk per column; a column at a time, so that at most one of them is there twice over."""
    schema = rows.schema
    order = pc.sort_indices(rows["at"])
    columns = rows.unify_dictionaries().columns
    del rows
    for nth, column in enumerate(columns):
        columns[nth] = column.combine_chunks().take(order)
    return pa.table(columns, schema=schema)


def rows_in_order(recording: Recording, selection: Selection) -> Iterator[pa.Table]:
    """Every selected row, in time order, one table per slice; for tools that may block."""
    items = [item for item in recording.manifest.slices if selection.touches(item)]
    order = TimeOrder()
    for item, after in zip_longest(items, items[1:]):
        rows = decode(item, fetch(recording, item, selection.partitions), selection)
        ordered = order.push(rows, after.first_at if after else None)
        if ordered is not None:
            yield ordered
