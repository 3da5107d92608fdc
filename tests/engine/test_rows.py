"""Decoded tables become rows of Python values, a few at a time."""

from __future__ import annotations

import gc
import inspect
from typing import Any

import pyarrow as pa
import pytest

from replay_users.engine.loader import Loader
from replay_users.engine.rows import PIECE_BYTES, ROWS, pieces
from replay_users.model import Capture, Exchange, SessionKind
from replay_users.testing import make_exchange
from tests.engine.tables import table_of

ENDPOINTS = {"GET /items": 3, "POST /orders": 5}
COLUMNS = list(inspect.signature(Loader.flight).parameters)[1:-1]  # the last one is of tables with hashes only


def rows(*exchanges: Exchange, traits: int = 0) -> list[dict[str, Any]]:
    """Each row as the arguments it would be loaded with."""
    table = table_of(exchanges, traits=traits)
    return [
        dict(zip(COLUMNS, row, strict=True)) for piece in pieces(table, ENDPOINTS) for row in zip(*piece, strict=True)
    ]


def test_a_row_is_the_arguments_of_the_loader() -> None:
    """Every column arrives as the argument of its name, whatever it is made of."""
    exchange = make_exchange(
        at=1_793_872_800_123_456_789,
        id="abc",
        method="POST",
        target=b"/orders/1?x=%ff\xff",
        authority="api.example.com:8443",
        session=b"\x00\xff",
        request_head=b"A: b\r\n",
        request_body=b"\x00body",
        status=201,
        response_head=b"C: d\r\n",
        response_body=b"{}",
        duration=7,
    )
    assert rows(exchange, traits=1) == [
        {
            "at": 1_793_872_800_123_456_789,
            "session": b"\x00\xff",
            "causal": True,
            "endpoint": 5,
            "traits": 1,
            "id": "abc",
            "authority": "api.example.com:8443",
            "method": "POST",
            "target": b"/orders/1?x=%ff\xff",
            "head": b"A: b\r\n",
            "body": b"\x00body",
            "status": 201,
            "response_head": b"C: d\r\n",
            "response_body": b"{}",
            "whole": True,
            "duration": 7,
        }
    ]


@pytest.mark.parametrize(
    ("field", "value", "column", "expected"),
    [
        *[
            pytest.param("session_kind", kind, "causal", True, id=str(kind))
            for kind in (SessionKind.COOKIE, SessionKind.AUTH)
        ],
        *[
            pytest.param("session_kind", kind, "causal", False, id=str(kind))
            for kind in (SessionKind.CONNECTION, SessionKind.SHARED)
        ],
        pytest.param("capture", Capture.COMPLETE, "whole", True, id="complete"),
        pytest.param("capture", Capture.REQUEST_TRUNCATED, "whole", True, id="the request was cut, not the answer"),
        pytest.param("capture", Capture.RESPONSE_TRUNCATED, "whole", False, id="the answer was cut"),
        pytest.param("capture", Capture.ABORTED, "whole", False, id="aborted"),
        pytest.param("response_body", None, "response_body", None, id="no answer was kept"),
        pytest.param("request_body", None, "body", None, id="no request body was kept"),
        pytest.param("duration", None, "duration", None, id="no duration"),
    ],
)
def test_what_a_recording_may_say(field: str, value: object, column: str, expected: object) -> None:
    """Kinds, capture quality and what was not recorded become what the loader needs to know."""
    (row,) = rows(make_exchange(**{field: value}))
    assert row[column] is expected


def test_repeated_values_are_looked_up_per_row() -> None:
    """What is stored once and referred to comes out right in every row, across pieces."""
    exchanges = [
        make_exchange(id=str(n), **({"method": "POST", "target": b"/orders/2", "authority": "b"} if n % 3 else {}))
        for n in range(3 * ROWS)
    ]
    found = [(row["id"], row["method"], row["endpoint"], row["authority"]) for row in rows(*exchanges)]
    assert found == [
        (str(n), *(("POST", 5, "b") if n % 3 else ("GET", 3, "shop.example.com"))) for n in range(3 * ROWS)
    ]


@pytest.mark.parametrize("count", [0, 1, ROWS, ROWS + 1, 3 * ROWS])
def test_pieces_are_small(count: int) -> None:
    """Pieces have at most so many rows, hold every row once, in order, and there is none without rows."""
    exchanges = [make_exchange(id=str(n)) for n in range(count)]
    ids = [piece[COLUMNS.index("id")] for piece in pieces(table_of(exchanges), ENDPOINTS)]
    assert [each for piece in ids for each in piece] == [str(n) for n in range(count)]
    assert all(0 < len(piece) <= ROWS for piece in ids)


@pytest.mark.parametrize(("body", "most"), [(PIECE_BYTES // 8, 8), (2 * PIECE_BYTES, 1)])
def test_large_rows_come_in_smaller_pieces(body: int, most: int) -> None:
    """Rows of large bodies come few at a time, at worst one, so that copying them does not hold the hub."""
    table = table_of([make_exchange(response_body=b"x" * body) for _ in range(20)])
    lengths = [len(piece[0]) for piece in pieces(table, ENDPOINTS)]
    assert sum(lengths) == 20
    assert max(lengths) <= most


def test_tables_of_several_chunks() -> None:
    """A table that was put together of parts, each with its own dictionaries, reads as one."""
    parts = [
        table_of([make_exchange(id=i, method=m, target=t)])
        for i, m, t in (("1", "POST", b"/orders"), ("2", "GET", b"/items"))
    ]
    table = pa.concat_tables(parts).unify_dictionaries()
    found = [row for piece in pieces(table, ENDPOINTS) for row in zip(*piece, strict=True)]
    assert [(row[COLUMNS.index("id")], row[COLUMNS.index("method")]) for row in found] == [("1", "POST"), ("2", "GET")]


def test_where_a_row_goes_is_read_only_for_who_asks() -> None:
    """Scheme and connection come last, the connection with its source, whose own number it is; others do not pay for them."""
    exchanges = [
        make_exchange(scheme="https", connection="7", source="pod-1"),
        make_exchange(scheme="http", connection="7", source="pod-2"),
        make_exchange(scheme="http", connection=None, source=""),
    ]
    table = table_of(exchanges, more=("scheme", "connection", "source"))
    placed = [
        row[len(COLUMNS) :] for piece in pieces(table, ENDPOINTS, placed=True) for row in zip(*piece, strict=True)
    ]
    assert placed == [("https", "pod-1 7"), ("http", "pod-2 7"), ("http", None)]
    assert {len(piece) for piece in pieces(table, ENDPOINTS)} == {len(COLUMNS)}


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        pytest.param(["connection", "source"], ("", "pod 7"), id="one target"),
        pytest.param(["scheme"], ("https", None), id="pooled connections"),
        pytest.param([], ("", None), id="neither"),
    ],
)
def test_what_was_not_read_is_not_known(read: list[str], expected: tuple[str, str | None]) -> None:
    """A run reads only the columns that it needs."""
    table = table_of([make_exchange(scheme="https", connection="7", source="pod")] * (ROWS + 1), more=read)
    found = [row[len(COLUMNS) :] for piece in pieces(table, ENDPOINTS, placed=True) for row in zip(*piece, strict=True)]
    assert found == [expected] * (ROWS + 1)


@pytest.mark.parametrize("placed", [False, True])
@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        pytest.param({}, None, id="kept"),
        pytest.param({"capture": Capture.RESPONSE_TRUNCATED}, b"h" * 16, id="cut"),
        pytest.param({"capture": Capture.RESPONSE_TRUNCATED, "response_body": None}, b"h" * 16, id="not kept"),
        pytest.param({"capture": Capture.RESPONSE_TRUNCATED, "response_hash": None}, None, id="not hashed"),
        pytest.param({"capture": Capture.RESPONSE_TRUNCATED, "response_hash": b"h"}, None, id="another hash"),
    ],
)
def test_the_hash_of_what_was_not_kept_comes_last(marks: dict[str, Any], expected: bytes | None, placed: bool) -> None:
    """Only of a table that has the column, and of it only what is needed."""
    exchanges = [make_exchange(**{"response_hash": b"h" * 16, **marks}), make_exchange(response_hash=b"i" * 16)]
    table = table_of(exchanges * ROWS, more=("response_hash",))
    found = [row for piece in pieces(table, ENDPOINTS, placed=placed) for row in zip(*piece, strict=True)]
    assert [row[-1] for row in found] == [expected, None] * ROWS
    assert {len(row) for row in found} == {len(COLUMNS) + 2 * placed + 1}


def test_rows_are_nothing_to_the_garbage_collector() -> None:
    """The values of a row are plain bytes, text and numbers, which it does not walk."""
    (row,) = rows(make_exchange())
    assert [name for name, value in row.items() if gc.is_tracked(value)] == []
