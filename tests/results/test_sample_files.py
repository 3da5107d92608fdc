"""pairs.parquet and histograms.json: read back as they were, and one sentence for whatever is wrong with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from replay_users.errors import StoreError, UsageError
from replay_users.results.pairs import Pair
from replay_users.results.sample_files import HISTOGRAMS, PAIRS, read_samples, remove_samples, write_samples
from replay_users.results.samples import EndpointTimes, Samples, samples_of
from tests.results.test_samples import curve, whole
from tests.results.whole import filled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.results.conftest import Land


@pytest.fixture
def folder(land: Land, tmp_path: Path) -> Path:
    """A run's directory with its samples."""
    write_samples(tmp_path / "day=1" / "run", samples_of(filled(land), curve(3)))
    return tmp_path / "day=1" / "run"


def comparable(samples: Samples | None) -> object:
    """Samples whose pairs are lists."""
    assert samples is not None
    return *whole(samples)[1:], {name: list(rows) for name, rows in samples.pairs.items()}


def test_samples_are_read_as_they_were_written(land: Land, folder: Path) -> None:
    """Every histogram, slot and pair comes back, those without an answer too, and nothing else lies in the folder."""
    read = read_samples(folder)
    assert comparable(read) == comparable(samples_of(filled(land), curve(3)))
    assert read is not None
    assert {pair.service is None for pair in read.pairs["GET /a"]} == {True, False}
    assert sorted(path.name for path in folder.iterdir()) == [HISTOGRAMS, PAIRS]


def test_pairs_are_a_table_that_any_tool_reads(folder: Path) -> None:
    """The columns have the names that the documentation gives them; no answer is null."""
    table = pq.read_table(folder / PAIRS, partitioning=None)
    assert table.column_names == ["endpoint", "id", "session", "due_ns", "recorded_ns", "service_ns", "status"]
    assert table["service_ns"].null_count == 1
    assert set(table["endpoint"].to_pylist()) == {"GET /a"}


def test_a_run_without_any_has_them_too(tmp_path: Path) -> None:
    """Nothing sent leaves files that say so."""
    write_samples(tmp_path, Samples())
    assert comparable(read_samples(tmp_path)) == comparable(Samples())


def test_names_of_endpoints_may_be_anything(tmp_path: Path) -> None:
    """Commas, quotes, line breaks, emoji and what UTF-8 has no bytes for."""
    names = ["GET /,\"'", "GET /a\nb", "GET /😀", "GET /\udc80", "GET /</script>"]
    rows = {name: [Pair(n, 2, 3, 4, None, 0)] for n, name in enumerate(names)}
    times = dict.fromkeys(names, EndpointTimes())
    write_samples(tmp_path, Samples(pairs=rows, seen=dict.fromkeys(names, 1), times=times))
    read = read_samples(tmp_path)
    assert read is not None
    assert read.pairs == rows


def test_an_older_run_has_none(tmp_path: Path) -> None:
    """A directory without the files, or none at all, is no error."""
    assert read_samples(tmp_path) is None
    assert read_samples(tmp_path / "gone") is None


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _foreign(path: Path) -> None:
    pq.write_table(pa.table({"endpoint": ["a"], "id": ["b"]}), path)


def _other_types(path: Path) -> None:
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.set_column(1, "id", pa.array(["x"] * table.num_rows)), path)


def _no_pairs(path: Path) -> None:
    pq.write_table(pq.read_table(path, partitioning=None).slice(0, 0), path)


def _nulls(path: Path) -> None:
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.set_column(1, "id", pa.array([None] * table.num_rows, pa.uint32())), path)


def _later(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 9}))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        pytest.param(PAIRS, _cut, id="cut pairs"),
        pytest.param(PAIRS, lambda path: path.write_bytes(b""), id="empty pairs"),
        pytest.param(PAIRS, _foreign, id="a foreign table"),
        pytest.param(PAIRS, _other_types, id="other types"),
        pytest.param(PAIRS, _no_pairs, id="pairs of another run"),
        pytest.param(PAIRS, _nulls, id="pairs without ids"),
        pytest.param(HISTOGRAMS, _cut, id="cut histograms"),
        pytest.param(HISTOGRAMS, lambda path: path.write_bytes(b"\xff\xfe"), id="no text"),
        pytest.param(HISTOGRAMS, lambda path: path.write_text("[" * 100_000), id="deep json"),
        pytest.param(HISTOGRAMS, lambda path: path.write_text('{"schema_version": 1}'), id="foreign json"),
        pytest.param(HISTOGRAMS, _later, id="a later version"),
    ],
)
def test_whatever_is_wrong_is_one_sentence(folder: Path, name: str, damage: Callable[[Path], object]) -> None:
    """A damaged, foreign or later file names the folder, what is wrong, and the cure."""
    damage(folder / name)
    with pytest.raises(UsageError) as caught:
        read_samples(folder)
    said = str(caught.value)
    assert str(folder) in said
    assert "replay again" in said
    assert "\n" not in said


@pytest.mark.parametrize("name", [PAIRS, HISTOGRAMS])
def test_half_a_directory_is_noticed(folder: Path, name: str) -> None:
    """One file without the other is a bad copy, not an older run."""
    (folder / name).unlink()
    with pytest.raises(UsageError, match=rf"without {name}: copy the whole"):
        read_samples(folder)


def test_a_folder_in_a_files_place_is_one_sentence(folder: Path) -> None:
    """What the disk says is passed on."""
    (folder / HISTOGRAMS).unlink()
    (folder / HISTOGRAMS).mkdir()
    with pytest.raises(UsageError, match="cannot read the samples"):
        read_samples(folder)


def test_samples_that_cannot_be_written_say_so(tmp_path: Path) -> None:
    """A full disk, or a place that may not be written, is a sentence with the cure, and leaves no half file."""
    (tmp_path / PAIRS).mkdir()
    with pytest.raises(StoreError, match=r"cannot write the samples to .*choose another --out"):
        write_samples(tmp_path, Samples())
    assert [path.name for path in tmp_path.iterdir()] == [PAIRS]


def test_samples_of_another_run_are_taken_away(folder: Path) -> None:
    """Removed they are gone, and removing them twice is no error."""
    remove_samples(folder)
    remove_samples(folder)
    assert read_samples(folder) is None
