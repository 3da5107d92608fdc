"""What Locust's events mean for a run, and that whatever happens Locust comes to an end with the right exit code."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event

from replay_users.errors import StoreError, UsageError
from replay_users.swarm import face as module
from replay_users.swarm.conclusion import Conclusion
from replay_users.swarm.face import Face, add_face, face_of, new_run_id
from replay_users.swarm.signals import STOPPED

if TYPE_CHECKING:
    from tests.swarm.conftest import MakeOptions

CONCLUSION = Conclusion({}, "PASS everything\n", 0, None)  # type: ignore[arg-type]


class FakeRun:
    """A run that ends when it is told to stop, or by `finish`."""

    def __init__(self, prepared: Any) -> None:
        self.id, self.prepared, self.plan = "r1", prepared, prepared.plan
        self.done = Event()
        self.reasons: list[str] = []
        self.drains = True
        self.elapsed = 0

    def begin(self) -> None:
        """Begin."""

    def progress(self) -> None:
        """Nothing is counted."""

    def stop(self, reason: str) -> None:
        """Drain, if it does."""
        self.reasons.append(reason)
        if self.drains:
            self.done.set()


class FakePrepared:
    """A run of a minute that can begin."""

    plan = type("P", (), {"duration_ns": 60_000_000_000})
    settings = type("S", (), {"drain_timeout": 10_000_000, "twice": False, "autostop": (), "influx": None})


class FakeProgress:
    """Shows nothing."""

    def __init__(self, _run: Any) -> None:
        self.stopped = False

    def stop(self) -> None:
        """Show no more."""
        self.stopped = True


@pytest.fixture
def face(environment: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A face whose runs, plans and results are fakes; it hears Locust's events, and signals by `send`."""
    handlers: dict[int, Any] = {}
    monkeypatch.setattr(module, "Progress", FakeProgress)
    monkeypatch.setattr(module, "prepare", lambda _: FakePrepared())
    monkeypatch.setattr(module, "read_settings", lambda options, host: (options, host))
    monkeypatch.setattr(module, "conclude_run", lambda _: CONCLUSION)
    monkeypatch.setattr(module, "_DRAIN_SLACK_S", 0.05)
    monkeypatch.setattr(gevent, "signal_handler", lambda number, handler, *a: handlers.update({number: (handler, a)}))
    made = Face(environment)
    made.listen()
    environment.handlers = handlers
    return made


def send(face: Any, number: int) -> None:
    """A signal comes."""
    handler, arguments = face.environment.handlers[number]
    handler(*arguments)


def start(face: Any) -> FakeRun:
    """Locust starts a test, and its run begins."""
    face.make_ready()
    face.environment.events.test_start.fire(environment=face.environment)
    prepared, face.ready = face.ready, None
    run = FakeRun(prepared)
    face.launch(run)
    return run


def settle() -> None:
    """Let greenlets do what they are about to."""
    for _ in range(5):
        gevent.sleep(0)


def quit_locust(face: Any) -> Any:
    """Locust quits; gives its exit code as it would see it."""
    face.environment.events.quitting.fire(environment=face.environment, reverse=True)
    face.environment.events.quit.fire(exit_code=0)
    return face.environment.process_exit_code


def test_each_environment_has_its_face(environment: Any) -> None:
    """User and shape find the face of their environment."""
    face = Face(environment)
    add_face(environment, face)
    assert face_of(environment) is face


def test_a_run_from_start_to_summary(face: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The user's start begins the run that is ready; its end is its conclusion; the summary is the last thing on stdout."""
    run = start(face)
    assert run.id in capsys.readouterr().err
    assert not face.is_over
    run.done.set()
    settle()
    assert (face.is_over, face.conclusion) == (True, CONCLUSION)
    assert quit_locust(face) == 0
    assert capsys.readouterr().out == "PASS everything\n"


def test_a_start_that_nobody_prepared_prepares_itself(face: Any) -> None:
    """A test that is started otherwise than by form or command line is planned from Locust's own options."""
    face.environment.events.test_start.fire(environment=face.environment)
    assert face.ready is not None


def test_a_start_that_cannot_be_prepared_ends(
    face: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If such a test cannot be as asked, it is over with the sentence and the code."""

    def refuse(_: Any) -> Any:
        raise UsageError("no such thing")

    monkeypatch.setattr(module, "prepare", refuse)
    face.environment.events.test_start.fire(environment=face.environment)
    assert face.is_over
    assert quit_locust(face) == 2
    assert "replay-users: no such thing\n" in capsys.readouterr().err


def test_the_next_run_may_be_ready_while_the_last_is_over(face: Any) -> None:
    """Once another run is ready, the shape must not take the end of the last one for its own."""
    start(face).done.set()
    settle()
    assert face.is_over
    face.make_ready()
    assert not face.is_over
    run = start(face)
    assert (face.conclusion, face.is_over) == (None, False)
    run.done.set()
    settle()
    assert face.is_over


def test_stopping_drains_and_waits(face: Any) -> None:
    """When Locust stops, the run is stopped by a person, and Locust waits for its conclusion."""
    run = start(face)
    face.environment.events.test_stopping.fire(environment=face.environment)
    assert run.reasons == ["person"]
    assert face.conclusion is CONCLUSION


def test_stopping_after_the_end_does_nothing(face: Any) -> None:
    """A run that is over is not stopped."""
    run = start(face)
    run.done.set()
    settle()
    face.environment.events.test_stopping.fire(environment=face.environment)
    assert run.reasons == []


def test_a_run_that_does_not_drain_is_left(face: Any) -> None:
    """A run that cannot be concluded in time ends as stopped, rather than never."""
    run = start(face)
    run.drains = False
    assert quit_locust(face) == STOPPED
    run.done.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_first_signal_stops_the_run(face: Any, number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    """The run is stopped by the signal, and a person is told what is going on."""
    run = start(face)
    send(face, number)
    settle()
    assert run.reasons == ["signal"]
    assert face.is_over
    assert "stopping; answers under way are awaited (again to exit at once)" in capsys.readouterr().err


def test_the_second_signal_exits(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is still going on, a second signal ends the process."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    run = start(face)
    run.drains = False
    send(face, signal.SIGINT)
    assert codes == []
    send(face, signal.SIGTERM)
    assert codes == [STOPPED]
    run.done.set()


def test_a_signal_before_the_run_begins_ends_it(face: Any) -> None:
    """A headless Locust that is stopped before its run has begun is over, and no pass."""
    face.make_ready()
    send(face, signal.SIGINT)
    assert face.is_over
    assert quit_locust(face) == STOPPED


class FakeWeb:
    """A web UI that is stopped or not."""

    stopped = False

    def stop(self) -> None:
        """Stop."""
        self.stopped = True


def test_a_signal_ends_the_web_ui_once(face: Any) -> None:
    """SIGINT ends the web UI; at SIGTERM Locust does it itself. Without a run that is no failure."""
    web: Any = FakeWeb()
    face.environment.web_ui = web
    send(face, signal.SIGTERM)
    settle()
    assert not web.stopped
    face.signals.count = 0
    send(face, signal.SIGINT)
    settle()
    assert web.stopped
    assert quit_locust(face) is None


def test_in_the_web_ui_the_summary_is_a_log(
    face: Any, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a web UI the summary comes at the end of each run, as plain lines of Locust's log, and stdout stays empty."""
    face.environment.web_ui = FakeWeb()
    start(face).done.set()
    settle()
    assert [record.getMessage() for record in caplog.records] == ["\nPASS everything\n"]
    quit_locust(face)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        pytest.param(StoreError("the disk is gone"), 1, "replay-users: the disk is gone\n", id="ours"),
        pytest.param(UsageError("no such thing"), 2, "replay-users: no such thing\n", id="usage"),
        pytest.param(ZeroDivisionError("a bug"), 1, "", id="a bug"),
    ],
)
def test_what_breaks_down_ends_locust(
    face: Any,
    error: Exception,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A run that cannot be concluded is over, with a sentence of ours or a report of the bug, and its code."""

    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(module, "conclude_run", broken)
    start(face).done.set()
    settle()
    assert face.is_over
    assert quit_locust(face) == code
    said = capsys.readouterr()
    assert (told in said.err, said.out) == (True, "")
    assert bool(caplog.records) == (not told)


def test_csv_files_get_the_last_rows(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--csv` Locust gets the time to write once more before the run is over."""
    monkeypatch.setattr(module, "CSV_STATS_INTERVAL_SEC", 0.4)
    face.environment.parsed_options.csv_prefix = "it"
    start(face).done.set()
    settle()
    assert not face.is_over
    with gevent.Timeout(20):
        while not face.is_over:
            gevent.sleep(0.01)


def test_options_and_host_may_be_the_forms(face: Any, options: MakeOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is made ready from the environment's options and host, or from others."""
    seen: list[Any] = []
    monkeypatch.setattr(module, "prepare", seen.append)
    face.make_ready()
    face.make_ready(options(pace="2x"), "http://other")
    assert [(chosen.pace, host) for chosen, host in seen] == [("1x", "http://127.0.0.1:9"), ("2x", "http://other")]


def test_it_is_busy_from_planning_to_the_shapes_end(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a run is prepared, and until Locust's shape has seen the end, no other may start."""
    during: list[bool] = []
    monkeypatch.setattr(module, "prepare", lambda _: during.append(face.is_busy))
    assert not face.is_busy
    face.make_ready()
    assert (during, face.is_busy) == ([True], False)
    face.environment.runner.shape_greenlet = object()
    assert face.is_busy
    face.environment.runner.shape_greenlet = None
    assert not face.is_busy


def test_a_failed_preparation_is_over(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a refusal it is not busy for ever."""

    def refuse(_: Any) -> Any:
        raise UsageError("no")

    monkeypatch.setattr(module, "prepare", refuse)
    with pytest.raises(UsageError):
        face.make_ready()
    assert not face.is_busy


def test_runs_are_named_by_their_time() -> None:
    """Two runs have different names, which sort by time."""
    first, second = new_run_id(), new_run_id()
    assert first != second
    assert first[:13] <= second[:13]


def test_one_process_has_one_user_and_may_always_start(face: Any) -> None:
    """By itself a face wants one user and refuses nothing."""
    face.refuse_start()
    face.look_after()
    assert (face.users, face.sends) == (1, True)
