"""A run's points on their way to InfluxDB."""

from __future__ import annotations

import logging
import time
from random import Random
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from replay_users.events import events
from replay_users.results.delivery import PAYLOADS_KEPT, Answer, Failed, Refused, Taken
from replay_users.results.influx import InfluxTarget
from replay_users.swarm import publisher as module
from replay_users.swarm.publisher import UNSENT, Publisher, publish
from tests.results.counting import big_tally, count_more, health
from tests.results.influx_parser import Point, parse_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

RUN = "20260101T000000Z-abcd"
FACTS: dict[str, Any] = {
    "run_id": RUN,
    "started_at": 1_700_000_000.0,
    "recording": "shop",
    "target": "http://staging",
    "pace": "1x",
    "labels": {},
    "planned": 100,
    "rates": [20.0],
    "rate_step_s": 5.0,
    "concludes": True,
}


def summary(run_id: str = RUN) -> dict[str, Any]:
    """What of result.json is looked at."""
    totals = dict.fromkeys(("planned", "sent", "failed", "compared", "mismatched"), 1)
    run = {"id": run_id, "recording": "shop", "target": "http://staging", "pace": "1x", "labels": {}}
    rest: dict[str, Any] = {"events": [], "endpoints": [], "signatures": []}
    return {"run": run, "totals": {**totals, "mismatched_by": {}}, "gate": {"verdict": "pass"}, "exit_code": 0, **rest}


class Script:
    """A writer that answers as it is told, the last answer for ever."""

    def __init__(self, answers: Sequence[Answer | float] = (Taken(),)) -> None:
        """A number is how many seconds it hangs."""
        self.answers = list(answers)
        self.payloads: list[str] = []
        self.taken: list[Point] = []

    def load_command(self, path: str) -> str:
        """Some command."""
        return f"load {path}"

    def write(self, payload: str) -> Answer:
        """Take, or do not."""
        self.payloads.append(payload)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not isinstance(answer, Taken | Failed | Refused):
            gevent.sleep(answer)
            answer = Failed("late")
        if isinstance(answer, Taken):
            self.taken += parse_all(payload)
        return answer


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """No listener outlives a test."""
    yield
    assert not (events.run_started)
    assert not (events.progress)
    assert not (events.run_finished)


def begin(writer: Script, folder: Path) -> Publisher:
    """A publisher that listens, of a run that has started."""
    made = Publisher(RUN, writer, folder)
    made.listen()
    events.run_started.fire(**FACTS)
    return made


def progress(at_s: float, tally: Any = None) -> None:
    """Five seconds of the run are over."""
    tally = tally or big_tally(2, 2)
    count_more(tally, Random(1), each=5)
    events.progress.fire(run_id=RUN, at_s=at_s, tally=tally, workers={"local": health(tally)})


def finish() -> float:
    """The run has its result; how long that took."""
    began = time.monotonic()
    events.run_finished.fire(summary=summary())
    return time.monotonic() - began


def measurements(points: Sequence[Point]) -> set[str]:
    """Their measurements' names without what all begin with."""
    return {point.measurement.removeprefix("replay_") for point in points}


def test_a_run_from_start_to_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its start, each interval and its end are written, in that order, and nothing is said or left."""
    writer = Script()
    begin(writer, tmp_path)
    gevent.sleep(0)
    assert [point.fields["title"] for point in writer.taken] == ["replay started"]
    progress(5.0)
    progress(10.0)
    finish()
    assert measurements(writer.taken[1:-3]) == {"latency", "compare", "status", "diff", "generator", "run"}
    assert [point.measurement for point in writer.taken[-2:]] == ["replay_event", "replay_verdict"]
    assert writer.taken[-1].fields["duration_s"] == 10.0
    assert not caplog.records
    assert not (tmp_path / UNSENT).exists()


def test_points_of_the_plan_s_rate(tmp_path: Path) -> None:
    """What the run was to be stands beside what it is."""
    writer = Script()
    begin(writer, tmp_path)
    progress(5.0)
    finish()
    (account,) = [point for point in writer.taken if point.measurement == "replay_run"]
    assert (account.fields["planned"], account.fields["planned_rate"], account.fields["sent_rate"]) == (100, 20.0, 2.0)


def test_another_run_s_events_are_not_ours(tmp_path: Path) -> None:
    """Its progress and its end say nothing, and its start says that ours was given up."""
    writer = Script()
    begin(writer, tmp_path)
    gevent.sleep(0)
    before = len(writer.payloads)
    events.progress.fire(run_id="other", at_s=5.0, tally=big_tally(1, 1), workers={})
    events.run_finished.fire(summary=summary("other"))
    assert events.progress
    events.run_started.fire(**{**FACTS, "run_id": "other"})
    gevent.sleep(0)
    assert len(writer.payloads) == before


def test_a_run_that_never_started_still_has_an_end(tmp_path: Path) -> None:
    """Its verdict is written; nothing is invented of what was before."""
    writer = Script()
    Publisher(RUN, writer, tmp_path).listen()
    progress(5.0)
    finish()
    assert measurements(writer.taken) == {"event", "verdict"}


def test_down_all_the_time(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said once, the end waits its time and no longer, and all points lie beside the result, with a command."""
    monkeypatch.setattr(module, "FINAL_S", 0.3)
    writer = Script([Failed("connection refused")])
    begin(writer, tmp_path)
    progress(5.0)
    assert 0.25 < finish() < 10
    text = (tmp_path / UNSENT).read_text()
    first, _, rest = text.partition("\n")
    assert first == f"# load {tmp_path / UNSENT}"
    points = parse_all(rest)
    assert {"event", "run", "verdict"} <= measurements(points)
    assert [record.message for record in caplog.records] == [
        "InfluxDB does not take points: connection refused; the run goes on, and so do the tries",
        f"InfluxDB did not take {len(points)} points in time; to load them: load {tmp_path / UNSENT}",
    ]
    assert ((tmp_path / UNSENT).stat().st_mode & 0o777) == 0o600


def test_back_before_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was kept meanwhile is written in its order, at the latest when the run ends, whatever the back-off has come to."""
    writer = Script([Failed("down"), Taken()])
    begin(writer, tmp_path)
    gevent.sleep(0)
    progress(5.0)
    finish()
    assert writer.taken[0].fields["title"] == "replay started"
    assert writer.taken[-1].measurement == "replay_verdict"
    assert len(caplog.records) == 2
    assert "takes points again" in caplog.records[1].message


def test_refused_for_good(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong token is tried three times and no more, costs the end nothing, and the points are kept."""
    monkeypatch.setattr("replay_users.results.delivery.FIRST_WAIT_S", 0.01)
    writer = Script([Refused("401", is_spoilt=False)])
    begin(writer, tmp_path)
    with gevent.Timeout(20):
        while len(writer.payloads) < 3:
            gevent.sleep(0.01)
    progress(5.0)
    assert finish() < module.FINAL_S / 2
    assert len(writer.payloads) == 3
    assert measurements(parse_all((tmp_path / UNSENT).read_text())) >= {"event", "run", "verdict"}
    assert [record.message.partition(" (")[0] for record in caplog.records][:2] == [
        "InfluxDB refuses points: 401",
        "InfluxDB refused points 3 times in a row",
    ]


def test_a_server_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write is given up after its time; neither the run nor its end waits for longer."""
    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(module, "_SLACK_S", 0.0)
    monkeypatch.setattr(module, "FINAL_S", 0.3)
    writer = Script([3600.0])
    begin(writer, tmp_path)
    began = time.monotonic()
    progress(5.0)
    assert time.monotonic() - began < 10
    assert finish() < 10
    assert (tmp_path / UNSENT).exists()


def test_a_long_outage_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many intervals are kept and no more, and the points of the others are counted in the next ones and in the log."""
    monkeypatch.setattr(module, "FINAL_S", 0.0)
    tally = big_tally(1, 0)
    begin(Script([Failed("down")]), tmp_path)
    for nth in range(1, PAYLOADS_KEPT + 11):
        progress(5.0 * nth, tally)
    finish()
    points = parse_all((tmp_path / UNSENT).read_text())
    accounts = [point for point in points if point.measurement == "replay_run"]
    assert len(accounts) == PAYLOADS_KEPT - 1
    assert int(accounts[-1].fields["points_dropped"]) > 0


def test_an_earlier_run_s_points_do_not_stay(tmp_path: Path) -> None:
    """A run that replaces another in its folder leaves nothing of it that could be taken for its own."""
    (tmp_path / UNSENT).write_text("of another run\n")
    begin(Script(), tmp_path)
    finish()
    assert not (tmp_path / UNSENT).exists()


@pytest.mark.parametrize("answer", [Taken(), Refused("401", is_spoilt=False)], ids=["all-sent", "nothing-sent"])
def test_another_run_s_points_stay_with_its_result(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two runs that were given one folder, the one whose result is refused does not replace the other's points."""
    (tmp_path / "result.json").write_text('{"run": {"id": "another"}}')
    (tmp_path / UNSENT).write_text("of another run\n")
    begin(Script([answer]), tmp_path)
    monkeypatch.setattr(module, "FINAL_S", 0.0 if isinstance(answer, Refused) else 5.0)
    finish()
    assert (tmp_path / UNSENT).read_text() == "of another run\n"
    assert (tmp_path / f"unsent-{RUN}.lp").exists() is isinstance(answer, Refused)


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and nothing else happens: the result is not touched by any of this."""
    (tmp_path / "file").write_text("")
    begin(Script([Refused("401", is_spoilt=False)]), tmp_path / "file")
    monkeypatch.setattr(module, "FINAL_S", 0.0)
    finish()
    assert "cannot be written" in caplog.text


def test_the_hub_has_its_turns(tmp_path: Path) -> None:
    """While the points of 200 endpoints and 2,000 signatures are made, others run every other moment."""
    tally = big_tally(200, 2_000)
    begin(Script(), tmp_path)
    turns = []

    def count() -> None:
        while True:
            turns.append(time.perf_counter())
            gevent.sleep(0.0005)

    others = gevent.spawn(count)
    progress(5.0, tally)
    others.kill()
    finish()
    assert len(turns) > 50


def test_without_influx_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    """A run that asks for no InfluxDB has no publisher, and none of its hooks a listener."""
    run: Any = _run(None)
    assert publish(run) is None
    assert not caplog.records


def test_a_run_that_asks_for_it_has_one(tmp_path: Path) -> None:
    """Its client is made when the run begins, in this process; its folder is the run's."""
    run = _run(InfluxTarget(url="http://127.0.0.1:1", org="o", bucket="b"), out=str(tmp_path / "{id}"))
    found = publish(run)
    assert found is not None
    assert events.run_started
    found.close()
    assert found._folder == tmp_path / RUN


def test_importing_it_makes_no_client() -> None:
    """A client that was made before a fork would be shared: the module has none, and does not even load the library."""
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = "import sys, replay_users.swarm.publisher; print('influxdb_client' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "False\n"


def _run(influx: InfluxTarget | None, out: str = "runs/{id}") -> Any:
    settings = type("S", (), {"influx": influx, "out": out})
    return type("R", (), {"id": RUN, "prepared": type("P", (), {"settings": settings})})


def test_no_secret_is_logged(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Debug logs of everything included, neither token nor password is in what is said."""
    caplog.set_level(logging.DEBUG)
    target = InfluxTarget(url="http://127.0.0.1:1", org="o", bucket="b", token="very-secret", password="more-secret")
    made = publish(_run(target, str(tmp_path / "{id}")))
    assert made is not None
    events.run_started.fire(**FACTS)
    with gevent.Timeout(20):
        while "does not take points" not in caplog.text:
            gevent.sleep(0.01)
    made.close()
    assert "does not take points" in caplog.text
    assert "secret" not in caplog.text
