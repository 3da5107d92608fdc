# ruff: noqa: INP001 - a folder of scripts
"""Grafana's classic dashboard model as plain dicts: a dashboard, its variables and annotations, and where panels stand.

Law: one dict a call and nothing read or written; panels themselves are made in `panels.py`. The model is that of Grafana
11 (schemaVersion 39), which Grafana 12 and 13 take in unchanged; 13's own V2 would keep 11 and 12 out.
The subtle thing: `id` is null and `uid` stays for ever, or provisioning makes a second dashboard beside the first. Inputs
(`__inputs`) are not filled in by provisioning, so the data source is a variable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = [
    "DATASOURCE",
    "SCHEMA_VERSION",
    "TAG",
    "Json",
    "Placed",
    "Row",
    "annotation",
    "dashboard",
    "datasource_variable",
    "query_variable",
]

Json = dict[str, Any]
Placed = tuple[int, int, Json]
"""A panel with its width, of 24, and its height."""

SCHEMA_VERSION: Final = 39
TAG: Final = "replay-users"
"""What our dashboards find each other by."""

DATASOURCE: Final[Json] = {"type": "influxdb", "uid": "${datasource}"}
_WIDTH: Final = 24  # columns of Grafana's grid


@dataclass(frozen=True, kw_only=True)
class Row:
    """A heading and the panels under it; no heading if the title is empty.

    A closed row asks nothing of the database before somebody opens it.
    """

    title: str
    panels: tuple[Placed, ...]
    closed: bool = False


@dataclass
class _Grid:
    """Where the next panel goes: from left to right, then below the highest of the line."""

    y: int = 0
    x: int = 0
    height: int = 0
    ids: int = 0
    placed: list[Json] = field(default_factory=list)

    def put(self, width: int, height: int, panel: Json) -> Json:
        """Give a panel its place and its number."""
        if self.x + width > _WIDTH:
            self.line()
        self.ids += 1
        placed = {"id": self.ids, **panel, "gridPos": {"h": height, "w": width, "x": self.x, "y": self.y}}
        self.x, self.height = self.x + width, max(self.height, height)
        return placed

    def line(self) -> None:
        """Begin a new line."""
        self.x, self.y, self.height = 0, self.y + self.height, 0

    def row(self, row: Row) -> None:
        """Place a row and its panels."""
        heading = self.put(_WIDTH, 1, _heading(row)) if row.title else None
        self.line()
        panels = [self.put(*panel) for panel in row.panels]
        self.line()
        if heading is not None:
            self.placed.append({**heading, "panels": panels if row.closed else []})
        if not row.closed:
            self.placed.extend(panels)


def _heading(row: Row) -> Json:
    return {"type": "row", "title": row.title, "collapsed": row.closed}


def dashboard(
    *,
    uid: str,
    title: str,
    says: str,
    since: str,
    refresh: str,
    variables: list[Json],
    annotations: list[Json],
    rows: list[Row],
) -> Json:
    """A dashboard as its file holds it."""
    grid = _Grid()
    for row in rows:
        grid.row(row)
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": says,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": refresh,
        "time": {"from": since, "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
        "timezone": "browser",
        "links": [_others()],
        "templating": {"list": variables},
        "annotations": {"list": annotations},
        "panels": grid.placed,
    }


def _others() -> Json:
    """Links to the dashboards with our tag, for the same stretch of time and the same choices."""
    return {
        "type": "dashboards",
        "title": "Replay",
        "tags": [TAG],
        "asDropdown": False,
        "icon": "external link",
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "tooltip": "",
        "url": "",
    }


def datasource_variable() -> Json:
    """Which InfluxDB."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "influxdb",
        "regex": "",
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "skipUrlSync": False,
    }


def query_variable(name: str, label: str, query: str, *, many: bool = False) -> Json:
    """A choice among the values of a tag: one, the newest first, or `many`, all of them unless said."""
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "definition": query,
        "query": query,
        "regex": "",
        "sort": 1 if many else 2,
        "multi": many,
        "includeAll": many,
        "allValue": ".*" if many else None,
        "current": {"selected": True, "text": "All", "value": "$__all"} if many else {},
        "hide": 0,
        "options": [],
        "refresh": 2,
        "skipUrlSync": False,
    }


def annotation(name: str, query: str, color: str, *, shown: bool = True) -> Json:
    """Marks in time, with the title and text of an event."""
    target = {
        "refId": name,
        "query": query,
        "rawQuery": True,
        "fromAnnotations": True,
        "name": name,
        "titleColumn": "title",
        "textColumn": "text",
        "tagsColumn": "",
        "timeEndColumn": "",
    }
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": shown,
        "hide": False,
        "iconColor": color,
        "target": target,
    }
