"""Real replays that write to a real InfluxDB, well and unwell: the run is the same."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.replays import BODY, Finished, replay, replaying, run_command, same_answers
from tests.integration.swarms import processes
from tests.results.influx_parser import parse_all
from tests.servers.influx_proxy import InfluxProxy, Trouble, answer, cut, drip, garbage, hang, late

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from replay_users.testing import ScriptedTarget
    from tests.servers.influxd import Influxd, InfluxdOne, InfluxdTwo

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Outcome:
    """All of a replay that InfluxDB must not change."""

    code: int
    verdict: str
    totals: Mapping[str, Any]
    valid: bool
    received: int

    @classmethod
    def of(cls, done: Finished, target: ScriptedTarget) -> Outcome:
        """Of a replay that has ended."""
        result = done.result
        return cls(
            done.code, result["gate"]["verdict"], result["totals"], result["validity"]["valid"], len(target.received())
        )


def command(traffic: str, target: ScriptedTarget, *more: str) -> list[str]:
    """A replay of it, in which a few answers differ."""
    return run_command(traffic, "--host", target.url, "--no-locust-tables", *more)


def influx(server: Influxd, url: str = "", **changes: str) -> list[str]:
    """The options of an InfluxDB."""
    given = {"url": url or server.url, "org": server.org, "bucket": server.bucket, **changes}
    return [part for name, value in given.items() for part in (f"--influx-{name}", value)]


def run_of(done: Finished) -> str:
    """The run's id."""
    return str(done.result["run"]["id"])


def test_a_replay_is_in_influx(influxd: Influxd, traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """What result.json has is in the server too, by endpoint, status and signature, with start, end and verdict."""
    target.play(same_answers(body=b'{"id":8}'))
    done = replay(
        command(traffic, target, *influx(influxd), "--label", "sha=1"), tmp_path / "run", **influxd.environment
    )
    assert done.code == 3, done.said
    totals, run = done.totals, run_of(done)
    where = f"WHERE \"run\" = '{run}'"
    (sums,) = influxd.rows(f'SELECT sum("sent") AS sent, sum("mismatched") AS bad FROM "replay_compare" {where}')  # noqa: S608
    assert (sums["sent"], sums["bad"]) == (totals["sent"], totals["mismatched"])
    (sums,) = influxd.rows(f'SELECT sum("count") AS n FROM "replay_diff" {where}')  # noqa: S608
    assert sums["n"] == sum(signature["count"] for signature in done.result["signatures"])
    (verdict,) = influxd.rows(f'SELECT * FROM "replay_verdict" {where}')  # noqa: S608
    assert (verdict["verdict"], verdict["exit_code"], verdict["labels"]) == ("fail", 3, "sha=1")
    assert (verdict["sent"], verdict["planned"]) == (totals["sent"], totals["planned"])
    events = influxd.rows(f'SELECT * FROM "replay_event" {where}')  # noqa: S608
    assert [event["kind"] for event in events] == ["start", "end"]
    health = influxd.rows(f'SELECT sum("sent") AS sent FROM "replay_generator" {where} GROUP BY "worker"')  # noqa: S608
    assert [(each["worker"], each["sent"]) for each in health] == [("local", totals["sent"])]
    assert not (tmp_path / "run" / "unsent.lp").exists()
    assert "InfluxDB" not in done.said


def test_a_token_on_the_command_line_is_refused(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Exit code 2 and the cure, before anything is sent; the token is not repeated."""
    for given in (
        ["--influx-url", "http://127.0.0.1:1", "--influx-token", "very-secret"],
        ["--influx-url", "http://u:very-secret@127.0.0.1:1"],
    ):
        done = replay(command(traffic, target, *given), tmp_path / "run")
        assert done.code == 2
        assert "INFLUXDB_V2_TOKEN" in done.err
        assert "very-secret" not in done.said
    assert not target.received()


@pytest.mark.slow
def test_the_master_writes_for_its_workers(
    influxd_two: InfluxdTwo, traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """Two workers: the merged points once, and the health of each."""
    given = [*influx(influxd_two), *processes(2)]
    done = replay(command(traffic, target, *given), tmp_path / "run", **influxd_two.environment)
    assert done.code == 0, done.said
    where = f"WHERE \"run\" = '{run_of(done)}'"
    (sums,) = influxd_two.rows(f'SELECT sum("sent") AS sent FROM "replay_compare" {where}')  # noqa: S608
    assert sums["sent"] == done.totals["sent"]
    health = influxd_two.rows(f'SELECT sum("sent") AS sent FROM "replay_generator" {where} GROUP BY "worker"')  # noqa: S608
    assert len(health) == 2
    assert sum(each["sent"] for each in health) == done.totals["sent"]


@dataclass(frozen=True)
class Case:
    """What is wrong with an InfluxDB, what is said of it, and whether the points are lost to it."""

    says: str
    trouble: Trouble | None = None
    changes: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    unsent: bool = True


CASES = {
    "slow": Case("", late(0.8), unsent=False),
    "hangs": Case("does not take points", hang),
    "never-ends": Case("no whole answer within 5 s", drip),
    "wrong-token": Case("INFLUXDB_V2_TOKEN", environment=(("INFLUXDB_V2_TOKEN", "wrong"),)),
    "wrong-bucket": Case("--influx-bucket", changes=(("bucket", "nope"),)),
    "wrong-organisation": Case("--influx-org", changes=(("org", "nope"),)),
    "404": Case("refuses points", answer(404, "not found")),
    "422": Case("InfluxDB never got", answer(422, "unprocessable entity"), unsent=False),
    "partly": Case("does not take all points", answer(422, "partial write: conflict dropped=2"), unsent=False),
    "full-disk": Case("no space left on device", answer(500, "engine: no space left on device")),
    "cut": Case("does not take points", cut),
    "garbage": Case("does not take points", garbage),
}


@pytest.fixture(scope="module")
def well(traffic: str, _process: ScriptedTarget, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The same replay without any InfluxDB."""
    _process.play(same_answers(body=BODY + b" "))
    return Outcome.of(replay(command(traffic, _process), tmp_path_factory.mktemp("well") / "run"), _process)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_trouble_changes_nothing(
    case: Case, well: Outcome, influxd_two: InfluxdTwo, traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """Load, verdict and exit code are those of a run without InfluxDB; it is said once, and no point is lost without a trace."""
    target.play(same_answers(body=BODY + b" "))
    with InfluxProxy(influxd_two.url, case.trouble) as proxy:
        given = influx(influxd_two, proxy.url, **dict(case.changes))
        environment = {**influxd_two.environment, **dict(case.environment)}
        done = replay(command(traffic, target, *given), tmp_path / "run", **environment)
    assert Outcome.of(done, target) == well
    assert case.says in done.err
    if not case.says:
        assert "InfluxDB" not in done.err
    assert done.err.count("does not take points") + done.err.count("refuses points") <= 1
    unsent = tmp_path / "run" / "unsent.lp"
    assert unsent.exists() is case.unsent
    if case.unsent:
        assert str(unsent) in done.err
        assert parse_all(unsent.read_text(encoding="utf-8"))[-1].measurement == "replay_verdict"


@pytest.mark.slow
def test_nobody_there_changes_nothing(well: Outcome, traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """An address where nobody listens."""
    target.play(same_answers(body=BODY + b" "))
    done = replay(command(traffic, target, "--influx-url", "http://127.0.0.1:1"), tmp_path / "run")
    assert Outcome.of(done, target) == well
    assert "Connection refused" in done.err
    assert (tmp_path / "run" / "unsent.lp").exists()


@pytest.mark.slow
def test_a_restart_in_the_middle_loses_nothing(
    influxd_one: InfluxdOne, traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """A server that is away for some seconds of a run has all points of it afterwards, and the run is none the wiser."""
    influxd_one.clear()
    with replaying(
        command(traffic, target, *influx(influxd_one), "--pace", "0.05x"), tmp_path / "run", **influxd_one.environment
    ) as running:
        running.wait_for(lambda: len(target.received()) > 5)
        influxd_one.stop()
        try:
            running.wait_for(lambda: "does not take points" in running.err)
            time.sleep(1.0)
        finally:
            influxd_one.start()
        done = running.finish()
    assert done.code == 0, done.said
    assert "takes points again" in done.err
    where = f"WHERE \"run\" = '{run_of(done)}'"
    (sums,) = influxd_one.rows(f'SELECT sum("sent") AS sent FROM "replay_compare" {where}')  # noqa: S608
    assert sums["sent"] == done.totals["sent"]
    assert influxd_one.rows(f'SELECT last("points_dropped") AS lost FROM "replay_run" {where}')[0]["lost"] == 0  # noqa: S608
    assert not (tmp_path / "run" / "unsent.lp").exists()
