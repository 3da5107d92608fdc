"""The count index against counting the rows one by one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.make_index import hours as long_recording
from replay_users.errors import DamagedRecording
from replay_users.recording import writer
from replay_users.recording.index import INDEX_SCHEMA, CountIndex, IndexWriter, build_index
from replay_users.recording.partition import sample_bucket
from tests.recording.making import HOUR, SECOND, START, make_exchange, read_all, record_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ENDPOINTS = {"GET /a": 0, "GET /b": 1, "__other__": 2}

Row = tuple[str, int, int, str, int, int]
"""slice, at, partition, endpoint, sample, traits."""

ROWS = st.tuples(
    st.sampled_from(["one", "two", "three"]),
    st.integers(0, 12 * SECOND).map(lambda at: START + at)
    | st.sampled_from([START, START + SECOND - 1, START + SECOND]),
    st.integers(0, 3),
    st.sampled_from(sorted(ENDPOINTS)),
    st.sampled_from([0, 99, 100, 999]),
    st.sampled_from([0, 1, 12]),
)


def make_index(rows: Sequence[Row]) -> CountIndex:
    """The index of an hour with these rows."""
    data = make_data(rows)
    return CountIndex(lambda: [("hour/", data)], ENDPOINTS)


def make_data(rows: Sequence[Row]) -> bytes:
    """The index file of these rows, its slices added one by one."""
    index = IndexWriter()
    for file in sorted({row[0] for row in rows}):
        columns = list(zip(*[row[1:] for row in rows if row[0] == file], strict=True))
        names = ["at", "partition", "endpoint", "sample", "traits"]
        types = [pa.int64(), *(INDEX_SCHEMA.field(name).type for name in names[1:])]
        table = pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})
        index.add(build_index(file, table))
    return index.finish()


def test_between_slices_others_have_their_turn() -> None:
    """Each question pauses before and after each slice that it reads, of each hour."""
    pauses: list[int] = []
    data = make_data([(file, START, 0, "GET /a", 0, 0) for file in ("one", "two", "three")])
    index = CountIndex(lambda: [("10/", data), ("11/", data)], ENDPOINTS, lambda: pauses.append(1))
    asked: list[Callable[[], object]] = [
        lambda: index.totals(START, START + SECOND, 1000),
        lambda: index.curve(START, START + SECOND, 1000, {(0, 0)}),
        lambda: index.slices(START, START + SECOND, 1000, {0}),
        lambda: index.partition_curve(START, START + SECOND, 1000, {0}),
    ]
    for ask in asked:
        pauses.clear()
        ask()
        assert len(pauses) == 8


WINDOWS = st.tuples(st.integers(-1, 14), st.integers(-1, 14)).map(
    lambda w: (START + w[0] * SECOND, START + w[1] * SECOND)
)


@settings(max_examples=60)
@given(st.lists(ROWS, max_size=40), WINDOWS, st.sampled_from([0, 1, 100, 101, 1000]), st.data())
def test_counts_are_those_of_the_rows(
    rows: list[Row], window: tuple[int, int], buckets: int, data: st.DataObject
) -> None:
    """Totals, curves and slices of any window and sample are what counting every row gives."""
    start, end = window
    index = make_index(rows)
    inside = [row for row in rows if start <= row[1] < end and row[4] < buckets]
    totals = Counter((ENDPOINTS[row[3]], row[5]) for row in inside)
    assert index.totals(start, end, buckets) == totals
    assert index.slices(start, end, buckets) == Counter("hour/" + row[0] for row in inside)
    keep = data.draw(st.sets(st.sampled_from(sorted(totals)))) if totals else set[Any]()
    seconds = Counter(row[1] // SECOND for row in inside if (ENDPOINTS[row[3]], row[5]) in keep)
    curve = [seconds[second] for second in range(start // SECOND, max(start, end) // SECOND)]
    assert index.curve(start, end, buckets, keep) == curve


@settings(max_examples=60)
@given(st.lists(ROWS, max_size=40), WINDOWS, st.sampled_from([0, 101, 1000]), st.sets(st.integers(0, 4)), st.data())
def test_partitions_are_counted_apart(
    rows: list[Row], window: tuple[int, int], buckets: int, partitions: set[int], data: st.DataObject
) -> None:
    """What a worker's partitions hold, by partition, second and slice, is what counting their rows gives."""
    start, end = window
    index = make_index(rows)
    inside = [row for row in rows if start <= row[1] < end and row[4] < buckets]
    owned = [row for row in inside if row[2] in partitions]
    assert index.partition_rows(start, end, buckets) == Counter(row[2] for row in inside)
    assert index.slices(start, end, buckets, partitions) == Counter("hour/" + row[0] for row in owned)
    window_seconds = range(start // SECOND, max(start, end) // SECOND)
    seconds = Counter(row[1] // SECOND for row in owned)
    assert index.partition_curve(start, end, buckets, partitions) == [seconds[second] for second in window_seconds]
    keep = data.draw(st.sets(st.sampled_from([(e, t) for e in (0, 1, 2) for t in (0, 1, 12)])))
    kept = Counter(row[1] // SECOND for row in owned if (ENDPOINTS[row[3]], row[5]) in keep)
    assert index.partition_curve(start, end, buckets, partitions, keep) == [kept[second] for second in window_seconds]


def test_partitions_are_not_kept_in_memory(tmp_path: Path) -> None:
    """Questions by partition read the files each time and leave nothing folded behind."""
    record_in(tmp_path, [make_exchange(n, at=START + n) for n in range(20)])
    (file,) = tmp_path.rglob("index-*")
    reads: list[str] = []

    def hours() -> list[tuple[str, bytes]]:
        reads.append(file.name)
        return [("", file.read_bytes())]

    index = CountIndex(hours, {"GET /items/{id}": 0})
    everything = index.partition_rows(START, START + SECOND, 1000)
    assert sum(everything.values()) == 20
    assert index.partition_curve(START, START + SECOND, 1000, everything) == [20]
    assert len(reads) == 2


@settings(max_examples=15)
@given(st.lists(st.integers(0, 5 * SECOND), min_size=1, max_size=30), st.sampled_from([1, 300, 1000]))
def test_an_ingests_index_is_that_of_its_rows(times: list[int], buckets: int) -> None:
    """What ingest wrote beside the slices agrees with what a reader finds in them."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "SLICE_BYTES", 2_000)
        exchanges = [make_exchange(n, at=START + at, session=b"%d" % n) for n, at in enumerate(times)]
        exchanges.append(make_exchange(1000, at=START + HOUR, method="POST", request_body=None))
        recording = record_in(Path(folder), exchanges)
        rows = [row for row in read_all(recording) if row["sample"] < buckets]
        index = recording.count_index()
        names = [endpoint.name for endpoint in recording.manifest.endpoints]
        window = (START, START + 2 * HOUR)
        totals = index.totals(*window, buckets)
    assert totals == Counter((names.index(row["endpoint"]), row["traits"]) for row in rows)


def test_slices_outside_the_window_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting an hour of a day decodes the entries of that hour: row groups say between which seconds they lie."""
    monkeypatch.setattr(writer, "SLICE_BYTES", 2_000)
    recording = record_in(tmp_path, [make_exchange(n, at=START + n * SECOND) for n in range(100)])
    decoded: list[int] = []
    read = pq.ParquetFile.read_row_group

    def noted(file: pq.ParquetFile, nth: int, **options: Any) -> pa.Table:
        decoded.append(nth)
        return read(file, nth, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", noted)
    window = (START + 20 * SECOND, START + 30 * SECOND)
    assert sum(recording.count_index().curve(*window, 1000, {(0, 0)})) == 10
    inside = [
        nth for nth, s in enumerate(recording.manifest.slices) if s.first_at < window[1] and s.last_at >= window[0]
    ]
    assert decoded == inside
    assert len(inside) < len(recording.manifest.slices) / 3


def test_the_index_of_every_hour_is_counted(tmp_path: Path) -> None:
    """Slices of different hours are told apart by their folder."""
    exchanges = [make_exchange(0), make_exchange(1, at=START + HOUR), make_exchange(2, at=START + 25 * HOUR)]
    recording = record_in(tmp_path, exchanges)
    slices = recording.count_index().slices(START, START + 48 * HOUR, 1000)
    assert slices == {item.file: 1 for item in recording.manifest.slices}
    assert len(slices) == 3


def test_the_index_is_small_and_not_held(tmp_path: Path) -> None:
    """Rows of the same second, endpoint and sample are one entry; another sample is counted from the files, read again."""
    bucket = sample_bucket(b"s")
    recording = record_in(tmp_path, [make_exchange(n, at=START + n, session=b"s") for n in range(500)])
    (file,) = tmp_path.rglob("index-*")
    assert pq.read_table(file).num_rows == 1
    reads: list[str] = []

    def hours() -> list[tuple[str, bytes]]:
        reads.append(file.name)
        return [("", file.read_bytes())]

    index = CountIndex(hours, {"GET /items/{id}": 0})
    assert index.totals(START, START + SECOND, 1000) == {(0, 0): 500}
    assert index.totals(START, START + SECOND, 1000) == {(0, 0): 500}
    assert len(reads) == 1
    assert index.totals(START, START + SECOND, bucket) == {}
    assert index.totals(START, START + SECOND, bucket + 1) == {(0, 0): 500}
    assert len(reads) == 3
    assert recording.manifest.rows == 500


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda data: data[:-20], id="cut"),
        pytest.param(lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:], id="one-bit"),
    ],
)
def test_a_damaged_index_is_named(tmp_path: Path, change: Any) -> None:
    """A count index that is not what was written is refused, since `planned` comes from it."""
    recording = record_in(tmp_path, [make_exchange(0)])
    (file,) = tmp_path.rglob("index-*")
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(DamagedRecording, match=r"hour=10/index-.* is damaged: restore it or ingest") as caught:
        recording.count_index().totals(START, START + SECOND, 1000)
    assert str(file) in str(caught.value)


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    """Without it nothing can be planned."""
    recording = record_in(tmp_path, [make_exchange(0)])
    (file,) = tmp_path.rglob("index-*")
    file.unlink()
    with pytest.raises(DamagedRecording, match=r"index-.* is missing: restore it or ingest"):
        recording.count_index().totals(START, START + SECOND, 1000)


def test_a_file_that_is_no_index_is_refused() -> None:
    """Parquet of something else, or no Parquet at all, is not counted."""
    for data in (b"PAR1", b"x" * 100):
        with pytest.raises(DamagedRecording, match="the count index of hour=10/ is damaged"):
            CountIndex(lambda data=data: [("hour=10/", data)], ENDPOINTS).totals(0, SECOND, 1000)  # type: ignore[misc]


_PREPARED = """
import json, sys, time
from pathlib import Path
from benchmarks.make_index import endpoint_names
from benchmarks.make_recording import START
from replay_users.recording.index import CountIndex

files, names = sorted(Path(sys.argv[1]).iterdir()), endpoint_names(300)
index = CountIndex(lambda: ((file.name, file.read_bytes()) for file in files), {n: i for i, n in enumerate(names)})
# not ru_maxrss, which begins with the parent's
memory = lambda: int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
before, cpu, window = memory(), time.process_time(), (START, START + 7200 * 10**9, 1000)
totals = index.totals(*window)
curve = index.curve(*window, totals)
print(json.dumps({
    "rows": [sum(totals.values()), sum(curve), sum(index.slices(*window).values()), sum(index.partition_rows(*window).values())],
    "grown_mb": memory() - before, "cpu_s": time.process_time() - cpu,
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
def test_planning_a_long_recording_takes_little(tmp_path: Path) -> None:
    """Two hours of 500 rows per second, nearly each an entry of its own, are planned in 60 MB and some 10 us a row at most."""
    for folder, data in long_recording(count=2, rate=500, endpoints=300, partitions=256):
        (tmp_path / folder.strip("/")).write_bytes(data)
    command = [sys.executable, "-c", _PREPARED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    found = json.loads(done.stdout)
    assert found["rows"] == [3_600_000] * 4
    assert found["grown_mb"] < 60
    assert found["cpu_s"] < 36
