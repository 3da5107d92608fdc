"""A recording's files in a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from replay_users.errors import DamagedRecording, StoreError, UsageError
from replay_users.recording.folder import FolderStore

if TYPE_CHECKING:
    from pathlib import Path


def version_of(store: FolderStore, key: str) -> str:
    """The version a listing gives an object."""
    return next(item.version for item in store.objects() if item.key == key)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """A recording not written yet is empty, not an error."""
    store = FolderStore(tmp_path / "none")
    assert list(store.objects()) == []
    assert store.get("manifest.json") is None


def test_objects_are_listed_by_key(tmp_path: Path) -> None:
    """Keys have slashes, come in order, with sizes, and a prefix chooses among them."""
    store = FolderStore(tmp_path)
    for key in ("b/2", "a", "b/1"):
        store.put(key, key.encode())
    assert [(item.key, item.size) for item in store.objects()] == [("a", 1), ("b/1", 3), ("b/2", 3)]
    assert [item.key for item in store.objects("b/")] == ["b/1", "b/2"]


def test_ranges_are_read_of_the_listed_version(tmp_path: Path) -> None:
    """A range gives its bytes, end excluded."""
    store = FolderStore(tmp_path)
    store.put("a", b"0123456789")
    assert store.read("a", 2, 5, version_of(store, "a")) == b"234"


@pytest.mark.parametrize("change", ["rewritten", "touched", "grown", "pruned"])
def test_a_file_that_changed_is_named(tmp_path: Path, change: str) -> None:
    """Whatever happens to a file after it was listed, a read names it and gives no bytes."""
    store = FolderStore(tmp_path)
    store.put("hour/a", b"0123456789")
    version, path = version_of(store, "hour/a"), tmp_path / "hour" / "a"
    os.utime(path, ns=(0, 0))
    if change == "rewritten":
        store.put("hour/a", b"9876543210")
    elif change == "grown":
        path.write_bytes(b"0123456789+")
    elif change == "pruned":
        path.unlink()
    with pytest.raises(DamagedRecording, match="hour/a changed after the recording was opened"):
        store.read("hour/a", 0, 3, version)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is one sentence that names the file, and neither half a file nor a temporary one stays."""

    def full(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("replay_users.recording.folder.write", full)
    with pytest.raises(StoreError, match=r"cannot write .*/a: No space left on device; check"):
        FolderStore(tmp_path).put("a", b"0123456789")
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_for_its_owner(tmp_path: Path) -> None:
    """A recording holds what people sent: others may neither list nor read it."""
    FolderStore(tmp_path / "rec").put("hour/a", b"01")
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("rec", "rec/hour", "rec/hour/a")]
    assert modes == [0o700, 0o700, 0o600]


def test_what_is_being_written_is_not_listed(tmp_path: Path) -> None:
    """Files under a name with a leading dot are somebody's unfinished work."""
    (tmp_path / ".slice-1.parquet.77").write_bytes(b"half")
    assert list(FolderStore(tmp_path).objects()) == []


def test_a_file_in_the_folders_place_is_a_usage_error(tmp_path: Path) -> None:
    """Somebody who names a file is told that a folder belongs there."""
    (tmp_path / "capture.log").write_bytes(b"")
    with pytest.raises(UsageError, match=r"capture\.log is a file where a recording's folder belongs"):
        list(FolderStore(tmp_path / "capture.log").objects())


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No permission is an error of ours, never an empty recording."""
    (tmp_path / "hour").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("hour"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StoreError, match=r"cannot read .*/hour: Permission denied; check"):
        list(FolderStore(tmp_path).objects())


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a file, whole or in part."""
    store = FolderStore(tmp_path)
    store.put("a", b"01")
    version = version_of(store, "a")

    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(StoreError, match=r"cannot read .*/a: Permission denied"):
        store.get("a")
    with pytest.raises(StoreError, match=r"cannot read .*/a: Permission denied"):
        store.read("a", 0, 1, version)
