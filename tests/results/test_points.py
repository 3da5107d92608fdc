"""The points of an interval."""

from __future__ import annotations

from collections import Counter, defaultdict
from random import Random
from typing import TYPE_CHECKING

import pytest

from replay_users.model import Drop, Fault, SkipReason, Verdict
from replay_users.results.influx_schema import MEASUREMENTS, OTHER, SERIES_BUDGET, SIGNATURES_SHOWN, Kind
from replay_users.results.points import RunPoints
from replay_users.results.tally import Tally
from tests.results.counting import big_tally, count_more, health
from tests.results.influx_parser import Point, parse_all

if TYPE_CHECKING:
    from tests.conftest import Golden
    from tests.results.conftest import Land

AT = 1_700_000_000_000_000_000
_TYPES = {Kind.FLOAT: float, Kind.INT: int, Kind.TEXT: str}


def interval(points: RunPoints, tally: Tally, at_s: float = 5.0) -> list[Point]:
    """The points of an interval in which one process sent."""
    pieces = points.interval(tally, {"local": health(tally)}, at_s=at_s, at=AT + round(at_s * 1e9))
    return parse_all("".join(pieces))


def of(points: list[Point], name: str) -> list[Point]:
    """Those of one measurement."""
    return [point for point in points if point.measurement == name]


def conforms(point: Point) -> None:
    """Its tags are all there and in order, its fields have the types of the schema."""
    measurement = MEASUREMENTS[point.measurement]
    assert tuple(point.order) == measurement.tags
    assert all(point.tags.values())
    for name, value in point.fields.items():
        assert type(value) is _TYPES[measurement.kinds[name]], (point.measurement, name)


def test_a_run_of_any_size_stays_within_its_budget() -> None:
    """200 endpoints, 2,000 signatures and another order of the most frequent in every interval: at most 2,000 series."""
    tally, points, random = big_tally(200, 2_000), RunPoints("run", planned=10**6), Random(7)
    series: set[tuple[object, ...]] = set()
    for nth in range(1, 13):
        count_more(tally, random, each=12)
        made = interval(points, tally, 5.0 * nth)
        assert 0 < len(of(made, "replay_diff")) <= SIGNATURES_SHOWN
        series |= {point.series for point in made}
        assert len({(point.series, point.at) for point in made}) == len(made), "one point over another"
    for name, measurement in MEASUREMENTS.items():
        assert len([each for each in series if each[0] == name]) <= measurement.series
    assert 1_500 < len(series) == len(points.lines) <= SERIES_BUDGET


def test_every_point_is_of_the_schema() -> None:
    """Tags in order and never empty, each field of its one type, whatever the numbers."""
    tally, points, random = big_tally(20, 50), RunPoints("run", planned=1, rates=[3.0], rate_step_s=60.0), Random(3)
    written: defaultdict[str, set[str]] = defaultdict(set)
    for nth in range(1, 4):
        count_more(tally, random)
        for point in interval(points, tally, 5.0 * nth):
            conforms(point)
            written[point.measurement] |= point.fields.keys()
    for name in ("latency", "compare", "status", "diff", "generator", "run"):
        measurement = MEASUREMENTS[f"replay_{name}"]
        assert set(measurement.kinds) - written[measurement.name] <= {"stretch_percent"}


def test_intervals_add_up_to_the_run() -> None:
    """The sum of each count over all intervals is what the tally has, by endpoint, status and signature."""
    tally, points, random = big_tally(5, 40), RunPoints("run", planned=1), Random(5)
    sums: Counter[tuple[object, ...]] = Counter()
    for nth in range(1, 5):
        count_more(tally, random)
        for point in interval(points, tally, 5.0 * nth):
            key = tuple(v for k, v in sorted(point.tags.items()) if k != "run")
            sums.update({(point.measurement, name, *key): value for name, value in point.fields.items()})
    for name, mine in tally.endpoints.items():
        assert sums["replay_compare", "sent", name] == mine.sent
        assert sums["replay_compare", "mismatched", name] == mine.mismatched
        assert sums["replay_latency", "count", name, "replayed"] == mine.sent - mine.failed
        assert sums["replay_latency", "over", name, "replayed"] == mine.failed
        assert sums["replay_latency", "sum_ms", name, "recorded"] == pytest.approx(mine.recorded.total / 1e6)
        for (was, now), count in mine.statuses.items():
            assert sums["replay_status", "count", name, f"{was} -> {now}"] == count
    for (endpoint, path, kind, _), seen in tally.signatures.counts.items():
        assert sums["replay_diff", "count", endpoint, kind, path] == seen.count
    assert sums["replay_generator", "sent", "local"] == tally.totals().sent


def test_who_is_silent_writes_nothing() -> None:
    """An endpoint of which nothing ended in an interval has no point in it; the run and its processes always have one."""
    tally, points = big_tally(3, 4), RunPoints("run", planned=1)
    count_more(tally, Random(1))
    interval(points, tally, 5.0)
    assert {point.measurement for point in interval(points, tally, 10.0)} == {"replay_generator", "replay_run"}


def test_endpoints_beyond_the_budget_are_summed_up() -> None:
    """What finds no place counts under `__other__`, so the sums stay whole."""
    tally, points = big_tally(230, 0), RunPoints("run", planned=1)
    count_more(tally, Random(2), each=5)
    made = of(interval(points, tally), "replay_compare")
    by_endpoint = {point.tags["endpoint"]: point.fields["sent"] for point in made}
    assert len(by_endpoint) == 201
    assert by_endpoint[OTHER] == 30 * 5
    assert sum(map(int, by_endpoint.values())) == 230 * 5


def test_statuses_beyond_the_budget_are_summed_up() -> None:
    """A target that answers with every status there is costs no more series than it may."""
    tally, points = Tally(["GET /a", "GET /b"]), RunPoints("run", planned=1)
    for mine in tally.endpoints.values():
        mine.sent = 500
        mine.statuses.update({(200, status): 1 for status in range(100, 600)})
    made = of(interval(points, tally), "replay_status")
    assert len(made) == 501
    assert {tuple(p.fields.values()) for p in made if p.tags["kind"] == OTHER} == {(500,)}


def test_a_second_pass_counts_from_nothing(land: Land) -> None:
    """An A/A run's second pass has a tally of its own, whose points are not those of the first one negative."""
    first, second, points = Tally(["GET /a"]), Tally(["GET /a"]), RunPoints("run", planned=9)
    first.settle([land(n) for n in range(9)])
    second.settle([land(n) for n in range(4)])
    interval(points, first, 5.0)
    made = interval(points, second, 10.0)
    assert [
        point.fields["sent"] for point in made if point.measurement != "replay_latency" and "sent" in point.fields
    ] == [
        4,
        4,
        4,
    ]


def test_times_that_never_came_are_larger_than_any() -> None:
    """A percentile that falls among requests without an answer is left out, and how many there are is said."""
    tally, points = Tally(["GET /a"]), RunPoints("run", planned=1)
    mine = tally.endpoints["GET /a"]
    mine.sent = 100
    for _ in range(90):
        mine.service.add(10_000_000)
    mine.service.add_over(10)
    (point,) = of(interval(points, tally), "replay_latency")
    assert point.fields["count"] == 90
    assert point.fields["over"] == 10
    assert {"p50_ms", "p90_ms"} <= point.fields.keys()
    assert not {"p95_ms", "p99_ms"} & point.fields.keys()


def test_an_interval_is_written_as_it_is(land: Land, golden: Golden) -> None:
    """The whole payload of a small interval, byte for byte."""
    tally = Tally(["GET /items/{id}", 'POST /a,b "c" 😀'])
    tally.settle([land(1), land(2, judged=Verdict.MISMATCHED, answer=500), land(3, endpoint=1, fault=Fault.TIMEOUT)])
    tally.drop(land(4), Drop.WAIT)
    tally.skip(1, SkipReason.METHOD, rows=3)
    points = RunPoints("20260102T030405Z-abcd", planned=10, rates=[2.0, 4.0], rate_step_s=2.5)
    pieces = points.interval(tally, {"local": health(tally)}, at_s=5.0, at=AT, points_dropped=2)
    golden("influx-interval.lp", "".join(pieces))
