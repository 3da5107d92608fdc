from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.readme_table import BEGIN, END, filled, table

_README = Path(__file__).parents[2] / "README.md"


def row(name: str, value: float | None, unit: str, goal: float | None, floor: float | None) -> dict[str, Any]:
    """A row of latest.json."""
    return {"name": name, "value": value, "unit": unit, "goal": goal, "floor": floor}


ROWS = [
    row("vs FastHttpUser", 17.66, "x", 15, 8),
    row("lag p99", 0.312, "ms", 0.5, 3.4),
    row("vs wrk", None, "%", 85, 50),
    row("dropped", 0, "rows", 0, 0),
    row("per core", 31234.5, "/s", 30000, None),
]


def test_the_table_says_what_was_measured_and_which_way_the_limits_go() -> None:
    """A goal above its floor is a lower limit, one below it an upper limit; what has no value was not measured."""
    assert table(ROWS).splitlines() == [
        "| | measured | goal | floor |",
        "|---|---|---|---|",
        "| vs FastHttpUser | 17.7x | ≥ 15x | ≥ 8x |",
        "| lag p99 | 0.312 ms | ≤ 0.5 ms | ≤ 3.4 ms |",
        "| vs wrk | not measured | ≥ 85% | ≥ 50% |",
        "| dropped | 0 rows | 0 rows | 0 rows |",
        "| per core | 31,234 /s | 30,000 /s | - |",
    ]


def test_only_what_is_between_the_markers_is_replaced() -> None:
    """Filling twice gives the same text, and what stands around it stays."""
    readme = f"# Title\n\n{BEGIN}\nold\n{END}\n\nmore\n"
    once = filled(readme, ROWS)
    assert once.startswith(f"# Title\n\n{BEGIN}\n| | measured")
    assert once.endswith(f"|\n{END}\n\nmore\n")
    assert filled(once, ROWS) == once


@pytest.mark.parametrize("readme", ["", BEGIN, END, f"{BEGIN}{END}{BEGIN}"])
def test_a_readme_without_its_place_is_left_alone(readme: str) -> None:
    """Without both markers, once each, nothing is guessed."""
    with pytest.raises(ValueError, match="once each"):
        filled(readme, ROWS)


def test_our_readme_has_the_place() -> None:
    """The script can fill the README there is."""
    assert table(ROWS) in filled(_README.read_text(encoding="utf-8"), ROWS)
