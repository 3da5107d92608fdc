# ruff: noqa: INP001 - a folder of scripts
"""The kinds of panel that the dashboards use, as plain dicts: a number, lines in time, a table, a band of states, bars.

Law: shape and looks only; what a panel asks is its caller's. Each has a title, a description that says what it answers, a
unit, and its queries: the linter's rules, kept by the signatures here.
The subtle thing: Grafana 11 hides a table's column by `hidden`, 12 and later by `hideFrom`; both are set, and each version
passes over the one it does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from k8s.grafana.model import DATASOURCE, Json
from replay_users.results.influx_schema import INTERVAL_S

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "INTERVAL",
    "ask",
    "bars",
    "column",
    "hidden",
    "lines",
    "mapped",
    "number",
    "series",
    "states",
    "steps",
    "table",
]

INTERVAL: Final = f"{INTERVAL_S}s"
"""The shortest interval of a panel: how often points are written."""

_BRIDGED_MS: Final = 15_000  # a gap of one missing point is drawn over: points come every 5 s, not on the second
_COLORS: Final = {"ok": "green", "warn": "orange", "bad": "red", "calm": "blue", "grey": "#8e8e8e"}


def ask(query: str, *, name: str = "", table: bool = False, ref: str = "A") -> Json:
    """One query; `name` is what its series are called, with `$tag_x` and `$col`."""
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "rawQuery": True,
        "query": query,
        "alias": name,
        "resultFormat": "table" if table else "time_series",
    }


def steps(*above: tuple[float, str], base: str = "ok") -> Json:
    """Colours from values on: `base` below the first."""
    found: list[Json] = [{"color": _COLORS[base], "value": None}]
    return {"mode": "absolute", "steps": found + [{"color": _COLORS[color], "value": value} for value, color in above]}


def mapped(**looks: tuple[str, str]) -> list[Json]:
    """Values that are shown as a word in a colour; a name that begins with `_` is a number."""
    options = {
        value.removeprefix("_"): {"text": text, "color": _COLORS[color], "index": nth}
        for nth, (value, (text, color)) in enumerate(looks.items())
    }
    return [{"type": "value", "options": options}]


def _panel(kind: str, title: str, says: str, queries: list[Json], defaults: Json, options: Json) -> Json:
    return {
        "type": kind,
        "title": title,
        "description": says,
        "datasource": DATASOURCE,
        "interval": INTERVAL,
        "targets": queries,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
    }


def _defaults(unit: str, thresholds: Json | None, *, decimals: int | None = None, **more: Any) -> Json:
    found = {"unit": unit, "thresholds": thresholds or steps(), "mappings": []} | more
    return found if decimals is None else {**found, "decimals": decimals}


def number(  # noqa: PLR0913 - each is a property of the panel
    title: str,
    says: str,
    queries: list[Json],
    *,
    unit: str,
    thresholds: Json | None = None,
    decimals: int | None = None,
    mappings: list[Json] | None = None,
    text: str = "",
    nothing: str = "-",
) -> Json:
    """One or a few numbers as they are now, or a `text` column."""
    more: Json = {"noValue": nothing, "color": {"mode": "thresholds"}} | ({"mappings": mappings} if mappings else {})
    reduced = {"calcs": ["lastNotNull"], "fields": f"/^{text}$/" if text else "", "values": False}
    options = {
        "reduceOptions": reduced,
        "orientation": "auto",
        "textMode": "auto",
        "colorMode": "background" if mappings else "value",
        "graphMode": "none",
        "justifyMode": "center",
    }
    return _panel("stat", title, says, queries, _defaults(unit, thresholds, decimals=decimals, **more), options)


def lines(  # noqa: PLR0913 - each is a property of the panel
    title: str,
    says: str,
    queries: list[Json],
    *,
    unit: str,
    limit: float | None = None,
    decimals: int | None = None,
    log: bool = False,
    stacked: bool = False,
    stepped: bool = False,
) -> Json:
    """Lines in time, or stacked bars; a dashed line across at `limit`."""
    custom = {
        "drawStyle": "bars" if stacked else "line",
        "lineInterpolation": "stepAfter" if stepped else "linear",
        "lineWidth": 1 if stacked else 2,
        "fillOpacity": 60 if stacked else 0,
        "showPoints": "never" if stacked else "auto",
        "pointSize": 4,
        "spanNulls": _BRIDGED_MS,
        "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"},
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "off" if limit is None else "dashed"},
    }
    thresholds = steps() if limit is None else steps((limit, "bad"), base="grey")
    more: Json = {"custom": custom, "color": {"mode": "palette-classic"}} | ({} if log else {"min": 0})
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("timeseries", title, says, queries, _defaults(unit, thresholds, decimals=decimals, **more), options)


def series(panel: Json, pattern: str, *, color: str = "", dashed: bool = False, **more: Any) -> Json:
    """The panel with the series whose names match drawn otherwise."""
    properties = [{"id": name, "value": value} for name, value in more.items()]
    if color:
        properties.append({"id": "color", "value": {"mode": "fixed", "fixedColor": color}})
    if dashed:
        properties.append({"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}})
    return _overridden(panel, {"id": "byRegexp", "options": f"/{pattern}/"}, properties)


def table(
    title: str,
    says: str,
    query: str,
    *,
    unit: str = "short",
    sort: str = "",
    limit: int | None = None,
    matrix: tuple[str, str, str] | None = None,
) -> Json:
    """Rows, biggest of column `sort` first, at most `limit`; `matrix` is (row, column, value) for a table of two tags."""
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": matrix is None, "inspect": False}
    options = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
        "sortBy": [{"displayName": sort, "desc": True}] if sort else [],
    }
    made = _panel("table", title, says, [ask(query, table=True)], _defaults(unit, None, custom=custom), options)
    return hidden({**made, "transformations": [*_matrix(matrix), *_sorted(sort, limit)]}, "Time")


def _matrix(matrix: tuple[str, str, str] | None) -> list[Json]:
    if matrix is None:
        return []
    row, column_, value = matrix
    options = {"rowField": row, "columnField": column_, "valueField": value, "emptyValue": "null"}
    return [{"id": "groupingToMatrix", "options": options}]


def _sorted(sort: str, limit: int | None) -> list[Json]:
    """Sorted before it is cut, or the cut would keep any."""
    if limit is None:
        return []
    by = {"fields": {}, "sort": [{"field": sort, "desc": True}]}
    return [{"id": "sortBy", "options": by}, {"id": "limit", "options": {"limitField": limit}}]


def column(
    panel: Json,
    name: str,
    *,
    unit: str = "",
    decimals: int | None = None,
    width: int | None = None,
    thresholds: Json | None = None,
    mappings: list[Json] | None = None,
    links: Mapping[str, str] | None = None,
) -> Json:
    """The table with one column, or all those that a /pattern/ matches, shown otherwise; `links` are addresses by titles."""
    colored = {"type": "color-text"} if thresholds or mappings else None
    listed = [{"title": title, "url": url, "targetBlank": False} for title, url in links.items()] if links else None
    properties = {
        "unit": unit or None,
        "decimals": decimals,
        "custom.width": width,
        "thresholds": thresholds,
        "mappings": mappings,
        "custom.cellOptions": colored,
        "links": listed,
    }
    by = "byRegexp" if name.startswith("/") else "byName"
    given = [{"id": key, "value": value} for key, value in properties.items() if value is not None]
    return _overridden(panel, {"id": by, "options": name}, given)


def hidden(panel: Json, name: str) -> Json:
    """The table without a column, which links may still speak of."""
    looks = [{"id": "custom.hidden", "value": True}, {"id": "custom.hideFrom.viz", "value": True}]
    return _overridden(panel, {"id": "byName", "options": name}, looks)


def _overridden(panel: Json, matcher: Json, properties: list[Json]) -> Json:
    config = panel["fieldConfig"]
    overrides = [*config["overrides"], {"matcher": matcher, "properties": properties}]
    return {**panel, "fieldConfig": {**config, "overrides": overrides}}


def states(title: str, says: str, queries: list[Json], *, mappings: list[Json]) -> Json:
    """A band that changes its colour with the state."""
    defaults = _defaults(
        "none", None, mappings=mappings, color={"mode": "thresholds"}, custom={"fillOpacity": 80, "lineWidth": 0}
    )
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return _panel("state-timeline", title, says, queries, defaults, options)


def bars(title: str, says: str, query: str, *, unit: str, across: str) -> Json:
    """A group of bars for each value of the column `across`."""
    custom = {"lineWidth": 1, "fillOpacity": 80, "gradientMode": "none", "axisSoftMin": 0}
    options = {
        "xField": across,
        "orientation": "horizontal",
        "showValue": "auto",
        "stacking": "none",
        "groupWidth": 0.7,
        "barWidth": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    more: Json = {"custom": custom, "color": {"mode": "palette-classic"}, "min": 0}
    return _panel("barchart", title, says, [ask(query, table=True)], _defaults(unit, None, **more), options)
