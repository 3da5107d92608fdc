"""A finished run's directory, as the commands that come after a run read it.

Law: an edge; reads, and says in one sentence what is wrong with what it reads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from replay_users.errors import UsageError

__all__ = ["read_lines", "read_result"]

_MOST_BYTES = 256 << 20
"""No file of a run is larger: a result has 2,000 signatures at most."""


def read_result(run: str) -> dict[str, Any]:
    """The result.json of a run; `run` is its directory, or the file itself.

    Raises:
        UsageError: there is none, or it is none.
    """
    path = Path(run)
    path = path / "result.json" if path.is_dir() else path
    try:
        result = json.loads(_read(path))
    except FileNotFoundError:
        raise UsageError(f"{run} has no result.json: name the directory of a finished run") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no JSON'}") from None
    if not isinstance(result, dict) or not isinstance(result.get("run"), dict):
        raise UsageError(f"{path} is not the result of a run")
    return result


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines; a file that is not there has none.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        lines = [json.loads(line) for line in _read(path).splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no JSON'}") from None
    return [line for line in lines if isinstance(line, dict)]


def _read(path: Path) -> bytes:
    if path.stat().st_size > _MOST_BYTES:
        raise UsageError(f"{path} is larger than any file of a run")
    return path.read_bytes()
