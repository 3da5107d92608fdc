"""A finished run's directory, as those read it who come after the run.

Law: an edge; reads, and says in one sentence what is wrong with what it reads.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from replay_users.errors import UsageError
from replay_users.results.conformity import first_fault
from replay_users.results.result import SCHEMA_VERSION

__all__ = ["folder_of", "read_lines", "read_result", "read_whole_result"]

_MOST_BYTES = 256 << 20
"""No file of a run is larger: a result has 2,000 signatures at most."""


def read_result(run: str) -> dict[str, Any]:
    """The result.json of a run; `run` is its directory, or the file itself.

    Raises:
        UsageError: there is none, or it is none.
    """
    path = _file_of(run)
    try:
        result = json.loads(_read(path), parse_constant=_no_number)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{run} has no result.json: name the directory of a finished run") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {_why(error)}") from None
    if not isinstance(result, dict) or not isinstance(result.get("run"), dict):
        raise UsageError(f"{path} is not the result of a run")
    return result


def read_whole_result(run: str) -> dict[str, Any]:
    """The same, where everything that the schema says of it is needed.

    Raises:
        UsageError: there is none, it is another version's, or something of it is missing.
    """
    result, path = read_result(run), _file_of(run)
    version = result.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UsageError(
            f"{path} was written by a newer replay-users (schema version {version}, this one reads {SCHEMA_VERSION}):"
            " use that one, or replay again"
        )
    if version != SCHEMA_VERSION:
        raise UsageError(f"{path} has no schema version that is known here ({version!r:.20}): replay again")
    if fault := first_fault(result, _schema()):
        raise UsageError(f"{path} is damaged: {fault}")
    return result


@cache
def _schema() -> dict[str, Any]:
    """What a result is."""
    return dict(json.loads(resources.files("replay_users.results").joinpath("result.schema.json").read_bytes()))


def folder_of(run: str) -> Path:
    """The directory of a run, also where its result.json was named."""
    return _file_of(run).parent


def _file_of(run: str) -> Path:
    path = Path(run)
    return path / "result.json" if path.is_dir() else path


def _why(error: Exception) -> str:
    """What a file has instead of JSON, and where; most often a copy that broke off."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    again = "copy the run's directory again, or replay again"
    if not isinstance(error, json.JSONDecodeError):
        return f"it is no JSON; {again}"
    if not error.doc.strip():
        return f"it is empty; {again}"
    return f"it is no JSON from line {error.lineno}, column {error.colno} on; {again}"


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines; a file that is not there has none.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        lines = [json.loads(line) for line in _read(path).splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {_why(error)}") from None
    return [line for line in lines if isinstance(line, dict)]


def _read(path: Path) -> bytes:
    if path.stat().st_size > _MOST_BYTES:
        raise UsageError(f"{path} is larger than any file of a run")
    return path.read_bytes()
