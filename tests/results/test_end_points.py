"""The points that come once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.model import Fault, Verdict
from replay_users.results.end_points import end_points, start_point
from replay_users.results.influx_schema import EVENT_KINDS, MEASUREMENTS, Kind
from replay_users.results.points import RunPoints
from replay_users.results.tally import Tally
from tests.results.counting import health
from tests.results.influx_parser import Point, parse_all

if TYPE_CHECKING:
    from tests.conftest import Golden
    from tests.results.conftest import Land

SECOND = 1_000_000_000
START, END = 1_700_000_000 * SECOND, 1_700_000_060 * SECOND
FACTS: dict[str, Any] = {
    "run_id": "r1",
    "recording": "shop",
    "target": "http://staging",
    "pace": "2x",
    "labels": {"sha": "1a2b", "image": "a,b=c"},
    "planned": 1234,
}


def endpoint(name: str, count: int, **changes: Any) -> dict[str, Any]:
    """An endpoint of result.json."""
    ratio = {"value": 1.1, "lower": 1.0, "upper": "over"}
    return {"endpoint": name, "count": count, "ratio": ratio, "mismatched": 2, "verdict": "slow", **changes}


def result(**changes: Any) -> dict[str, Any]:
    """What of result.json is looked at."""
    totals = {"planned": 9, "sent": 7, "failed": 1, "compared": 6, "mismatched": 2, "mismatched_by": {"regression": 2}}
    return {
        "run": {"id": "r1", "recording": "shop", "target": "http://staging", "pace": "2x", "labels": FACTS["labels"]},
        "totals": totals,
        "gate": {"verdict": "fail"},
        "exit_code": 3,
        "events": [],
        "endpoints": [endpoint("GET /a", 7)],
        "signatures": [],
        **changes,
    }


def ending(points: RunPoints, told: dict[str, Any]) -> list[Point]:
    """The points of a run's end."""
    return parse_all("".join(end_points(points, told, started=START, ended=END, at=END + 500_000)))


def of(made: list[Point], name: str) -> list[Point]:
    """Those of one measurement."""
    return [point for point in made if point.measurement == name]


def test_the_start_says_what_will_be() -> None:
    """What is replayed, where to, how fast and under which labels, at the run's time 0."""
    (point,) = parse_all(start_point(RunPoints("r1", planned=1234), FACTS, START))
    assert (point.tags, point.at) == ({"kind": "start", "run": "r1"}, START)
    assert point.fields == {
        "title": "replay started",
        "text": "run r1: 1,234 exchanges of shop against http://staging at 2x, sha=1a2b, image=a,b=c",
    }


def test_the_end_says_what_came_of_it() -> None:
    """Verdict, exit code and counts, as text for people and as fields for tables; its stretch of time has all points in it."""
    made = ending(RunPoints("r1", planned=9), result())
    (event,), (verdict,) = of(made, "replay_event"), of(made, "replay_verdict")
    assert event.fields["title"] == "replay fail"
    assert event.fields["text"] == "run r1: fail, exit code 3: 7 sent, 1 failed, 2 mismatched"
    assert verdict.fields == {
        "verdict": "fail",
        "exit_code": 3,
        "planned": 9,
        "sent": 7,
        "failed": 1,
        "compared": 6,
        "mismatched": 2,
        "regressions": 2,
        "duration_s": 60.0,
        "started_ms": START // 10**6,
        "ended_ms": END // 10**6 + 1,
        "target": "http://staging",
        "pace": "2x",
        "recording": "shop",
        "labels": "sha=1a2b, image=a,b=c",
    }
    assert set(verdict.fields) == set(MEASUREMENTS["replay_verdict"].kinds)


def test_each_thing_that_happened_is_a_point_of_its_own() -> None:
    """Two at the same moment do not become one, and each has one of the kinds that there are."""
    happened = [("worker lost", "a"), ("worker left", "b"), ("warning", "c"), ("warning", "d"), ("autostop", "e")]
    events = [{"at_s": 2.5, "event": event, "text": text} for event, text in happened]
    made = of(ending(RunPoints("r1", planned=9), result(events=events)), "replay_event")
    found = [(point.tags["kind"], point.fields["text"], point.at) for point in made[:-1]]
    at = START + round(2.5 * SECOND)
    assert found == [
        ("worker", "run r1: a", at),
        ("worker", "run r1: b", at + 1),
        ("warning", "run r1: c", at + 2),
        ("warning", "run r1: d", at + 3),
        ("autostop", "run r1: e", at + 4),
    ]
    assert {point.tags["kind"] for point in made} <= set(EVENT_KINDS)


def test_endpoints_are_summed_up_over_the_run(land: Land) -> None:
    """Percentiles of all intervals together; what is no number is left out."""
    tally, points = Tally(["GET /a"]), RunPoints("r1", planned=9)
    for at_s in (5.0, 10.0):
        tally.settle([land(n, service=40, duration=20) for n in range(9)])
        "".join(points.interval(tally, {"local": health(tally)}, at_s=at_s, at=START))
    (point,) = of(ending(points, result()), "replay_summary")
    fields = point.fields
    assert {name: round(float(fields[name]) / 10) for name in fields if name.endswith("_ms")} == {
        "recorded_p50_ms": 2,
        "recorded_p95_ms": 2,
        "service_p50_ms": 4,
        "service_p95_ms": 4,
    }
    assert (fields["ratio"], fields["ratio_lower"], fields["count"], fields["mismatched"]) == (1.1, 1.0, 7, 2)
    assert "ratio_upper" not in fields
    assert fields["verdict"] == "slow"


def test_the_busiest_endpoints_have_a_summary() -> None:
    """At most 200; an endpoint without a verdict, or that nothing was counted of, is no error."""
    endpoints = [endpoint(f"GET /{nth}", nth, verdict=None) for nth in range(250)]
    made = of(ending(RunPoints("r1", planned=9), result(endpoints=endpoints)), "replay_summary")
    assert {point.tags["endpoint"] for point in made} == {f"GET /{nth}" for nth in range(50, 250)}
    assert all("verdict" not in point.fields for point in made)


def test_the_types_are_those_of_the_schema() -> None:
    """Each field of what comes once has its type."""
    kinds = {Kind.FLOAT: float, Kind.INT: int, Kind.TEXT: str}
    for point in ending(RunPoints("r1", planned=9), result()):
        for name, value in point.fields.items():
            assert type(value) is kinds[MEASUREMENTS[point.measurement].kinds[name]]


def test_an_end_is_written_as_it_is(land: Land, golden: Golden) -> None:
    """The whole payload of a small run's end, byte for byte."""
    tally, points = Tally(["GET /a"]), RunPoints("r1", planned=9)
    tally.settle([land(1), land(2, judged=Verdict.MISMATCHED), land(3, fault=Fault.TIMEOUT)])
    "".join(points.interval(tally, {}, at_s=5.0, at=START))
    told = result(events=[{"at_s": 1.0, "event": "warning", "text": 'it said "no"\nand left'}])
    golden("influx-end.lp", "".join(end_points(points, told, started=START, ended=END, at=END)))
