# ruff: noqa: INP001 - a folder of scripts
"""Pictures of the dashboards for the documentation, drawn from their layout: which panel stands where, and what it answers.

Law: SVG from a dashboard's dict and nothing else. A picture shows no data, and says so; a sketch stands for the kind of panel.
"""

from __future__ import annotations

from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["picture"]

_COLUMN, _UNIT, _GAP = 50, 32, 4  # px: a column of the grid, a unit of height, and between panels
_LETTER: Final = 6.3  # px, about, of a letter of the small text
_LINE: Final = 15

_STYLE: Final = (
    "text{font:11px sans-serif;fill:#555}.title{font-weight:bold;font-size:12px;fill:#222}.row{font-size:13px}"
    ".panel{fill:#fff;stroke:#ccc}.sketch{fill:none;stroke:#bbb;stroke-width:2}.dash{stroke-dasharray:6 5}"
)


def picture(board: Mapping[str, Any]) -> str:
    """A dashboard's SVG."""
    shown = list(_shown(board["panels"]))
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in shown) * _UNIT
    parts = [line for panel in shown for line in _panel(panel)]
    size = f'width="{24 * _COLUMN}" height="{height}"'
    label = f'role="img" aria-label="Layout of the dashboard {escape(board["title"])}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {label}>\n<style>{_STYLE}</style>\n<rect {size} fill="#f4f5f5"/>'
    return "\n".join([head, *parts, "</svg>\n"])


def _shown(panels: list[Any]) -> Iterator[Any]:
    """What is on the page; a closed row is drawn open, or nobody would see what is in it."""
    for panel in panels:
        yield panel
        yield from panel.get("panels", ())


def _panel(panel: Mapping[str, Any]) -> Iterator[str]:
    place = panel["gridPos"]
    x, y = place["x"] * _COLUMN + _GAP, place["y"] * _UNIT + _GAP
    width, height = place["w"] * _COLUMN - 2 * _GAP, place["h"] * _UNIT - 2 * _GAP
    if panel["type"] == "row":
        closed = " (closed)" if panel["collapsed"] else ""
        yield f'<text class="title row" x="{x}" y="{y + 17}">{escape(panel["title"] + closed)}</text>'
        return
    yield f'<rect class="panel" x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>'
    yield f'<text class="title" x="{x + 8}" y="{y + 18}">{escape(panel["title"])}</text>'
    said = wrap(panel["description"].partition(". ")[0].rstrip(".") + ".", int((width - 16) / _LETTER))
    room = int((height - 26) / _LINE)
    cut = said if len(said) <= room else [*said[: room - 1], said[room - 1] + " ..."]
    if panel["type"] == "table":
        cut.append(" | ".join(_columns(panel["targets"][0]["query"])))
    for nth, line in enumerate(cut):
        yield f'<text x="{x + 8}" y="{y + 36 + nth * _LINE}">{escape(line)}</text>'
    top = 32 + len(cut) * _LINE
    if height - top > _UNIT:
        yield from _SKETCHES[panel["type"]](x + 8, y + top, width - 16, height - top - 10)


def _columns(query: str) -> list[str]:
    """What the columns are called: each by its alias, if it has one."""
    chosen = query.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
    names = [column.rpartition('"')[0].rpartition('"')[2] for column in chosen]
    return [name for name in names if not name.endswith("_ms")]


def _lines(x: int, y: int, width: int, height: int) -> Iterator[str]:
    for part, dashed in ((0.35, ""), (0.7, " dash")):
        points = " ".join(
            f"{x + width * n // 8},{y + int(height * (part + 0.2 * ((n * 5) % 7 - 3) / 7))}" for n in range(9)
        )
        yield f'<polyline class="sketch{dashed}" points="{points}"/>'


def _table(x: int, y: int, width: int, height: int) -> Iterator[str]:
    for nth in range(min(height // 16, 5)):
        yield f'<path class="sketch" d="M{x} {y + 8 + nth * 16}h{width // 3}m12 0h{width // 6}m12 0h{width // 6}"/>'


def _bars(x: int, y: int, width: int, height: int) -> Iterator[str]:
    for nth in range(height // 24):
        yield f'<path class="sketch" style="stroke-width:7" d="M{x} {y + 8 + nth * 24}h{width * (9 - (nth * 4) % 7) // 10}"/>'


def _band(x: int, y: int, width: int, height: int) -> Iterator[str]:
    yield f'<rect class="sketch" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _nothing(*_: int) -> Iterator[str]:
    yield from ()


_SKETCHES: Final[Mapping[str, Callable[[int, int, int, int], Iterator[str]]]] = {
    "timeseries": _lines,
    "table": _table,
    "barchart": _bars,
    "state-timeline": _band,
    "stat": _nothing,
}
