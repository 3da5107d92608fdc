"""Two runs as InfluxDB would have them, with numbers that are easy to add up.

Law: every measurement, every field and every kind of event is there, so that no query may come back empty; names are such
as endpoints, signatures and labels may have. Points are written as a run writes them (`influx_lines`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.results.influx_lines import Lines
from replay_users.results.influx_schema import (
    COMPARE,
    DIFF,
    EVENT,
    EVENT_KINDS,
    GENERATOR,
    INTERVAL_S,
    LATENCY,
    RUN,
    STATUS,
    SUMMARY,
    VERDICT,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BASELINE", "ENDPOINTS", "INTERVALS", "NEW", "RUN_ID", "SIGNATURE", "STARTED_S", "lines_of_both"]

BASELINE: Final = "20261104T090000Z-00aa"
RUN_ID: Final = "20261105T090000Z-11bb"
STARTED_S: Final = {BASELINE: 1_793_782_800, RUN_ID: 1_793_869_200}
INTERVALS: Final = 12

ENDPOINTS: Final = ("GET /users/{id}", "POST /orders", r"""GET /a,b=c d/'x'/"y"/\d+/é|(z)$""")
SIGNATURE: Final = "root['items'][*]['price']"
NEW: Final = "root['total']"
"""A difference that only the run has."""

_LATENCY: Final = {"recorded": 10.0, "replayed": 20.0}


def lines_of_both() -> str:
    """All points of the two runs."""
    lines = Lines()
    return "".join(line for run in STARTED_S for line in _run(lines, run))


def _run(lines: Lines, run: str) -> Iterator[str]:
    start = STARTED_S[run] * 1_000_000_000
    end = start + INTERVALS * INTERVAL_S * 1_000_000_000
    for nth, kind in enumerate(EVENT_KINDS):
        at = end if kind == "end" else start + nth
        yield lines.of(EVENT, (kind, run), {"title": f"replay {kind}", "text": f'run {run}: "{kind}", said'}, at)
    for nth in range(1, INTERVALS + 1):
        at = start + nth * INTERVAL_S * 1_000_000_000
        for endpoint in ENDPOINTS:
            yield from _interval(lines, run, endpoint, nth, at)
        for worker in ("worker-1", "worker 2"):
            yield lines.of(GENERATOR, (run, worker), _GENERATOR, at)
        yield lines.of(RUN, (run,), _account(nth), at)
    yield from _end(lines, run, start, end)


def _interval(lines: Lines, run: str, endpoint: str, nth: int, at: int) -> Iterator[str]:
    slower = 1.5 if run == RUN_ID else 1.0
    for side, middle in _LATENCY.items():
        p50 = middle * (slower if side == "replayed" else 1.0)
        times = {"p50_ms": p50, "p90_ms": 2 * p50, "p95_ms": 3 * p50, "p99_ms": 4 * p50}
        if nth == INTERVALS:
            del times["p95_ms"]  # it falls among those without an answer
        yield lines.of(
            LATENCY,
            (endpoint, run, side),
            {"count": 100, "sum_ms": 100 * p50, "max_ms": 9 * p50, "over": 2} | times,
            at,
        )
    yield lines.of(COMPARE, (endpoint, run), _COMPARE, at)
    for kind, count in (("200 -> 200", 94), ("404 -> 404", 1), ("200 -> 500", 3), ("200 -> timeout", 2)):
        yield lines.of(STATUS, (endpoint, kind, run), {"count": count}, at)
    for kind, signature in (("value", SIGNATURE), ("added", NEW)):
        if signature == SIGNATURE or run == RUN_ID:
            yield lines.of(DIFF, (endpoint, kind, run, signature), {"count": 2, "sessions": nth}, at)


_COMPARE: Final = {
    "sent": 100,
    "compared": 90,
    "matched": 81,
    "mismatched": 9,
    "regressions": 6,
    "unchecked": 5,
    "failed": 5,
    "dropped": 1,
    "skipped": 2,
    "broken": 3,
    "ratio_p50": 2.0,
}
_GENERATOR: Final = {
    "sent": 150,
    "rate": 30.0,
    "lag_p50_ms": 0.1,
    "lag_p99_ms": 2.0,
    "lag_max_ms": 5.0,
    "wait_p99_ms": 3.0,
    "hub_p99_ms": 1.0,
    "queued": 7,
    "in_flight": 4,
}


def _account(nth: int) -> dict[str, Any]:
    each = len(ENDPOINTS) * nth
    counts = {
        name: _COMPARE[name] * each
        for name in ("sent", "dropped", "skipped", "failed", "compared", "mismatched", "regressions")
    }
    health = {"lag_p99_ms": 12.0 if nth == 2 else 2.0, "wait_p99_ms": 3.0, "hub_p99_ms": 1.0, "stretch_percent": 0.5}
    rest = {
        "planned": 4000,
        "unread": 0,
        "in_doubt": 0,
        "planned_rate": 61.0,
        "sent_rate": 60.0,
        "valid": 1,
        "points_dropped": 0,
    }
    return counts | health | rest


def _end(lines: Lines, run: str, start: int, end: int) -> Iterator[str]:
    slower = 1.5 if run == RUN_ID else 1.0
    for endpoint in ENDPOINTS:
        times = {
            "recorded_p50_ms": 10.0,
            "recorded_p95_ms": 30.0,
            "service_p50_ms": 20.0 * slower,
            "service_p95_ms": 60.0 * slower,
        }
        ratios = {"ratio": 2.0 * slower, "ratio_lower": 1.9 * slower, "ratio_upper": 2.1 * slower}
        yield lines.of(
            SUMMARY, (endpoint, run), {"count": 1200, "mismatched": 108, "verdict": "slow"} | times | ratios, end
        )
    counts = {"planned": 4000, "sent": 3600, "failed": 180, "compared": 3240, "mismatched": 324, "regressions": 216}
    texts = {"target": "http://staging", "pace": "1x", "recording": "s3://traffic/shop", "labels": 'sha="ab, c"'}
    said = {"verdict": "fail" if run == RUN_ID else "pass", "exit_code": 3 if run == RUN_ID else 0, "duration_s": 60.0}
    times_ms = {"started_ms": start // 1_000_000, "ended_ms": end // 1_000_000}
    yield lines.of(VERDICT, (run,), counts | texts | said | times_ms, end)
