# ruff: noqa: INP001 - a folder of scripts
"""InfluxQL as Grafana's InfluxDB data source fills it in: the conditions and shapes that the panels' queries share.

Law: text only; names of measurements, fields and tags are those of `results/influx_schema.py`, which the tests hold against
each query. InfluxQL only: it is the one language that InfluxDB 1, 2 and 3 answer.
The subtle things: `${name:regex}` is written out because Grafana's versions differ in what a bare `$name` becomes inside a
regular expression. A table never groups at its outermost level: it takes tags as columns from a sub-select, because
Grafana 11 to 13 put several tags of a table in random order. An average of percentiles is weighted by how many answers
each stands for, and leaves out those without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BASELINE",
    "ENDPOINT",
    "RUN",
    "WORKER",
    "against",
    "grouped",
    "in_time",
    "percentile",
    "select",
    "tag_values",
]

RUN: Final = '"run" =~ /^${run:regex}$/'
BASELINE: Final = '"run" =~ /^${baseline_run:regex}$/'
ENDPOINT: Final = '"endpoint" =~ /^${endpoint:regex}$/'
WORKER: Final = '"worker" =~ /^${worker:regex}$/'


def select(columns: str, source: str, *conditions: str, by: str = "") -> str:
    """A query of the chosen stretch of time; `source` is a measurement, or `(sub-selects)`."""
    named = source if source.startswith("(") else f'"{source}"'
    condition = " AND ".join(("$timeFilter", *conditions))
    return " ".join(["SELECT", columns, "FROM", named, "WHERE", condition, *([by] if by else [])])


def grouped(*tags: str) -> str:
    """One row for each combination of these tags."""
    return "GROUP BY " + ", ".join(f'"{tag}"' for tag in tags)


def in_time(*tags: str) -> str:
    """One value per interval of the panel, for each combination of these tags; a gap where there is none."""
    return "GROUP BY " + ", ".join(("time($__interval)", *(f'"{tag}"' for tag in tags))) + " fill(null)"


def percentile(field: str, *, by: str) -> str:
    """A percentile of the answers' times, recorded and replayed, over the chosen endpoints; `by` groups it."""
    weighted = f'"{field}" * "count" AS "weighted", "count" AS "answers"'
    values = select(weighted, "replay_latency", RUN, ENDPOINT, f'"{field}" >= 0')
    return select('sum("weighted") / sum("answers")', f"({values})", by=by)


def against(columns: str, measurement: str, fields: Mapping[str, str], *, tags: tuple[str, ...]) -> str:
    """A table of the run beside its baseline; `columns` finds the sum of each of `fields` as `run_NAME` and `baseline_NAME`.

    The run comes first: an InfluxDB answers nothing at all if the first of several sub-selects has no rows, and it loses the
    integers of the others, so all are made floats (seen on 1.6 and 2.7).
    """
    sides = {"run": RUN, "baseline": BASELINE}
    chosen = {
        side: ", ".join(f'"{field}" * 1.0 AS "{side}_{name}"' for name, field in fields.items()) for side in sides
    }
    rows = ", ".join(f"({select(chosen[side], measurement, condition)})" for side, condition in sides.items())
    sums = ", ".join(f'sum("{side}_{name}") AS "{side}_{name}"' for side in sides for name in fields)
    return select(columns, f"({select(sums, rows, by=grouped(*tags))})")


def tag_values(measurement: str, tag: str, *conditions: str) -> str:
    """What a variable may be chosen from; InfluxDB 1 and 2 give these whatever the stretch of time."""
    condition = " WHERE " + " AND ".join(conditions) if conditions else ""
    return f'SHOW TAG VALUES FROM "{measurement}" WITH KEY = "{tag}"{condition}'
