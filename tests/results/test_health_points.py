"""The points about ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.events import WorkerHealth
from replay_users.histogram import Histogram
from replay_users.model import Drop
from replay_users.results.health_points import AccountPoints, WorkerPoints
from replay_users.results.influx_lines import Lines
from replay_users.results.influx_schema import OTHER, WORKERS_KEPT
from replay_users.results.tally import Tally
from tests.results.influx_parser import Point, parse_all

if TYPE_CHECKING:
    from tests.results.conftest import Land

MS = 1_000_000
TOTALS = dict.fromkeys(("sent", "dropped", "skipped", "failed", "compared", "mismatched", "regressions"), 0)


def health(sent: int, *lags_ms: int, queued: int = 0, at_s: float | None = None) -> WorkerHealth:
    """A process that has sent so many, so late."""
    lag = Histogram()
    for each in lags_ms:
        lag.add(each * MS)
    return WorkerHealth(sent=sent, lag=lag, wait=Histogram(), hub=Histogram(), queued=queued, in_flight=2, at_s=at_s)


def told(
    points: WorkerPoints, workers: dict[str, WorkerHealth], begin: float = 0.0, end: float = 5.0
) -> dict[str, Point]:
    """The points of an interval by worker."""
    made = parse_all("".join(points.interval(workers, begin=begin, end=end, at=1)))
    return {point.tags["worker"]: point for point in made}


def account(rates: tuple[float, ...] = (), step: float = 0.0, planned: int = 1_000) -> AccountPoints:
    """The account of a run of so many rows."""
    return AccountPoints("r", Lines(), planned=planned, rates=rates, rate_step_s=step)


def point_of(points: AccountPoints, tally: Tally, sent: int = 0, begin: float = 0.0, end: float = 5.0) -> Point:
    """The account's point of an interval."""
    pieces = points.interval(tally, {**TOTALS, "sent": sent}, begin=begin, end=end, at=1, rate=6.0, points_dropped=0)
    return parse_all("".join(pieces))[0]


def test_an_interval_has_its_own_lag() -> None:
    """What was late a minute ago is not in the figures of now."""
    points = WorkerPoints("r", Lines())
    assert told(points, {"w": health(2, 900, 900)})["w"].fields["lag_p50_ms"] == pytest.approx(900, rel=0.02)
    now = told(points, {"w": health(12, 900, 900, *[1] * 10, queued=4)}, 5.0, 10.0)["w"].fields
    assert (now["sent"], now["rate"], now["queued"], now["in_flight"]) == (10, 2.0, 4, 2)
    assert now["lag_max_ms"] == pytest.approx(1, rel=0.02)
    assert now["lag_p99_ms"] == pytest.approx(1, rel=0.02)


def test_each_worker_has_its_own_line() -> None:
    """Two processes are told apart."""
    made = told(WorkerPoints("r", Lines()), {"a": health(1), "b": health(2)})
    assert {name: point.fields["sent"] for name, point in made.items()} == {"a": 1, "b": 2}


def test_more_workers_than_places_are_summed_up() -> None:
    """No worker costs more series than there are; the rest are one."""
    made = told(WorkerPoints("r", Lines()), {f"w{nth}": health(1, 1, queued=1) for nth in range(WORKERS_KEPT + 5)})
    assert len(made) == WORKERS_KEPT + 1
    assert (made[OTHER].fields["sent"], made[OTHER].fields["queued"]) == (5, 5)


def test_a_worker_that_began_again_has_sent_what_it_says() -> None:
    """The second pass of an A/A run counts from nothing."""
    points = WorkerPoints("r", Lines())
    told(points, {"local": health(50, 3)})
    assert told(points, {"local": health(4, 3)})["local"].fields["sent"] == 4


@pytest.mark.parametrize(
    ("begin", "end", "rate"),
    [
        pytest.param(0.0, 5.0, 10.0, id="first"),
        pytest.param(7.5, 12.5, 15.0, id="across"),
        pytest.param(15.0, 25.0, 10.0, id="beyond-its-end"),
        pytest.param(30.0, 35.0, 0.0, id="draining"),
    ],
)
def test_the_planned_rate_is_that_of_the_interval(begin: float, end: float, rate: float) -> None:
    """The plan's curve, averaged over what the points are of; nothing is planned after it."""
    points = account((10.0, 20.0), step=10.0)
    assert point_of(points, Tally([]), begin=begin, end=end).fields["planned_rate"] == pytest.approx(rate)


def test_a_plan_without_a_curve_has_no_rate() -> None:
    """What is not known is left out."""
    assert "planned_rate" not in point_of(account(), Tally([])).fields


def test_the_account_has_what_the_tally_has(land: Land) -> None:
    """Planned is the whole plan's, the rest so far, the rate of the interval."""
    points, tally = account(), Tally(["GET /a"])
    tally.settle([land(n, lag=1, due=n * 10, service=5) for n in range(3)])
    tally.unread(3, "slice-a")
    tally.doubt(4)
    fields = point_of(points, tally, sent=30).fields
    assert (fields["planned"], fields["sent"], fields["sent_rate"]) == (1_000, 30, 6.0)
    assert (fields["unread"], fields["in_doubt"]) == (3, 4)
    assert fields["lag_p99_ms"] == pytest.approx(1, rel=0.02)
    assert isinstance(fields["stretch_percent"], float)


def test_a_second_pass_has_a_rate_of_its_own() -> None:
    """The rate of a pass that counts from nothing is not negative."""
    points = WorkerPoints("r", Lines())
    told(points, {"local": health(100)})
    assert told(points, {"local": health(10)}, 5.0, 10.0)["local"].fields["rate"] == 2.0
    assert points.rate == 2.0


def test_a_worker_s_rate_is_of_the_time_that_its_reports_are_of() -> None:
    """Whether one or two of them came in an interval, 100 requests a second are 100, of one and of all together."""
    points, reports = WorkerPoints("r", Lines()), {5.0: (3, 4), 10.0: (9, 7), 15.0: (15, 13), 20.0: (18, 19)}
    for end, (first, second) in reports.items():
        doing = {"a": health(100 * first, at_s=first), "b": health(50 * second, at_s=second)}
        made = told(points, doing, end - 5.0, end)
        assert {name: point.fields["rate"] for name, point in made.items()} == {"a": 100.0, "b": 50.0}
        assert points.rate == 150.0


def test_a_worker_that_says_nothing_any_more_has_no_rate() -> None:
    """What it once sent is in no sum of later intervals."""
    points = WorkerPoints("r", Lines())
    told(points, {"a": health(300, at_s=3.0), "b": health(300, at_s=3.0)})
    made = told(points, {"a": health(300, at_s=3.0), "b": health(900, at_s=9.0)}, 5.0, 10.0)
    assert ("rate" in made["a"].fields, made["b"].fields["rate"], points.rate) == (False, 100.0, 100.0)


def test_the_last_moment_has_no_rate_of_its_own() -> None:
    """Answers are counted in batches: 64 of them in the last 10 ms are no 6,400 a second."""
    points = WorkerPoints("r", Lines())
    told(points, {"local": health(500)})
    made = told(points, {"local": health(564)}, 5.0, 5.01)["local"].fields
    assert ("rate" in made, made["sent"], points.rate) == (False, 64, 100.0)


def test_a_run_of_a_moment_has_a_rate() -> None:
    """All of it is more than nothing."""
    points = WorkerPoints("r", Lines())
    assert points.rate is None
    assert told(points, {"local": health(10)}, 0.0, 0.1)["local"].fields["rate"] == 100.0


@pytest.mark.parametrize(
    ("trouble", "valid"),
    [
        pytest.param("", 1, id="faithful"),
        pytest.param("late", 0, id="late"),
        pytest.param("dropped", 0, id="dropped-for-our-lag"),
        pytest.param("waited", 1, id="the-targets-slowness"),
        pytest.param("unread", 0, id="unread"),
        pytest.param("doubt", 0, id="in-doubt"),
    ],
)
def test_validity_so_far(land: Land, trouble: str, valid: int) -> None:
    """A run is no longer faithful as soon as something happened that makes checks void."""
    tally = Tally(["GET /a"])
    tally.settle([land(n, lag=50 if trouble == "late" else 1) for n in range(50)])
    if trouble == "dropped":
        for n in range(2):
            tally.drop(land(n), Drop.LAG)
    if trouble == "waited":
        tally.drop(land(1), Drop.WAIT)
    if trouble == "unread":
        tally.unread(1, "slice-a")
    if trouble == "doubt":
        tally.doubt(1)
    assert point_of(account(), tally).fields["valid"] == valid
