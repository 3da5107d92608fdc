"""Open a recording: find its manifests, pin every object's version, refuse what is half written.

Law: reading only, and only what is small; slices are read by `reader`. Any prefix of a recording is a recording: one hour, one
day, everything. The subtle thing: listing gives each slice's version once, and every later read asks for that version.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from replay_users.errors import DamagedRecording, UsageError
from replay_users.recording.index import CountIndex
from replay_users.recording.manifest import MANIFEST_NAME, from_json, merge
from replay_users.recording.writer import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay_users.recording.manifest import Manifest, SliceInfo
    from replay_users.recording.store import Store

__all__ = ["Recording", "open_recording"]


class Recording:
    """A whole recording, merged from its hours."""

    def __init__(self, store: Store, hours: list[tuple[str, Manifest]], versions: dict[str, str]) -> None:
        """Use `open_recording`."""
        self.store = store
        self.name = store.name
        self.manifest = merge(hours)
        self._hours = hours
        self._versions = versions

    @property
    def layout(self) -> Layout:
        """What a later ingest into this recording has to follow."""
        manifest = self.manifest
        return Layout(
            partitions=manifest.partitions,
            templates=manifest.templates,
            shared_sessions=frozenset(bytes.fromhex(s) for s in manifest.shared_sessions),
            hmac_key_id=manifest.hmac_key_id,
        )

    def version(self, item: SliceInfo) -> str:
        """The pinned version of a slice."""
        return self._versions[item.file]

    def count_index(self) -> CountIndex:
        """The counts of every hour.

        Raises:
            DamagedRecording: an index file is missing.
        """
        names = {info.name: nth for nth, info in enumerate(self.manifest.endpoints)}
        return CountIndex(self._index_files(), names)

    def _index_files(self) -> Iterator[tuple[str, bytes]]:
        for folder, manifest in self._hours:
            data = self.store.get(folder + manifest.index)
            if data is None:
                raise DamagedRecording(f"{self.name}{folder}{manifest.index} is missing: ingest this hour again")
            yield folder, data

    def ids_between(self, start: int, end: int) -> pa.Array:
        """The ids of every row in slices that touch start..end (UTC ns, inclusive): what a later ingest must not repeat."""
        touching = [s for s in self.manifest.slices if s.first_at <= end and s.last_at >= start]
        tables = [self._column(item, "id") for item in touching]
        return pa.concat_tables(tables)["id"].combine_chunks() if tables else pa.array([], pa.string())

    def _column(self, item: SliceInfo, name: str) -> pa.Table:
        data = self.store.read(item.file, 0, item.size, self.version(item))
        return pq.read_table(io.BytesIO(data), columns=[name], use_threads=False)


def open_recording(store: Store) -> Recording:
    """The recording in a store.

    Raises:
        UsageError: there is none.
        DamagedRecording: it is half written, newer than this version, or a slice is missing or has changed size.
        StoreError: the store cannot be read.
    """
    objects = {item.key: item for item in store.objects()}
    folders = [key[: -len(MANIFEST_NAME)] for key in objects if key.split("/")[-1] == MANIFEST_NAME]
    slices = [key for key in objects if key.endswith(".parquet") and key.split("/")[-1].startswith("slice-")]
    _refuse_half_written(store.name, folders, slices)
    if not folders:
        raise UsageError(f"there is no recording in {store.name}: no manifest.json below it; check the address")
    hours = [(folder, _manifest(store, folder)) for folder in folders]
    for folder, manifest in hours:
        for item in manifest.slices:
            _check(
                store.name,
                folder + item.file,
                item.size,
                objects[folder + item.file].size if folder + item.file in objects else None,
            )
    return Recording(store, hours, {key: item.version for key, item in objects.items()})


def _manifest(store: Store, folder: str) -> Manifest:
    data = store.get(folder + MANIFEST_NAME)
    manifest = from_json(data or b"", store.name + "/" + folder + MANIFEST_NAME)
    if not manifest.rows:
        raise UsageError(f"the recording in {store.name} is empty")
    return manifest


def _refuse_half_written(name: str, folders: list[str], slices: list[str]) -> None:
    bare = [key for key in slices if not any(key.startswith(folder) for folder in folders)]
    if bare:
        raise DamagedRecording(
            f"{name} is half written: {bare[0]} has no manifest beside it; run the ingest that was interrupted again"
        )


def _check(name: str, file: str, expected: int, found: int | None) -> None:
    if found is None:
        raise DamagedRecording(f"{name}: slice {file} is missing; restore it or ingest the capture again")
    if found != expected:
        raise DamagedRecording(
            f"{name}: slice {file} has {found} bytes, its manifest says {expected}; restore it or ingest again"
        )
