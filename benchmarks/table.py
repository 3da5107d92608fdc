"""The benchmark's words and file: an aligned table for people, `latest.json` for machines.

Law: text from judged rows and measured rounds; decides nothing. The subtle thing: `latest.json`
holds exactly `name`, `value`, `unit`, `goal`, `floor` per row, a `null` value where there is none;
why there is none stands in the table only.
"""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.rows import Absent, Line, Measured, Result, Round

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["contenders_table", "number", "rows_table", "write_latest"]

KEYS = {
    "rps": "rps",
    "cpu_us": "cpu us/req",
    "busy": "busy",
    "lag_p50_ms": "lag p50 ms",
    "lag_p99_ms": "lag p99 ms",
    "rss_mb": "rss MB",
}


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 0 < i < len(line) - 1 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def number(value: float | None, unit: str = "") -> str:
    """A figure as a person reads it, with its unit; `-` where there is none."""
    if value is None:
        return "-"
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{digits}{unit}" if unit in {"", "x", "%"} else f"{digits} {unit}"


def rows_table(lines: Sequence[Line]) -> str:
    """One line per row: value, goal, floor, and whether they were met."""
    cells: list[Sequence[str]] = [("", "value", "goal", "floor", "")]
    for line in lines:
        said = f"{line.standing}: {line.note}" if line.note else str(line.standing)
        figures = (number(figure, line.unit) for figure in (line.value, line.goal, line.floor))
        cells.append((line.name, *figures, said))
    return _aligned(cells)


def _figures(results: Sequence[Result]) -> list[str]:
    absent = next((result for result in results if isinstance(result, Absent)), None)
    if absent:
        return ["-"] * len(KEYS) + [absent.reason]
    measured = [result.values for result in results if isinstance(result, Measured)]
    medians = (median(values[key] for values in measured) if all(key in v for v in measured) else None for key in KEYS)
    return [*map(number, medians), ""]


def contenders_table(rounds: Sequence[Round]) -> str:
    """One line per contender: medians of what it printed, to be compared within this run only."""
    if not rounds:
        return ""
    names = list(rounds[0])
    cells = [["contender (medians)", *KEYS.values(), ""]]
    cells += [[name, *_figures([one[name] for one in rounds])] for name in names]
    return _aligned(cells)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def write_latest(lines: Sequence[Line], path: Path) -> None:
    """Write `latest.json`: a list of `{name, value, unit, goal, floor}`."""
    entries = [
        {
            "name": line.name,
            "value": _rounded(line.value),
            "unit": line.unit,
            "goal": line.goal,
            "floor": _rounded(line.floor),
        }
        for line in lines
    ]
    path.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
