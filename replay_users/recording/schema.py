"""Schema v1 of a slice: the columns, how a row becomes one, how a slice is encoded.

Law: v1 is read for ever; a column may be added only if it is nullable and can be ignored. Bytes stay bytes: there are no
header maps, because objects made per row are what the garbage collector then walks during a replay.
"""

from __future__ import annotations

import pyarrow as pa

__all__ = ["COLUMNS", "MARK", "REPLAY_COLUMNS", "SCHEMA", "SCHEMA_VERSION", "is_ours"]

SCHEMA_VERSION = 1

MARK = {"replay_users.schema": str(SCHEMA_VERSION)}
"""What the footers of our files say."""

_REQUIRED = (
    ("at", pa.int64()),  # UTC ns of the request's first byte
    ("partition", pa.uint16()),
    ("sample", pa.uint16()),  # sample bucket, 0 to 999
    ("traits", pa.uint8()),  # recording.traits.Trait
    ("session", pa.binary()),
    ("session_kind", pa.string()),
    ("id", pa.string()),
    ("endpoint", pa.string()),
    ("protocol", pa.string()),
    ("scheme", pa.string()),
    ("authority", pa.string()),
    ("method", pa.string()),
    ("target", pa.binary()),  # byte for byte, with its query
    ("request_head", pa.binary()),  # ready to send: no Host, hop-by-hop or framing headers
    ("request_size", pa.int64()),
    ("status", pa.int16()),  # 0 = no answer was begun
    ("response_head", pa.binary()),
    ("response_size", pa.int64()),
    ("end_flags", pa.string()),
    ("capture", pa.string()),
)
_OPTIONAL = (
    ("identity", pa.string()),
    ("connection", pa.string()),
    ("source", pa.string()),
    ("client", pa.string()),
    ("request_body", pa.binary()),  # null = not kept
    ("response_body", pa.binary()),  # null = not kept
    ("response_hash", pa.binary()),
    ("trailers", pa.binary()),
    ("first_byte", pa.int64()),  # ns from `at`
    ("duration", pa.int64()),  # ns from `at`
)

SCHEMA = pa.schema(
    [pa.field(name, kind, nullable=False) for name, kind in _REQUIRED]
    + [pa.field(name, kind, nullable=True) for name, kind in _OPTIONAL],
    metadata=MARK,
)

COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)

REPLAY_COLUMNS: tuple[str, ...] = (
    "at",
    "sample",
    "traits",
    "session",
    "session_kind",
    "id",
    "endpoint",
    "authority",
    "method",
    "target",
    "request_head",
    "request_body",
    "status",
    "response_head",
    "response_body",
    "response_size",
    "duration",
    "capture",
)
"""What a run reads; the rest stays for people and later stages."""


def is_ours(schema: pa.Schema) -> bool:
    """Whether a Parquet file was written by us: its footer says so."""
    return b"replay_users.schema" in (schema.metadata or {})
