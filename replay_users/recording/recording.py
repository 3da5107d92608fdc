"""Open a recording: find its manifests, pin every object's version, refuse what is half written.

Law: reading only, and only what is small; slices are read by `reader`. Any prefix of a recording is a recording: one
hour, one day, everything. The subtle thing: listing gives each slice's version once, and every later read asks for that
version.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from replay_users.errors import DamagedRecording, UsageError
from replay_users.recording.index import CountIndex
from replay_users.recording.manifest import MANIFEST_NAME, from_json, merge
from replay_users.recording.partition import SAMPLE_BUCKETS
from replay_users.recording.reader import Selection, decode, fetch
from replay_users.recording.schema import is_ours
from replay_users.recording.writer import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from replay_users.recording.manifest import Manifest, SliceInfo
    from replay_users.recording.store import ObjectInfo, Store

__all__ = ["Recording", "open_recording", "recording_to_extend"]

_HOUR: Final = re.compile(r"(?:date=[^/]*/)?(?:hour=[^/]*/)?\Z")
_SLICES_OF_IDS: Final = 64
"""Slices whose ids are remembered: capture is nearly in order, so an ingest comes back to the last few."""

_FOOTER: Final = 1 << 20
"""Enough of a file's end to hold its footer (measured: 461 KB with all columns and 256 row groups)."""


class Recording:
    """A whole recording, merged from its hours."""

    def __init__(self, store: Store, hours: list[tuple[str, Manifest]], versions: Mapping[str, str]) -> None:
        """Use `open_recording`."""
        self.store = store
        self.name = store.name
        self.manifest = merge(hours)
        self._hours = hours
        self._versions = versions
        self._ids = lru_cache(_SLICES_OF_IDS)(self._read_ids)

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

    def count_index(self, pause: Callable[[], None] = lambda: None) -> CountIndex:
        """The counts of every hour; its methods read the index files, `pause` between pieces, and raise what reading raises."""
        names = {info.name: nth for nth, info in enumerate(self.manifest.endpoints)}
        return CountIndex(self._index_files, names, pause)

    def _index_files(self) -> Iterator[tuple[str, bytes]]:
        for folder, manifest in self._hours:
            yield folder, _index_file(self.store, folder + manifest.index)

    def ids_between(self, start: int, end: int) -> pa.Array:
        """The ids of every row in slices that touch start..end (UTC ns, inclusive): what a later ingest must not repeat.

        Raises:
            StoreError: a slice cannot be read.
            DamagedRecording: a slice is damaged or has changed.
        """
        touching = [s for s in self.manifest.slices if s.first_at <= end and s.last_at >= start]
        return pa.concat_arrays([pa.array([], pa.string()), *(self._ids(item) for item in touching)])

    def _read_ids(self, item: SliceInfo) -> pa.Array:
        everyone = frozenset(nth for group in item.groups for nth in group.partitions)
        whole = Selection(
            partitions=everyone,
            start=item.first_at,
            end=item.last_at + 1,
            buckets=SAMPLE_BUCKETS,
            columns=("at", "id"),
        )
        return decode(item, fetch(self, item, everyone), whole)["id"].combine_chunks()


def open_recording(store: Store) -> Recording:
    """The recording in a store.

    Raises:
        UsageError: there is none, or more than one.
        DamagedRecording: it is half written, newer than this version, or a slice is missing or has changed size.
        StoreError: the store cannot be read.
    """
    objects = {item.key: item for item in store.objects()}
    folders = _folders(objects)
    _refuse_unlisted(store, folders, objects)
    if not folders:
        raise UsageError(f"there is no recording in {store.name}: no {MANIFEST_NAME} below it; check the address")
    return _open(store, folders, objects)


def recording_to_extend(store: Store) -> Recording | None:
    """The recording that an ingest into this store adds to; `None` if there is none.

    Slices without a manifest are what an interrupted ingest left: they are in no recording and in nobody's way.

    Raises:
        UsageError: there is more than one recording.
        DamagedRecording: it is newer than this version, or a slice is missing or has changed size.
        StoreError: the store cannot be read.
    """
    objects = {item.key: item for item in store.objects()}
    folders = _folders(objects)
    return _open(store, folders, objects) if folders else None


def _folders(objects: Collection[str]) -> list[str]:
    """The folders, to be put before a file's name, that hold a manifest."""
    return [key[: -len(MANIFEST_NAME)] for key in objects if key.rpartition("/")[2] == MANIFEST_NAME]


def _open(store: Store, folders: list[str], objects: Mapping[str, ObjectInfo]) -> Recording:
    _refuse_several(store.name, folders)
    hours = [(folder, _manifest(store, folder)) for folder in folders]
    held = [(folder, manifest) for folder, manifest in hours if manifest.rows]
    if not held:
        raise UsageError(f"the recording in {store.name} is empty: ingest a capture that has exchanges in it")
    if any(folder + item.file not in objects for folder, manifest in held for item in manifest.slices):
        # An ingest that ran on meanwhile has written slices first and its manifest then: they are there, but not yet listed.
        objects = {item.key: item for item in store.objects()}
    for folder, manifest in held:
        for item in manifest.slices:
            _check(store.name, folder + item.file, item.size, objects.get(folder + item.file))
    return Recording(store, held, {key: item.version for key, item in objects.items()})


def _refuse_several(name: str, folders: list[str]) -> None:
    roots = sorted({_HOUR.sub("", folder) for folder in folders})
    if len(roots) > 1:
        shown = ", ".join(f"{name}/{root}".rstrip("/") for root in roots[:3])
        raise UsageError(f"{name} holds {len(roots)} recordings: name one of them, such as {shown}")


def _manifest(store: Store, folder: str) -> Manifest:
    return from_json(store.get(folder + MANIFEST_NAME) or b"", f"{store.name}/{folder}{MANIFEST_NAME}")


def _index_file(store: Store, key: str) -> bytes:
    """An index file, which bears the hash of its bytes as its name."""
    data = store.get(key)
    if data is None:
        raise DamagedRecording(f"{store.name}/{key} is missing: restore it or ingest this hour again")
    if blake2b(data, digest_size=16).hexdigest() not in key:
        raise DamagedRecording(f"{store.name}/{key} is damaged: restore it or ingest this hour again")
    return data


def _refuse_unlisted(store: Store, folders: list[str], objects: Mapping[str, ObjectInfo]) -> None:
    """Parquet in a folder without a manifest: ours makes the recording half written, anybody else's is none of our business."""
    unlisted = [key for key in objects if key.endswith(".parquet") and key[: key.rfind("/") + 1] not in folders]
    for key in unlisted:
        if _written_by_us(store, objects[key]):
            raise DamagedRecording(
                f"{store.name} is half written: {key} has no {MANIFEST_NAME} beside it; "
                "run the ingest that was interrupted again"
            )
        if not folders:
            raise UsageError(
                f"{store.name}/{key} was not written by replay-users ingest: ingest the capture it comes from, "
                "or give the address of a recording"
            )


def _written_by_us(store: Store, item: ObjectInfo) -> bool:
    end = store.read(item.key, max(0, item.size - _FOOTER), item.size, item.version)
    try:
        return is_ours(pq.read_schema(io.BytesIO(end)))
    except (pa.ArrowException, OSError, ValueError):
        return item.key.rpartition("/")[2].startswith("slice-")


def _check(name: str, file: str, expected: int, found: ObjectInfo | None) -> None:
    if found is None:
        raise DamagedRecording(f"{name}: slice {file} is missing; restore it or ingest the capture again")
    if found.size != expected:
        raise DamagedRecording(
            f"{name}: slice {file} has {found.size} bytes, its manifest says {expected}; restore it or ingest again"
        )
