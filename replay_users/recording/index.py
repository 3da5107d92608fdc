"""The count index: how many rows per slice, second, endpoint, sample bucket and traits, in a small Parquet.

Law: counts only, in a file beside the manifest. It is written by ingest from the rows themselves and read by the plan, so
`planned` never comes from adding up what a run happened to see. The subtle thing: one entry is about one row where sessions
are many, so it is written and read a slice at a time, and nothing is kept but sums: each question is a pass over the files,
with the columns it needs, of the row groups that its window touches. Folded in memory, a day of 50 rows per second took
1.0 GB and longer than two passes do (measured: 3.3 s instead of 1.8). And a pass over 43 million rows takes 16 s (measured),
in which a process that has heartbeats to answer must have its turns: `pause` is called after each slice.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from replay_users.errors import DamagedRecording
from replay_users.recording.partition import SAMPLE_BUCKETS
from replay_users.recording.schema import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

__all__ = ["INDEX_SCHEMA", "CountIndex", "IndexWriter", "build_index", "read_index"]

SECOND = 1_000_000_000

INDEX_SCHEMA = pa.schema(
    [
        pa.field("slice", pa.string(), nullable=False),
        pa.field("second", pa.int64(), nullable=False),  # at // 1e9
        pa.field("partition", pa.uint16(), nullable=False),
        pa.field("endpoint", pa.string(), nullable=False),
        pa.field("sample", pa.uint16(), nullable=False),
        pa.field("traits", pa.uint8(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
    ],
    metadata=MARK,
)
_KEYS = ["slice", "second", "partition", "endpoint", "sample", "traits"]
_TRAITS = 256  # sets of traits there can be: an endpoint's place and a set make one number
_NAMES = ["slice", "endpoint"]
_CODED = pa.schema(
    [f.with_type(pa.dictionary(pa.int32(), pa.string())) if f.name in _NAMES else f for f in INDEX_SCHEMA]
)


def build_index(file: str, rows: pa.Table) -> pa.Table:
    """The index entries of one slice, from its rows."""
    table = pa.table(
        {
            "slice": pa.repeat(file, len(rows)),
            "second": pc.divide(rows["at"], SECOND),
            **{name: rows[name] for name in _KEYS[2:]},
        }
    )
    counted = table.group_by(_KEYS, use_threads=False).aggregate([([], "count_all")])
    return counted.rename_columns([*_KEYS, "rows"]).cast(INDEX_SCHEMA)


class IndexWriter:
    """Writes the index file of an hour, a row group per slice, without holding its entries."""

    def __init__(self) -> None:
        self._sink = io.BytesIO()
        self._writer = pq.ParquetWriter(
            self._sink, INDEX_SCHEMA, compression="zstd", use_dictionary=["slice", "endpoint"]
        )

    def add(self, entries: pa.Table) -> None:
        """Add the entries of one slice."""
        self._writer.write_table(entries, row_group_size=max(1, entries.num_rows))

    def finish(self) -> bytes:
        """The file."""
        self._writer.close()
        return self._sink.getvalue()


def read_index(data: bytes, name: str) -> Iterator[pa.Table]:
    """The entries of an index file, slice by slice.

    Raises:
        DamagedRecording: it is not one.
    """
    for entries in _scan(data, name, INDEX_SCHEMA.names, lambda first, last: True):  # noqa: ARG005 - all of them
        yield entries.cast(INDEX_SCHEMA)


def _scan(data: bytes, name: str, columns: Sequence[str], touched: Callable[[int, int], bool]) -> Iterator[pa.Table]:
    """Columns of the entries, slice by slice, of those whose first and last second are `touched`; names as dictionaries."""
    try:
        file = pq.ParquetFile(io.BytesIO(data), read_dictionary=_NAMES)
        for nth in range(file.num_row_groups):
            if touched(*_seconds(file.metadata.row_group(nth))):
                entries = file.read_row_group(nth, columns=columns, use_threads=False).select(columns)
                yield entries.cast(pa.schema([_CODED.field(column) for column in columns]))
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DamagedRecording(f"{name} is damaged ({error}); ingest the capture again") from None


def _seconds(group: Any) -> tuple[int, int]:
    """The first and last second of a row group, by its statistics; without any, it might hold all there are."""
    held = group.column(_KEYS.index("second"))
    if held.path_in_schema != "second" or held.statistics is None or not held.statistics.has_min_max:
        return -(1 << 62), 1 << 62
    return held.statistics.min, held.statistics.max


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which entries a question is about: seconds `first` to before `end`, sample buckets, partitions and cells (`None`: all)."""

    first: int
    end: int
    buckets: int
    partitions: pa.Array | None = None
    cells: pa.Array | None = None

    def columns(self, wanted: Sequence[str]) -> list[str]:
        """What has to be read to tell what is `wanted` of them."""
        more = ["second", "sample"]
        more += ["partition"] if self.partitions is not None else []
        more += ["endpoint", "traits"] if self.cells is not None else []
        return list(dict.fromkeys([*wanted, *more, "rows"]))

    def touched(self, first: int, last: int) -> bool:
        """Whether entries of these seconds may be among them."""
        return first < self.end and last >= self.first

    def of(self, entries: pa.Table, cell: pa.Array | None) -> pa.Table:
        """Those of a slice's entries that are asked for."""
        second = entries["second"]
        keep = pc.and_(pc.greater_equal(second, self.first), pc.less(second, self.end))
        if self.buckets < SAMPLE_BUCKETS:
            keep = pc.and_(keep, pc.less(entries["sample"], self.buckets))
        if self.partitions is not None:
            keep = pc.and_(keep, pc.is_in(entries["partition"], value_set=self.partitions))
        if self.cells is not None:
            keep = pc.and_(keep, pc.is_in(cell, value_set=self.cells))
        return entries if pc.all(keep).as_py() else entries.filter(keep)


@dataclass(slots=True)
class _Sums:
    """Rows of a window and sample by cell (`_cell`), slice and partition."""

    cells: Counter[int] = field(default_factory=Counter)
    slices: Counter[str] = field(default_factory=Counter)
    partitions: Counter[int] = field(default_factory=Counter)


class CountIndex:
    """The counts of a whole recording by slice, second, endpoint, traits and partition."""

    def __init__(
        self,
        hours: Callable[[], Iterable[tuple[str, bytes]]],
        endpoints: Mapping[str, int],
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Nothing is read yet.

        Args:
            hours: gives (folder, index file) one at a time.
            endpoints: names to the merged manifest's indices.
            pause: called between slices and between hours, for whoever else has to do something meanwhile.
        """
        self._hours = hours
        self._endpoints = endpoints
        self._pause = pause
        self._known: tuple[_Asked, _Sums] | None = None

    def totals(self, start: int, end: int, buckets: int) -> dict[tuple[int, int], int]:
        """Rows by (endpoint index, traits) with start <= at < end (UTC ns, whole seconds) in the sample."""
        return {(cell // _TRAITS, cell % _TRAITS): n for cell, n in self._sums(start, end, buckets).cells.items()}

    def curve(self, start: int, end: int, buckets: int, keep: Collection[tuple[int, int]]) -> list[int]:
        """Rows per second from `start`, of the (endpoint index, traits) cells in `keep` only."""
        return self._curve(start, end, _asked(start, end, buckets, keep=keep))

    def partition_rows(self, start: int, end: int, buckets: int) -> dict[int, int]:
        """Rows per partition with start <= at < end in the sample; partitions without any are left out."""
        return dict(self._sums(start, end, buckets).partitions)

    def partition_curve(
        self,
        start: int,
        end: int,
        buckets: int,
        partitions: Collection[int],
        keep: Collection[tuple[int, int]] | None = None,
    ) -> list[int]:
        """Rows per second from `start`, of these partitions only; with `keep`, of its cells only, as `curve` has them."""
        return self._curve(start, end, _asked(start, end, buckets, partitions=partitions, keep=keep))

    def slices(self, start: int, end: int, buckets: int, partitions: Collection[int] | None = None) -> dict[str, int]:
        """Rows per slice with start <= at < end in the sample: what a slice that cannot be read leaves unread.

        With `partitions`, rows of those only: what a worker that owns them expects.
        """
        if partitions is None:
            return dict(self._sums(start, end, buckets).slices)
        counted: Counter[str] = Counter()
        for folder, entries in self._entries(_asked(start, end, buckets, partitions=partitions), ["slice"]):
            _add_slices(counted, folder, entries)
        return dict(counted)

    def _sums(self, start: int, end: int, buckets: int) -> _Sums:
        """All that is asked of a whole window, from one pass; those of the last window are remembered."""
        asked = _asked(start, end, buckets)
        if self._known is None or self._known[0] != asked:
            sums = _Sums()
            for folder, entries in self._entries(asked, ["slice", "partition", "endpoint", "traits"]):
                _add_slices(sums.slices, folder, entries)
                _add(sums.partitions, entries["partition"], entries)
                _add(sums.cells, self._cells(entries), entries)
            self._known = asked, sums
        return self._known[1]

    def _curve(self, start: int, end: int, asked: _Asked) -> list[int]:
        counted: Counter[int] = Counter()
        for _, entries in self._entries(asked, ["second"]):
            _add(counted, entries["second"], entries)
        first = start // SECOND
        return [counted[first + nth] for nth in range(max(0, -(-(end - start) // SECOND)))]

    def _entries(self, asked: _Asked, wanted: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """The entries that are asked for, slice by slice, each with its folder."""
        columns = asked.columns(wanted)
        for folder, data in self._hours():
            self._pause()
            for entries in _scan(data, f"the count index of {folder or 'this hour'}", columns, asked.touched):
                found = asked.of(entries, self._cells(entries) if asked.cells is not None else None)
                if found.num_rows:
                    yield folder, found
                self._pause()

    def _cells(self, entries: pa.Table) -> pa.Array:
        """The cell of each entry, as one number."""
        names = entries["endpoint"].combine_chunks()
        places = pa.array([self._endpoints[name] for name in names.dictionary.to_pylist()], pa.int64())
        return pc.add(pc.multiply(places.take(names.indices), _TRAITS), entries["traits"].combine_chunks())


def _asked(
    start: int,
    end: int,
    buckets: int,
    *,
    partitions: Collection[int] | None = None,
    keep: Collection[tuple[int, int]] | None = None,
) -> _Asked:
    return _Asked(
        first=start // SECOND,
        end=-(-end // SECOND),
        buckets=buckets,
        partitions=None if partitions is None else pa.array(sorted(partitions), pa.uint16()),
        cells=None if keep is None else pa.array([endpoint * _TRAITS + bits for endpoint, bits in keep], pa.int64()),
    )


def _add(counted: Counter[Any], keys: pa.Array, entries: pa.Table) -> None:
    """Count the entries' rows by their keys."""
    summed = pa.table({"key": keys, "rows": entries["rows"]}).group_by("key", use_threads=False)
    found = summed.aggregate([("rows", "sum")])
    for key, rows in zip(found["key"].to_pylist(), found["rows_sum"].to_pylist(), strict=True):
        counted[key] += rows


def _add_slices(counted: Counter[str], folder: str, entries: pa.Table) -> None:
    """Count the entries' rows by slice, which of an ingest's own row groups is one."""
    files = entries["slice"].combine_chunks()
    names, found = files.dictionary.to_pylist(), Counter[int]()
    _add(found, files.indices, entries)
    for place, rows in found.items():
        counted[folder + names[place]] += rows
