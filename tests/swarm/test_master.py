"""A master's face: who is there, what is granted, and that it ends whatever its workers do."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event
from locust import runners, stats
from locust.exception import RPCSendError
from locust.runners import WorkerNode, WorkerNodes

from replay_users import __version__
from replay_users.errors import ReplayError, UsageError
from replay_users.swarm import face as face_module
from replay_users.swarm import master as module
from replay_users.swarm.conductor import Phase
from replay_users.swarm.master import MasterFace, granted_options
from replay_users.swarm.messages import Hello
from replay_users.swarm.settings import read_settings
from replay_users.swarm.signals import STOPPED
from tests.swarm.test_accounts import said
from tests.swarm.test_face import CONCLUSION, FakeProgress, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.swarm.conftest import MakeOptions

SECOND = 1_000_000_000


class FakeRunner:
    """Locust's runner of a master, with the workers that the test puts into its list."""

    def __init__(self) -> None:
        self.clients = WorkerNodes()
        self.listeners: dict[str, Any] = {}
        self.sent: list[tuple[str, str]] = []
        self.shape_greenlet: Any = None
        self.quits = 0

    @property
    def worker_count(self) -> int:
        """As Locust counts."""
        return len(self.clients.ready) + len(self.clients.spawning) + len(self.clients.running)

    def register_message(self, name: str, listener: Any) -> None:
        """Remember."""
        self.listeners[name] = listener

    def send_message(self, name: str, _data: Any, client_id: str) -> None:
        """Remember."""
        self.sent.append((client_id, name))

    def quit(self) -> None:
        """Count."""
        self.quits += 1


@pytest.fixture
def face(environment: Any, options: MakeOptions, traffic: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A face that listens, with a recording; nobody ticks but the test."""
    monkeypatch.setattr(gevent, "signal_handler", lambda *_: None)
    monkeypatch.setattr(MasterFace, "_tick", lambda _: None)
    monkeypatch.setattr(face_module, "Progress", FakeProgress)
    monkeypatch.setattr(runners, "HEARTBEAT_LIVENESS", 3)
    monkeypatch.setattr(stats, "CSV_STATS_INTERVAL_SEC", 1)
    monkeypatch.setattr(module, "_BACK_S", 0.02)
    local = environment.runner
    environment.runner = FakeRunner()
    environment.parsed_options = options(recording=traffic, expect_workers=1, expect_workers_max_wait=0)
    made = MasterFace(environment)
    made.listen()
    yield made
    environment.runner = local


def join(face: Any, worker: str, version: str = __version__) -> None:
    """A worker connects and says hello."""
    face.environment.runner.clients[worker] = WorkerNode(worker)
    hear(face, worker, Hello(version=version, host="box", pid=1, boot="b"))


def hear(face: Any, worker: str, message: Any) -> None:
    """A worker says something."""
    msg = type("M", (), {"type": message.name, "data": message.to_data(), "node_id": worker})
    face.environment.runner.listeners[message.name](environment=face.environment, msg=msg)


def start(face: Any) -> None:
    """Locust starts a test."""
    face.environment.events.test_start.fire(environment=face.environment)


@pytest.fixture
def hands(face: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock on, and looks who is there."""
    clock = [time.monotonic_ns()]
    monkeypatch.setattr(time, "monotonic_ns", lambda: clock[0])

    def move(seconds: float) -> None:
        clock[0] += round(seconds * SECOND)
        face._look(clock[0])

    return move


def test_it_waits_as_long_for_a_worker_as_a_worker_for_it(face: Any) -> None:
    """Locust's own patience with silent workers is that of the protocol, and the master opens no target."""
    assert runners.HEARTBEAT_LIVENESS == 10
    assert face.make_ready().targets == ()


def test_a_worker_is_heard_while_the_plan_is_made(environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning a long recording takes a while: a hello that comes meanwhile is not unknown, and need not be asked for."""
    monkeypatch.setattr(environment, "runner", FakeRunner())
    face = MasterFace(environment)
    join(face, "a")
    assert face.conductor.workers == ["a"]


def test_an_aa_run_is_refused(face: Any) -> None:
    """Its first answers are in one process, so it has no workers."""
    face.environment.parsed_options.aa = "2"
    with pytest.raises(UsageError, match="leave out --processes"):
        face.make_ready()


def test_what_is_granted_holds_for_everybody(options: MakeOptions, traffic: str) -> None:
    """Workers prepare by the master's options, target and time limit; not by where it writes, and no secret is in them."""
    chosen = options(
        recording=traffic, header=["Authorization: Bearer ${TOKEN}"], run_time=90, out="mine", label=["sha=1"]
    )
    granted = granted_options(chosen, "http://127.0.0.1:9")
    assert not granted.keys() & {"out", "overwrite", "label"}
    assert granted["header"] == ["Authorization: Bearer ${TOKEN}"]
    assert json.loads(json.dumps(granted)) == granted
    worker = options(**{**granted, "out": "/no/such/place"})
    assert read_settings(worker, str(granted["host"]), writes=False).run_time == 90 * SECOND


def test_a_worker_that_leaves_is_missed_a_second_later(face: Any, hands: Callable[[float], None]) -> None:
    """Locust drops workers from its list for a moment between runs; who stays away longer has left."""
    join(face, "a")
    hands(0)
    del face.environment.runner.clients["a"]
    hands(0.9)
    assert face.conductor.workers == ["a"]
    hands(0.2)
    assert face.conductor.workers == []


def test_a_silent_worker_is_lost(face: Any, hands: Callable[[float], None]) -> None:
    """Who is missing by Locust's heartbeats is not there, and is again when it is heard of."""
    join(face, "a")
    hands(0)
    face.environment.runner.clients["a"].state = "missing"
    hands(0.1)
    assert face.conductor.workers == []
    face.environment.runner.clients["a"].state = "ready"
    hands(0.1)
    assert face.conductor._roster.absent([]) == ["a"]


def test_a_silent_worker_that_locust_forgets_is_not_there_again(face: Any, hands: Callable[[float], None]) -> None:
    """Locust drops who has been silent for a minute from its list: nobody has joined then, not for a second."""
    join(face, "a")
    join(face, "b")
    hands(0)
    face.environment.runner.clients["a"].state = "missing"
    hands(5)
    del face.environment.runner.clients["a"]
    for _ in range(3):
        hands(0.1)
        assert face.conductor.workers == ["b"]
        assert len(face.conductor._roster) == 1


@pytest.mark.parametrize(
    ("joined", "expected", "sentence"),
    [
        pytest.param({}, 1, "no worker is connected", id="none"),
        pytest.param({"a": __version__}, 2, "1 of the 2 expected workers are connected", id="too few"),
        pytest.param({"a": "0.0.7"}, 1, "worker a has replay_users 0.0.7 and this master", id="another version"),
    ],
)
def test_a_start_without_the_right_workers_is_refused(
    face: Any, joined: dict[str, str], expected: int, sentence: str
) -> None:
    """The form gets the reason, and a test that starts all the same ends with it: exit code 2."""
    face.environment.parsed_options.expect_workers = expected
    for worker, version in joined.items():
        join(face, worker, version)
    with pytest.raises(UsageError, match=sentence):
        face.refuse_start()
    start(face)
    assert (face.is_over, face.environment.process_exit_code) == (True, 2)


def test_a_start_waits_for_workers_to_be_back(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right after a run Locust has its workers back one by one; the form waits a moment for all of them."""
    monkeypatch.setattr(module, "_BACK_S", 10.0)
    join(face, "a")
    node = face.environment.runner.clients["a"]
    del face.environment.runner.clients["a"]
    gevent.spawn_later(0.05, face.environment.runner.clients.__setitem__, "a", node)
    before = time.monotonic()
    face.refuse_start()
    assert 0.04 < time.monotonic() - before < 9


def test_a_test_begins_a_run(face: Any) -> None:
    """The workers are asked, the run is busy, and a second signal or start does not begin another."""
    join(face, "a")
    start(face)
    assert face.run is not None
    assert face.conductor.phase is Phase.GATHERING
    assert ("a", "replay_ping") in face.environment.runner.sent
    with pytest.raises(UsageError, match="a run is under way"):
        face.refuse_start()


def test_after_a_signal_no_run_begins(face: Any) -> None:
    """Who was stopped before the workers came does not begin."""
    join(face, "a")
    face.signals.count = 1
    start(face)
    assert (face.run, face.is_over) == (None, True)


def test_what_cannot_be_sent_is_lost(
    face: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While Locust opens its socket anew the master goes on conducting, as if the network had lost the message."""

    def broken(*_: Any, **__: Any) -> None:
        raise RPCSendError("ZMQ sent failure")

    monkeypatch.setattr(face.environment.runner, "send_message", broken)
    join(face, "a")
    start(face)
    assert face.conductor.phase is Phase.GATHERING
    assert "replay_ping could not be sent to worker a: ZMQ sent failure" in caplog.text


def test_each_worker_has_a_user(face: Any) -> None:
    """Locust is to have as many users as there are workers, and to leave them where they are while a run lasts."""
    assert face.users == 1
    join(face, "a")
    join(face, "b")
    assert face.users == 2
    start(face)
    join(face, "c")
    assert face.users == 3
    del face.environment.runner.clients["a"]
    assert face.users == 3


def test_a_worker_that_comes_during_a_run_gets_no_user(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once all are ready, nobody is moved any more."""
    join(face, "a")
    start(face)
    monkeypatch.setattr(type(face.conductor), "epoch", 1)
    join(face, "b")
    assert face.users == 1


def test_a_test_whose_workers_have_left_ends(face: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Locust starts nothing without workers, and would ask for ever."""
    face.make_ready()
    face.look_after()
    assert face.is_over
    assert "the workers have left before the run began" in capsys.readouterr().err


def test_the_next_run_is_not_judged_by_the_last_one(face: Any) -> None:
    """Once another run is ready, it has the workers that are there then, and ends if there are none."""
    join(face, "a")
    join(face, "b")
    start(face)
    face.make_ready()
    del face.environment.runner.clients["b"]
    assert face.users == 1
    del face.environment.runner.clients["a"]
    face.look_after()
    assert face.is_over


def test_reports_go_to_the_run_they_are_of(face: Any) -> None:
    """A report of another run, or what is none of ours, is nobody's."""
    fire = face.environment.events.worker_report.fire
    fire(client_id="a", data={"replay": said(1)})
    join(face, "a")
    start(face)
    taken: list[Any] = []
    face.run.take = lambda worker, said: taken.append((worker, said["run"]))
    for data in ({}, {"replay": None}, {"replay": said(1)}, {"replay": {**said(1), "run": face.run.id}}):
        fire(client_id="a", data=data)
    assert taken == [("a", face.run.id)]


def test_what_keeps_a_run_from_beginning_is_its_end(
    face: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that its workers refused has no result, but a sentence and an exit code."""
    join(face, "a")
    start(face)
    monkeypatch.setattr(type(face.run), "refusal", ReplayError("worker a: no memory"))
    face.run.done.set()
    settle()
    assert (face.is_over, face.conclusion, face.environment.process_exit_code) == (True, None, 1)
    assert "replay-users: worker a: no memory" in capsys.readouterr().err


def test_a_run_is_concluded_as_any_other(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end is its conclusion; after it Locust writes no CSV any more, whose files it closes too early."""
    monkeypatch.setattr(face_module, "conclude_run", lambda _: CONCLUSION)
    join(face, "a")
    start(face)
    face.run.done.set()
    settle()
    assert face.conclusion is CONCLUSION
    assert stats.CSV_STATS_INTERVAL_SEC == 3600


def test_when_the_last_worker_is_gone_nobody_drains(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust stops then of itself: the workers are lost, and nobody has stopped the run."""
    told: list[Any] = []

    def lose(worker: str, _now: int, *, gone: bool) -> list[Any]:
        told.append((worker, gone))
        return []

    monkeypatch.setattr(face.conductor, "lost", lose)
    monkeypatch.setattr(face_module, "_DRAIN_SLACK_S", 0.01)
    join(face, "a")
    join(face, "b")
    start(face)
    del face.environment.runner.clients["a"]
    face.environment.runner.clients["b"].state = "missing"
    monkeypatch.setattr(face.run, "stop", lambda _: face.run.done.set())
    face.environment.events.test_stopping.fire(environment=face.environment)
    assert sorted(told) == [("a", True), ("b", False)]


def test_a_signal_ends_the_wait_for_workers(face: Any) -> None:
    """While Locust waits for workers there is no shape to end it: the process exits, and takes its workers along."""
    face.signals.count = 1
    with pytest.raises(SystemExit) as exit_info:
        face._end()
    assert (exit_info.value.code, face.environment.runner.quits) == (STOPPED, 1)


@pytest.mark.parametrize(
    ("joined", "sentence"),
    [
        pytest.param([], "no worker is connected: start some with `--worker`", id="nobody"),
        pytest.param(["a"], "1 of the 2 expected workers are connected: start the others", id="too few"),
    ],
)
def test_who_has_not_come_in_time_is_said(
    face: Any, joined: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """When `--expect-workers-max-wait` is over, the process says who is missing and ends, with its workers."""
    face.environment.parsed_options.expect_workers = 2
    for worker in joined:
        join(face, worker)
    with pytest.raises(SystemExit) as exit_info:
        face._give_up()
    assert (exit_info.value.code, face.environment.runner.quits) == (2, 1)
    assert capsys.readouterr().err.startswith(f"replay-users: {sentence}")


def test_who_is_waited_for_is_said(face: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A master that waits says for how many, since it may wait for ever; not once all are there."""
    face.environment.parsed_options.expect_workers = 2
    join(face, "a")
    face._say_what_it_waits_for()
    join(face, "b")
    face._say_what_it_waits_for()
    said = capsys.readouterr().err.splitlines()
    assert said == ["Waiting for workers, 1 of 2 connected: start more with --worker; Ctrl-C gives up."]


def test_who_has_come_in_time_is_waited_for_no_more(
    face: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With as many workers as are expected the process does not end while Locust has not seen them yet, nor in the run."""
    join(face, "a")
    monkeypatch.setattr(gevent, "sleep", lambda _: setattr(face.environment.runner, "shape_greenlet", object()))
    face._give_up()
    del face.environment.runner.clients["a"]
    face._give_up()
    assert (face.environment.runner.quits, capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize(
    ("autostart", "waits"), [(True, [10, 7]), (False, [])], ids=["starts by itself", "by the form"]
)
def test_locusts_own_wait_is_ours(
    face: Any, monkeypatch: pytest.MonkeyPatch, autostart: bool, waits: list[int]
) -> None:
    """Locust does not give up before we do, and where a person presses Start nobody does."""
    asked: list[int] = []
    options = face.environment.parsed_options
    options.expect_workers_max_wait, options.autostart, face.environment.web_ui = 7, autostart, object()
    monkeypatch.setattr(gevent, "spawn_later", lambda seconds, _: asked.append(seconds))
    face.listen()
    face.environment.web_ui = None
    assert (asked, options.expect_workers_max_wait) == (waits, 0)


def test_a_signal_during_a_run_stops_it(face: Any) -> None:
    """With a run under way, it is drained, and Locust ends by its shape."""
    stopped: list[str] = []
    face.environment.runner.shape_greenlet = object()
    settings = type("S", (), {"drain_timeout": 0})
    done = Event()
    done.set()
    face._concluded.set()
    face.run = type(
        "R", (), {"stop": stopped.append, "done": done, "prepared": type("P", (), {"settings": settings})}
    )()
    face.run.stop = stopped.append
    face._end()
    assert (stopped, face.environment.runner.quits) == (["signal"], 0)
