"""Every query of every dashboard on real InfluxDBs that real runs of `replay-users` have written to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.grafana.asking import BOARDS, Asked, Database, asked_by, filled
from tests.grafana.shop import Shop
from tests.integration.replays import record_traffic, replay, run_command
from tests.servers.influxd import InfluxdTwo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.grafana.asking import Series
    from tests.servers.influxd import Influxd

pytestmark = [pytest.mark.server, pytest.mark.slow]

QUERIES = {str(asked): asked for board in BOARDS.values() for asked in asked_by(board)}
NOT_IN_EVERY_RUN = ("@Autostop", "@Warnings and workers")
"""Nothing stopped these runs, and nothing was wrong with them."""


@dataclass(frozen=True)
class Written:
    """A server and the results of the two runs that it knows."""

    database: Database
    baseline: Any
    result: Any
    until_ms: int

    def ask(self, query: str) -> list[Series]:
        """The series that a query gives."""
        choices: dict[str, str | list[str]] = {
            "run": self.result["run"]["id"],
            "baseline_run": self.baseline["run"]["id"],
            "endpoint": ".*",
            "worker": ".*",
        }
        return self.database.ask(filled(query, choices, start_ms=self.until_ms - 3_600_000, end_ms=self.until_ms))


@pytest.fixture(scope="module")
def written(influx: Influxd, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Two runs of a recording against a target that differs, errs and fails."""
    influx.clear()
    folder = tmp_path_factory.mktemp("runs")
    recording = record_traffic(folder / "recording", 150, every_ms=20)
    with Shop() as shop:
        baseline, result = (_run(influx, recording, shop, folder / name) for name in ("baseline", "candidate"))
    database = Database(influx.url, influx.bucket, influx.login)
    return Written(database, baseline, result, round(time.time() * 1000) + 60_000)


def _run(influx: Influxd, recording: str, shop: Shop, folder: Path) -> Any:
    place = ["--influx-url", influx.url, "--influx-bucket", influx.bucket]
    org = ["--influx-org", influx.org] if isinstance(influx, InfluxdTwo) else []
    command = run_command(recording, "--host", shop.url, "--allow-writes", "--label", "sha=ab, c", *place, *org)
    done = replay(command, folder, **influx.environment)
    assert done.code == 3, done.said
    assert not (folder / "unsent.lp").exists()
    return done.result


@pytest.mark.parametrize("asked", QUERIES.values(), ids=str)
def test_each_query_has_rows(written: Written, asked: Asked) -> None:
    """But for events that these runs had none of, which are answered all the same."""
    found = written.ask(asked.query)
    has_values = any(value is not None for each in found for row in each.values for value in row[1:])
    assert has_values or asked.where.endswith(NOT_IN_EVERY_RUN)


def test_numbers_are_those_of_the_result(written: Written) -> None:
    """What Grafana shows of a run is what its result.json says."""
    totals = written.result["totals"]
    assert totals["mismatched"] > 0 < totals["failed"]
    (sent,) = written.ask(QUERIES["replay-overview: Planned and sent A"].query)
    assert sent.values[0][1:] == [totals["planned"], totals["sent"]]
    (differ,) = written.ask(QUERIES["replay-mismatches: Answers that differ A"].query)
    assert differ.values[0][1] == pytest.approx(totals["mismatched"] / totals["compared"])
    (verdict,) = written.ask(QUERIES["replay-overview: Verdict A"].query)
    assert verdict.values[0][1] == written.result["gate"]["verdict"]


def test_the_tables_are_those_of_the_result(written: Written) -> None:
    """Endpoints and signatures, each with its counts."""
    (endpoints,) = written.ask(QUERIES["replay-mismatches: Endpoints table"].query)
    shown = {row[1]: row[2] for row in endpoints.values}
    assert shown == {each["endpoint"]: each["count"] for each in written.result["endpoints"]}
    (signatures,) = written.ask(QUERIES["replay-mismatches: Signatures table"].query)
    counts = {tuple(row[1:4]): row[4] for row in signatures.values}
    assert counts == {
        (each["endpoint"], each["path"], each["kind"]): each["count"] for each in written.result["signatures"]
    }


def test_a_row_of_the_run_list_leads_to_the_runs_time(written: Written) -> None:
    """In it lies all that was written of the run."""
    (runs,) = written.ask(QUERIES["replay-runs: Runs table"].query)
    found = {row[1]: dict(zip(runs.columns, row, strict=True)) for row in runs.values}
    row = found[written.result["run"]["id"]]
    choices: dict[str, str | list[str]] = {"run": row["run"], "baseline_run": "", "endpoint": ".*", "worker": ".*"}
    for name in ("Planned and sent A", "p95 A", "Endpoints, over the whole run table", "@Start", "@End"):
        query = QUERIES[f"replay-overview: {name}"].query
        seen = written.database.ask(filled(query, choices, start_ms=row["started_ms"], end_ms=row["ended_ms"]))
        assert _timeless(seen) == _timeless(written.ask(query)) != [], name


def _timeless(found: list[Series]) -> list[list[Any]]:
    """The values; what is of the whole stretch bears its beginning as time."""
    return [row[1:] for each in found for row in each.values]
