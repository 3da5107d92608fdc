"""Decoded tables as the reader hands them to the feed, made of exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from replay_users.recording.schema import REPLAY_COLUMNS, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Exchange

__all__ = ["table_of"]

_REPEATED = ("endpoint", "method", "authority", "session_kind", "capture")


def table_of(
    exchanges: Sequence[Exchange], *, traits: int = 0, endpoint: str | None = None, more: Sequence[str] = ()
) -> pa.Table:
    """A table of what a run reads, and of `more` columns, with what repeats dictionary-encoded.

    An endpoint is a method and a target's first segment.
    """
    columns = (*REPLAY_COLUMNS, *more)
    rows = [
        {name: getattr(each, name, None) for name in columns}
        | {
            "sample": 0,
            "traits": traits,
            "endpoint": endpoint or f"{each.method} /{each.target.split(b'/')[1].decode()}",
            "session_kind": str(each.session_kind),
            "capture": str(each.capture),
        }
        for each in exchanges
    ]
    table = pa.Table.from_pylist(rows, schema=pa.schema([SCHEMA.field(name) for name in columns]))
    for name in _REPEATED:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].dictionary_encode())
    return table
