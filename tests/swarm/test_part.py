from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.swarm.messages import Done, Grant, Hello, Message, Ping, Pong, Ready, Refused, Start, Started, Stop
from replay_users.swarm.part import (
    MASTER_LOST,
    Action,
    Begin,
    LeaveSwarm,
    Part,
    PartState,
    Prepare,
    StayIdle,
    StopRun,
    Tell,
    TellAgain,
)

if TYPE_CHECKING:
    from collections.abc import Callable

S = 1_000_000_000
NOW = 1_000 * S
HELLO = Hello(version="1.0", host="h", pid=1, boot="b")


def _grant(run: str = "r", partitions: tuple[int, ...] = (0, 1)) -> Grant:
    return Grant(run=run, epoch=1, partitions=partitions, options={"pace": "1x"}, digest="d")


def _part(state: PartState = PartState.IDLE) -> Part:
    """A part that has come so far with run `r`."""
    part = Part(HELLO)
    part.hello(NOW)
    steps: list[Callable[[], object]] = [
        lambda: part.receive(_grant(), NOW),
        lambda: part.prepared("d"),
        lambda: part.receive(Start(run="r", at=NOW + S), NOW),
        lambda: part.receive(Stop(run="r", reason="person"), NOW),
    ]
    for step in steps[: list(PartState).index(state)]:
        step()
    assert part.state is state
    return part


def _told(actions: list[Action]) -> list[Message]:
    return [action.message for action in actions if isinstance(action, Tell)]


def test_a_run_from_grant_to_done() -> None:
    """Prepare, say ready, begin at the start's time, say when that was, say done; then it is idle again."""
    part = Part(HELLO)
    assert part.hello(NOW) == [Tell(HELLO)]
    assert part.receive(_grant(), NOW) == [Prepare(run="r", partitions=(0, 1), options={"pace": "1x"}, digest="d")]
    assert part.run == "r"
    assert part.prepared("x") == [Tell(Ready(run="r", epoch=1, digest="x"))]
    assert part.receive(Start(run="r", at=NOW + S), NOW) == [Begin(run="r", at=NOW + S)]
    assert part.begun(NOW + S + 5) == [Tell(Started(run="r", at=NOW + S + 5))]
    done = Done(run="r", seq=7, error="damaged", stopped_by="time")
    assert part.finished(7, NOW, error="damaged", stopped_by="time") == [Tell(done)]
    assert part.state is PartState.IDLE


def test_a_ping_is_answered_with_the_own_time() -> None:
    """The first of a round also with a hello, which may have been lost."""
    part = _part()
    assert part.receive(Ping(nth=0, sent=5), NOW) == [Tell(Pong(nth=0, sent=5, monotonic=NOW)), Tell(HELLO)]
    assert part.receive(Ping(nth=1, sent=6), NOW) == [Tell(Pong(nth=1, sent=6, monotonic=NOW))]


def test_no_partitions_no_run() -> None:
    """A worker without a share stays idle, and can take part in the next run."""
    part = _part()
    assert part.receive(_grant(partitions=()), NOW) == [StayIdle(run="r")]
    assert part.state is PartState.IDLE


def test_what_cannot_be_prepared_is_refused() -> None:
    """With the sentence and the exit code of the error; nothing is left of the run."""
    part = _part(PartState.PREPARING)
    assert part.failed("no such recording", 2) == [
        Tell(Refused(run="r", epoch=1, sentence="no such recording", code=2))
    ]
    assert part.state is PartState.IDLE
    assert part.failed("again", 1) == []


@pytest.mark.parametrize("state", [PartState.PREPARING, PartState.READY, PartState.RUNNING, PartState.ENDING])
def test_one_run_at_a_time(state: PartState) -> None:
    """A grant of another run is refused while one is under way, which goes on."""
    part = _part(state)
    (refused,) = _told(part.receive(_grant("s"), NOW))
    assert isinstance(refused, Refused)
    assert refused.run == "s"
    assert "busy with run r" in refused.sentence
    assert (part.run, part.state) == ("r", state)


@pytest.mark.parametrize("state", [PartState.PREPARING, PartState.READY, PartState.RUNNING])
def test_a_stop_stops(state: PartState) -> None:
    """However far the run is; the second one adds nothing, and done is said when it has drained."""
    part = _part(state)
    assert part.receive(Stop(run="r", reason="person"), NOW) == [StopRun(run="r", reason="person")]
    assert part.receive(Stop(run="r", reason="lost"), NOW) == []
    assert part.prepared("d") == []
    assert _told(part.finished(2, NOW, stopped_by="person")) == [Done(run="r", seq=2, error=None, stopped_by="person")]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        pytest.param(PartState.PREPARING, _grant(), id="its grant again"),
        pytest.param(PartState.IDLE, Start(run="r", at=NOW), id="a start without a grant"),
        pytest.param(PartState.PREPARING, Start(run="r", at=NOW), id="a start before it is ready"),
        pytest.param(PartState.READY, Start(run="s", at=NOW), id="a start of another run"),
        pytest.param(PartState.RUNNING, Start(run="r", at=NOW), id="a second start"),
        pytest.param(PartState.ENDING, Start(run="r", at=NOW), id="a start after a stop"),
        pytest.param(PartState.RUNNING, Stop(run="s", reason="x"), id="a stop of another run"),
        pytest.param(PartState.IDLE, Stop(run="r", reason="x"), id="a stop without a run"),
        pytest.param(PartState.IDLE, None, id="what cannot be read"),
        pytest.param(PartState.IDLE, HELLO, id="what only workers say"),
    ],
)
def test_what_means_nothing_is_counted(state: PartState, message: Message | None) -> None:
    """Late, twice, of another run, or unreadable: nothing follows, and it is counted."""
    part = _part(state)
    assert part.receive(message, NOW) == []
    assert part.state is state


@pytest.mark.parametrize("message", [Start(run="r", at=NOW), Stop(run="r", reason="person")])
def test_an_end_that_got_lost_is_told_again(message: Message) -> None:
    """A master that starts or stops a run that is over has not had its end."""
    part = _part(PartState.RUNNING)
    part.finished(3, NOW)
    assert part.receive(message, NOW) == [TellAgain(Done(run="r", seq=3, error=None, stopped_by=None))]
    assert part.state is PartState.IDLE


def test_a_run_that_is_over_does_not_come_back() -> None:
    """Its grant, come twice, begins nothing."""
    part = _part(PartState.ENDING)
    part.finished(0, NOW)
    assert part.receive(_grant(), NOW) == []


def test_a_run_that_was_refused_does_not_come_back() -> None:
    """Nor does one that it was too busy for: nobody waits for it any more."""
    part = _part(PartState.ENDING)
    part.receive(_grant("s"), NOW)
    part.finished(0, NOW)
    assert part.receive(_grant("s"), NOW) == []
    assert part.receive(_grant("t"), NOW) != []


def test_a_start_a_little_late_is_a_start() -> None:
    """Up to a second, rows that are late are the schedule's to judge."""
    part = _part(PartState.READY)
    assert part.receive(Start(run="r", at=NOW - S), NOW) == [Begin(run="r", at=NOW - S)]


def test_a_start_too_late_is_refused() -> None:
    """Later, the master may have given the worker up: it sends nothing, says so, and cleans up."""
    part = _part(PartState.READY)
    refused, stop = part.receive(Start(run="r", at=NOW - S - 1), NOW)
    assert isinstance(refused, Tell)
    assert isinstance(refused.message, Refused)
    assert "1.0 s late" in refused.message.sentence
    assert stop == StopRun(run="r", reason="late start")
    assert part.state is PartState.ENDING


@pytest.mark.parametrize("state", [PartState.PREPARING, PartState.READY, PartState.RUNNING])
def test_a_silent_master_is_lost(state: PartState) -> None:
    """After ten seconds without a heartbeat the run stops, and the worker leaves when it has drained."""
    part = _part(state)
    part.heard(NOW + S)
    assert part.tick(NOW + S + MASTER_LOST - 1) == []
    assert part.tick(NOW + S + MASTER_LOST) == [StopRun(run="r", reason="master lost")]
    assert part.tick(NOW + S + MASTER_LOST + 1) == []
    assert part.finished(3, NOW + 2 * MASTER_LOST, stopped_by="master lost")[1:] == [LeaveSwarm()]


def test_a_master_that_is_back_keeps_its_worker() -> None:
    """The run is stopped all the same, but the worker stays when heartbeats came before it had drained."""
    part = _part(PartState.RUNNING)
    part.tick(NOW + MASTER_LOST)
    part.heard(NOW + MASTER_LOST + 5)
    actions = part.finished(3, NOW + MASTER_LOST + 6, stopped_by="master lost")
    assert actions == [Tell(Done(run="r", seq=3, error=None, stopped_by="master lost"))]


@pytest.mark.parametrize("reason", ["lost", "time", None])
def test_a_worker_that_was_frozen_stays(reason: str | None) -> None:
    """A run that ends as its worker wakes up is no sign that the master is gone: nobody has read yet what it said meanwhile."""
    part, woken = _part(PartState.RUNNING), NOW + 2 * MASTER_LOST
    if reason == "lost":
        assert part.receive(Stop(run="r", reason=reason), woken) == [StopRun(run="r", reason=reason)]
    done = Done(run="r", seq=3, error=None, stopped_by=reason)
    assert part.finished(3, woken + 1, stopped_by=reason) == [Tell(done)]


def test_who_was_left_alone_once_does_not_leave_after_another_run() -> None:
    """What was thought of the master in one run is forgotten with it."""
    part = _part(PartState.RUNNING)
    part.tick(NOW + MASTER_LOST)
    part.heard(NOW + MASTER_LOST + 5)
    part.finished(3, NOW + MASTER_LOST + 6, stopped_by="master lost")
    part.receive(_grant("s"), NOW + MASTER_LOST + 7)
    assert len(part.finished(0, NOW + 3 * MASTER_LOST)) == 1


def test_only_heartbeats_prove_that_the_master_counts_on_a_worker() -> None:
    """A message that was long on its way does not put off the time by which a lost worker must be silent."""
    part = _part(PartState.RUNNING)
    part.receive(Ping(nth=1, sent=1), NOW + MASTER_LOST)
    assert part.tick(NOW + MASTER_LOST) == [StopRun(run="r", reason="master lost")]


def test_an_idle_worker_does_not_mind() -> None:
    """Without a run, Locust decides how long it waits for its master."""
    assert _part().tick(NOW + 10 * MASTER_LOST) == []


def test_a_grant_after_a_long_silence_is_a_word() -> None:
    """A worker does not stop a run for a silence that was before it."""
    part = _part()
    part.receive(_grant(), NOW + 2 * MASTER_LOST)
    assert part.tick(NOW + 2 * MASTER_LOST + S) == []


def test_without_a_run_nothing_is_said() -> None:
    """What becomes of a run that is over already is nobody's business."""
    part = _part()
    assert part.prepared("d") == part.begun(NOW) == part.finished(1, NOW) == part.failed("x", 1) == []
