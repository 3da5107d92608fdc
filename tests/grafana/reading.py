"""Our InfluxQL read apart, far enough to hold its names against what is written.

Law: no assertions. It knows the shapes of `k8s/grafana/queries.py` and no more: quoted names, sub-selects in parentheses,
regular expressions whose parentheses match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Select", "columns_of", "selects_of", "tag_values_of"]

_SELECT = re.compile(r"SELECT ((?:(?!SELECT ).)*?) FROM ")
_NAME = re.compile(r'"([^"]+)"')
_ALIAS = re.compile(r'AS "([^"]+)"')
_TAG_VALUES = re.compile(r'SHOW TAG VALUES FROM "(\w+)" WITH KEY = "(\w+)"(?: WHERE (.*))?$')


@dataclass(frozen=True)
class Select:
    """One SELECT: its columns, its measurement (empty if it is of sub-selects) and what follows."""

    columns: str
    measurement: str
    rest: str

    @property
    def aliases(self) -> set[str]:
        """The names it gives."""
        return set(_ALIAS.findall(self.columns))

    @property
    def names(self) -> set[str]:
        """The names it uses of what it selects from, in its columns, conditions and groups."""
        return set(_NAME.findall(_ALIAS.sub("", self.columns))) | set(_NAME.findall(self.rest))


def selects_of(query: str) -> Iterator[Select]:
    """Every SELECT, the outermost first."""
    for found in _SELECT.finditer(query):
        after, source = found.end(), ""
        if named := re.compile(r'"(\w+)"').match(query, after):
            source, after = named[1], named.end()
        else:
            while query.startswith("(", after):
                after = _closed(query, after + 1) + 1
                after += len(", ") if query.startswith(", (", after) else 0
        yield Select(found[1], source, query[after : _closed(query, after)])


def _closed(query: str, start: int) -> int:
    """Where the parenthesis closes that was open at `start`; else the end."""
    depth = 0
    for at in range(start, len(query)):
        depth += {"(": 1, ")": -1}.get(query[at], 0)
        if depth < 0:
            return at
    return len(query)


def columns_of(query: str) -> list[str]:
    """What a table's columns are called, but for the time."""
    outer = next(selects_of(query))
    return [_ALIAS.search(column)[1] if " AS " in column else column.strip('"') for column in outer.columns.split(", ")]  # type: ignore[index]


def tag_values_of(query: str) -> tuple[str, str, str]:
    """Measurement, tag and condition of a SHOW TAG VALUES."""
    found = _TAG_VALUES.match(query)
    if found is None:
        raise ValueError(query)
    return found[1], found[2], found[3] or ""
