"""A run as its master has it: begun, stopped, reported, and over when its conductor says so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from replay_users.errors import ReplayError, UsageError
from replay_users.events import events
from replay_users.swarm.accounts import Accounts
from replay_users.swarm.conductor import Conductor
from replay_users.swarm.master_run import MasterRun, run_order
from replay_users.swarm.messages import Done, Hello, Pong, Ready, Refused, Send, Start, Started
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings
from tests.swarm.test_accounts import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.swarm.prepare import Prepared
    from tests.swarm.conftest import MakeOptions

_WITHIN = 10.0
HELLO = Hello(version="1", host="box", pid=1, boot="b")


@pytest.fixture(scope="module")
def prepared(options: MakeOptions, traffic: str) -> Prepared:
    """The plan of 40 rows, 10 of which are skipped."""
    return prepare(read_settings(options(recording=traffic), "http://127.0.0.1:9"), sends=False)


class Floor:
    """A conductor, and workers that answer what it asks for as long as they are told to."""

    def __init__(self, prepared: Prepared, *workers: str) -> None:
        self.conductor = Conductor("1", "b")
        self.asked: list[Send] = []
        self.digest = "d"
        self.run = MasterRun(
            prepared,
            run_order("r1", prepared, {"pace": "1x"}, "d"),
            self.conductor,
            expected=1,
            hosts=dict.fromkeys(workers, "box"),
            send=self.asked.extend,
        )
        self.now = 1_000_000_000
        for worker in workers:
            self.asked += self.conductor.receive(worker, HELLO, self.now)

    def hear(self, worker: str, message: Any) -> None:
        """A worker says something."""
        self.asked += self.conductor.receive(worker, message, self._time())

    def _time(self) -> int:
        return time.monotonic_ns()

    def answer(self) -> list[Send]:
        """Answer pings and grants until nothing more is asked; gives all that was."""
        seen: list[Send] = []
        while self.asked:
            send = self.asked.pop(0)
            seen.append(send)
            message: Any = send.message
            if message.name == "replay_ping":
                self.hear(send.worker, Pong(nth=message.nth, sent=message.sent, monotonic=self._time()))
            elif message.name == "replay_grant" and message.partitions:
                self.hear(send.worker, Ready(run=message.run, epoch=message.epoch, digest=self.digest))
        return seen

    def start(self) -> None:
        """Begin the run, and have all of them begin."""
        self.run.begin()
        starts = [send for send in self.answer() if isinstance(send.message, Start)]
        for send in starts:
            at: Any = send.message
            self.hear(send.worker, Started(run="r1", at=at.at + 2_000_000))
        gevent.sleep(0.11)

    def finish(self, worker: str, sent: int, skipped: int, **done: Any) -> None:
        """A worker reports its last, and says that it was."""
        self.run.take(worker, said(sent, skipped))
        self.hear(worker, Done(**{"run": "r1", "seq": 1, "error": None, "stopped_by": None, **done}))


@pytest.fixture
def told() -> Iterator[list[str]]:
    """Runs of which it was told that they have started."""
    heard: list[str] = []

    def listen(run_id: str, **_: Any) -> None:
        heard.append(run_id)

    events.run_started.add_listener(listen)
    yield heard
    events.run_started.remove_listener(listen)


def rows_of(run: MasterRun) -> Sequence[int]:
    """Planned rows by worker."""
    return [worker["rows"] for worker in run.workers]


def test_the_order_gives_all_partitions_away(prepared: Prepared) -> None:
    """Each partition has its rows, those without any too, and the run has a last moment."""
    order = run_order("r1", prepared, {"pace": "1x"}, "d")
    assert list(order.weights) == list(range(prepared.recording.manifest.partitions))
    assert sum(order.weights.values()) == 40
    assert order.drain == 10_000_000_000
    assert order.longest is not None
    assert order.longest > prepared.plan.duration_ns + 300_000_000_000


def test_the_last_moment_is_after_the_latest_row_that_may_be_sent(options: MakeOptions, traffic: str) -> None:
    """Who asked for rows an hour late gets them, rather than a run that the master stops as overdue."""
    patient = options(recording=traffic, max_lag="1h", max_wait="2h")
    prepared = prepare(read_settings(patient, "http://127.0.0.1:9"), sends=False)
    order = run_order("r1", prepared, {}, "d")
    assert order.longest is not None
    assert order.longest > prepared.plan.duration_ns + 3 * 3_600_000_000_000


def test_a_run_of_two_workers(prepared: Prepared, told: list[str]) -> None:
    """They begin together, report, and the sum of what they say is the run."""
    floor = Floor(prepared, "a", "b")
    floor.start()
    run = floor.run
    assert (run.done.is_set(), run.refusal, told) == (False, None, ["r1"])
    for worker, rows in zip("ab", rows_of(run), strict=True):
        floor.finish(worker, rows - 5, 5)
    assert run.pulse().ended == 40
    assert run.done.wait(_WITHIN)
    assert (run.tally.totals().sent, run.tally.totals().skipped, run.connections["opened"]) == (30, 10, 2)
    assert (run.stopped_by, run.error, run.lost, run.events, run.user_code_failures) == (None, None, (), (), {})
    assert [(worker["worker"], worker["host"], worker["start_ms"]) for worker in run.workers] == [
        ("a", "box", 2.0),
        ("b", "box", 2.0),
    ]
    assert run.started_at > 0
    assert run.elapsed == run.elapsed


def test_progress_is_of_what_was_reported_and_then_of_the_result(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While workers are under way it is the sum of their reports; in the end what became of lost rows is in it too."""
    floor = Floor(prepared, "a", "b")
    floor.start()
    first, second = rows_of(floor.run)
    floor.run.take("a", said(first - 5, 5))
    tally, workers = floor.run.progress()
    assert (tally.totals().sent, list(workers)) == (first - 5, ["a"])
    floor.finish("a", first - 5, 5)
    floor.conductor.lost("b", floor._time(), gone=True)
    assert floor.run.done.wait(_WITHIN)
    monkeypatch.setattr(Accounts, "progress", None)  # nothing is added up twice
    tally, workers = floor.run.progress()
    assert tally is floor.run.tally
    assert {name: (each.sent, each.lag.count) for name, each in workers.items()} == {"a": (first - 5, first - 5)}
    assert tally.totals().in_doubt + tally.totals().unread == second


def test_a_listener_that_raises_on_the_master_is_counted(
    prepared: Prepared, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """With those of the workers, and reported."""

    @events.run_started.add_listener
    def broken(**_: Any) -> None:
        raise RuntimeError("no")

    try:
        floor = Floor(prepared, "a")
        assert floor.run.user_code_failures == {}
        floor.start()
        floor.run.take("a", said(1, failures={"events": 2, "sign": 1}))
        assert floor.run.user_code_failures == {"events": 3, "sign": 1}
        assert (told, "broken of run_started raised" in caplog.text) == (["r1"], True)
    finally:
        events.run_started.remove_listener(broken)


def test_without_workers_there_is_no_run(prepared: Prepared) -> None:
    """It cannot begin, and says why."""
    with pytest.raises(UsageError, match="no worker is connected"):
        Floor(prepared).run.begin()


def test_a_worker_that_refuses_ends_the_run(prepared: Prepared) -> None:
    """Nothing has been sent, and the worker's sentence is the reason."""
    floor = Floor(prepared, "a")
    floor.run.begin()
    while floor.conductor.phase.value == "gathering":
        send = floor.asked.pop(0)
        message: Any = send.message
        floor.hear("a", Pong(nth=message.nth, sent=message.sent, monotonic=floor._time()))
    floor.hear("a", Refused(run="r1", epoch=1, sentence="no such file", code=2))
    assert floor.run.done.wait(_WITHIN)
    assert str(floor.run.refusal) == "worker a: no such file"
    assert isinstance(floor.run.refusal, UsageError)


def test_a_stop_is_told_and_waited_for(prepared: Prepared) -> None:
    """Workers are told to stop, and the run is over when they are; one that was never begun has skipped everything."""
    floor = Floor(prepared, "a")
    floor.start()
    floor.run.stop("person")
    assert [send.message.name for send in floor.asked] == ["replay_stop"]
    floor.hear("a", Done(run="r1", seq=0, error=None, stopped_by="person"))
    assert floor.run.done.wait(_WITHIN)
    assert (floor.run.stopped_by, floor.run.tally.totals().skipped_by) == ("person", {"stopped": 40})
    assert floor.run.events == ()


def test_a_stop_while_workers_are_asked_for(prepared: Prepared) -> None:
    """Nobody has a share yet, so nobody is waited for, and everything is skipped."""
    floor = Floor(prepared, "a")
    floor.run.begin()
    floor.run.stop("signal")
    assert floor.run.done.wait(_WITHIN)
    assert (floor.run.stopped_by, floor.run.refusal, floor.run.workers) == ("signal", None, ())
    assert floor.run.tally.totals().skipped == 40


def test_a_worker_that_stops_by_itself_is_told_of(prepared: Prepared) -> None:
    """Who was stopped on its own machine is an event, and ends the run early for its share."""
    floor = Floor(prepared, "a")
    floor.start()
    floor.finish("a", 10, 30, stopped_by="signal")
    assert floor.run.done.wait(_WITHIN)
    assert floor.run.stopped_by == "worker"
    assert [event.text for event in floor.run.events] == ["worker a stopped by itself (signal)"]


def test_what_a_worker_could_not_do_is_the_runs_error(prepared: Prepared) -> None:
    """Its sentence is the run's, with its name."""
    floor = Floor(prepared, "a")
    floor.start()
    floor.finish("a", 30, 10, error="slice 7 is damaged")
    assert floor.run.done.wait(_WITHIN)
    assert str(floor.run.error) == "worker a: slice 7 is damaged"
    assert isinstance(floor.run.error, ReplayError)
    assert [(event.event, event.text) for event in floor.run.events] == [("error", "worker a: slice 7 is damaged")]


def test_a_lost_worker_is_told_of(prepared: Prepared) -> None:
    """What it leaves is in the totals, in a sentence and in an event; what it says later counts no more."""
    floor = Floor(prepared, "a")
    floor.start()
    floor.run.take("a", said(12, 10))
    floor.conductor.lost("a", floor._time(), gone=True)
    floor.run.take("a", said(30, 10))
    assert floor.run.done.wait(_WITHIN)
    totals = floor.run.tally.totals()
    assert (totals.sent, totals.in_doubt + totals.unread) == (12, 18)
    [sentence] = floor.run.lost
    assert sentence.startswith("worker a was lost at ")
    assert sentence.endswith(f"{totals.in_doubt} rows in doubt, {totals.unread} unread")
    assert [event.event for event in floor.run.events] == ["worker lost"]
    assert floor.run.workers[0]["lost_at_s"] is not None


def test_what_workers_warn_of_are_events(prepared: Prepared) -> None:
    """A worker's warnings are the run's, with its name, in the order of their times."""
    floor = Floor(prepared, "a")
    floor.start()
    floor.run.take("a", said(30, 10, warnings=[(60.0, "no PEM"), (30.0, "keeping the old addresses")]))
    floor.hear("a", Done(run="r1", seq=1, error=None, stopped_by=None))
    assert floor.run.done.wait(_WITHIN)
    assert [(event.at_s, event.event, event.text) for event in floor.run.events] == [
        (30.0, "warning", "worker a: keeping the old addresses"),
        (60.0, "warning", "worker a: no PEM"),
    ]


def test_notes_are_events(prepared: Prepared) -> None:
    """What the conductor has to say is in the result, with the time at which it was said."""
    floor = Floor(prepared, "a")
    floor.start()
    floor.conductor.connected("late", floor._time())
    floor.finish("a", 30, 10)
    assert floor.run.done.wait(_WITHIN)
    [event] = floor.run.events
    assert (event.event, "late joined" in event.text) == ("note", True)


def test_what_was_left_out_is_told(prepared: Prepared) -> None:
    """Messages that meant nothing in this run, and reports that could not be taken, are a note each at its end."""
    floor = Floor(prepared, "a")
    floor.hear("a", Done(run="older", seq=0, error=None, stopped_by=None))
    run = MasterRun(
        prepared, run_order("r1", prepared, {}, "d"), floor.conductor, expected=1, hosts={}, send=floor.run._send
    )
    floor.run = run
    floor.start()
    floor.hear("a", Done(run="older", seq=0, error=None, stopped_by=None))
    run.take("a", {})
    run.take("a", {**said(1, 1), "report": {**said(1, 1)["report"], "seq": 9, "since": 8}})
    assert list(run.events) == []
    floor.finish("a", 30, 10)
    assert run.done.wait(_WITHIN)
    assert [(event.event, event.text.rpartition(": ")[2]) for event in run.events] == [
        ("note", "1 replay_done"),
        ("note", "1"),
        ("note", "1"),
    ]
