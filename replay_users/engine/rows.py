"""Decoded tables as rows of Python values, a few at a time.

Law: one table in, pieces out; nothing about schedules. It imports no pyarrow: a table is whatever has its columns'
methods. The subtle thing: a piece is bounded in rows and in bytes, since making it holds the hub; what repeats
(endpoints, methods, hosts, kinds) is decoded once per table and looked up by index, and everything else becomes
`bytes`, `str` and `int`, which the garbage collector does not track. Only loaders that ask for it
get each row's scheme and recorded connection too, and only of a table with the column `response_hash` the hashes of what
was not kept whole; the others pay nothing for these columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PIECE_BYTES", "ROWS", "pieces"]

ROWS = 32
"""Rows per piece at most: about 0.2 ms of the hub with what is made of them."""

PIECE_BYTES = 256 << 10
"""Bytes per piece, roughly: rows of large bodies come in smaller pieces, because copying 1 MiB takes 0.1 ms and more."""

_REPEATED = ("session_kind", "endpoint", "authority", "method", "capture")
_PLAIN = (
    "at",
    "session",
    "traits",
    "id",
    "target",
    "request_head",
    "request_body",
    "status",
    "response_head",
    "response_body",
    "duration",
)

_CAUSAL = frozenset({"cookie", "auth"})
_WHOLE = frozenset({"complete", "request-truncated"})
_HASH = 16
"""Bytes of a hash; what has another length is none of ours."""


def pieces(table: Any, endpoints: Mapping[str, int], *, placed: bool = False) -> Iterator[list[list[Any]]]:
    """A table's rows as columns of Python values, at most `ROWS` at a time, in the order of `Loader.flight`'s arguments.

    If they are to be `placed`, scheme and recorded connection of each row come after those, as far as the table has them;
    last the hash of the recorded body where that is not whole, if the table has hashes.
    """
    if not table.num_rows:
        return
    columns = {name: _one_chunk(table[name]) for name in _PLAIN + _REPEATED}
    hashes = _one_chunk(table["response_hash"]) if "response_hash" in table.column_names else None
    endpoint_of = [endpoints[name] for name in columns["endpoint"].dictionary.to_pylist()]
    methods = columns["method"].dictionary.to_pylist()
    authorities = columns["authority"].dictionary.to_pylist()
    causal = [kind in _CAUSAL for kind in columns["session_kind"].dictionary.to_pylist()]
    whole = [kind in _WHOLE for kind in columns["capture"].dictionary.to_pylist()]
    step = _rows_per_piece(table)
    for start in range(0, table.num_rows, step):
        plain = {name: columns[name].slice(start, step).to_pylist() for name in _PLAIN}
        index = {name: columns[name].slice(start, step).indices.to_pylist() for name in _REPEATED}
        is_whole = [whole[i] for i in index["capture"]]
        yield [
            plain["at"],
            plain["session"],
            [causal[i] for i in index["session_kind"]],
            [endpoint_of[i] for i in index["endpoint"]],
            plain["traits"],
            plain["id"],
            [authorities[i] for i in index["authority"]],
            [methods[i] for i in index["method"]],
            plain["target"],
            plain["request_head"],
            plain["request_body"],
            plain["status"],
            plain["response_head"],
            plain["response_body"],
            is_whole,
            plain["duration"],
            *(_where(table.slice(start, step)) if placed else ()),
            *(() if hashes is None else (_hashes(hashes.slice(start, step), is_whole, plain["response_body"]),)),
        ]


def _where(part: Any) -> list[list[Any]]:
    """Scheme and connection of each row; a connection's number is its source's own, so the source belongs to its name."""
    rows = part.num_rows
    schemes = part["scheme"].to_pylist() if "scheme" in part.column_names else [""] * rows
    if "connection" not in part.column_names:
        return [schemes, [None] * rows]
    pairs = zip(part["source"].to_pylist(), part["connection"].to_pylist(), strict=True)
    return [schemes, [None if connection is None else f"{source or ''} {connection}" for source, connection in pairs]]


def _hashes(column: Any, whole: list[bool], bodies: list[bytes | None]) -> list[bytes | None]:
    """The hash of each body that was cut or not kept; a capture may know that of every body, and those are not converted."""
    if column.null_count == len(column):
        return [None] * len(column)
    wanted = (not is_whole or body is None for is_whole, body in zip(whole, bodies, strict=True))
    found = (column[nth].as_py() if is_wanted else None for nth, is_wanted in enumerate(wanted))
    return [each if each is not None and len(each) == _HASH else None for each in found]


def _one_chunk(column: Any) -> Any:
    joined = column.combine_chunks()
    return joined.chunk(0) if hasattr(joined, "chunk") else joined


def _rows_per_piece(table: Any) -> int:
    rows: int = PIECE_BYTES * table.num_rows // (table.nbytes + 1)
    return min(ROWS, max(1, rows))
