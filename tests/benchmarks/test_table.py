from __future__ import annotations

from benchmarks.rows import Absent, Line, Measured, Round, Standing
from benchmarks.table import contenders_table, rows_table


def test_rows_table_is_aligned() -> None:
    """Values stand under their headings, with units, and a row without a value says why."""
    lines = [
        Line(name="transport", value=17.66, unit="x", goal=15.0, floor=8.0, standing=Standing.GOAL),
        Line(name="rate", value=30123.4, unit="/s", goal=30000.0, floor=None, standing=Standing.GOAL),
        Line(
            name="vs wrk", value=None, unit="%", goal=85.0, floor=50.0, standing=Standing.SKIPPED, note="wrk: not there"
        ),
    ]
    assert rows_table(lines).splitlines() == [
        "               value       goal  floor",
        "transport      17.7x        15x     8x  goal met",
        "rate       30,123 /s  30,000 /s      -  goal met",
        "vs wrk             -        85%    50%  skipped: wrk: not there",
    ]


def test_contenders_table_shows_medians_and_reasons() -> None:
    """A contender shows the median of each figure it printed in every round, or why it has none."""
    rounds: list[Round] = [
        {"a": Measured({"rps": rps, "cpu_us": 10.0}), "b": Absent("not installed", skipped=True)}
        for rps in (100.0, 300.0, 200.0)
    ]
    _, a, b = contenders_table(rounds).splitlines()
    assert a.split() == ["a", "200", "10", "-", "-", "-", "-"]
    assert b.split(maxsplit=7) == ["b", "-", "-", "-", "-", "-", "-", "not installed"]
