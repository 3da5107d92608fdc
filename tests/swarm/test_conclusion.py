"""What comes of a run: its files, its summary, its exit code, and who is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from gevent.event import Event

from replay_users.engine.counters import Counters
from replay_users.errors import DamagedRecording, StoreError
from replay_users.events import events
from replay_users.model import Verdict
from replay_users.results.finished import read_whole_result
from replay_users.results.result import RunEvent
from replay_users.results.tally import Tally
from replay_users.swarm.conclusion import conclude_run
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.swarm.conftest import MakeOptions


class Ended:
    """A run that has ended: 30 of 40 sent, 10 skipped."""

    def __init__(self, prepared: Any, *, judged: Verdict = Verdict.MATCHED) -> None:
        self.id = "r1"
        self.prepared = prepared
        self.plan = prepared.plan
        self.tally = Tally([info.name for info in prepared.recording.manifest.endpoints])
        self.tally.settle([make_flight(answer_status=200, judged=judged) for _ in range(30)])
        self.tally.skip(0, "method", 10)  # type: ignore[arg-type]
        self.started_at = 1_793_872_800.0
        self.stopped_by: str | None = None
        self.autostop: RunEvent | None = None
        self.error: DamagedRecording | None = None
        self.user_code_failures = {"rewrite": 3}
        self.done = Event()
        self.elapsed = 5_000_000_000
        self.connections = {"opened": 2, "reused": 28, "closed_idle": 1}
        self.comparers = {"processes": 1, "queue_peak_bytes": 9}
        self.exhibits: list[dict[str, Any]] = []
        self.events: tuple[RunEvent, ...] = ()
        self.workers: tuple[Any, ...] = ()
        self.lost: tuple[str, ...] = ()


@pytest.fixture
def ended(options: MakeOptions, traffic: str, tmp_path: Path) -> Callable[..., Any]:
    """Makes runs that have ended, with an `--out` of their own."""

    def make(judged: Verdict = Verdict.MATCHED, **changes: Any) -> Any:
        chosen = options(**{"recording": traffic, "out": str(tmp_path / "{id}"), "label": ["sha=1a"], **changes})
        return Ended(prepare(read_settings(chosen, "http://127.0.0.1:9")), judged=judged)

    return make


@pytest.fixture(autouse=True)
def told() -> Iterator[list[Any]]:
    """What `run_finished` tells."""
    got: list[Any] = []

    def listen(summary: Any, **_: Any) -> None:
        got.append(summary)

    events.run_finished.add_listener(listen)
    yield got
    events.run_finished.remove_listener(listen)


def test_a_run_becomes_files_and_a_verdict(ended: Callable[..., Any], told: list[Any], tmp_path: Path) -> None:
    """The directory is named after the run; result, summary and exit code agree, and the listeners get the result."""
    conclusion = conclude_run(ended())
    assert conclusion.folder == tmp_path / "r1"
    written = json.loads((conclusion.folder / "result.json").read_bytes())
    assert written == conclusion.result == told[0]
    assert (conclusion.folder / "summary.txt").read_text("utf-8") == conclusion.summary
    assert (conclusion.exit_code, written["exit_code"]) == (0, 0)
    assert conclusion.summary.startswith("PASS ")


def test_the_reports_lie_beside_the_result(ended: Callable[..., Any]) -> None:
    """As a page, as Markdown and as JUnit, and the summary ends with where they are."""
    conclusion = conclude_run(ended())
    starts = {"report.html": "<!DOCTYPE html>", "report.md": "## PASS: ", "junit.xml": "<?xml "}
    for name, start in starts.items():
        assert (conclusion.folder / name).read_text("utf-8").startswith(start)
    assert {"pairs.parquet", "histograms.json"} <= {path.name for path in conclusion.folder.iterdir()}
    last = conclusion.summary.splitlines()[-1]
    assert (
        last.split("  ")[-1].strip() == f"{conclusion.folder}/report.html, beside it report.md, junit.xml, result.json"
    )


def test_a_report_that_cannot_be_made_costs_nothing_else(
    ended: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One sentence in the log; verdict, result and the other reports are as ever, and the summary does not name it."""

    def broken(kind: str, *_: Any) -> str:
        if kind == "html":
            raise ZeroDivisionError("division by zero")
        return "a report\n"

    monkeypatch.setattr("replay_users.swarm.conclusion.report_text", broken)
    conclusion = conclude_run(ended())
    [record] = caplog.records
    assert record.getMessage() == (
        "report.html could not be made (ZeroDivisionError: division by zero): the result has it all"
    )
    assert record.exc_info is None
    assert conclusion.exit_code == 0
    assert not (conclusion.folder / "report.html").exists()
    assert (conclusion.folder / "report.md").read_text() == "a report\n"
    assert "report.html" not in conclusion.summary


def test_the_dashboard_is_linked(ended: Callable[..., Any]) -> None:
    """In the result, the summary and the report, where a Grafana was named; else nowhere."""
    conclusion = conclude_run(ended(influx_url="http://127.0.0.1:9", grafana_url="http://g:3000"))
    link = "http://g:3000/d/replay-overview?var-run=r1&from=1793872795000&to=1793872835000"
    assert conclusion.result["run"]["dashboard"] == link
    assert f"dashboards  {link}\n" in conclusion.summary
    assert f"[dashboards](<{link}>)" in (conclusion.folder / "report.md").read_text()


def test_a_run_is_copied_where_it_is_asked_for(
    ended: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Under its id, once its result is written; what is shown says where."""
    copied = []
    monkeypatch.setattr(
        "replay_users.swarm.conclusion.upload_run",
        lambda folder, address, _: copied.append((address, (folder / "result.json").exists())),
    )
    conclusion = conclude_run(ended(upload="s3://bucket/runs/"))
    assert copied == [("s3://bucket/runs/r1", True)]
    assert conclusion.summary.splitlines()[-1].split() == ["copied", "to", "s3://bucket/runs/r1"]
    (tmp_path / "r1" / "result.json").write_text("{}")  # of somebody else: not written, not copied
    assert conclude_run(ended(upload="s3://bucket/runs/")).exit_code == 2
    assert len(copied) == 1


def test_a_copy_that_fails_is_an_event_and_changes_nothing_else(
    ended: Callable[..., Any], told: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning; verdict and exit code are the run's."""

    def refuse(*_: Any) -> None:
        raise StoreError("access to s3://bucket/r1/report.html is denied")

    monkeypatch.setattr("replay_users.swarm.conclusion.upload_run", refuse)
    conclusion = conclude_run(ended(upload="s3://bucket"))
    [record] = caplog.records
    sentence = "the run was not copied to s3://bucket/r1: access to s3://bucket/r1/report.html is denied"
    assert (record.levelname, record.getMessage()) == ("WARNING", sentence)
    written = json.loads((conclusion.folder / "result.json").read_bytes())
    assert written["events"] == [{"at_s": 5.0, "event": "warning", "text": sentence}] == told[0]["events"]
    assert (conclusion.exit_code, written["exit_code"], written["gate"]["verdict"]) == (0, 0, "pass")
    assert "copied" not in conclusion.summary


def test_the_result_says_what_the_run_was(ended: Callable[..., Any]) -> None:
    """Start in UTC, target, labels, what connections did and how often the user's code failed are in the result."""
    result = conclude_run(ended(compare_sample=["GET /big*=2.5%"])).result
    assert result["run"]["started"] == "2026-11-05T10:00:00Z"
    assert (result["run"]["target"], result["run"]["labels"]) == ("http://127.0.0.1:9", {"sha": "1a"})
    connections = result["connections"]
    assert (connections["opened"], connections["reused"], connections["closed_idle"]) == (2, 28, 1)
    assert result["comparers"] == {"processes": 1, "queue_peak_bytes": 9, "sample": ["GET /big*=2.5%"]}
    assert result["user_code_failures"] == {"rewrite": 3}
    assert result["events"] == []


def test_a_run_of_which_no_worker_said_anything_can_be_read(ended: Callable[..., Any]) -> None:
    """A master that was stopped before the first report writes what its own schema asks, so that `report` and `gate` read it."""
    run = ended()
    run.comparers, run.connections = {}, Counters().summary()
    concluded = conclude_run(run)
    assert read_whole_result(str(concluded.folder))["comparers"] == {"queue_peak_bytes": 0, "sample": []}


def test_mismatches_are_exit_code_3(ended: Callable[..., Any]) -> None:
    """Answers that differ fail the run."""
    assert conclude_run(ended(judged=Verdict.MISMATCHED)).exit_code == 3


def test_a_stop_is_exit_code_4(ended: Callable[..., Any]) -> None:
    """A run that a person stopped is inconclusive."""
    run = ended()
    run.stopped_by = "signal"
    assert conclude_run(run).exit_code == 4


def test_a_run_that_met_a_criterion_has_failed(ended: Callable[..., Any]) -> None:
    """Exit code 3; the sentence is in the result, among the events, in the gate and in the summary."""
    run = ended()
    run.autostop = RunEvent(at_s=2.5, event="autostop", text="http(5xx,10%,5s): 9 of 30")
    run.events = (RunEvent(at_s=4, event="warning", text="late"),)
    run.stopped_by = "autostop"
    conclusion = conclude_run(run)
    result = conclusion.result
    assert (conclusion.exit_code, result["run"]["stopped_by"]) == (3, "autostop")
    assert result["run"]["autostop"] == "http(5xx,10%,5s): 9 of 30"
    assert [event["event"] for event in result["events"]] == ["autostop", "warning"]
    assert "why         autostop http(5xx,10%,5s): 9 of 30" in conclusion.summary
    assert "complete" not in {check["name"] for check in result["gate"]["checks"]}


def test_a_criterion_that_was_met_after_a_stop_decides_nothing(ended: Callable[..., Any]) -> None:
    """Who stopped the run first has stopped it."""
    run = ended()
    run.autostop = RunEvent(at_s=2.5, event="autostop", text="too late")
    run.stopped_by = "person"
    conclusion = conclude_run(run)
    assert (conclusion.exit_code, conclusion.result["run"]["autostop"], conclusion.result["events"]) == (4, None, [])


def test_an_error_of_the_recording_is_exit_code_1(ended: Callable[..., Any]) -> None:
    """What could not be read outweighs what was found."""
    run = ended(judged=Verdict.MISMATCHED)
    run.error = DamagedRecording("slice 7 is damaged; restore it")
    conclusion = conclude_run(run)
    assert (conclusion.exit_code, conclusion.result["exit_code"]) == (1, 1)


def test_what_happened_and_who_did_it_is_told(ended: Callable[..., Any]) -> None:
    """Events and workers are in the result; what a lost worker left makes the run invalid: exit code 4."""
    run = ended()
    run.events = (RunEvent(at_s=5, event="worker lost", text="worker a"),)
    run.workers = ({"worker": "a", "lost_at_s": 5.0},)
    run.lost = ("worker a was lost at 5.0 s: 0 rows in doubt, 1 unread",)
    conclusion = conclude_run(run)
    result = conclusion.result
    assert (result["events"], result["workers"]) == (
        [{"at_s": 5, "event": "worker lost", "text": "worker a"}],
        [{"worker": "a", "lost_at_s": 5.0}],
    )
    assert (result["validity"]["valid"], conclusion.exit_code) == (False, 4)
    assert run.lost[0] in conclusion.summary


def test_a_result_that_cannot_be_written_is_still_told(
    ended: Callable[..., Any], told: list[Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """If a file has taken the directory's place meanwhile, the exit code says so, and the verdict is shown all the same."""
    run = ended()
    (tmp_path / "r1").write_text("")
    conclusion = conclude_run(run)
    assert (conclusion.exit_code, told[0]["exit_code"]) == (2, 2)
    assert conclusion.summary.startswith("PASS ")
    assert told == [conclusion.result]
    [record] = caplog.records
    assert "is not a directory: choose another --out" in record.getMessage()
    assert record.exc_info is None


def test_another_runs_result_is_replaced_only_if_asked(ended: Callable[..., Any], tmp_path: Path) -> None:
    """With `--overwrite` an earlier run gives way."""
    out = str(tmp_path / "same")
    conclude_run(ended(out=out))
    second = ended(out=out, overwrite=True)
    second.id = "r2"
    assert conclude_run(second).exit_code == 0
    assert json.loads((tmp_path / "same" / "result.json").read_bytes())["run"]["id"] == "r2"
