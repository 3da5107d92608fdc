"""`python -m benchmarks.readme_table`: the benchmark table of README.md, made from benchmarks/latest.json.

Law: text from the file alone; the measuring is `benchmarks`'. The subtle thing: only what stands between the two markers
is replaced, so that a person can write around the table.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.table import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BEGIN", "END", "filled", "table"]

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

_ROOT = Path(__file__).parent.parent
_LESS_IS_BETTER = frozenset({"ms", "us", "MB"})
"""A floor that hangs on what was measured beside it may be stricter than the goal, so their order does not tell."""
_HEADING = ("| | measured | goal | floor |", "|---|---|---|---|")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of the rows of latest.json; a row without a value was not measured, and says so."""
    return "\n".join((*_HEADING, *map(_line, rows)))


def _line(row: Mapping[str, Any]) -> str:
    value, goal, floor = row["value"], row["goal"], row["floor"]
    more = goal is not None and floor is not None and goal > floor and row["unit"] not in _LESS_IS_BETTER
    bound = "" if goal is None or floor is None or goal == floor else "≥ " if more else "≤ "
    measured = "not measured" if value is None else number(value, row["unit"])
    limits = (f"{bound if limit is not None else ''}{number(limit, row['unit'])}" for limit in (goal, floor))
    return f"| {row['name']} | {measured} | {' | '.join(limits)} |"


def filled(readme: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The readme with the table between its markers.

    Raises:
        ValueError: a marker is missing, or there is more than one of a kind.
    """
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"the readme must have {BEGIN} and {END} once each")
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(rows)}\n{END}{after}"


def main() -> int:
    """Fill README.md in place."""
    latest = _ROOT / "benchmarks" / "latest.json"
    if not latest.exists():
        sys.stderr.write("there is no benchmarks/latest.json: run `make bench` first\n")
        return 2
    readme = _ROOT / "README.md"
    rows = json.loads(latest.read_text(encoding="utf-8"))
    readme.write_text(filled(readme.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
