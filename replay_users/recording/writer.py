"""Write an hour of a recording: slices, then its count index, then its manifest.

Law: the manifest is written last and names everything else, so a reader never meets a half-written hour that looks whole.
Rows arrive in time order with every column of the schema filled. The subtle thing: a slice is named by the hash of its
bytes, so writing the same rows again writes the same files, and a running replay never sees a file change under it.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from replay_users.errors import DamagedRecording
from replay_users.histogram import Histogram
from replay_users.recording.index import IndexWriter, build_index, read_index
from replay_users.recording.manifest import (
    MANIFEST_NAME,
    EndpointInfo,
    GroupInfo,
    Manifest,
    SliceInfo,
    from_json,
    merge,
    to_json,
)
from replay_users.recording.schema import COLUMNS, SCHEMA
from replay_users.recording.traits import Trait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.recording.store import Store

__all__ = ["HourWriter", "Layout", "encode_slice", "hour_folder"]

SLICE_BYTES = 8 << 20
"""Raw bytes of a slice: a worker holds two of them, decoded (measured, whole pipeline: 8 MiB peaks at 222 MB, 16 MiB at 278)."""

_GROUPS = 16
"""Row groups of a slice at most: beyond as many partitions, neighbours share one.

A column chunk costs 10 us to decode and 50 bytes of footer however few rows it holds. Measured at P = 256, replay columns,
against a row group per partition: decoding costs 8 instead of 21 us a row for an owner of all, 9 instead of 33 for one of
16 partitions, 29 instead of 86 for one of 3 (who reads 2.0 KB a row instead of 9.6, for the footer was 441 KB), and the
recording is half as large. Twice as many groups serve an owner of 3 no better.
"""

_WIDE = 64
"""Partitions beyond which slices are twice as large, since each of many workers wants a small part of every slice.

Measured at P = 256: 9 instead of 15 us a row for an owner of 16 partitions, 29 instead of 52 for one of 3.
"""

_ERRORS = 400
_DICTIONARY = [
    "session_kind",
    "endpoint",
    "protocol",
    "scheme",
    "authority",
    "method",
    "source",
    "client",
    "end_flags",
    "capture",
]
_DELTA = dict.fromkeys(("at", "duration", "response_size"), "DELTA_BINARY_PACKED")
_BARE = {*_DICTIONARY, *_DELTA, "partition", "sample", "traits", "status"}
"""Columns of a few bytes a row, which a run reads: a page's own zstd frame costs more than it saves.

Measured, decoding what a run reads: 22 % less time at P = 16 and 47 % less at P = 256, for 1.6 % more bytes.
"""
_COMPRESSION = {name: "none" if name in _BARE else "zstd" for name in COLUMNS}
_LEVELS = {name: 1 for name in COLUMNS if name not in _BARE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is decided once per recording and followed by every later ingest."""

    partitions: int = 16
    templates: Mapping[str, Any] = field(default_factory=dict)
    shared_sessions: frozenset[bytes] = frozenset()
    hmac_key_id: str | None = None


def hour_folder(at: int) -> str:
    """`date=YYYY-MM-DD/hour=HH/` of a UTC ns time."""
    stamp = pc.strftime(pa.scalar(at // 1_000_000_000, pa.timestamp("s", "UTC")), format="date=%Y-%m-%d/hour=%H/")
    return str(stamp.as_py())


def encode_slice(rows: pa.Table, partitions: int) -> tuple[bytes, tuple[GroupInfo, ...]]:
    """A slice's bytes, and where its row groups lie, each of one partition or of neighbours, in order; in a group, by time."""
    lane = pc.divide(rows["partition"], pa.scalar(-(-partitions // _GROUPS), pa.uint16()))
    order = pc.sort_indices(pa.table({"lane": lane, "at": rows["at"]}), [("lane", "ascending"), ("at", "ascending")])
    ordered = rows.take(order)
    counts = pa.table({"lane": lane.take(order)}).group_by("lane", use_threads=False).aggregate([([], "count_all")])
    sink = io.BytesIO()
    # Statistics on the body columns would put whole bodies into the footer (measured: 101 KB instead of 12 KB).
    with pq.ParquetWriter(
        sink,
        SCHEMA,
        compression=_COMPRESSION,
        compression_level=_LEVELS,
        use_dictionary=_DICTIONARY,
        column_encoding=_DELTA,
        write_statistics=["partition", "at"],
        write_page_checksum=True,
    ) as writer:
        done = 0
        for count in counts["count_all"].to_pylist():
            writer.write_table(ordered.slice(done, count), row_group_size=count)
            done += count
    data = sink.getvalue()
    return data, tuple(_groups(data))


def _groups(data: bytes) -> list[GroupInfo]:
    metadata = pq.read_metadata(io.BytesIO(data))
    found = []
    for nth in range(metadata.num_row_groups):
        group = metadata.row_group(nth)
        chunks = [group.column(i) for i in range(group.num_columns)]
        start = min(c.dictionary_page_offset if c.has_dictionary_page else c.data_page_offset for c in chunks)
        end = start + sum(c.total_compressed_size for c in chunks)
        held = next(c for c in chunks if c.path_in_schema == "partition").statistics
        found.append(GroupInfo(held.min, group.num_rows, start, end, crc32(memoryview(data)[start:end]), held.max))
    return found


def _fitting(rows: pa.Table, room: int) -> int:
    """How many of the first rows take no more than `room` bytes."""
    if rows.nbytes <= room:
        return int(rows.num_rows)
    return bisect_right(range(1, rows.num_rows), room, key=lambda count: int(rows.slice(0, count).nbytes))


class HourWriter:
    """Collects one hour's rows and writes it; `finish` returns its manifest."""

    def __init__(self, store: Store, folder: str, layout: Layout) -> None:
        """`folder` is `hour_folder(at)` of every row that will be added."""
        self._store = store
        self._folder = folder
        self._layout = layout
        self._limit = SLICE_BYTES * (2 if layout.partitions > _WIDE else 1)
        self._waiting: list[pa.Table] = []
        self._bytes = 0
        self._slices: list[SliceInfo] = []
        self._index = IndexWriter()
        self._facts = _Facts()

    def add(self, rows: pa.Table) -> None:
        """Take rows in time order, all columns of the schema; slices are written as they fill."""
        while rows.num_rows:
            count = _fitting(rows, self._limit - self._bytes)
            if not count and self._waiting:
                self._flush()
                continue
            taken = rows.slice(0, max(1, count))
            self._waiting.append(taken)
            self._bytes += taken.nbytes
            rows = rows.slice(taken.num_rows)

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting, self._bytes = [], 0
        data, groups = encode_slice(rows, self._layout.partitions)
        digest = blake2b(data, digest_size=16).hexdigest()
        file = f"slice-{digest}.parquet"
        self._store.put(self._folder + file, data)
        span = pc.min_max(rows["at"]).as_py()
        footer = int.from_bytes(data[-8:-4], "little") + 8
        self._slices.append(
            SliceInfo(
                file=file,
                size=len(data),
                content_hash=digest,
                first_at=span["min"],
                last_at=span["max"],
                rows=rows.num_rows,
                footer=footer,
                raw_bytes=rows.nbytes,
                groups=groups,
                footer_crc32=crc32(data[-footer:]),
            )
        )
        self._index.add(build_index(file, rows))
        self._facts.add(rows)

    def finish(self, sources: Mapping[str, Any]) -> Manifest:
        """Write what waits, the index and, last, the manifest; earlier slices of the hour stay in it."""
        self._flush()
        manifest = self._facts.manifest(self._layout, tuple(self._slices), dict(sources))
        earlier = self._store.get(self._folder + MANIFEST_NAME)
        if earlier is not None:
            manifest = self._extend(from_json(earlier, f"{self._store.name}/{self._folder}{MANIFEST_NAME}"), manifest)
        index = self._index.finish()
        name = f"index-{blake2b(index, digest_size=16).hexdigest()}.parquet"
        self._store.put(self._folder + name, index)
        manifest = replace(manifest, index=name)
        self._store.put(self._folder + MANIFEST_NAME, to_json(manifest))
        return manifest

    def _extend(self, old: Manifest, new: Manifest) -> Manifest:
        """The hour with the new slices beside the old ones, one generation on."""
        name = self._folder + old.index
        before = self._store.get(name)
        if before is None:
            raise DamagedRecording(f"{self._store.name}/{name} is missing: restore it, or ingest into a new recording")
        for entries in read_index(before, f"{self._store.name}/{name}"):
            self._index.add(entries)
        return replace(merge([("", old), ("", new)]), generation=old.generation + 1)


class _Facts:
    """What the manifest says of an hour's rows, added up slice by slice."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {
            name: Counter()
            for name in (
                "endpoint",
                "method",
                "authority",
                "protocol",
                "status",
                "session_kind",
                "capture",
            )
        }
        self.redaction: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.latency: dict[str, Histogram] = {}
        self.peak = 0

    def add(self, rows: pa.Table) -> None:
        for name, counter in self.counts.items():
            for item in pc.value_counts(rows[name]).to_pylist():
                counter[str(item["values"])] += item["counts"]
        refused = rows["endpoint"].filter(_are_refused(rows["status"]))
        self.refused.update({str(item["values"]): item["counts"] for item in pc.value_counts(refused).to_pylist()})
        for item in pc.value_counts(rows["traits"]).to_pylist():
            self._redacted(item["values"], item["counts"])
        for endpoint, duration in zip(rows["endpoint"].to_pylist(), rows["duration"].to_pylist(), strict=True):
            if duration is not None:
                self.latency.setdefault(endpoint, Histogram()).add(duration)
        self.peak = max(self.peak, _peak(rows))

    def _redacted(self, bits: int, rows: int) -> None:
        for trait, name in ((Trait.REDACTED_HEADER, "headers"), (Trait.REDACTED_TARGET, "targets")):
            if bits & trait:
                self.redaction[name] += rows

    def manifest(self, layout: Layout, slices: tuple[SliceInfo, ...], sources: dict[str, Any]) -> Manifest:
        counts = self.counts
        return Manifest(
            partitions=layout.partitions,
            first_at=min(s.first_at for s in slices),
            last_at=max(s.last_at for s in slices),
            rows=sum(s.rows for s in slices),
            slices=slices,
            index="",
            endpoints=tuple(
                EndpointInfo(
                    name, counts["endpoint"][name], self.latency.get(name, Histogram()).to_dict(), self.refused[name]
                )
                for name in sorted(counts["endpoint"])
            ),
            methods=dict(counts["method"].most_common()),
            hosts=dict(counts["authority"].most_common()),
            protocols=dict(counts["protocol"].most_common()),
            statuses=dict(counts["status"].most_common()),
            session_kinds=dict(counts["session_kind"].most_common()),
            peak_concurrency=self.peak,
            capture=dict(counts["capture"].most_common()),
            redaction=dict(self.redaction),
            shared_sessions=tuple(sorted(s.hex() for s in layout.shared_sessions)),
            templates=layout.templates,
            hmac_key_id=layout.hmac_key_id,
            sources=sources,
        )


def _are_refused(status: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether each row's answer was an error, or none was begun."""
    return pc.or_(pc.greater_equal(status, _ERRORS), pc.equal(status, 0))


def _peak(rows: pa.Table) -> int:
    """The most exchanges that were under way at once, within these rows; each is for a nanosecond at least."""
    starts = rows["at"].combine_chunks()
    ends = pc.add(starts, pc.max_element_wise(rows["duration"].combine_chunks(), 1))
    steps = pa.table(
        {
            "time": pa.concat_arrays([starts, ends]),
            "step": pa.concat_arrays([pa.repeat(1, len(starts)), pa.repeat(-1, len(ends))]),
        }
    ).sort_by([("time", "ascending"), ("step", "ascending")])
    running = pc.cumulative_sum(steps["step"])
    return int(pc.max(running).as_py() or 0)
