from __future__ import annotations

import json

import pytest

from benchmarks.peers.meter import Meter, lag_percentiles_ms


def test_meter_counts_its_window_only() -> None:
    """What was done before the window opened is not counted, and extra figures are passed on."""
    meter = Meter()
    meter.start(100)
    line = json.loads(meter.line(140, decode_us=1.5))
    assert (line["n"], line["decode_us"]) == (40, 1.5)
    assert line["cpu_us"] == pytest.approx(line["busy"] / line["rps"] * 1e6)


def test_lag_percentiles() -> None:
    """Lags in seconds give nearest-rank percentiles in ms; no lags give none."""
    lags = [i / 1e6 for i in reversed(range(1, 1001))]
    assert lag_percentiles_ms(lags) == pytest.approx(
        {"lag_p50_ms": 0.501, "lag_p90_ms": 0.901, "lag_p99_ms": 0.991, "lag_p999_ms": 1.0, "lag_max_ms": 1.0}
    )
    assert lag_percentiles_ms([]) == {}
