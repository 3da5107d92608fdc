"""From exchanges in any order to a recording."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.endpoint import parse_rules
from replay_users.errors import UsageError
from replay_users.model import SessionKind
from replay_users.recording import ingest, partition, spill, writer
from replay_users.recording.folder import FolderStore
from replay_users.recording.partition import partition_of, sample_bucket
from replay_users.recording.recording import open_recording
from tests.recording.making import HOUR, SECOND, START, make_exchange, make_exchanges, read_all, record, record_in

if TYPE_CHECKING:
    from replay_users.model import Exchange
    from tests.servers.weed import Weed


@settings(max_examples=25)
@given(
    st.permutations(range(24)),
    st.sampled_from([0, 3_000, 1 << 30]),
    st.sampled_from([1_500, 1 << 20]),
    st.integers(1, 9),
)
def test_order_does_not_matter(order: list[int], in_memory: int, slice_bytes: int, batch: int) -> None:
    """Exchanges of three hours in any order, spilled or not, in slices of any size, come back in time order, each once."""
    exchanges = [make_exchange(n, at=START + n * HOUR // 8 + n % 3) for n in range(24)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spill, "_IN_MEMORY", in_memory)
        patch.setattr(writer, "SLICE_BYTES", slice_bytes)
        patch.setattr(ingest, "_BATCH", batch)
        recording = record_in(Path(folder), [exchanges[n] for n in order])
        assert [row["id"] for row in read_all(recording)] == [f"id-{n}" for n in range(24)]
        assert len(list(Path(folder).rglob("manifest.json"))) == 3


def test_rows_are_placed_by_their_session(tmp_path: Path) -> None:
    """Partition and sample bucket are the hashes of the session, endpoint the template of method and path."""
    exchanges = [make_exchange(n, method="POST" if n % 2 else "GET") for n in range(40)]
    for row in read_all(record_in(tmp_path, exchanges, partitions=5)):
        assert row["partition"] == partition_of(row["session"], 5)
        assert row["sample"] == sample_bucket(row["session"])
        assert row["endpoint"] == f"{row['method']} /items/{{id}}"


def test_the_sample_of_a_session_is_the_same_at_any_width(tmp_path: Path) -> None:
    """Sample buckets do not depend on the number of partitions: 10 % are the same sessions in a wide recording."""
    exchanges = [make_exchange(n, session=b"%d" % n) for n in range(50)]
    narrow, wide = (read_all(record_in(tmp_path / str(p), exchanges, partitions=p)) for p in (2, 64))
    assert [row["sample"] for row in narrow] == [row["sample"] for row in wide]
    assert [row["partition"] for row in narrow] != [row["partition"] for row in wide]


def test_rules_name_endpoints(tmp_path: Path) -> None:
    """Written templates come first, and are kept in the manifest."""
    rules = parse_rules("/items/{whatever}")
    recording = record_in(tmp_path, make_exchanges(4), rules=rules)
    assert {row["endpoint"] for row in read_all(recording)} == {"GET /items/{whatever}"}
    assert recording.manifest.templates["rules"] == ["/items/{whatever}"]


def many_of(session: bytes, count: int, *, start: int = 0, connections: int = 40) -> list[Exchange]:
    """A session with many rows over a number of connections."""
    return [
        make_exchange(n, session=session, connection=f"c{n % connections}", session_kind=SessionKind.AUTH)
        for n in range(start, start + count)
    ]


def test_a_shared_session_is_split_by_connection(tmp_path: Path) -> None:
    """A session too large for one share is spread over partitions and samples by connection, and keeps no causality."""
    rows = read_all(record_in(tmp_path, [*many_of(b"token", 2001), *make_exchanges(50, start=2001)]))
    shared = [row for row in rows if row["session"] == b"token"]
    assert {row["session_kind"] for row in shared} == {"shared"}
    assert len({row["partition"] for row in shared}) > 8
    by_connection: dict[str, set[tuple[int, int]]] = {}
    for row in shared:
        by_connection.setdefault(row["connection"], set()).add((row["partition"], row["sample"]))
    assert all(len(places) == 1 for places in by_connection.values())
    assert len({place for places in by_connection.values() for place in places}) == 40
    assert {row["session_kind"] for row in rows if row["session"] != b"token"} == {"cookie"}


def test_a_session_at_the_limit_is_not_shared(tmp_path: Path) -> None:
    """2,000 rows are still one session's in one place."""
    recording = record_in(tmp_path, many_of(b"token", 2000))
    assert {(row["session_kind"], row["partition"]) for row in read_all(recording)} == {
        ("auth", partition_of(b"token", 16))
    }
    assert recording.manifest.shared_sessions == ()


def test_a_later_ingest_follows_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions, templates and shared sessions stay as the first ingest decided, whatever the second one brings."""
    monkeypatch.setattr(partition, "_SHARED_MIN_ROWS", 20)
    first = record_in(tmp_path, [*many_of(b"token", 21), *make_exchanges(10, start=100)], partitions=4)
    late = [
        *(make_exchange(n, session=b"token", connection="c9", at=START + HOUR + n) for n in range(200, 203)),
        *many_of(b"other", 30, start=300, connections=30),
        make_exchange(400, target=b"/new/path"),
    ]
    second = record_in(tmp_path, late, partitions=64, existing=first)
    assert second.layout == first.layout
    rows = {row["id"]: row for row in read_all(second)}
    assert rows["id-200"]["session_kind"] == "shared"
    assert {rows[f"id-{n}"]["session_kind"] for n in range(300, 330)} == {"auth"}
    assert len({rows[f"id-{n}"]["partition"] for n in range(300, 330)}) == 1
    assert rows["id-400"]["endpoint"] == "__other__"
    assert max(row["partition"] for row in rows.values()) < 4


def test_other_rules_for_an_existing_recording_are_refused(tmp_path: Path) -> None:
    """Endpoints cannot be renamed later; the sentence says what to do, and nothing is written."""
    first = record_in(tmp_path, make_exchanges(3))
    with pytest.raises(UsageError, match="leave --templates out, or ingest into a new recording"):
        record(FolderStore(tmp_path), [make_exchange(9)], rules=parse_rules("/items/{x}"), existing=first)
    assert open_recording(FolderStore(tmp_path)).manifest.rows == 3


def test_duplicates_are_dropped_and_counted(tmp_path: Path) -> None:
    """Of exchanges with the same id the earliest is kept; the others are counted."""
    twice = [make_exchange(0), make_exchange(1), make_exchange(0), make_exchange(1, at=START + 1, status=500)]
    done = record(FolderStore(tmp_path), twice)
    rows = read_all(open_recording(FolderStore(tmp_path)))
    assert (done.rows, done.duplicates) == (2, 2)
    assert [(row["id"], row["status"]) for row in rows] == [("id-0", 200), ("id-1", 500)]


def test_duplicates_of_an_earlier_ingest_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ingesting a capture again adds nothing; with new lines at its end, those."""
    monkeypatch.setattr(writer, "SLICE_BYTES", 3_000)
    first = record_in(tmp_path, make_exchanges(60))
    again = record(FolderStore(tmp_path), make_exchanges(60), existing=first)
    assert (again.rows, again.duplicates, again.manifests) == (0, 60, [])
    assert open_recording(FolderStore(tmp_path)).manifest == first.manifest
    more = record(FolderStore(tmp_path), make_exchanges(70), existing=first)
    assert (more.rows, more.duplicates) == (10, 60)
    assert Counter(row["id"] for row in read_all(open_recording(FolderStore(tmp_path)))) == {
        f"id-{n}": 1 for n in range(70)
    }


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=25))
def test_the_earliest_of_an_id_is_kept(drawn: list[tuple[int, int]]) -> None:
    """However duplicates lie, each id is kept once, with its earliest time, and rows + duplicates is what came."""
    exchanges = [make_exchange(id=f"{name}", at=START + at) for name, at in drawn]
    with tempfile.TemporaryDirectory() as folder:
        done = record(FolderStore(Path(folder)), exchanges)
        rows = read_all(open_recording(FolderStore(Path(folder))))
    earliest: dict[str, int] = {}
    for name, at in drawn:
        earliest[f"{name}"] = min(START + at, earliest.get(f"{name}", START + at))
    assert {row["id"]: row["at"] for row in rows} == earliest
    assert done.rows == len(rows) == len(earliest)
    assert done.duplicates == len(drawn) - len(rows)


def test_rows_of_the_same_time_keep_the_captures_order(tmp_path: Path) -> None:
    """A session's exchanges with equal times are replayed in the order they were captured in."""
    exchanges = [make_exchange(n, at=START, session=b"s") for n in (5, 3, 9, 1)]
    assert [row["id"] for row in read_all(record_in(tmp_path, exchanges))] == ["id-5", "id-3", "id-9", "id-1"]


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        pytest.param([10] * 9, [4, 4, 1], id="small"),
        pytest.param([600, 600, 10, 990, 5000, 1], [2, 2, 1, 1], id="large"),
        pytest.param([], [], id="none"),
    ],
)
def test_batches_are_bounded_in_rows_and_bytes(
    monkeypatch: pytest.MonkeyPatch, sizes: list[int], batches: list[int]
) -> None:
    """Exchanges are set aside a batch at a time, which ends with the one whose bodies, asked and answered, fill it."""
    monkeypatch.setattr(ingest, "_BATCH", 4)
    monkeypatch.setattr(ingest, "_BATCH_BYTES", 1000)
    exchanges = [
        make_exchange(n, request_body=b"x" * (s // 2), response_body=b"y" * (s - s // 2)) for n, s in enumerate(sizes)
    ]
    made = list(ingest._batches(exchanges))
    assert [len(batch) for batch in made] == batches
    assert [one for batch in made for one in batch] == exchanges


def test_sources_are_kept(tmp_path: Path) -> None:
    """What a capture was read from is in the manifest, and a later ingest adds to it."""
    first = record_in(tmp_path, make_exchanges(2), sources={"a.log": {"lines": 2}})
    second = record_in(tmp_path, [make_exchange(3)], sources={"b.log": {"lines": 1}}, existing=first)
    assert second.manifest.sources == {"a.log": {"lines": 2}, "b.log": {"lines": 1}}


@pytest.mark.server
def test_the_same_on_a_real_s3(s3: Weed) -> None:
    """Two ingests into a bucket make what two into a folder make, late data and duplicates included."""
    store = s3.store("ingest")
    record(store, make_exchanges(30))
    first = open_recording(store)
    done = record(store, [*make_exchanges(5), make_exchange(50, at=START + 5 * SECOND)], existing=first)
    assert (done.rows, done.duplicates) == (1, 5)
    assert len(read_all(first)) == 30
    second = open_recording(store)
    assert second.manifest.generation == 2
    assert [row["id"] for row in read_all(second)] == [*(f"id-{n}" for n in range(30)), "id-50"]
