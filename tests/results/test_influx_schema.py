"""What a run writes to InfluxDB."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from replay_users.results.influx_schema import EVENT_KINDS, MEASUREMENTS, SERIES_BUDGET, SIDES, Kind, Measurement

PAGE = Path(__file__).parents[2] / "docs" / "influxdb.md"

ALL = [pytest.param(measurement, id=name) for name, measurement in MEASUREMENTS.items()]


def test_all_series_together_stay_within_the_budget() -> None:
    """Whatever a run looks like, it makes no more series than the budget allows."""
    assert sum(measurement.series for measurement in MEASUREMENTS.values()) <= SERIES_BUDGET


@pytest.mark.parametrize("measurement", ALL)
def test_tags_are_sorted_and_hold_the_run(measurement: Measurement) -> None:
    """Each measurement can be asked for one run, and its tags come in the order in which they are written."""
    assert list(measurement.tags) == sorted(measurement.tags)
    assert "run" in measurement.tags


@pytest.mark.parametrize("measurement", ALL)
def test_no_field_has_a_tag_s_name(measurement: Measurement) -> None:
    """InfluxDB 3 has one column of a name; no name is given twice, and none is reserved."""
    names = [*measurement.tags, *(field.name for field in measurement.fields)]
    assert len(names) == len(set(names))
    assert not {"time", "_field", "_measurement"} & set(names)


@pytest.mark.parametrize("measurement", ALL)
def test_a_field_of_times_is_a_float(measurement: Measurement) -> None:
    """Durations and rates are floats even where they are whole, and counts integers."""
    for field in measurement.fields:
        assert (field.unit in {"ms", "s", "reqps", "percent"}) <= (field.kind is Kind.FLOAT)
        assert (field.unit == "") == (field.kind is Kind.TEXT)


@pytest.mark.parametrize("measurement", ALL)
def test_each_field_is_documented(measurement: Measurement) -> None:
    """The page has a row for each measurement, with its tags and fields and no others."""
    (row,) = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{measurement.name}` |")
    ]
    tags, fields = (set(re.findall(r"`([a-z0-9_]+)`", cell)) for cell in row.split("|")[2:4])
    assert set(measurement.tags) <= tags <= {*measurement.tags, *SIDES, *EVENT_KINDS}
    assert fields == set(measurement.kinds)


@pytest.mark.parametrize("name", ["replay_latency", "replay_status", "replay_compare", "replay_diff"])
def test_only_health_is_told_by_worker(name: str) -> None:
    """What was measured of the target is merged over all workers before it is written."""
    assert "worker" not in MEASUREMENTS[name].tags
    assert "worker" in MEASUREMENTS["replay_generator"].tags
