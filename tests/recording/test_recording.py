"""Opening a recording: any prefix of it, and nothing that is not whole."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from replay_users.errors import DamagedRecording, ReplayError, StoreError, UsageError
from replay_users.recording import writer
from replay_users.recording.folder import FolderStore
from replay_users.recording.recording import open_recording, recording_to_extend
from replay_users.recording.schema import SCHEMA
from replay_users.recording.store import open_store
from tests.recording.making import (
    HOUR,
    SECOND,
    START,
    WatchedStore,
    make_exchange,
    make_exchanges,
    read_all,
    record,
    record_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from replay_users.recording.recording import Recording
    from replay_users.recording.store import ObjectInfo, Store
    from tests.servers.weed import Weed

DAY = "date=2026-11-05/"


def ids(recording: Recording) -> list[str]:
    """The ids in replay order."""
    return [row["id"] for row in read_all(recording)]


def three_hours(folder: Path) -> Recording:
    """Exchanges in two hours of a day and one of the next."""
    return record_in(folder, [make_exchange(n, at=START + hours * HOUR) for n, hours in enumerate((0, 1, 14))])


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        pytest.param("", ["id-0", "id-1", "id-2"], id="everything"),
        pytest.param(DAY, ["id-0", "id-1"], id="a-day"),
        pytest.param(f"{DAY}hour=11", ["id-1"], id="an-hour"),
    ],
)
def test_any_prefix_is_a_recording(tmp_path: Path, prefix: str, expected: list[str]) -> None:
    """A recording, a day or an hour of it can be opened, counted and read."""
    three_hours(tmp_path)
    recording = open_recording(FolderStore(tmp_path / prefix))
    assert ids(recording) == expected
    assert recording.manifest.rows == len(expected)
    counted = recording.count_index().slices(0, START + 99 * HOUR, 1000)
    assert counted == {item.file: item.rows for item in recording.manifest.slices}


@pytest.mark.server
def test_any_prefix_of_a_bucket_is_a_recording(s3: Weed) -> None:
    """The same in a bucket."""
    exchanges = [make_exchange(n, at=START + hours * HOUR) for n, hours in enumerate((0, 1, 14))]
    record(s3.store("prefixes"), exchanges)
    for prefix, expected in (("", 3), (DAY, 2), (f"{DAY}hour=11/", 1)):
        recording = open_recording(s3.store(f"prefixes/{prefix}"))
        assert len(ids(recording)) == recording.manifest.rows == expected


def test_a_recording_knows_its_address(tmp_path: Path) -> None:
    """Its name is what a person gave."""
    assert three_hours(tmp_path).name == str(tmp_path)


def expect(kind: type[ReplayError], match: str, attempt: Callable[[], object]) -> None:
    """One sentence of this kind and exit code."""
    with pytest.raises(ReplayError, match=match) as caught:
        attempt()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [False, True], ids=["missing", "empty"])
def test_no_recording_is_a_usage_error(tmp_path: Path, make: bool) -> None:
    """A folder that is missing or empty holds no recording: exit code 2."""
    folder = tmp_path / "r"
    if make:
        folder.mkdir()
    expect(
        UsageError, r"there is no recording in .*/r: .*check the address", lambda: open_recording(FolderStore(folder))
    )


@pytest.mark.server
def test_no_recording_in_a_bucket(s3: Weed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix without one, a bucket that is not there, and wrong credentials are told apart."""
    expect(UsageError, "there is no recording in s3://recordings/none:", lambda: open_recording(s3.store("none")))
    expect(UsageError, "there is no bucket for", lambda: open_recording(open_store("s3://nowhere/a", s3.options)))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    expect(StoreError, "refused the credentials", lambda: open_recording(s3.store("none")))


def test_an_ingest_of_nothing_leaves_no_recording(tmp_path: Path) -> None:
    """Without exchanges nothing is written at all."""
    record(FolderStore(tmp_path), [])
    assert list(tmp_path.iterdir()) == []


def edit_manifest(folder: Path, **changes: Any) -> None:
    """Change fields of the first manifest below a folder."""
    path = min(folder.rglob("manifest.json"))
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def test_an_empty_recording_is_a_usage_error(tmp_path: Path) -> None:
    """A manifest that counts no rows is a recording with nothing to replay."""
    record_in(tmp_path, make_exchanges(2))
    edit_manifest(tmp_path, rows=0, slices=[])
    expect(UsageError, r"the recording in .* is empty: ingest a capture", lambda: open_recording(FolderStore(tmp_path)))


def test_an_empty_hour_does_not_hurt(tmp_path: Path) -> None:
    """One hour without rows among others is passed over, and does not stretch the recording's times."""
    three_hours(tmp_path)
    edit_manifest(tmp_path, rows=0, slices=[], first_at=0, last_at=0)
    recording = open_recording(FolderStore(tmp_path))
    assert ids(recording) == ["id-1", "id-2"]
    assert recording.manifest.first_at == START + HOUR


def test_a_newer_recording_is_refused(tmp_path: Path) -> None:
    """A later schema version is named with the cure."""
    record_in(tmp_path, make_exchanges(2))
    edit_manifest(tmp_path, schema_version=2)
    expect(
        DamagedRecording, r"schema version 2, .*: upgrade replay-users", lambda: open_recording(FolderStore(tmp_path))
    )


def test_a_cut_manifest_is_refused(tmp_path: Path) -> None:
    """A manifest that is no JSON is named."""
    record_in(tmp_path, make_exchanges(2))
    path = min(tmp_path.rglob("manifest.json"))
    path.write_bytes(path.read_bytes()[:50])
    match = rf"{path} is not a manifest .*ingest the capture again"
    expect(DamagedRecording, match, lambda: open_recording(FolderStore(tmp_path)))


def test_a_half_written_recording_is_refused(tmp_path: Path) -> None:
    """An ingest that dies before its manifest leaves what is refused with exit code 1, and run again makes it whole."""
    store = WatchedStore(FolderStore(tmp_path), refuses="manifest")
    with pytest.raises(InterruptedError):
        record(store, make_exchanges(5))
    assert store.puts
    match = r"is half written: .*hour=10/\w+-\w+\.parquet has no manifest\.json beside it; run the ingest that was"
    expect(DamagedRecording, match, lambda: open_recording(store))
    assert DamagedRecording.exit_code == 1
    assert recording_to_extend(store) is None
    again = record_in(tmp_path, make_exchanges(5), existing=recording_to_extend(store))
    assert ids(again) == [f"id-{n}" for n in range(5)]
    assert len(list(tmp_path.rglob("slice-*"))) == 1


def test_a_half_written_hour_is_refused_and_can_be_finished(tmp_path: Path) -> None:
    """Where an ingest died between two hours, the first is whole, all of it is refused, and the ingest can be run again."""
    exchanges = [make_exchange(0), make_exchange(1, at=START + HOUR)]
    store = WatchedStore(FolderStore(tmp_path), refuses="hour=11/manifest")
    with pytest.raises(InterruptedError):
        record(store, exchanges)
    expect(DamagedRecording, r"hour=11/\w+-\w+\.parquet has no manifest\.json", lambda: open_recording(store))
    assert ids(open_recording(FolderStore(tmp_path / DAY / "hour=10"))) == ["id-0"]
    existing = recording_to_extend(store)
    assert existing is not None
    done = record(FolderStore(tmp_path), exchanges, existing=existing)
    assert (done.rows, done.duplicates) == (1, 1)
    assert ids(open_recording(FolderStore(tmp_path))) == ["id-0", "id-1"]


def test_what_an_interrupted_second_ingest_leaves_is_ignored(tmp_path: Path) -> None:
    """Slices that no manifest names, in an hour that has one, are in nobody's way: running replays are not hurt."""
    record_in(tmp_path, make_exchanges(5))
    with pytest.raises(InterruptedError):
        record(WatchedStore(FolderStore(tmp_path), refuses="manifest"), make_exchanges(5, start=5))
    assert len(list(tmp_path.rglob("slice-*"))) == 2
    assert ids(open_recording(FolderStore(tmp_path))) == [f"id-{n}" for n in range(5)]


def foreign(folder: Path, name: str, metadata: dict[str, str] | None = None) -> None:
    """A Parquet file somebody put there."""
    folder.mkdir(parents=True, exist_ok=True)
    sink = io.BytesIO()
    pq.write_table(pa.table({"at": [1]}).replace_schema_metadata(metadata), sink)
    (folder / name).write_bytes(sink.getvalue())


def test_foreign_parquet_is_no_recording(tmp_path: Path) -> None:
    """Parquet that we did not write is refused with the cure, not taken for a half-written recording."""
    foreign(tmp_path, "export.parquet")
    match = r"export\.parquet was not written by replay-users ingest: ingest the capture it comes from"
    expect(UsageError, match, lambda: open_recording(FolderStore(tmp_path)))


def test_foreign_parquet_beside_a_recording_is_ignored(tmp_path: Path) -> None:
    """Somebody's export in another folder below the same address does no harm."""
    record_in(tmp_path, make_exchanges(2))
    foreign(tmp_path / "exports", "export.parquet")
    assert ids(open_recording(FolderStore(tmp_path))) == ["id-0", "id-1"]


def test_our_schema_makes_a_slice_whatever_its_name(tmp_path: Path) -> None:
    """A slice of ours that was renamed still tells that its manifest is missing."""
    record_in(tmp_path / "r", make_exchanges(2))
    (path,) = tmp_path.rglob("slice-*")
    shutil.move(path, tmp_path / "renamed.parquet")
    shutil.rmtree(tmp_path / "r")
    expect(DamagedRecording, r"half written: renamed\.parquet", lambda: open_recording(FolderStore(tmp_path)))


def test_a_cut_slice_without_manifest_is_half_written(tmp_path: Path) -> None:
    """A file named as our slices are, of which no footer was written, is half written too."""
    (tmp_path / "slice-0.parquet").write_bytes(b"PAR1....")
    expect(DamagedRecording, r"half written: slice-0\.parquet", lambda: open_recording(FolderStore(tmp_path)))


def test_an_empty_table_of_ours_says_so(tmp_path: Path) -> None:
    """The footer's mark is enough to tell."""
    sink = io.BytesIO()
    pq.write_table(SCHEMA.empty_table(), sink)
    (tmp_path / "x.parquet").write_bytes(sink.getvalue())
    expect(DamagedRecording, "half written", lambda: open_recording(FolderStore(tmp_path)))


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        pytest.param(lambda path: path.unlink(), r"slice .*parquet is missing; restore it", id="missing"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[:-7]),
            r"slice .*parquet has \d+ bytes, its manifest says \d+; restore it",
            id="truncated",
        ),
    ],
)
def test_a_slice_that_is_not_whole_is_named_at_once(
    tmp_path: Path, damage: Callable[[Path], object], match: str
) -> None:
    """Missing and truncated slices are found when the recording is opened, before anything is sent."""
    record_in(tmp_path, make_exchanges(5))
    (path,) = tmp_path.rglob("slice-*")
    damage(path)
    expect(DamagedRecording, match, lambda: open_recording(FolderStore(tmp_path)))


def test_two_recordings_are_not_one(tmp_path: Path) -> None:
    """An address above several recordings is refused and names them; nothing is merged that was not recorded together."""
    record_in(tmp_path / "monday", make_exchanges(2))
    record_in(tmp_path / "tuesday", make_exchanges(2))
    match = rf"holds 2 recordings: name one of them, such as {tmp_path}/monday, {tmp_path}/tuesday"
    expect(UsageError, match, lambda: open_recording(FolderStore(tmp_path)))
    expect(UsageError, match, lambda: recording_to_extend(FolderStore(tmp_path)))


def test_an_open_recording_survives_late_data(tmp_path: Path) -> None:
    """A second ingest leaves every file of the first as it was; who opened before reads on as if nothing had happened."""
    first = record_in(tmp_path, make_exchanges(20))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    second = record_in(tmp_path, [make_exchange(n, at=START + n) for n in range(20, 30)], existing=first)
    assert all(path.read_bytes() == data for path, data in before.items())
    assert ids(first) == [f"id-{n}" for n in range(20)]
    assert first.count_index().totals(START, START + SECOND, 1000) == {(0, 0): 20}
    assert sorted(ids(second)) == sorted(f"id-{n}" for n in range(30))
    assert [row["at"] for row in read_all(second)] == sorted(row["at"] for row in read_all(second))


@pytest.mark.parametrize("opening", [open_recording, recording_to_extend], ids=["open", "extend"])
def test_an_ingest_that_runs_meanwhile_does_no_harm(
    tmp_path: Path, opening: Callable[[Store], Recording | None]
) -> None:
    """What was written between the listing and the reading of the manifest is listed again rather than called missing."""
    first = record_in(tmp_path, make_exchanges(20))

    class Meanwhile(FolderStore):
        """A folder that grows once it has been listed."""

        listed = 0

        def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
            found = list(super().objects(prefix))
            self.listed += 1
            if self.listed == 1:
                record_in(tmp_path, [make_exchange(n, at=START + n) for n in range(20, 30)], existing=first)
            return iter(found)

    store = Meanwhile(tmp_path)
    opened = opening(store)
    assert opened is not None
    assert len(ids(opened)) == 30
    assert store.listed == 2


def test_ids_are_those_of_the_slices_that_touch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ids around a time come from its slices only, which are read once however often they are asked for."""
    monkeypatch.setattr(writer, "SLICE_BYTES", 5_000)
    store = WatchedStore(FolderStore(tmp_path))
    record(store, make_exchanges(100))
    recording = open_recording(store)
    item = recording.manifest.slices[1]
    rows = {row["id"] for row in read_all(recording) if item.first_at <= row["at"] <= item.last_at}
    store.reads.clear()
    for _ in range(3):
        assert set(recording.ids_between(item.first_at, item.last_at).to_pylist()) == rows
    assert len(store.reads) == 1
    assert recording.ids_between(0, START - 1).to_pylist() == []


def test_a_damaged_slice_is_named_when_ids_are_read(tmp_path: Path) -> None:
    """An ingest into a recording with a damaged slice stops with its name instead of repeating rows."""
    recording = record_in(tmp_path, make_exchanges(20))
    (path,) = tmp_path.rglob("slice-*")
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    recording = open_recording(FolderStore(tmp_path))
    expect(DamagedRecording, "slice .* is damaged", lambda: recording.ids_between(START, START + SECOND))
