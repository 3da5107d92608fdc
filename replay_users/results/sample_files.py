"""The samples' files in a run's directory: pairs.parquet and histograms.json.

Law: an edge. Both are written beside their places and renamed, histograms.json last; it says how many pairs belong to it, so
that a half copied directory is noticed. Whatever is wrong with them is one sentence.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from replay_users.errors import StoreError, UsageError
from replay_users.private import make_folder, write
from replay_users.results.pairs import Pair
from replay_users.results.samples import histograms_json, samples_from, storable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.samples import Samples

__all__ = ["HISTOGRAMS", "PAIRS", "read_samples", "remove_samples", "write_samples"]

PAIRS, HISTOGRAMS = "pairs.parquet", "histograms.json"

_SCHEMA = pa.schema(
    [
        pa.field("endpoint", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("id", pa.uint32(), nullable=False),
        pa.field("session", pa.uint32(), nullable=False),
        pa.field("due_ns", pa.int64(), nullable=False),
        pa.field("recorded_ns", pa.int64(), nullable=False),
        pa.field("service_ns", pa.int64()),
        pa.field("status", pa.uint16(), nullable=False),
    ]
)
_FIELDS = ("id", "session", "due", "recorded", "service", "status")
"""Of a pair, in the order of the columns after the first."""


def write_samples(folder: Path | str, samples: Samples) -> None:
    """Write both files into a run's directory, which is made if it is not there.

    Raises:
        StoreError: the disk is full, or the folder may not be written.
    """
    folder = Path(folder)
    text = json.dumps(histograms_json(samples), separators=(",", ":"))
    try:
        make_folder(folder)
        _replace(folder / PAIRS, _parquet(samples.pairs))
        _replace(folder / HISTOGRAMS, f"{text}\n".encode())
    except OSError as error:
        raise StoreError(
            f"cannot write the samples to {folder} ({error.strerror}): free some space or choose another --out"
        ) from error


def remove_samples(folder: Path | str) -> None:
    """Take away the samples of a run that was here before.

    Raises:
        OSError: they may not be removed.
    """
    for name in (HISTOGRAMS, PAIRS):
        (Path(folder) / name).unlink(missing_ok=True)


def read_samples(folder: Path | str) -> Samples | None:
    """The samples of a run, from its directory; `None` if it kept none, as runs of older versions did not.

    Raises:
        UsageError: the files are damaged, of another program or another version, or one of them is missing.
    """
    histograms, pairs = (Path(folder) / name for name in (HISTOGRAMS, PAIRS))
    try:
        if not _both(histograms, pairs):
            return None
        return samples_from(json.loads(histograms.read_bytes()), _pairs(pairs))
    except OSError as error:
        raise UsageError(f"cannot read the samples in {folder} ({error.strerror or error})") from error
    except (ValueError, RecursionError, pa.ArrowException) as error:
        raise UsageError(
            f"the samples in {folder} cannot be used ({_first_line(error)}): they are damaged or of another version;"
            " copy the run directory again, or replay again"
        ) from error


def _both(histograms: Path, pairs: Path) -> bool:
    """Whether the files are there; one alone is an error."""
    there = [path.exists() for path in (histograms, pairs)]
    if any(there) and not all(there):
        found, missing = (histograms, pairs) if there[0] else (pairs, histograms)
        raise UsageError(f"{found} lies there without {missing.name}: copy the whole run directory")
    return all(there)


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}")
    try:
        write(beside, data)
        os.replace(beside, path)  # noqa: PTH105 - atomic, and over an existing file
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _parquet(pairs: Mapping[str, Sequence[Pair]]) -> bytes:
    names = [storable(name) for name in pairs]
    numbers = [nth for nth, rows in enumerate(pairs.values()) for _ in rows]
    endpoints = pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), pa.array(names, pa.string()))
    rows = [pair for rows in pairs.values() for pair in rows]
    columns = [
        pa.array([getattr(pair, name) for pair in rows], field.type)
        for name, field in zip(_FIELDS, list(_SCHEMA)[1:], strict=True)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays([endpoints, *columns], schema=_SCHEMA), sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _pairs(path: Path) -> dict[str, list[Pair]]:
    with pq.ParquetFile(path) as file:  # `read_table` would take `a=b` in the folder's name for a column
        table = file.read()
    columns: list[list[Any]] = []
    for field in _SCHEMA:
        if field.name not in table.column_names or (table[field.name].null_count and not field.nullable):
            raise ValueError(f"{path.name} has no whole column {field.name}")
        wanted = pa.string() if field.name == "endpoint" else field.type
        columns.append(table[field.name].cast(wanted).to_pylist())
    found: dict[str, list[Pair]] = {}
    for endpoint, *numbers in zip(*columns, strict=True):
        found.setdefault(endpoint, []).append(Pair(*numbers))
    return found


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]
