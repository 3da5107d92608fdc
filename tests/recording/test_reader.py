"""Rows read back: the same bytes, in time order, by ranges, and never from a damaged or changed slice."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.errors import DamagedRecording
from replay_users.recording import reader, writer
from replay_users.recording.folder import FolderStore
from replay_users.recording.manifest import GroupInfo, SliceInfo
from replay_users.recording.partition import partition_of, sample_bucket
from replay_users.recording.reader import Part, Selection, TimeOrder, decode, fetch, rows_in_order, spans
from replay_users.recording.recording import open_recording
from replay_users.recording.schema import COLUMNS, REPLAY_COLUMNS
from replay_users.trailers import divided, joined
from tests.recording.making import (
    FIELDS,
    SECOND,
    START,
    WatchedStore,
    make_exchange,
    make_exchanges,
    read_all,
    record,
    record_in,
    wild_exchanges,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Exchange
    from replay_users.recording.recording import Recording
    from tests.servers.weed import Weed


def everything(recording: Recording, **changes: Any) -> Selection:
    """All rows and columns."""
    plain = Selection(
        partitions=frozenset(range(recording.manifest.partitions)), start=0, end=1 << 62, buckets=1000, columns=COLUMNS
    )
    return replace(plain, **changes)


def slice_bytes(recording: Recording, item: SliceInfo) -> bytes:
    """A whole slice."""
    return recording.store.read(item.file, 0, item.size, recording.version(item))


@settings(max_examples=40)
@given(wild_exchanges())
def test_every_exchange_comes_back_byte_for_byte(exchanges: list[Exchange]) -> None:
    """Whatever an exchange holds, all its fields are read as they were written, in time order."""
    with tempfile.TemporaryDirectory() as folder:
        rows = read_all(record_in(Path(folder), exchanges, partitions=3))
    assert [row["at"] for row in rows] == sorted(exchange.at for exchange in exchanges)
    assert sorted((_plain(row) for row in rows), key=lambda row: row["id"]) == sorted(
        (_plain(asdict(exchange)) for exchange in exchanges), key=lambda row: row["id"]
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in FIELDS}


@settings(max_examples=20)
@given(wild_exchanges(), st.one_of(st.integers(1, 5), st.sampled_from([17, 40, 256])), st.data())
def test_partitions_windows_and_samples_select(exchanges: list[Exchange], partitions: int, data: st.DataObject) -> None:
    """A selection gives exactly the rows of its partitions, window and sample buckets, whoever shares their row groups."""
    owned = data.draw(st.frozensets(st.integers(0, partitions - 1), min_size=1))
    start, end = sorted(data.draw(st.tuples(*[st.integers(START - 21 * SECOND, START + 21 * SECOND)] * 2)))
    buckets = data.draw(st.sampled_from([0, 100, 500, 999, 1000]))
    with tempfile.TemporaryDirectory() as folder:
        recording = record_in(Path(folder), exchanges, partitions=partitions)
        rows = read_all(recording, partitions=owned, start=start, end=end, buckets=buckets)
    expected = {
        exchange.id
        for exchange in exchanges
        if start <= exchange.at < end
        and partition_of(exchange.session, partitions) in owned
        and sample_bucket(exchange.session) < buckets
    }
    assert {row["id"] for row in rows} == expected


def test_a_run_reads_the_columns_it_needs(tmp_path: Path) -> None:
    """Only what was asked for is decoded; what repeats comes as dictionaries, each with one chunk."""
    recording = record_in(tmp_path, make_exchanges(50))
    selection = everything(recording, columns=REPLAY_COLUMNS)
    (table,) = rows_in_order(recording, selection)
    assert set(table.column_names) == set(REPLAY_COLUMNS)
    coded = {name for name in table.column_names if pa.types.is_dictionary(table[name].type)}
    assert coded == {"endpoint", "method", "authority", "session_kind", "capture"}
    assert {table[name].num_chunks for name in table.column_names} == {1}


def test_recorded_trailers_stand_behind_their_heads(tmp_path: Path) -> None:
    """Where they are asked for; a head without any stays as it was, and the column itself is not handed on."""
    known = {3: b"X-Sum: 1\r\n", 40: b"grpc-status: 0\r\nX-A: b\r\n", 41: b""}
    exchanges = [replace(each, trailers=known.get(nth)) for nth, each in enumerate(make_exchanges(60))]
    recording = record_in(tmp_path, exchanges, partitions=4)
    (table,) = rows_in_order(recording, everything(recording, columns=REPLAY_COLUMNS, trailers=True))
    assert table.column_names == list(REPLAY_COLUMNS)
    heads = dict(zip(table["id"].to_pylist(), table["response_head"].to_pylist(), strict=True))
    assert heads == {each.id: joined(each.response_head, each.trailers or b"") for each in exchanges}
    assert len([head for head in heads.values() if divided(head)[1]]) == 2
    (plain,) = rows_in_order(recording, everything(recording, columns=REPLAY_COLUMNS))
    assert set(plain["response_head"].to_pylist()) == {each.response_head for each in exchanges}


@pytest.mark.parametrize(
    ("trailers", "reads"), [(None, False), (b"X: 1\r\n", True)], ids=["none", "in-the-last-exchange"]
)
def test_trailers_are_read_only_where_there_are_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trailers: bytes | None, *, reads: bool
) -> None:
    """The footer says so: a recording without any is decoded as it always was, whatever its size."""
    read: list[list[str]] = []
    plain = pq.ParquetFile.read_row_groups

    def seen(file: Any, groups: list[int], *, columns: list[str], **options: Any) -> Any:
        read.append(columns)
        return plain(file, groups, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", seen)
    exchanges = make_exchanges(12_000)
    exchanges[-1] = replace(exchanges[-1], trailers=trailers)
    recording = record_in(tmp_path, exchanges, partitions=1)
    read.clear()
    for _ in rows_in_order(recording, everything(recording, columns=REPLAY_COLUMNS, trailers=True)):
        pass
    assert any("trailers" in columns for columns in read) is reads


# Ranges.

ITEM = SliceInfo(
    file="slice-x.parquet",
    size=10_000_000,
    content_hash="",
    first_at=0,
    last_at=9,
    rows=4,
    footer=1_000,
    raw_bytes=0,
    groups=tuple(GroupInfo(p, 1, 4 + n * 3_000_000, 4 + (n + 1) * 3_000_000, 0) for n, p in enumerate((0, 3, 5))),
)
FOOTER = (9_999_000, 10_000_000)


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [
        pytest.param({0}, [(4, 3_000_004), FOOTER], id="the-first"),
        pytest.param({0, 3}, [(4, 6_000_004), FOOTER], id="neighbours-in-one"),
        pytest.param({0, 5}, [(4, 3_000_004), (6_000_004, 9_000_004), FOOTER], id="apart"),
        pytest.param({0, 3, 5, 7}, [(4, 9_000_004), FOOTER], id="all-and-one-that-has-no-rows"),
        pytest.param({1, 2}, [FOOTER], id="none"),
    ],
)
def test_spans_are_the_owned_groups_and_the_footer(partitions: set[int], expected: list[tuple[int, int]]) -> None:
    """Adjacent row groups are one range, others are not read, the footer always is."""
    assert spans(ITEM, partitions) == expected


def test_a_shared_row_group_is_fetched_for_any_of_its_partitions() -> None:
    """A row group of several partitions is read by the owner of the first, the last, or one between, and by nobody else."""
    item = replace(ITEM, groups=(GroupInfo(2, 9, 4, 3_000_004, 0, 5), GroupInfo(7, 9, 3_000_004, 6_000_004, 0, 8)))
    for partition in (2, 3, 5):
        assert spans(item, {partition}) == [(4, 3_000_004), FOOTER]
        assert Selection(partitions=frozenset({partition}), start=0, end=99, buckets=1000).touches(item)
    assert spans(item, {1, 6, 9}) == [FOOTER]
    assert not Selection(partitions=frozenset({1, 6, 9}), start=0, end=99, buckets=1000).touches(item)


def test_others_rows_in_a_shared_row_group_are_left_out(tmp_path: Path) -> None:
    """Of partitions that share row groups each owner gets its own rows, with the columns that were asked for."""
    exchanges = [make_exchange(n, session=b"%d" % n) for n in range(200)]
    recording = record_in(tmp_path, exchanges, partitions=64)
    item = recording.manifest.slices[0]
    whole = Part(0, slice_bytes(recording, item))
    for owned in (frozenset({1}), frozenset(range(2, 31)), frozenset(range(64))):
        rows = decode(item, [whole], everything(recording, partitions=owned, columns=("at", "session")))
        assert rows.column_names == ["at", "session"]
        assert sorted(rows["session"].to_pylist()) == sorted(
            e.session for e in exchanges if partition_of(e.session, 64) in owned
        )


FIXTURES = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize("owned", [frozenset(range(256)), frozenset({53, 172}), frozenset({54})])
def test_a_recording_of_an_earlier_release_is_read(owned: frozenset[int]) -> None:
    """Version 1 is read for ever: 256 partitions with a row group each, and groups of five numbers in the manifest."""
    recording = open_recording(FolderStore(FIXTURES / "recording-one-group-per-partition"))
    expected = [e for e in make_exchanges(40) if partition_of(e.session, 256) in owned]
    rows = read_all(recording, partitions=owned)
    assert [_plain(row) for row in rows] == [_plain(asdict(exchange)) for exchange in expected]
    counted = recording.count_index().slices(START, START + 3600 * SECOND, 1000, owned)
    assert sum(counted.values()) == len(expected)


def test_a_small_gap_is_read_rather_than_asked_around() -> None:
    """Ranges with little between them are one: another round trip would cost more."""
    groups = (GroupInfo(0, 1, 4, 1000, 0), GroupInfo(1, 1, 1000, 200_000, 0), GroupInfo(2, 1, 200_000, 300_000, 0))
    assert spans(replace(ITEM, groups=groups), {0, 2}) == [(4, 300_000), FOOTER]


@given(st.sets(st.integers(0, 15)), st.lists(st.integers(1, 400_000), min_size=16, max_size=16))
def test_spans_cover_what_is_owned_once(partitions: set[int], sizes: list[int]) -> None:
    """Each owned byte is in exactly one range; ranges are in order and apart."""
    starts = [4 + sum(sizes[:n]) for n in range(17)]
    groups = tuple(GroupInfo(n, 1, starts[n], starts[n + 1], 0) for n in range(16))
    item = replace(ITEM, groups=groups, size=starts[16] + 50, footer=50)
    found = spans(item, partitions)
    owned = [(g.start, g.end) for g in groups if g.partition in partitions]
    for start, end in [*owned, (starts[16], starts[16] + 50)]:
        assert sum(low <= start and end <= high for low, high in found) == 1
    assert all(high < low for (_, high), (low, _) in pairwise(found))


def watched(tmp_path: Path, exchanges: Sequence[Exchange], partitions: int) -> tuple[Recording, WatchedStore]:
    """A recording whose store counts what is read."""
    store = WatchedStore(FolderStore(tmp_path))
    record(store, exchanges, partitions=partitions)
    return open_recording(store), store


@pytest.mark.parametrize("owned", [{0}, {1, 2}, {0, 3}, {0, 1, 2, 3}])
def test_only_owned_partitions_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owned: set[int]) -> None:
    """A worker reads the ranges of its partitions and no others, and gets their rows whole."""
    monkeypatch.setattr(reader, "_GAP", 0)
    recording, store = watched(tmp_path, [make_exchange(n, session=b"%d" % n) for n in range(200)], 4)
    (item,) = recording.manifest.slices
    rows = read_all(recording, partitions=frozenset(owned))
    assert store.reads == [(item.file, start, end) for start, end in spans(item, owned)]
    assert {row["partition"] for row in rows} == owned
    fetched = sum(end - start for _, start, end in store.reads)
    assert fetched == item.footer + sum(g.end - g.start for g in item.groups if g.partition in owned)


def test_a_footer_larger_than_pyarrows_guess_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a footer above 64 KB, nor one far below it behind unread groups, makes pyarrow read what was not fetched."""
    monkeypatch.setattr(reader, "_GAP", 0)
    body = random.Random(1).randbytes(3000)
    exchanges = [make_exchange(n, session=b"%d" % n, response_body=body[n:]) for n in range(600)]
    monkeypatch.setattr(writer, "_GROUPS", 64)
    for partitions in (4, 64):
        recording = record_in(tmp_path / str(partitions), exchanges, partitions=partitions)
        (item,) = recording.manifest.slices
        assert (item.footer > 65_536) is (partitions == 64)
        assert {row["partition"] for row in read_all(recording, partitions=frozenset({1}))} == {1}


def test_a_slice_outside_the_window_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices without a selected time or an owned partition cost nothing."""
    monkeypatch.setattr(writer, "SLICE_BYTES", 5_000)
    recording, store = watched(tmp_path, make_exchanges(200), 16)
    first, second, *_ = recording.manifest.slices
    read_all(recording, start=second.first_at, end=second.last_at + 1)
    assert {key for key, _, _ in store.reads} == {
        s.file for s in recording.manifest.slices if s.first_at == second.first_at
    }
    store.reads.clear()
    elsewhere = next(p for p in range(16) if p not in {g.partition for g in first.groups})
    assert read_all(recording, partitions=frozenset({elsewhere}), end=first.last_at) == []
    assert store.reads == []


# Time order.

SLICES = st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=8), min_size=1, max_size=6)


@given(SLICES, st.sets(st.integers(0, 5)))
def test_overlapping_slices_merge_like_a_sort(slices: list[list[int]], unread: set[int]) -> None:
    """Tables come out as a stable sort of all rows would give them, each as soon as no later slice can precede it."""
    slices.sort(key=min)
    order, merged, expected = TimeOrder(), list[tuple[int, str]](), list[tuple[int, str]]()
    for nth, times in enumerate(slices):
        after = min(slices[nth + 1]) if nth + 1 < len(slices) else None
        rows = [(at, f"{nth}.{place}") for place, at in enumerate(times)]
        expected += [] if nth in unread else rows
        table = order.push(None if nth in unread else _table(rows), after)
        merged += _pairs(table)
        assert after is None or len(merged) == sum(at < after for at, _ in expected)
    assert merged == sorted(expected, key=lambda row: row[0])


def _table(rows: list[tuple[int, str]]) -> pa.Table:
    names = pa.array([name for _, name in rows]).dictionary_encode()
    fields = [pa.field("at", pa.int64(), nullable=False), pa.field("name", names.type, nullable=False)]
    return pa.table([pa.array([at for at, _ in rows], pa.int64()), names], schema=pa.schema(fields))


def _pairs(table: pa.Table | None) -> list[tuple[int, str]]:
    if table is None:
        return []
    assert table["name"].num_chunks <= 1
    return list(zip(table["at"].to_pylist(), table["name"].to_pylist(), strict=True))


def test_slices_apart_carry_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest's own slices do not overlap, so each comes out whole as it is read."""
    monkeypatch.setattr(writer, "SLICE_BYTES", 5_000)
    recording = record_in(tmp_path, make_exchanges(100))
    tables = list(rows_in_order(recording, everything(recording)))
    assert [table.num_rows for table in tables] == [item.rows for item in recording.manifest.slices]
    assert len(tables) > 3


# Damage and change.


def test_any_flipped_bit_is_found(tmp_path: Path) -> None:
    """One wrong bit anywhere in what is read, pages, their headers or the footer, is an error that names the slice."""
    recording = record_in(tmp_path, make_exchanges(60), partitions=2)
    (item,) = recording.manifest.slices
    good = slice_bytes(recording, item)
    selection = everything(recording)
    dice = random.Random(7)
    for position in [*dice.sample(range(4, item.size), 150), item.size - 1, item.size - 8, item.groups[0].start]:
        bad = bytearray(good)
        bad[position] ^= 1 << dice.randrange(8)
        with pytest.raises(DamagedRecording, match=rf"slice {item.file} is damaged \(.*\); restore it or ingest"):
            decode(item, [Part(0, bytes(bad))], selection)
    assert decode(item, [Part(0, good)], selection).num_rows == 60


def test_damage_in_anothers_partition_is_not_ours(tmp_path: Path) -> None:
    """A worker whose own row groups are whole goes on."""
    recording = record_in(tmp_path, make_exchanges(60), partitions=2)
    (item,) = recording.manifest.slices
    bad = bytearray(slice_bytes(recording, item))
    bad[item.groups[1].start + 9] ^= 1
    rows = decode(item, [Part(0, bytes(bad))], everything(recording, partitions=frozenset({0})))
    assert rows.num_rows == item.groups[0].rows


def rewritten(recording: Recording, change: Any) -> tuple[SliceInfo, bytes]:
    """A slice whose table was changed, with checksums that fit: a file of another writer under our manifest."""
    (item,) = recording.manifest.slices
    table = change(pq.read_table(io.BytesIO(slice_bytes(recording, item))))
    data, groups = _encode(table)
    footer = int.from_bytes(data[-8:-4], "little") + 8
    crc = crc32(data[-footer:])
    return replace(item, size=len(data), footer=footer, groups=groups, footer_crc32=crc), data


def _encode(table: pa.Table) -> tuple[bytes, tuple[GroupInfo, ...]]:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    data = sink.getvalue()
    end = len(data) - int.from_bytes(data[-8:-4], "little") - 8
    return data, (GroupInfo(0, table.num_rows, 4, end, crc32(data[4:end])),)


def test_a_later_writers_columns_are_ignored(tmp_path: Path) -> None:
    """A slice with a column more than ours is read; version 1 may grow."""
    recording = record_in(tmp_path, make_exchanges(5), partitions=1)
    item, data = rewritten(recording, lambda table: table.append_column("later", pa.nulls(5, pa.string())))
    assert decode(item, [Part(0, data)], everything(recording)).num_rows == 5


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda table: table.drop_columns(["traits"]), id="column-missing"),
        pytest.param(lambda table: table.drop_columns(["method"]), id="dictionary-column-missing"),
        pytest.param(lambda table: table.set_column(0, "at", table["at"].cast(pa.timestamp("ns"))), id="other-type"),
        pytest.param(lambda table: table.select(["at"]), id="foreign"),
    ],
)
def test_a_slice_of_another_schema_is_refused(tmp_path: Path, change: Any) -> None:
    """A file that is not of version 1, though its checksums fit, is named and never guessed at."""
    recording = record_in(tmp_path, make_exchanges(5), partitions=1)
    item, data = rewritten(recording, change)
    with pytest.raises(DamagedRecording, match="is damaged"):
        decode(item, [Part(0, data)], everything(recording))


def overwrite(folder: Path, item: SliceInfo) -> None:
    """Put other bytes of the same length in a slice's place, as a second ingest never would."""
    path = folder / item.file
    path.write_bytes(path.read_bytes()[::-1])


def test_a_slice_changed_after_opening_is_named(tmp_path: Path) -> None:
    """A folder's slice that changes while a run reads is an error that names it."""
    recording = record_in(tmp_path, make_exchanges(20))
    (item,) = recording.manifest.slices
    overwrite(tmp_path, item)
    with pytest.raises(DamagedRecording, match=rf"{item.file} changed after the recording was opened"):
        fetch(recording, item, {0})


@pytest.mark.server
def test_a_slice_changed_on_s3_is_named(s3: Weed) -> None:
    """The same on a real S3: the pinned ETag is refused, and the rows before the change are still right."""
    store = s3.store("changed-slice")
    exchanges = make_exchanges(40)
    record(store, exchanges)
    recording = open_recording(store)
    assert [row["id"] for row in read_all(recording)] == [exchange.id for exchange in exchanges]
    (item,) = recording.manifest.slices
    store.put(item.file, slice_bytes(recording, item)[::-1])
    with pytest.raises(DamagedRecording, match=rf"s3://recordings/changed-slice/{item.file} changed"):
        read_all(recording)


@pytest.mark.server
def test_ranges_of_a_real_s3_give_the_owned_rows(s3: Weed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading single partitions by ranges from a real S3 gives, together, every row once."""
    monkeypatch.setattr(reader, "_GAP", 0)
    store = s3.store("ranges")
    record(store, [make_exchange(n, session=b"%d" % n) for n in range(200)], partitions=4)
    recording = open_recording(store)
    rows = [row for p in range(4) for row in read_all(recording, partitions=frozenset({p}))]
    assert sorted(row["id"] for row in rows) == sorted(f"id-{n}" for n in range(200))


_PEAK = """
import json, re, sys
import locust
from pathlib import Path
from replay_users.recording.folder import FolderStore
from replay_users.recording.reader import Selection, rows_in_order
from replay_users.recording.recording import open_recording

def peak() -> int:
    # not ru_maxrss, which begins with the parent's
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

recording = open_recording(FolderStore(Path(sys.argv[1])))
before = peak()
selection = Selection(partitions=frozenset(range(16)), start=0, end=1 << 62, buckets=1000)
rows = sum(table.num_rows for table in rows_in_order(recording, selection))
print(json.dumps({"rows": rows, "grown_mb": peak() - before}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    """Reading 200 MB of rows takes less than 120 MB beside what the imports take."""
    body = random.Random(3).randbytes(5_000)
    exchanges = (make_exchange(n, response_body=body[n % 500 :] * 2) for n in range(22_000))
    recording = record_in(tmp_path, exchanges)
    assert sum(item.raw_bytes for item in recording.manifest.slices) > 200 << 20
    done = subprocess.run([sys.executable, "-c", _PEAK, str(tmp_path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["rows"] == 22_000
    assert found["grown_mb"] < 120
