"""The count index: how many rows per slice, second, endpoint, sample bucket and traits, in a small Parquet.

Law: counts only, in a file beside the manifest. It is written by ingest from the rows themselves and read by the plan, so
`planned` never comes from adding up what a run happened to see. The subtle thing: one entry is about one row where sessions
are many, so it is written and read a slice at a time, filtered and folded at once, and what stays in memory no longer knows
sample buckets. Nor does it know partitions: who asks by them is answered from the files, and nothing of that is kept.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from replay_users.errors import DamagedRecording
from replay_users.recording.schema import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

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
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        for nth in range(file.num_row_groups):
            yield file.read_row_group(nth, use_threads=False).select(INDEX_SCHEMA.names).cast(INDEX_SCHEMA)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DamagedRecording(f"{name} is damaged ({error}); ingest the capture again") from None


class CountIndex:
    """The counts of a whole recording by slice, second, endpoint and traits; folded once for each sample asked for."""

    def __init__(self, hours: Callable[[], Iterable[tuple[str, bytes]]], endpoints: Mapping[str, int]) -> None:
        """`hours()` gives (folder, index file) one at a time; `endpoints` maps names to the merged manifest's indices."""
        self._hours = hours
        self._endpoints = endpoints
        self._folded: dict[int, pa.Table] = {}

    def totals(self, start: int, end: int, buckets: int) -> dict[tuple[int, int], int]:
        """Rows by (endpoint index, traits) with start <= at < end (UTC ns, whole seconds) in the sample."""
        table = self._between(start, end, buckets).group_by(["endpoint", "traits"]).aggregate([("rows", "sum")])
        names, bits, rows = (table[c].to_pylist() for c in ("endpoint", "traits", "rows_sum"))
        return {(self._endpoints[name], int(b)): int(n) for name, b, n in zip(names, bits, rows, strict=True)}

    def curve(self, start: int, end: int, buckets: int, keep: Collection[tuple[int, int]]) -> list[int]:
        """Rows per second from `start`, of the (endpoint index, traits) cells in `keep` only."""
        table = self._between(start, end, buckets)
        kept = table.filter(_in_cells(table, self._labels(keep)))
        return _curve(start, end, _sums(kept, "second"))

    def partition_rows(self, start: int, end: int, buckets: int) -> dict[int, int]:
        """Rows per partition with start <= at < end in the sample; partitions without any are left out."""
        return dict(self._summed("partition", start, end, buckets))

    def partition_curve(
        self,
        start: int,
        end: int,
        buckets: int,
        partitions: Collection[int],
        keep: Collection[tuple[int, int]] | None = None,
    ) -> list[int]:
        """Rows per second from `start`, of these partitions only; with `keep`, of its cells only, as `curve` has them."""
        cells = None if keep is None else self._labels(keep)
        return _curve(start, end, self._summed("second", start, end, buckets, partitions, cells).items())

    def slices(self, start: int, end: int, buckets: int, partitions: Collection[int] | None = None) -> dict[str, int]:
        """Rows per slice with start <= at < end in the sample: what a slice that cannot be read leaves unread.

        With `partitions`, rows of those only: what a worker that owns them expects.
        """
        if partitions is not None:
            return dict(self._summed("slice", start, end, buckets, partitions))
        return dict(_sums(self._between(start, end, buckets), "slice"))

    def _labels(self, cells: Collection[tuple[int, int]]) -> pa.Array:
        names = {index: name for name, index in self._endpoints.items()}
        return pa.array([f"{names[e]} {t}" for e, t in cells], pa.string())

    def _between(self, start: int, end: int, buckets: int) -> pa.Table:
        table = self._fold(buckets)
        return table.filter(_in_window(table, start, end))

    def _summed(
        self,
        key: str,
        start: int,
        end: int,
        buckets: int,
        partitions: Collection[int] | None = None,
        cells: pa.Array | None = None,
    ) -> Counter[Any]:
        """Rows by one column, read from the files: by partition there would be too much to keep folded."""
        counted: Counter[Any] = Counter()
        for folder, data in self._hours():
            for entries in read_index(data, _called(folder)):
                kept = entries.filter(pc.and_(pc.less(entries["sample"], buckets), _in_window(entries, start, end)))
                if partitions is not None:
                    kept = kept.filter(pc.is_in(kept["partition"], value_set=pa.array(sorted(partitions), pa.uint16())))
                if cells is not None:
                    kept = kept.filter(_in_cells(kept, cells))
                for value, rows in _sums(kept, key):
                    counted[folder + value if key == "slice" else value] += rows
        return counted

    def _fold(self, buckets: int) -> pa.Table:
        if buckets not in self._folded:
            parts = [INDEX_SCHEMA.empty_table().drop_columns(["partition", "sample"])]
            parts += [part for folder, data in self._hours() for part in _fold_hour(folder, data, buckets)]
            self._folded[buckets] = pa.concat_tables(parts)
        return self._folded[buckets]


def _called(folder: str) -> str:
    return f"the count index of {folder or 'this hour'}"


def _in_window(table: pa.Table, start: int, end: int) -> pa.ChunkedArray:
    second = table["second"]
    return pc.and_(pc.greater_equal(second, start // SECOND), pc.less(second, -(-end // SECOND)))


def _in_cells(table: pa.Table, cells: pa.Array) -> pa.ChunkedArray:
    labels = pc.binary_join_element_wise(table["endpoint"], pc.cast(table["traits"], pa.string()), " ")
    return pc.is_in(labels, value_set=cells)


def _sums(table: pa.Table, key: str) -> Iterator[tuple[Any, int]]:
    summed = table.group_by([key], use_threads=False).aggregate([("rows", "sum")])
    return zip(summed[key].to_pylist(), summed["rows_sum"].to_pylist(), strict=True)


def _curve(start: int, end: int, counted: Iterable[tuple[int, int]]) -> list[int]:
    curve = [0] * max(0, -(-(end - start) // SECOND))
    for second, rows in counted:
        curve[second - start // SECOND] = rows
    return curve


def _fold_hour(folder: str, data: bytes, buckets: int) -> Iterator[pa.Table]:
    for entries in read_index(data, _called(folder)):
        kept = entries.filter(pc.less(entries["sample"], buckets))
        keys = ["slice", "second", "endpoint", "traits"]
        folded = kept.group_by(keys, use_threads=False).aggregate([("rows", "sum")]).rename_columns([*keys, "rows"])
        names = pc.binary_join_element_wise(pa.scalar(folder), folded["slice"], "")
        yield folded.set_column(0, INDEX_SCHEMA.field("slice"), names).cast(
            pa.schema([INDEX_SCHEMA.field(name) for name in (*keys, "rows")])
        )
