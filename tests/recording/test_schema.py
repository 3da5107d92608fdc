"""Schema v1, which is read for ever."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from replay_users.recording.schema import COLUMNS, REPLAY_COLUMNS, SCHEMA, SCHEMA_VERSION, is_ours
from tests.recording.making import FIELDS

ASSIGNED = {"partition", "sample", "traits", "endpoint"}

V1 = {
    "at": "int64",
    "partition": "uint16",
    "sample": "uint16",
    "traits": "uint8",
    "session": "binary",
    "session_kind": "string",
    "id": "string",
    "endpoint": "string",
    "protocol": "string",
    "scheme": "string",
    "authority": "string",
    "method": "string",
    "target": "binary",
    "request_head": "binary",
    "request_size": "int64",
    "status": "int16",
    "response_head": "binary",
    "response_size": "int64",
    "end_flags": "string",
    "capture": "string",
}


def test_version_1_keeps_its_columns() -> None:
    """The columns that must be there, and their types, are those of the first version."""
    required = {field.name: str(field.type) for field in SCHEMA if not field.nullable}
    assert required == V1
    assert SCHEMA_VERSION == 1


def test_every_field_of_an_exchange_has_a_column() -> None:
    """Nothing a source saw is lost, and ingest adds exactly what it assigns."""
    assert set(COLUMNS) == set(FIELDS) | ASSIGNED


def test_a_replay_reads_columns_that_are_there() -> None:
    """What a run reads is part of the schema, once each, with what selects and orders rows."""
    assert set(REPLAY_COLUMNS) < set(COLUMNS)
    assert len(set(REPLAY_COLUMNS)) == len(REPLAY_COLUMNS)
    assert {"at", "sample"} <= set(REPLAY_COLUMNS)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(SCHEMA, True, id="ours"),
        pytest.param(SCHEMA.remove_metadata(), False, id="foreign-with-our-columns"),
        pytest.param(pa.schema([("x", pa.int8())], {"other": "1"}), False, id="foreign"),
    ],
)
def test_a_file_of_ours_says_so(schema: pa.Schema, expected: bool) -> None:
    """The footer, not the columns, tells a file of ours from another one."""
    sink = io.BytesIO()
    pq.write_table(schema.empty_table(), sink)
    assert is_ours(pq.read_schema(sink)) is expected
