"""An hour's slices, index and manifest as they are written."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from replay_users.errors import DamagedRecording
from replay_users.histogram import Histogram
from replay_users.recording import writer
from replay_users.recording.folder import FolderStore
from replay_users.recording.manifest import from_json
from replay_users.recording.recording import open_recording
from replay_users.recording.schema import COLUMNS, REPLAY_COLUMNS, is_ours
from replay_users.recording.writer import HourWriter, Layout, encode_slice, hour_folder
from tests.recording.making import SECOND, START, WatchedStore, make_exchange, make_exchanges, record, record_in

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.recording.recording import Recording

FOLDER = "date=2026-11-05/hour=10/"


def files_of(recording: Recording) -> list[bytes]:
    """The bytes of every slice."""
    store = recording.store
    return [store.read(s.file, 0, s.size, recording.version(s)) for s in recording.manifest.slices]


def test_a_row_group_is_a_partition(tmp_path: Path) -> None:
    """A slice has one row group for each partition with rows, in partition order, its rows in time order."""
    exchanges = make_exchanges(300)
    recording = record_in(tmp_path, reversed(exchanges), partitions=8)
    (data,) = files_of(recording)
    file = pq.ParquetFile(io.BytesIO(data))
    seen = []
    for nth in range(file.num_row_groups):
        rows = file.read_row_group(nth)
        (partition,) = set(rows["partition"].to_pylist())
        times = rows["at"].to_pylist()
        assert times == sorted(times)
        seen.append((partition, len(times)))
    assert seen == sorted(Counter(_partitions(recording)).items())
    assert [(g.partition, g.rows) for g in recording.manifest.slices[0].groups] == seen
    assert len(seen) > 3


def test_many_partitions_share_row_groups(tmp_path: Path) -> None:
    """A slice has at most 16 row groups, each of neighbouring partitions that no other has, its rows in time order."""
    exchanges = [make_exchange(nth, session=b"%d" % nth) for nth in range(400)]
    recording = record_in(tmp_path, reversed(exchanges), partitions=100)
    (data,) = files_of(recording)
    file, groups = pq.ParquetFile(io.BytesIO(data)), recording.manifest.slices[0].groups
    assert file.num_row_groups == len(groups) == 15
    for nth, group in enumerate(groups):
        rows = file.read_row_group(nth)
        times, held = rows["at"].to_pylist(), set(rows["partition"].to_pylist())
        assert times == sorted(times)
        assert (min(held), max(held), len(times)) == (group.partition, group.last, group.rows)
        assert {partition // 7 for partition in held} == {nth}


def _partitions(recording: Recording) -> list[int]:
    (data,) = files_of(recording)
    return [int(p) for p in pq.read_table(io.BytesIO(data))["partition"].to_pylist()]


def test_ranges_are_those_of_the_file(tmp_path: Path) -> None:
    """The manifest's ranges hold each row group's bytes and nothing else, and the footer's length is the file's own."""
    recording = record_in(tmp_path, make_exchanges(300), partitions=8)
    (data,) = files_of(recording)
    (item,) = recording.manifest.slices
    assert item.size == len(data)
    assert item.groups[0].start == 4
    assert all(left.end == right.start for left, right in pairwise(item.groups))
    assert item.groups[-1].end == item.size - item.footer
    assert item.footer == int.from_bytes(data[-8:-4], "little") + 8


def test_statistics_are_kept_on_partition_and_time_only(tmp_path: Path) -> None:
    """Statistics elsewhere would copy whole bodies into the footer."""
    body = b"secret body " * 5000
    recording = record_in(tmp_path, [make_exchange(nth, response_body=body) for nth in range(20)])
    (data,) = files_of(recording)
    metadata = pq.read_metadata(io.BytesIO(data))
    chunks = [
        metadata.row_group(g).column(c) for g in range(metadata.num_row_groups) for c in range(metadata.num_columns)
    ]
    kept = {chunk.path_in_schema for chunk in chunks if chunk.is_stats_set}
    assert kept == {"partition", "at"}
    assert b"secret body" not in data[-recording.manifest.slices[0].footer :]


def test_a_slice_has_all_columns_and_our_mark(tmp_path: Path) -> None:
    """Every column is there, and the footer says who wrote it."""
    (data,) = files_of(record_in(tmp_path, make_exchanges(3)))
    metadata = pq.read_metadata(io.BytesIO(data))
    assert tuple(metadata.schema.to_arrow_schema().names) == COLUMNS
    assert is_ours(pq.read_schema(io.BytesIO(data)))


def test_what_is_large_is_packed_and_what_is_small_is_not(tmp_path: Path) -> None:
    """Heads, bodies and targets are packed by zstd; small columns that a run reads are not, which saves half of decoding them."""
    (data,) = files_of(record_in(tmp_path, make_exchanges(30)))
    group = pq.read_metadata(io.BytesIO(data)).row_group(0)
    packed = {group.column(c).path_in_schema: group.column(c).compression for c in range(group.num_columns)}
    large = ["session", "id", "target", "request_head", "request_body", "response_head", "response_body", "trailers"]
    assert {packed[name] for name in large} == {"ZSTD"}
    small = set(REPLAY_COLUMNS) - set(large)
    assert {packed[name] for name in small} == {"UNCOMPRESSED"}
    assert "DELTA_BINARY_PACKED" in group.column(COLUMNS.index("at")).encodings


def test_names_are_hashes_of_the_bytes(tmp_path: Path) -> None:
    """A slice and an index are named by what is in them."""
    recording = record_in(tmp_path, make_exchanges(9))
    (data,) = files_of(recording)
    digest = blake2b(data, digest_size=16).hexdigest()
    assert recording.manifest.slices[0].file == f"{FOLDER}slice-{digest}.parquet"
    assert recording.manifest.slices[0].content_hash == digest
    (index,) = (tmp_path / FOLDER).glob("index-*")
    assert index.name == f"index-{blake2b(index.read_bytes(), digest_size=16).hexdigest()}.parquet"


def test_the_same_exchanges_make_the_same_files(tmp_path: Path) -> None:
    """An ingest that is run again writes the very same slices, index and manifest."""
    for name in ("one", "two"):
        record(FolderStore(tmp_path / name), make_exchanges(50))
    one, two = ({p.name: p.read_bytes() for p in (tmp_path / name).rglob("*.*")} for name in ("one", "two"))
    assert one == two


SIZES = [
    pytest.param([1000] * 60, id="even"),
    pytest.param([1] * 30 + [9_000] * 5 + [1] * 30, id="large-rows-in-the-middle"),
    pytest.param([9_000] * 6 + [1] * 60, id="large-rows-first"),
    pytest.param([100_000, 1, 100_000], id="rows-larger-than-a-slice"),
]


@pytest.mark.parametrize("sizes", SIZES)
def test_a_slice_is_no_larger_than_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    """Raw bytes stay within the limit however unevenly they are spread, but for a single row that is larger by itself."""
    monkeypatch.setattr(writer, "SLICE_BYTES", 20_000)
    exchanges = [make_exchange(nth, response_body=b"x" * size) for nth, size in enumerate(sizes)]
    slices = record_in(tmp_path, exchanges).manifest.slices
    assert sum(s.rows for s in slices) == len(sizes)
    assert all(s.raw_bytes <= 20_000 or s.rows == 1 for s in slices)
    assert all(s.raw_bytes + t.raw_bytes > 20_000 for s, t in pairwise(slices))
    assert all(s.last_at <= t.first_at for s, t in pairwise(slices))


def test_a_wide_recording_has_larger_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more than 64 partitions slices are twice as large, since each of many workers wants a small part of every slice."""
    monkeypatch.setattr(writer, "SLICE_BYTES", 20_000)
    exchanges = [make_exchange(nth, response_body=b"x" * 1000) for nth in range(60)]
    narrow = record_in(tmp_path / "64", exchanges, partitions=64).manifest.slices
    wide = record_in(tmp_path / "65", exchanges, partitions=65).manifest.slices
    assert max(s.raw_bytes for s in narrow) <= 20_000 < max(s.raw_bytes for s in wide) <= 40_000


def test_the_manifest_comes_last(tmp_path: Path) -> None:
    """Slices are written first, then the index, then the manifest, hour by hour."""
    store = WatchedStore(FolderStore(tmp_path))
    record(store, [make_exchange(0), make_exchange(1), make_exchange(2, at=START + 3600 * SECOND)])
    kinds = [key.rpartition("/")[2].partition("-")[0] for key in store.puts]
    assert kinds == ["slice", "index", "manifest.json"] * 2


def test_the_manifest_counts_the_rows(tmp_path: Path) -> None:
    """Times, methods, hosts, statuses, kinds, capture quality, redaction and latency are those of the rows."""
    exchanges = [
        make_exchange(0, duration=5_000_000),
        make_exchange(1, method="POST", status=404, authority="b.example", duration=7_000_000),
        make_exchange(2, request_head=b"A: [redacted:1]\r\n", protocol="HTTP/2", duration=None),
    ]
    manifest = record_in(tmp_path, exchanges).manifest
    latency = Histogram()
    latency.add(5_000_000)
    assert (manifest.rows, manifest.first_at, manifest.last_at) == (3, exchanges[0].at, exchanges[2].at)
    assert manifest.methods == {"GET": 2, "POST": 1}
    assert manifest.hosts == {"shop.example": 2, "b.example": 1}
    assert manifest.statuses == {"200": 2, "404": 1}
    assert manifest.protocols == {"HTTP/1.1": 2, "HTTP/2": 1}
    assert manifest.session_kinds == {"cookie": 3}
    assert manifest.capture == {"complete": 3}
    assert manifest.redaction == {"headers": 1}
    assert {e.name: e.rows for e in manifest.endpoints} == {"GET /items/{id}": 2, "POST /items/{id}": 1}
    assert manifest.endpoints[0].latency == latency.to_dict()


def test_the_manifest_counts_what_was_refused(tmp_path: Path) -> None:
    """By endpoint, over all slices and ingests of the hour: errors, and where no answer was begun."""
    statuses = [200, 304, 399, 400, 405, 500, 0]
    exchanges = [make_exchange(nth, status=status) for nth, status in enumerate(statuses)]
    record(FolderStore(tmp_path), [*exchanges, make_exchange(7, method="PATCH", status=405)])
    again = record_in(tmp_path, [make_exchange(8, status=404), make_exchange(9, method="PUT")])
    assert [(info.name.partition(" ")[0], info.rows, info.refused) for info in again.manifest.endpoints] == [
        ("GET", 8, 5),
        ("PATCH", 1, 1),
        ("PUT", 1, 0),
    ]


OVERLAPS: list[Any] = [
    pytest.param([(0, 10), (5, 10), (9, 10)], 3, id="three-at-once"),
    pytest.param([(0, 10), (10, 10)], 1, id="one-ends-as-the-next-begins"),
    pytest.param([(0, 0), (0, 0)], 2, id="at-the-same-ns"),
    pytest.param([(0, None), (1, 5)], 1, id="no-duration-known"),
]


@pytest.mark.parametrize(("spans", "expected"), OVERLAPS)
def test_peak_concurrency(tmp_path: Path, spans: list[tuple[int, int | None]], expected: int) -> None:
    """The most exchanges that were under way at once are counted."""
    exchanges = [make_exchange(n, at=START + at, duration=duration) for n, (at, duration) in enumerate(spans)]
    assert record_in(tmp_path, exchanges).manifest.peak_concurrency == expected


def test_late_data_adds_a_generation(tmp_path: Path) -> None:
    """A second ingest into an hour keeps its slices, adds others and counts both, one generation on."""
    first = record_in(tmp_path, make_exchanges(20))
    second = record_in(tmp_path, make_exchanges(10, start=20), existing=first)
    assert (first.manifest.generation, second.manifest.generation) == (1, 2)
    assert set(first.manifest.slices) < set(second.manifest.slices)
    assert second.manifest.rows == 30
    assert second.manifest.methods == {"GET": 30}
    assert sum(second.count_index().slices(START, START + 3600 * SECOND, 1000).values()) == 30
    assert len(list((tmp_path / FOLDER).glob("index-*"))) == 2


def test_a_missing_index_is_not_counted_as_nothing(tmp_path: Path) -> None:
    """Where the count index of an hour is gone, adding to the hour is refused, or its old rows would not be counted."""
    first = record_in(tmp_path, make_exchanges(5))
    next((tmp_path / FOLDER).glob("index-*")).unlink()
    with pytest.raises(DamagedRecording, match=r"index-.* is missing: restore it"):
        record(FolderStore(tmp_path), [make_exchange(9)], existing=first)


def test_a_layout_is_written_down(tmp_path: Path) -> None:
    """What later ingests follow is in the manifest."""
    recording = record_in(tmp_path, make_exchanges(3), partitions=5)
    layout = Layout(
        partitions=5,
        templates={"endpoints": ["GET /items/{id}"], "rules": []},
        shared_sessions=frozenset(),
        hmac_key_id=None,
    )
    assert recording.layout == layout


def test_a_key_id_goes_into_the_manifest(tmp_path: Path) -> None:
    """The id of the key that made pseudonyms is kept, and comes back in the layout."""
    recording = record_in(tmp_path / "a", make_exchanges(3))
    rows = pq.read_table(io.BytesIO(files_of(recording)[0]))
    hour = HourWriter(FolderStore(tmp_path / "b"), hour_folder(START), replace(recording.layout, hmac_key_id="key-7"))
    hour.add(rows)
    hour.finish({})
    assert open_recording(FolderStore(tmp_path / "b")).layout.hmac_key_id == "key-7"


def test_encoding_puts_partitions_in_order(tmp_path: Path) -> None:
    """Rows may come in any order of partitions; a partition's rows at the same ns stay in the order they came in."""
    exchanges = [make_exchange(nth, at=START, session=b"%d" % (nth % 5)) for nth in range(40)]
    rows = pq.read_table(io.BytesIO(files_of(record_in(tmp_path, exchanges))[0]))
    shuffled = rows.sort_by([("id", "descending")])
    data, groups = encode_slice(shuffled, 16)
    written = pq.read_table(io.BytesIO(data))
    for group in groups:
        ids = [r["id"] for r in shuffled.to_pylist() if r["partition"] == group.partition]
        assert [r["id"] for r in written.to_pylist() if r["partition"] == group.partition] == ids


def test_the_hour_is_read_back_as_it_was_returned(tmp_path: Path) -> None:
    """What ingest returns is what lies in the store."""
    done = record(FolderStore(tmp_path), make_exchanges(5))
    assert done.manifests == [from_json((tmp_path / FOLDER / "manifest.json").read_bytes(), "")]
