"""What Grafana does with the dashboards' queries before InfluxDB sees them, and how it reads what comes back.

Law: no assertions. The rules are those of Grafana's own InfluxDB data source 11 to 13 (`interpolateQueryExpr`, the `regex`
format, `Query.Build`, the buffered response parser); only what our queries use is here. An error inside an answer, which
InfluxDB sends with HTTP 200, is raised.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "BOARDS",
    "FOLDER",
    "GRAFANA",
    "Asked",
    "Database",
    "QueryFailed",
    "Series",
    "asked_by",
    "filled",
    "panels_of",
]

GRAFANA = Path(__file__).parents[2] / "k8s" / "grafana"
FOLDER = GRAFANA / "dashboards"
BOARDS: dict[str, Any] = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}

_SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}/]")
_VARIABLE = re.compile(r"\$\{(\w+):regex\}")


class QueryFailed(Exception):
    """The database did not answer a query; it says why."""


@dataclass(frozen=True)
class Asked:
    """One query of a dashboard: where it stands, and whether it is a table's."""

    where: str
    query: str
    table: bool = False

    def __str__(self) -> str:
        """Where it stands."""
        return self.where


@dataclass(frozen=True)
class Series:
    """One series of an answer."""

    columns: list[str]
    values: list[list[Any]]
    tags: dict[str, str] = field(default_factory=dict)
    name: str = ""


def panels_of(board: Mapping[str, Any]) -> Iterator[Any]:
    """All panels, those inside closed rows too."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def asked_by(board: Mapping[str, Any]) -> Iterator[Asked]:
    """Every query of a dashboard."""
    for panel in panels_of(board):
        for target in panel.get("targets", ()):
            is_table = target["resultFormat"] == "table"
            where = f"{board['uid']}: {panel['title']} {'table' if is_table else target['refId']}"
            yield Asked(where, target["query"], is_table)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Asked(f"{board['uid']}: ${variable['name']}", variable["query"])
    for annotation in board["annotations"]["list"]:
        yield Asked(f"{board['uid']}: @{annotation['name']}", annotation["target"]["query"])


def filled(
    query: str, choices: Mapping[str, str | list[str]], *, start_ms: int, end_ms: int, interval: str = "5s"
) -> str:
    """A query with the dashboard's choices; of several values any will do, and `.*` stands for all."""
    query = _VARIABLE.sub(lambda found: _regex(choices[found[1]]), query)
    query = query.replace("$timeFilter", f"time >= {start_ms}ms and time <= {end_ms}ms")
    return query.replace("$__interval", interval)


def _regex(chosen: str | list[str]) -> str:
    if chosen == ".*":
        return chosen
    values = [_SPECIAL.sub(r"\\\g<0>", value) for value in ([chosen] if isinstance(chosen, str) else chosen)]
    return values[0] if len(values) == 1 else f"({'|'.join(values)})"


@dataclass(frozen=True)
class Database:
    """An InfluxDB as Grafana asks it."""

    url: str
    name: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(self, query: str) -> list[Series]:
        """The series that a query gives."""
        where = f"{self.url}/query?{urllib.parse.urlencode({'db': self.name, 'epoch': 'ms'})}"
        body = urllib.parse.urlencode({"q": query}).encode()
        request = urllib.request.Request(where, body, dict(self.headers))  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
                said = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise QueryFailed(f"{error.code}: {error.read().decode()}\n{query}") from None
        result = said["results"][0]
        if "error" in said or "error" in result:
            raise QueryFailed(f"{said.get('error', result.get('error'))}\n{query}")
        return [
            Series(each["columns"], each["values"], each.get("tags", {}), each["name"])
            for each in result.get("series", ())
        ]
