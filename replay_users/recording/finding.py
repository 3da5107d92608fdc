"""One exchange of a recording by its id.

Law: reads slices of a window, the earliest first, and of each only the ids until the exchange is found. The subtle thing:
ids are not sorted and slices have no index of them, so the window is what bounds the search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from replay_users.recording.partition import SAMPLE_BUCKETS
from replay_users.recording.reader import Selection, decode, fetch
from replay_users.recording.schema import COLUMNS

if TYPE_CHECKING:
    from replay_users.recording.recording import Recording

__all__ = ["find"]


def find(recording: Recording, name: str, window: tuple[int, int] | None = None) -> dict[str, Any] | None:
    """The row of the exchange with this id, by column; None if it is not in the window (UTC ns; all there is without one).

    Raises:
        StoreError: a slice cannot be read.
        DamagedRecording: a slice is damaged or has changed.
    """
    start, end = window or (0, 1 << 62)
    for item in sorted(recording.manifest.slices, key=lambda each: each.first_at):
        if item.first_at >= end or item.last_at < start:
            continue
        everyone = frozenset(nth for group in item.groups for nth in group.partitions)
        parts = fetch(recording, item, everyone)
        bounds = {"partitions": everyone, "start": start, "end": end, "buckets": SAMPLE_BUCKETS}
        ids = decode(item, parts, Selection(**bounds, columns=("at", "id")))["id"]  # type: ignore[arg-type]
        nth = pc.index(ids, name).as_py()
        if nth >= 0:
            rows = decode(item, parts, Selection(**bounds, columns=COLUMNS))  # type: ignore[arg-type]
            row: dict[str, Any] = rows.slice(pc.index(rows["id"], name).as_py(), 1).to_pylist()[0]
            return row
    return None
