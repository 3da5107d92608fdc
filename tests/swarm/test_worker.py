"""A worker's face: what its master says becomes runs, what they find becomes reports, and nobody waits for nothing."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from locust import runners

from replay_users.errors import UsageError
from replay_users.results.report import Ledger
from replay_users.swarm import upkeep
from replay_users.swarm import worker as module
from replay_users.swarm.master import granted_options
from replay_users.swarm.messages import Grant, Ping, Start, Stop
from replay_users.swarm.part import MASTER_LOST
from replay_users.swarm.prepare import prepare
from replay_users.swarm.run import Run
from replay_users.swarm.settings import read_settings
from replay_users.swarm.worker import WorkerFace
from replay_users.testing import receive, stall
from tests.swarm.conftest import PATIENT, MakeOptions
from tests.swarm.test_hooks import user

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from replay_users.testing import ScriptedTarget

_WITHIN = 20.0


class FakeRunner:
    """Locust's runner of a worker, without a master at the other end."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self.stats = environment.stats
        self.listeners: dict[str, Any] = {}
        self.sent: list[tuple[str, Any]] = []
        self.worker_state = "ready"
        self.state = "ready"
        self.target_user_count = 0
        self.user_greenlets: list[Any] = []
        self.quits = 0

    def register_message(self, name: str, listener: Any) -> None:
        """Remember."""
        self.listeners[name] = listener

    def send_message(self, name: str, data: Any) -> None:
        """Remember."""
        self.sent.append((name, data))

    def _send_stats(self) -> None:
        data: dict[str, Any] = {}
        self._environment.events.report_to_master.fire(client_id="w", data=data)
        self.sent.append(("stats", data))

    def update_state(self, state: str) -> None:
        """Remember."""
        self.state = state

    def quit(self) -> None:
        """Count."""
        self.quits += 1


@pytest.fixture
def face(environment: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A face that listens, whose master is the test."""
    handlers: dict[int, Any] = {}
    monkeypatch.setattr(gevent, "signal_handler", lambda number, handler, *a: handlers.update({number: (handler, a)}))
    monkeypatch.setattr(module, "_TICK_S", 0.01)
    monkeypatch.setattr(module, "_GOODBYE_S", 0.01)
    monkeypatch.setattr(runners, "MASTER_HEARTBEAT_TIMEOUT", 60)
    local = environment.runner
    environment.runner = FakeRunner(environment)
    made = WorkerFace(environment)
    made.listen()
    environment.handlers = handlers
    yield made
    made._leaving = True
    environment.runner = local


@pytest.fixture
def granted(options: MakeOptions, traffic: str, target: ScriptedTarget) -> Callable[..., Grant]:
    """Makes grants of all or some of the recording."""

    def make(partitions: tuple[int, ...] = tuple(range(16)), **changes: Any) -> Grant:
        chosen = options(**{"recording": traffic, "pace": "4x", "drain_timeout": "1s", **PATIENT, **changes})
        prepared = prepare(read_settings(chosen, target.url), sends=False)
        return Grant(
            run="r1",
            epoch=1,
            partitions=partitions,
            options=granted_options(chosen, target.url),
            digest=prepared.digest,
        )

    return make


def hear(face: Any, message: Any) -> None:
    """The master says something."""
    msg = type("M", (), {"type": message.name, "data": message.to_data()})
    face.environment.runner.listeners[message.name](environment=face.environment, msg=msg)


def said(face: Any, name: str) -> list[Any]:
    """What the worker has said of a kind."""
    return [data for kind, data in face.environment.runner.sent if kind == name]


def wait(condition: Callable[[], Any]) -> None:
    """Wait until something holds."""
    with gevent.Timeout(_WITHIN):
        while not condition():
            gevent.sleep(0.01)


def run(face: Any, grant: Grant) -> None:
    """Have it prepare a run, and begin it at once."""
    hear(face, grant)
    face.begin(user())
    wait(lambda: said(face, "replay_ready"))
    hear(face, Start(run="r1", at=time.monotonic_ns() + 10_000_000))


def send_signal(face: Any, number: signal.Signals) -> None:
    """A signal comes."""
    handler, given = face.environment.handlers[number]
    handler(*given)


def test_it_says_hello_and_tells_the_time(face: Any) -> None:
    """A worker says who it is once it listens, answers pings at once, and ends with 0 by itself."""
    [hello] = said(face, "replay_hello")
    assert hello["pid"] > 0
    before = time.monotonic_ns()
    hear(face, Ping(nth=3, sent=7))
    [pong] = said(face, "replay_pong")
    assert (pong["nth"], pong["sent"]) == (3, 7)
    assert before <= pong["monotonic"] <= time.monotonic_ns()
    assert face.environment.process_exit_code == 0


def test_a_part_from_grant_to_done(face: Any, granted: Callable[..., Grant], target: ScriptedTarget) -> None:
    """It loads, starts when it is told, and reports everything before it says that it is done."""
    grant = granted()
    run(face, grant)
    wait(lambda: said(face, "replay_done"))
    assert said(face, "replay_ready")[0]["digest"] == grant.digest
    [started] = said(face, "replay_started")
    assert started["at"] <= time.monotonic_ns()
    *_, (last, report), (done, facts) = face.environment.runner.sent
    assert (last, done) == ("stats", "replay_done")
    ledger = Ledger()
    ledger.take(report["replay"]["report"])
    totals = ledger.totals()
    assert (report["replay"]["run"], facts["seq"], facts["error"], facts["stopped_by"]) == (
        "r1",
        ledger.seq,
        None,
        None,
    )
    assert (totals.sent, totals.matched, totals.skipped, len(target.received())) == (30, 30, 10, 30)


def test_a_worker_that_wakes_up_sends_nothing(face: Any, granted: Callable[..., Grant]) -> None:
    """A run sends until ten seconds after the master was last heard of, and each heartbeat moves that on."""
    run(face, granted())
    wait(lambda: face.run.engine.until is not None)
    engine = face.run.engine
    assert engine.start + engine.until == face._heard + MASTER_LOST
    before = engine.until
    face.environment.events.heartbeat_received.fire(client_id="w", timestamp=0)
    assert engine.until > before
    assert engine.start + engine.until == face._heard + MASTER_LOST
    hear(face, Stop(run="r1", reason="person"))
    wait(lambda: said(face, "replay_done"))


def test_an_end_that_got_lost_is_told_again(face: Any, granted: Callable[..., Grant]) -> None:
    """The last report goes out once more, then the word that it was; reports between runs have nothing of it."""
    run(face, granted())
    wait(lambda: said(face, "replay_done"))
    last = said(face, "stats")[-1]["replay"]
    face.environment.runner._send_stats()
    assert "replay" not in said(face, "stats")[-1]
    hear(face, Start(run="r1", at=time.monotonic_ns()))
    assert said(face, "stats")[-1]["replay"] == last
    assert said(face, "replay_done")[0] == said(face, "replay_done")[1]


def test_a_report_under_way_is_of_that_moment(face: Any, granted: Callable[..., Grant]) -> None:
    """Locust's reports carry ours while a run lasts, and nothing of it before or after."""
    runner = face.environment.runner
    runner._send_stats()
    run(face, granted(pace="0.5x"))
    wait(lambda: face.run.tally.totals().sent > 3)
    runner._send_stats()
    wait(lambda: said(face, "replay_done"))
    runner._send_stats()
    first, *between, last = said(face, "stats")
    assert "replay" not in first
    assert "replay" not in last
    assert [report["replay"]["report"]["seq"] for report in between] == [1, 2]


def test_what_it_warns_of_is_in_its_reports(
    face: Any, granted: Callable[..., Grant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that does not resolve any more while it runs is told to the master, with the time of the run."""
    run(face, granted(pace="0.5x"))
    monkeypatch.setattr(upkeep, "resolve", _unresolved)
    face.run._upkeep.look()
    wait(lambda: said(face, "replay_done"))
    [[at_s, text]] = said(face, "stats")[-1]["replay"]["warnings"]
    assert 0 <= at_s < _WITHIN
    assert text == "keeping the old addresses: shop does not resolve"


def _unresolved(*_: Any) -> Any:
    raise UsageError("shop does not resolve")


def test_other_rules_are_another_digest(face: Any, granted: Callable[..., Grant], tmp_path: Path) -> None:
    """Where the rules file holds something else for the worker than for the master, the master can tell."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("- {ignore: \"root['a']\", reason: noise}\n")
    grant = granted(rules=str(rules))
    rules.write_text("- {ignore: \"root['b']\", reason: noise}\n")
    hear(face, grant)
    face.begin(user())
    wait(lambda: said(face, "replay_ready"))
    assert said(face, "replay_ready")[0]["digest"] != grant.digest
    hear(face, Stop(run="r1", reason="failed"))
    wait(lambda: said(face, "replay_done"))


def test_it_does_its_partitions_only(face: Any, granted: Callable[..., Grant], target: ScriptedTarget) -> None:
    """A share of the partitions is a share of the requests."""
    run(face, granted((0, 1, 2, 3, 4, 5)))
    wait(lambda: said(face, "replay_done"))
    assert len(target.received()) < 30


@pytest.mark.parametrize(
    ("changes", "sentence", "code"),
    [
        pytest.param({"recording": "/nowhere"}, "there is no recording in /nowhere", 2, id="no recording here"),
        pytest.param({"header": ["X-A: ${NOT_SET_HERE}"]}, "NOT_SET_HERE", 2, id="no secret here"),
    ],
)
def test_what_it_lacks_is_one_sentence(
    face: Any, granted: Callable[..., Grant], changes: dict[str, Any], sentence: str, code: int
) -> None:
    """What cannot be prepared here is refused with the reason and its exit code, which is this process's own too."""
    grant = granted()
    hear(face, Grant(run="r1", epoch=1, partitions=(0,), options={**grant.options, **changes}, digest=grant.digest))
    face.begin(user())
    wait(lambda: said(face, "replay_refused"))
    [refused] = said(face, "replay_refused")
    assert (sentence in refused["sentence"], refused["code"]) == (True, code)
    assert face.environment.process_exit_code == code
    assert face._idle.is_set()


def test_a_bug_is_a_sentence_too(face: Any, granted: Callable[..., Grant], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks down here, the master does not wait for it, and what was begun is closed."""

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Run, "_prime", broken)
    hear(face, granted())
    face.begin(user())
    wait(lambda: said(face, "replay_refused"))
    assert "it broke down (ZeroDivisionError('a bug'))" in said(face, "replay_refused")[0]["sentence"]
    assert face.environment.process_exit_code == 1
    wait(lambda: face.run is None)


def test_a_user_that_breaks_down_is_refused(face: Any, granted: Callable[..., Grant]) -> None:
    """Once Locust has spawned its user and none is there, nobody lends the run its methods."""
    hear(face, granted())
    face.environment.runner.worker_state = "running"
    gevent.sleep(0.1)
    assert not said(face, "replay_refused")  # it was given none yet
    face.environment.runner.target_user_count = 1
    wait(lambda: said(face, "replay_refused"))
    assert "the user ended before it began to replay" in said(face, "replay_refused")[0]["sentence"]


def test_a_user_that_never_comes_is_not_waited_for(
    face: Any, granted: Callable[..., Grant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Locust gives this worker no user, the master is told."""
    monkeypatch.setattr(module, "_USER_S", 0.02)
    hear(face, granted())
    wait(lambda: said(face, "replay_refused"))
    assert "Locust gave it no user" in said(face, "replay_refused")[0]["sentence"]


def test_another_user_changes_nothing(face: Any) -> None:
    """Locust may move its users about; the first one of a test has lent its methods."""
    first = user()
    face.begin(first)
    face.begin(user())
    assert face._user is first
    face.environment.events.test_stopping.fire(environment=face.environment)
    assert face._user is None


@pytest.mark.parametrize(("before", "then"), [("stopped", "ready"), ("ready", "ready"), ("running", "running")])
def test_a_second_test_can_be_stopped_at_once(face: Any, before: str, then: str) -> None:
    """Locust stops nothing that is stopped, which each worker is until the users of its next test are there."""
    face.environment.runner.state = before
    face.environment.events.test_start.fire(environment=face.environment)
    assert face.environment.runner.state == then


def test_a_stop_while_it_prepares(face: Any, granted: Callable[..., Grant]) -> None:
    """There is nothing to drain yet: it is done, without a report."""
    hear(face, granted())
    gevent.sleep(0)
    hear(face, Stop(run="r1", reason="person"))
    wait(lambda: said(face, "replay_done"))
    [done] = said(face, "replay_done")
    assert (done["seq"], done["stopped_by"]) == (0, "person")
    gevent.sleep(0.05)
    assert not said(face, "replay_ready")


def test_a_stop_before_the_start(face: Any, granted: Callable[..., Grant], target: ScriptedTarget) -> None:
    """A run that is loaded and never started has skipped everything."""
    hear(face, granted())
    face.begin(user())
    wait(lambda: said(face, "replay_ready"))
    hear(face, Stop(run="r1", reason="failed"))
    wait(lambda: said(face, "replay_done"))
    ledger = Ledger()
    ledger.take(said(face, "stats")[-1]["replay"]["report"])
    assert (ledger.totals().skipped, target.received()) == (40, [])


def test_a_stop_drains(face: Any, granted: Callable[..., Grant], target: ScriptedTarget) -> None:
    """What does not come back within the drain timeout has failed, and is reported before the worker is done."""
    target.play([receive(), stall()])
    run(face, granted(pace="0.1x"))
    wait(target.received)
    hear(face, Stop(run="r1", reason="person"))
    wait(lambda: said(face, "replay_done"))
    ledger = Ledger()
    ledger.take(said(face, "stats")[-1]["replay"]["report"])
    totals = ledger.totals()
    assert totals.failed_by == {"stopped": totals.sent}
    assert said(face, "replay_done")[0]["stopped_by"] == "person"


@pytest.mark.parametrize(
    ("signals", "reason"), [pytest.param(1, "signal", id="SIGTERM"), pytest.param(0, "person", id="stop")]
)
def test_the_master_is_told_who_ended_a_part(
    face: Any, granted: Callable[..., Grant], target: ScriptedTarget, signals: int, reason: str
) -> None:
    """Locust stops a test in the same way for a pod that is evicted and for a person; the signal tells them apart."""
    run(face, granted(pace="0.1x"))
    wait(target.received)
    face.signals.count = signals
    face.environment.events.test_stopping.fire(environment=face.environment)
    assert said(face, "replay_done")[0]["stopped_by"] == reason


def test_sigterm_is_locusts_end(face: Any, granted: Callable[..., Grant]) -> None:
    """Locust quits at SIGTERM by itself, and waits for the drain in `quitting`; should it not yet do so, it is made to."""
    run(face, granted(pace="0.2x"))
    wait(lambda: face.run.tally.totals().sent)
    send_signal(face, signal.SIGTERM)
    face.environment.events.quitting.fire(environment=face.environment, reverse=True)
    assert said(face, "replay_done")[0]["stopped_by"] == "signal"
    gevent.sleep(0.05)
    assert face.environment.runner.quits == 0
    face._leaving = False
    face._terminated()
    assert face.environment.runner.quits == 1


def test_ctrl_c_drains_and_lets_the_master_end_it(
    face: Any, granted: Callable[..., Grant], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At SIGINT it drains and reports; it leaves only if the master, which had the same Ctrl-C, does not end it."""
    monkeypatch.setattr(module, "_GOODBYE_S", 0.2)
    run(face, granted(pace="0.2x"))
    wait(lambda: face.run.tally.totals().sent)
    send_signal(face, signal.SIGINT)
    wait(lambda: said(face, "replay_done"))
    assert face.environment.runner.quits == 0
    wait(lambda: face.environment.runner.quits)


def test_an_idle_worker_leaves_at_once(face: Any) -> None:
    """Without a run there is nothing to wait for."""
    send_signal(face, signal.SIGINT)
    wait(lambda: face.environment.runner.quits)
    assert face.environment.process_exit_code == 0


def test_a_silent_master_is_left(face: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A worker without a run that hears no heartbeat for a minute leaves, with a word about it and exit code 1."""
    now = [time.monotonic_ns()]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now[0])
    for _ in range(20):
        now[0] += 1_000_000_000
        face.environment.events.heartbeat_received.fire(client_id="w", timestamp=0)
        gevent.sleep(0.02)
    assert face.environment.runner.quits == 0
    for _ in range(59):
        now[0] += 1_000_000_000
        gevent.sleep(0.02)
    assert face.environment.runner.quits == 0
    now[0] += 2_000_000_000
    wait(lambda: face.environment.runner.quits)
    assert "the master has not been heard of" in caplog.text
    assert face.environment.process_exit_code == 1


def test_a_master_is_not_judged_by_our_own_sleep(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the process itself stood still, heartbeats that wait are read first, and a master that did too has time to answer."""
    now = [time.monotonic_ns() + 10 * MASTER_LOST]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now[0])
    for _ in range(3):
        wait(lambda: face._ticked == now[0])
        now[0] += 500_000_000
    face.environment.events.heartbeat_received.fire(client_id="w", timestamp=0)
    gevent.sleep(0.05)
    assert face.environment.runner.quits == 0


def test_a_wall_clock_that_jumps_ends_no_worker(face: Any) -> None:
    """A machine that was paused for an hour finds Locust's look at the clock switched off."""
    runner = face.environment.runner
    runner.last_heartbeat_timestamp = time.time() - 3_600
    checker = gevent.spawn(runners.WorkerRunner.heartbeat_timeout_checker, runner)
    checker.join(1.2)  # it looks each second
    checker.kill()
    assert runner.quits == 0


def test_a_grant_of_nothing_is_no_run(face: Any, granted: Callable[..., Grant]) -> None:
    """A worker without partitions stays idle."""
    hear(face, Grant(run="r1", epoch=1, partitions=(), options=granted().options, digest="d"))
    gevent.sleep(0.05)
    assert (face.run, face._idle.is_set()) == (None, True)
