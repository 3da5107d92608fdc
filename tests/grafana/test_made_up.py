"""Every query of every dashboard on real InfluxDBs that hold two runs with known numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.results.influx_schema import INTERVAL_S
from tests.grafana.asking import BOARDS, Asked, Database, QueryFailed, asked_by, filled
from tests.grafana.made_up import BASELINE, ENDPOINTS, INTERVALS, NEW, RUN_ID, SIGNATURE, STARTED_S, lines_of_both
from tests.grafana.reading import columns_of
from tests.servers.influxd import InfluxdTwo

if TYPE_CHECKING:
    from tests.grafana.asking import Series
    from tests.servers.influxd import Influxd

pytestmark = pytest.mark.server

QUERIES = {str(asked): asked for board in BOARDS.values() for asked in asked_by(board)}
START_MS = STARTED_S[BASELINE] * 1000
END_MS = (STARTED_S[RUN_ID] + INTERVALS * INTERVAL_S) * 1000 + 60_000
CHOICES: dict[str, str | list[str]] = {"run": RUN_ID, "baseline_run": BASELINE, "endpoint": ".*", "worker": ".*"}


@pytest.fixture(scope="module")
def database(influx: Influxd) -> Database:
    """The server, with the two runs in it."""
    influx.clear()
    two = isinstance(influx, InfluxdTwo)
    path = f"/api/v2/write?org={influx.org}&bucket={influx.bucket}" if two else f"/write?db={influx.bucket}"
    status, said = influx.ask("POST", path, influx.login, lines_of_both().encode())
    assert status == 204, said
    return Database(influx.url, influx.bucket, influx.login)


def ask(database: Database, asked: Asked | str, **choices: str | list[str]) -> list[Series]:
    """What a query gives, of both days."""
    query = QUERIES[asked].query if isinstance(asked, str) else asked.query
    return database.ask(filled(query, CHOICES | choices, start_ms=START_MS, end_ms=END_MS, interval="1h"))


def rows(database: Database, title: str, **choices: str | list[str]) -> list[dict[str, Any]]:
    """The rows of a table, without the time."""
    found = ask(database, title, **choices)
    assert len(found) <= 1
    return [dict(zip(each.columns[1:], row[1:], strict=True)) for each in found for row in each.values]


def values(database: Database, title: str, **choices: str | list[str]) -> list[Any]:
    """All values but nothing and the time."""
    return [v for each in ask(database, title, **choices) for row in each.values for v in row[1:] if v is not None]


@pytest.mark.parametrize("asked", QUERIES.values(), ids=str)
def test_each_query_has_rows(database: Database, asked: Asked) -> None:
    """Panels, choices and marks in time; a table is one series with the columns that its looks speak of."""
    found = ask(database, asked)
    assert any(value is not None for each in found for row in each.values for value in row[1:])
    if asked.table:
        (table,) = found
        assert table.columns == ["time", *columns_of(asked.query)]
        assert not table.tags


@pytest.mark.parametrize(
    "endpoint", [*([name] for name in ENDPOINTS), list(ENDPOINTS[:2])], ids=["{}", "plain", "wild", "two"]
)
def test_an_endpoint_is_found_by_its_name(database: Database, endpoint: list[str]) -> None:
    """Whatever is in it, one or several."""
    found = rows(database, "replay-overview: Endpoints, over the whole run table", endpoint=endpoint)
    assert {row["endpoint"] for row in found} == set(endpoint)


def test_a_run_is_found_by_its_name(database: Database) -> None:
    """The whole of it."""
    assert values(database, "replay-overview: Verdict A") == ["fail"]
    assert values(database, "replay-overview: Verdict A", run=BASELINE) == ["pass"]
    assert ask(database, "replay-overview: Verdict A", run=RUN_ID[:-1]) == []


def test_numbers_on_top_are_those_of_the_run(database: Database) -> None:
    """Counts as they were last, shares of them, lag as it was usually and at worst."""
    assert values(database, "replay-overview: Faithful A") == [1]
    assert values(database, "replay-overview: Planned and sent A") == [4000, 3600]
    assert values(database, "replay-overview: Answers that differ A") == pytest.approx([0.1, 1 / 15])
    assert values(database, "replay-overview: No answer A") == pytest.approx([0.05])
    assert values(database, "replay-overview: Lag p99 A") == [2.0, 12.0]


def test_a_percentile_leaves_out_intervals_without_one(database: Database) -> None:
    """They count for nothing, instead of making it smaller."""
    found = ask(database, "replay-overview: p95 A")
    assert {each.tags["side"]: each.values[0][1] for each in found} == pytest.approx(
        {"recorded": 30.0, "replayed": 90.0}
    )


def test_numbers_of_mismatches_add_up(database: Database) -> None:
    """Over all endpoints, and of chosen ones."""
    board = "replay-mismatches"
    assert values(database, f"{board}: Answers that differ A") == pytest.approx([0.1])
    assert values(database, f"{board}: Regressions A") == [6 * len(ENDPOINTS) * INTERVALS]
    assert values(database, f"{board}: Signatures A") == [2 * len(ENDPOINTS)]
    assert values(database, f"{board}: 2xx to 5xx A", endpoint=[ENDPOINTS[0]]) == [3 * INTERVALS]
    assert values(database, f"{board}: Not compared A") == pytest.approx([0.05])


def test_the_tables_of_mismatches_have_all_of_it(database: Database) -> None:
    """Each signature of each endpoint, each endpoint, each endpoint with each pair of statuses."""
    found = rows(database, "replay-mismatches: Signatures table")
    assert {(row["endpoint"], row["signature"], row["kind"]) for row in found} == {
        (endpoint, signature, kind)
        for endpoint in ENDPOINTS
        for signature, kind in ((SIGNATURE, "value"), (NEW, "added"))
    }
    assert {(row["exchanges"], row["sessions"]) for row in found} == {(2 * INTERVALS, INTERVALS)}
    endpoints = rows(database, "replay-mismatches: Endpoints table")
    counts = {
        "sent": 100,
        "compared": 90,
        "differ": 9,
        "regressions": 6,
        "2xx to 5xx": 3,
        "no answer": 5,
        "not compared": 5,
    }
    assert endpoints == [
        {"endpoint": row["endpoint"]} | {k: v * INTERVALS for k, v in counts.items()} for row in endpoints
    ]
    statuses = rows(database, "replay-mismatches: Statuses: recorded -> replayed table")
    assert len(statuses) == len(ENDPOINTS) * 4
    assert sum(row["answers"] for row in statuses) == len(ENDPOINTS) * INTERVALS * 100


def test_only_statuses_of_another_class_are_drawn(database: Database) -> None:
    """An answer that never came is of no class."""
    found = ask(database, "replay-mismatches: Answers whose class of status changed A")
    assert {each.tags["kind"] for each in found} == {"200 -> 500", "200 -> timeout"}


def test_runs_are_listed_with_their_time(database: Database) -> None:
    """The links of a row lead to just that."""
    found = {row["run"]: row for row in rows(database, "replay-runs: Runs table")}
    assert set(found) == {RUN_ID, BASELINE}
    for run, row in found.items():
        assert (row["started_ms"], row["ended_ms"]) == (STARTED_S[run] * 1000, STARTED_S[run] * 1000 + 60_000)
        assert (row["verdict"], row["labels"]) == ("fail" if run == RUN_ID else "pass", 'sha="ab, c"')


def test_a_run_is_set_against_its_baseline(database: Database) -> None:
    """By endpoint: times, ratios, and what differed."""
    found = rows(database, "replay-runs: Endpoints: baseline and run table")
    assert {row.pop("endpoint") for row in found} == set(ENDPOINTS)
    times = {
        "p50 before": 20.0,
        "p50 now": 30.0,
        "p50 ratio": 1.5,
        "p95 before": 60.0,
        "p95 now": 90.0,
        "p95 ratio": 1.5,
    }
    assert found == [pytest.approx(times | {"differ before": 108, "differ now": 108})] * len(ENDPOINTS)
    assert {row["run"] for row in rows(database, "replay-runs: Both runs table")} == {RUN_ID, BASELINE}


def test_a_difference_that_is_new_has_nothing_before(database: Database) -> None:
    """And one that both runs have has both numbers."""
    found = rows(database, "replay-runs: Differences: baseline and run table")
    both = {"before": 2 * INTERVALS, "now": 2 * INTERVALS}
    expected = {SIGNATURE: both, NEW: both | {"before": None}}
    assert len(found) == 2 * len(ENDPOINTS)
    assert all({"before": row["before"], "now": row["now"]} == expected[row["signature"]] for row in found)


def test_without_a_baseline_there_are_the_runs_differences(database: Database) -> None:
    """A first run has nothing to be compared with, and is shown."""
    found = rows(database, "replay-runs: Differences: baseline and run table", baseline_run="")
    assert [(row["before"], row["now"]) for row in found] == [(None, 2 * INTERVALS)] * 2 * len(ENDPOINTS)


def test_a_run_is_no_choice_for_its_own_baseline(database: Database) -> None:
    """The others are."""
    (found,) = ask(database, "replay-runs: $baseline_run")
    assert [value for _, value in found.values] == [BASELINE]


def test_choices_are_those_of_the_run(database: Database) -> None:
    """Endpoints and workers; and all runs."""
    for name, expected in (
        ("endpoint", set(ENDPOINTS)),
        ("worker", {"worker-1", "worker 2"}),
        ("run", {RUN_ID, BASELINE}),
    ):
        (found,) = ask(database, f"replay-overview: ${name}")
        assert {value for _, value in found.values} == expected


def test_events_are_of_the_chosen_run(database: Database) -> None:
    """With their title and text."""
    for name, kinds in (("Start", ["start"]), ("End", ["end"]), ("Autostop", ["autostop"])):
        (found,) = ask(database, f"replay-overview: @{name}")
        assert found.columns == ["time", "title", "text"]
        assert [row[1:] for row in found.values] == [
            [f"replay {kind}", f'run {RUN_ID}: "{kind}", said'] for kind in kinds
        ]


def test_outside_its_time_a_run_is_not_seen(database: Database) -> None:
    """Nothing is read of what nobody looks at."""
    for asked in QUERIES.values():
        if asked.query.startswith("SELECT"):
            assert database.ask(filled(asked.query, CHOICES, start_ms=0, end_ms=1000)) == []


def test_a_bucket_is_found_as_a_database_of_its_name(influxd_two: InfluxdTwo) -> None:
    """InfluxDB 2 maps it by itself, which is why compose.yaml sets up no mapping."""
    influx = influxd_two
    (org,) = json.loads(influx.ask("GET", f"/api/v2/orgs?org={influx.org}", influx.login)[1])["orgs"]
    made = {"orgID": org["id"], "name": "unmapped", "retentionRules": []}
    headers = {"Content-Type": "application/json", **influx.login}
    assert influx.ask("POST", "/api/v2/buckets", headers, json.dumps(made).encode())[0] == 201
    write = f"/api/v2/write?org={influx.org}&bucket=unmapped"
    assert influx.ask("POST", write, influx.login, lines_of_both().encode())[0] == 204
    database = Database(influx.url, "unmapped", influx.login)
    assert values(database, "replay-overview: Verdict A") == ["fail"]


def test_no_two_queries_have_the_same_name() -> None:
    """Else one of them would not be asked."""
    assert len(QUERIES) == sum(1 for board in BOARDS.values() for _ in asked_by(board))


def test_an_error_is_no_empty_panel(database: Database) -> None:
    """What InfluxDB refuses with HTTP 200 is raised here, so that the tests above would fail of it."""
    with pytest.raises(QueryFailed):
        database.ask('SELECT sum("sent") INTO "elsewhere" FROM')
    with pytest.raises(QueryFailed):
        database.ask('SELECT nonsense("sent") FROM "replay_run"')
