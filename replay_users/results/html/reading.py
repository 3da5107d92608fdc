"""What the content of result.json says at a place, whatever version or state it is in.

Law: pure, and never raises: a field that is not there, or holds something else than it should, reads as nothing. The subtle
thing: a report is read when something went wrong, often of an older run; half of it is worth more than none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from replay_users.histogram import OVER

__all__ = ["counts", "figure", "flag", "mapping", "number", "rows", "text", "texts"]


def mapping(of: object, name: str) -> Mapping[str, Any]:
    """The object there."""
    value = of.get(name) if isinstance(of, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def rows(of: object, name: str) -> list[Mapping[str, Any]]:
    """The objects of the list there."""
    return [row for row in _listed(of, name) if isinstance(row, Mapping)]


def texts(of: object, name: str) -> list[str]:
    """The texts of the list there."""
    return [str(value) for value in _listed(of, name) if value is not None]


def text(of: object, name: str) -> str:
    """The text there, numbers as they are written; `` for nothing."""
    value = of.get(name) if isinstance(of, Mapping) else None
    return "" if value is None or isinstance(value, Mapping | list) else str(value)


def figure(of: object, name: str) -> float | str | None:
    """The number there, `"over"`, or None."""
    value = of.get(name) if isinstance(of, Mapping) else None
    if value == OVER:
        return str(OVER)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


def number(of: object, name: str) -> int:
    """The count there, 0 for nothing."""
    value = figure(of, name)
    return int(value) if isinstance(value, int | float) else 0


def counts(of: object, name: str) -> dict[str, int]:
    """The counts by reason there, the largest first."""
    found = mapping(of, name)
    kept = {str(reason): number(found, reason) for reason in found}
    return dict(sorted(kept.items(), key=lambda item: (-item[1], item[0])))


def flag(of: object, name: str) -> bool:
    """Whether it says true there."""
    return isinstance(of, Mapping) and of.get(name) is True


def _listed(of: object, name: str) -> Sequence[Any]:
    value = of.get(name) if isinstance(of, Mapping) else None
    return value if isinstance(value, list | tuple) else ()
