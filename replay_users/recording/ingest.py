"""Turn captured exchanges into a recording, in two passes and bounded memory.

Law: sources give exchanges in any order; out of here come slices in time order. Pass one spills rows into files by
ten-second stretches of time and counts what must be known of the whole recording before a row can be placed: sessions
(which of them are shared) and paths (the endpoint templates). Pass two reads a stretch at a time, sorts it, drops
duplicates and writes. The subtle thing: a recording that exists already decides templates, partitions and shared
sessions; a later ingest follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from replay_users.endpoint import Templates, TemplatesBuilder
from replay_users.model import SessionKind
from replay_users.recording.partition import SessionRows, partition_of, sample_bucket, share_key, shared_threshold
from replay_users.recording.schema import SCHEMA
from replay_users.recording.spill import Spill
from replay_users.recording.traits import traits
from replay_users.recording.writer import HourWriter, Layout, hour_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from replay_users.endpoint import Rule
    from replay_users.model import Exchange
    from replay_users.recording.manifest import Manifest
    from replay_users.recording.recording import Recording
    from replay_users.recording.store import Store

__all__ = ["Ingested", "write_recording"]

_BATCH = 2000
_BATCH_BYTES = 16 << 20
"""Bytes of bodies in a batch: of 2,000 rows of 1 MiB both the objects and their columns would be held (measured: 4.5 GB)."""


@dataclass(slots=True)
class Ingested:
    """What an ingest did; `duplicates` are exchanges whose id was already there."""

    rows: int = 0
    duplicates: int = 0
    manifests: list[Manifest] = field(default_factory=list)


def write_recording(
    exchanges: Iterable[Exchange],
    store: Store,
    *,
    scratch: Path,
    rules: tuple[Rule, ...] = (),
    partitions: int = 16,
    existing: Recording | None = None,
    sources: Mapping[str, Any] | None = None,
) -> Ingested:
    """Write exchanges as a recording, or into the one that is `existing` in the store (`recording_to_extend`).

    `scratch` is an empty folder for spilled rows, as large as the recording; the caller removes it. Where there is an
    `existing` recording, its templates and partitions hold. A duplicate is an exchange with an id that another of about the
    same time has; of two in one ingest the earlier one is kept.

    Raises:
        UsageError: `rules` are not those that the existing recording was made with.
        StoreError: the store or `scratch` cannot be written.
        DamagedRecording: the existing recording cannot be read where the new exchanges belong.
    """
    spill = Spill(scratch)
    sessions = SessionRows()
    paths = TemplatesBuilder(rules, base=Templates.from_json(existing.layout.templates) if existing else None)
    for batch in _batches(exchanges):
        sessions.add(exchange.session for exchange in batch)
        for exchange in batch:
            paths.add(exchange.method, exchange.target)
        spill.add(_columns(batch))
    layout = existing.layout if existing else _decide(sessions, paths, partitions)
    return _place(spill, store, layout, existing, dict(sources or {}))


def _batches(exchanges: Iterable[Exchange]) -> Iterable[list[Exchange]]:
    batch: list[Exchange] = []
    size = 0
    for exchange in exchanges:
        batch.append(exchange)
        size += len(exchange.request_body or b"") + len(exchange.response_body or b"")
        if len(batch) == _BATCH or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _columns(batch: list[Exchange]) -> pa.Table:
    """The exchanges as the schema's columns, but for those that are placed in pass two."""
    names = [n for n in SCHEMA.names if n not in {"partition", "sample", "traits", "endpoint"}]
    columns = {name: pa.array([getattr(e, name) for e in batch], SCHEMA.field(name).type) for name in names}
    columns["traits"] = pa.array([traits(e) for e in batch], pa.uint8())
    return pa.table(columns)


def _decide(sessions: SessionRows, paths: TemplatesBuilder, partitions: int) -> Layout:
    return Layout(
        partitions=partitions,
        templates=paths.build().to_json(),
        shared_sessions=sessions.above(shared_threshold(sessions.total, partitions)),
    )


def _place(spill: Spill, store: Store, layout: Layout, existing: Recording | None, sources: dict[str, Any]) -> Ingested:
    done = Ingested()
    placer = _Placer(layout)
    hour: HourWriter | None = None
    folder = ""
    for rows in spill.stretches():
        fresh = _without_duplicates(rows, existing)
        done.duplicates += rows.num_rows - fresh.num_rows
        if not fresh.num_rows:
            continue
        if hour_folder(fresh["at"][0].as_py()) != folder:
            if hour:
                done.manifests.append(hour.finish(sources))
            folder = hour_folder(fresh["at"][0].as_py())
            hour = HourWriter(store, folder, layout)
        if hour:
            hour.add(placer.place(fresh))
        done.rows += fresh.num_rows
    if hour:
        done.manifests.append(hour.finish(sources))
    return done


def _without_duplicates(rows: pa.Table, existing: Recording | None) -> pa.Table:
    """Rows in time order, the first of each id; none that the recording holds already."""
    order = pc.sort_indices(rows["at"])
    named = pa.table({"id": rows["id"].take(order), "row": order})
    named = _firsts(named)
    if existing is not None:
        span = pc.min_max(rows["at"]).as_py()
        known = existing.ids_between(span["min"], span["max"])
        named = named.filter(pc.invert(pc.is_in(named["id"], value_set=known)))
    return rows.take(named["row"].combine_chunks())


def _firsts(named: pa.Table) -> pa.Table:
    """The first row of each id, in their order."""
    placed = named.append_column("place", pa.array(range(named.num_rows), pa.int64()))
    firsts = placed.group_by("id", use_threads=False).aggregate([("place", "min")])["place_min"]
    return named.take(firsts.take(pc.sort_indices(firsts)))


class _Placer:
    """Fills in the columns that need the whole recording to be known: endpoint, partition, sample, kind."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._templates = Templates.from_json(layout.templates)

    def place(self, rows: pa.Table) -> pa.Table:
        sessions = rows["session"].to_pylist()
        shared = [s in self._layout.shared_sessions for s in sessions]
        keys = [
            share_key(session, connection, shared=is_shared)
            for session, connection, is_shared in zip(sessions, rows["connection"].to_pylist(), shared, strict=True)
        ]
        endpoint = self._templates.endpoint
        kinds = rows["session_kind"].to_pylist()
        placed = {
            "partition": [partition_of(key, self._layout.partitions) for key in keys],
            "sample": [sample_bucket(key) for key in keys],
            "endpoint": [
                endpoint(m, t) for m, t in zip(rows["method"].to_pylist(), rows["target"].to_pylist(), strict=True)
            ],
            "session_kind": [SessionKind.SHARED.value if s else k for s, k in zip(shared, kinds, strict=True)],
        }
        columns = {name: rows[name] for name in rows.column_names} | {
            name: pa.array(values, SCHEMA.field(name).type) for name, values in placed.items()
        }
        return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)
