"""Rows set aside by stretches of time."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.errors import StoreError
from replay_users.recording import spill as spilling
from replay_users.recording.spill import STRETCH, Spill
from replay_users.recording.writer import hour_folder


def rows(*times: int) -> pa.Table:
    """Rows at these times, with a body that takes memory."""
    return pa.table({"at": pa.array(times, pa.int64()), "body": pa.array([b"x" * 100] * len(times), pa.binary())})


@given(
    st.lists(st.lists(st.integers(0, 5 * STRETCH), min_size=1, max_size=8), max_size=8),
    st.sampled_from([0, 700, 1 << 30]),
    st.sampled_from([150, 1 << 30]),
)
def test_every_row_comes_back_in_its_stretch(batches: list[list[int]], in_memory: int, at_once: int) -> None:
    """Whatever the order and size, each row comes back once, stretches apart and in time order, none across its ten seconds."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilling, "_IN_MEMORY", in_memory)
        patch.setattr(spilling, "_AT_ONCE", at_once)
        spill = Spill(Path(folder))
        for batch in batches:
            spill.add(rows(*batch))
        stretches = [table["at"].to_pylist() for table in spill.stretches()]
    times = sorted(at for batch in batches for at in batch)
    assert sorted(at for stretch in stretches for at in stretch) == times
    assert all(max(one) < min(other) for one, other in pairwise(stretches))
    assert all(min(stretch) // STRETCH == max(stretch) // STRETCH for stretch in stretches)
    if at_once == 1 << 30:
        assert len(stretches) == len({at // STRETCH for at in times})


def test_a_busy_stretch_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds of more bytes than fit are given a part of the time at once, in memory or from disk."""
    monkeypatch.setattr(spilling, "_AT_ONCE", 5_000)
    for in_memory in (0, 1 << 30):
        monkeypatch.setattr(spilling, "_IN_MEMORY", in_memory)
        spill = Spill(tmp_path)
        spill.add(rows(*range(0, STRETCH, STRETCH // 200)))
        sizes = [table.nbytes for table in spill.stretches()]
        assert len(sizes) == 5
        assert max(sizes) < 5_000


def test_rows_leave_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit rows are on disk and not in memory; below it no file is made."""
    monkeypatch.setattr(spilling, "_IN_MEMORY", 2000)
    spill = Spill(tmp_path)
    spill.add(rows(1, 2, 3))
    assert list(tmp_path.iterdir()) == []
    before = pa.total_allocated_bytes()
    spill.add(rows(*range(10_000)))
    assert len(list(tmp_path.iterdir())) == 1
    assert pa.total_allocated_bytes() - before < 10_000


def test_no_stretch_crosses_an_hour() -> None:
    """The last ns of an hour and the first of the next are in different stretches."""
    hour = 3600 * 1_000_000_000
    assert hour % STRETCH == 0


@pytest.mark.parametrize(
    ("at", "folder"),
    [
        pytest.param(1_793_872_800 * 10**9, "date=2026-11-05/hour=10/", id="the-hours-first-ns"),
        pytest.param(1_793_872_800 * 10**9 - 1, "date=2026-11-05/hour=09/", id="the-last-ns-before"),
        pytest.param(951_782_400 * 10**9 - 1, "date=2000-02-28/hour=23/", id="before-a-leap-day"),
    ],
)
def test_an_hour_has_a_folder(at: int, folder: str) -> None:
    """Folders are named by the UTC hour."""
    assert hour_folder(at) == folder


def test_a_full_scratch_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows cannot be set aside, the sentence says how to use another disk."""
    monkeypatch.setattr(spilling, "_IN_MEMORY", 0)
    with pytest.raises(StoreError, match=r"cannot set rows aside .*TMPDIR"):
        Spill(tmp_path / "gone").add(rows(1))
