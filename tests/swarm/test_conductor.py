from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.swarm.conductor import Conductor, Phase
from replay_users.swarm.messages import Done, Grant, Ping, Pong, Ready, Stop
from replay_users.swarm.part import MASTER_LOST
from replay_users.swarm.shares import ShareState
from tests.swarm.conducting import DRAIN, Rig, S, order_of


def test_before_any_run_there_is_nothing() -> None:
    """A new conductor is idle, and says so whatever it is asked."""
    conductor = Conductor("1.0", "boot")
    assert conductor.phase is Phase.IDLE
    assert not conductor.over
    assert not conductor.is_busy
    assert (conductor.epoch, conductor.error, conductor.stopped_by) == (None, None, None)
    assert (conductor.shares, conductor.notes, conductor.workers) == ([], [], [])
    assert conductor.stop("person", 0) == conductor.tick(0) == []


def test_a_run_from_begin_to_over() -> None:
    """Grants, one start for all, and over when every last report has been taken."""
    rig = Rig("a1", "b1")
    rig.start()
    assert rig.phase() is Phase.RUNNING
    for worker in ("a1", "b1"):
        rig.report(worker, 1)
        rig.report(worker, 2)
        assert not rig.over()
        rig.done(worker, 2)
    assert rig.over()
    assert [(share.worker, share.partitions, share.rows, share.seq) for share in rig.conductor.shares] == [
        ("a1", (0,), 10, 2),
        ("b1", (1,), 10, 2),
    ]
    assert {share.state for share in rig.conductor.shares} == {ShareState.DONE}
    assert {share.started_error_ns for share in rig.conductor.shares} == {0}
    assert (rig.conductor.error, rig.conductor.stopped_by, rig.conductor.notes) == (None, None, [])
    assert rig.stops == []
    assert not rig.conductor.ignored


def test_a_run_under_way_is_the_only_one() -> None:
    """A second start is refused and does no harm."""
    rig = Rig("a1")
    rig.start()
    with pytest.raises(UsageError, match="a run is under way"):
        rig.begin(order_of("s"))
    assert rig.conductor.refusal(rig.now) is not None
    assert rig.phase() is Phase.RUNNING


def test_what_is_wrong_at_once_is_raised() -> None:
    """Without workers no run begins, and the one before is still what it was."""
    rig = Rig("a1")
    rig.start()
    rig.done("a1")
    rig.lost("a1")
    assert "no worker" in str(rig.conductor.refusal(rig.now))
    with pytest.raises(UsageError, match="no worker is connected"):
        rig.begin()
    assert rig.over()
    assert len(rig.conductor.shares) == 1


def test_presence_is_what_locust_says() -> None:
    """Who is not in Locust's list any more is lost, who is new in it is connected."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.do(rig.conductor.present({"a1", "c1"}, rig.now))
    assert rig.share("a1").state is ShareState.STARTED
    assert rig.share("b1").state is ShareState.LOST
    assert rig.stops == [("b1", "lost")]
    rig.do(rig.conductor.present({"a1", "c1"}, rig.now))
    assert rig.conductor.notes == ["worker c1 joined while the run was under way and has no part in it"]


def test_what_means_nothing_is_counted() -> None:
    """Messages of other runs, of nobody we know, twice, or unreadable change nothing."""
    rig = Rig("a1", "b1")
    rig.start()
    before = rig.conductor.shares
    rig.say("a1", Done(run="older", seq=0, error=None, stopped_by=None))
    rig.say("x", Done(run="r", seq=0, error=None, stopped_by=None))
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    rig.say("a1", Pong(nth=1, sent=1, monotonic=1))
    rig.say("a1", Stop(run="r", reason="x"))
    rig.say("a1", None)
    rig.report("a1", 5, run="older")
    assert rig.conductor.shares == before
    assert rig.conductor.ignored == {
        "replay_done": 2,
        "replay_ready": 1,
        "replay_pong": 1,
        "replay_stop": 1,
        "unreadable": 1,
        "report": 1,
    }


def test_after_a_pause_of_the_master_nobody_is_late() -> None:
    """A master whose hub was busy first reads what came meanwhile, and judges two seconds later."""
    rig = Rig("a1")
    rig.start()
    rig.stop()
    rig.now += 2 * DRAIN
    rig.do(rig.conductor.tick(rig.now))
    rig.wait(2 * S - 1)
    assert not rig.over()
    rig.done("a1", stopped_by="person")
    assert rig.share("a1").state is ShareState.DONE


def test_pings_that_get_lost_are_sent_again() -> None:
    """A worker that did not answer a ping within a second is asked once more."""
    rig = Rig()
    rig.mute.add("a1")
    rig.hello("a1")
    rig.wait(S)
    assert len(rig.told(Ping)) == 2


def test_the_next_run_waits_for_the_lost_of_the_last_one() -> None:
    """Nothing is granted before a lost worker has certainly noticed and gone quiet, even if that takes its time."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.lost("b1")
    rig.done("a1")
    assert rig.over()
    lost_at = rig.now
    rig.begin(order_of("s"))
    rig.wait(MASTER_LOST)
    assert rig.phase() is Phase.GATHERING
    rig.wait(3 * S)
    assert rig.phase() is Phase.GRANTING
    assert rig.now - lost_at > MASTER_LOST
    assert rig.told(Grant)[-1][1].run == "s"


def test_a_worker_that_left_needs_no_waiting() -> None:
    """Whoever said goodbye sends nothing any more."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.lost("b1", gone=True)
    rig.done("a1")
    rig.begin(order_of("s"))
    assert rig.phase() is Phase.GRANTING
