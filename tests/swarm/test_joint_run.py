from __future__ import annotations

import pytest

from replay_users.errors import ReplayError, UsageError
from replay_users.swarm.joint_run import READY_LIMIT, Phase
from replay_users.swarm.messages import Done, Grant, Hello, Ping, Ready, Refused, Start, Started, Stop
from replay_users.swarm.part import MASTER_LOST
from replay_users.swarm.roster import HELLO_LIMIT
from replay_users.swarm.shares import ShareState
from tests.swarm.conducting import DRAIN, MS, Rig, S, order_of


def _fails(rig: Rig, kind: type[ReplayError], *words: str) -> None:
    """The run has an error with these words, nothing was started, and it is over once the others have drained."""
    error = rig.conductor.error
    assert type(error) is kind
    assert all(word in str(error) for word in words)
    assert rig.told(Start) == []
    for worker, _ in rig.stops:
        rig.done(worker, stopped_by="failed")
    assert rig.over()
    assert rig.conductor.stopped_by is None


# Gathering


def test_a_grant_says_what_it_takes() -> None:
    """Its number, the partitions, the master's options and digest."""
    rig = Rig("a1")
    rig.begin()
    grant = Grant(run="r", epoch=1, partitions=(0, 1), options={"pace": "1x"}, digest="d")
    assert rig.told(Grant) == [("a1", grant)]


def test_a_worker_that_just_connected_is_waited_for() -> None:
    """Its hello may be on its way: with it, it takes part."""
    rig = Rig("a1")
    rig.conductor.connected("b1", rig.now)
    rig.begin(expected=2)
    assert rig.phase() is Phase.GATHERING
    rig.hello("b1")
    assert [worker for worker, _ in rig.told(Grant)] == ["a1", "b1"]


def test_a_worker_that_never_says_hello_ends_the_run() -> None:
    """After its ten seconds the run is refused by a sentence that names it, and nobody was granted anything."""
    rig = Rig("a1")
    rig.conductor.connected("b1", rig.now)
    rig.mute.add("b1")
    rig.begin()
    rig.wait(HELLO_LIMIT)
    _fails(rig, UsageError, "worker b1 says nothing")
    assert rig.told(Grant) == []


def test_a_worker_that_hangs_ends_the_run() -> None:
    """One that answers no ping would hold up the run later, and is named now."""
    rig = Rig("a1")
    rig.mute.add("b1")
    rig.hello("b1")
    rig.begin()
    rig.wait(HELLO_LIMIT + S)
    _fails(rig, UsageError, "worker b1 does not answer")


def test_a_worker_of_another_version_that_joins_meanwhile_ends_the_run() -> None:
    """What is refused at the start is refused while gathering too."""
    rig = Rig("a1")
    rig.conductor.connected("b1", rig.now)
    rig.begin()
    rig.hello("b1", version="2.0")
    _fails(rig, UsageError, "worker b1", "2.0")


def test_a_worker_lost_while_gathering_is_not_missed() -> None:
    """The others do the run, as long as they are enough."""
    rig = Rig("a1")
    rig.mute.add("b1")
    rig.hello("b1")
    rig.begin()
    rig.lost("b1")
    assert [(worker, grant.partitions) for worker, grant in rig.told(Grant)] == [("a1", (0, 1))]


def test_a_stop_while_gathering_ends_at_once() -> None:
    """Nobody has to be told."""
    rig = Rig("a1")
    rig.mute.add("b1")
    rig.hello("b1")
    rig.begin()
    rig.stop()
    assert rig.over()
    assert rig.conductor.stopped_by == "person"
    assert rig.stops == []


def test_workers_beyond_the_partitions_are_told_to_stay_idle() -> None:
    """They get a grant of nothing, it is noted, and nobody waits for them."""
    rig = Rig("a1", "b1", "c1")
    rig.begin(order_of(rows={0: 5, 1: 0, 2: 5}))
    assert [(worker, grant.partitions) for worker, grant in rig.told(Grant)] == [
        ("a1", (0, 1)),
        ("b1", (2,)),
        ("c1", ()),
    ]
    assert rig.conductor.notes == ["1 worker has no part: only 2 of the recording's partitions hold rows of this run"]
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    rig.say("b1", Ready(run="r", epoch=1, digest="d"))
    assert [worker for worker, _ in rig.told(Start)] == ["a1", "b1"]


# Granting


def test_a_worker_with_another_plan_ends_the_run() -> None:
    """It reads another manifest or plans otherwise: named, and the others are stopped."""
    rig = Rig("a1", "b1")
    rig.begin()
    rig.say("b1", Ready(run="r", epoch=1, digest="other"))
    assert rig.stops == [("a1", "failed"), ("b1", "failed")]
    _fails(rig, UsageError, "worker b1 makes another plan than the master: it has another manifest, rules or options")


@pytest.mark.parametrize(("code", "kind"), [(2, UsageError), (1, ReplayError)])
def test_a_refusal_ends_the_run(code: int, kind: type[ReplayError]) -> None:
    """With the worker's sentence and the exit code of its error; who refused needs no stop."""
    rig = Rig("a1", "b1")
    rig.begin()
    rig.say("b1", Refused(run="r", epoch=1, sentence="no such recording", code=code))
    assert rig.stops == [("a1", "failed")]
    assert rig.share("b1").error == "no such recording"
    _fails(rig, kind, "worker b1: no such recording")


def test_who_is_not_ready_in_time_is_named() -> None:
    """After two minutes the run is given up."""
    rig = Rig("a1", "b1")
    rig.begin()
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    rig.wait(READY_LIMIT - 1)
    assert rig.conductor.error is None
    rig.wait(1)
    _fails(rig, ReplayError, "not ready after 120 s: b1;")


@pytest.mark.parametrize("gone", [True, False])
def test_a_worker_lost_while_starting_ends_the_run(gone: bool) -> None:
    """Nothing was sent yet, so nothing is lost by giving it up."""
    rig = Rig("a1", "b1")
    rig.begin()
    rig.lost("b1", gone=gone)
    assert rig.stops == [*([] if gone else [("b1", "lost")]), ("a1", "failed")]
    assert (rig.share("b1").lost_at, rig.share("b1").fence) == (0, -1)
    _fails(rig, ReplayError, "worker b1 was lost while the run was starting")


def test_a_worker_that_stops_while_starting_ends_the_run() -> None:
    """A pod that is evicted before the start."""
    rig = Rig("a1", "b1")
    rig.begin()
    rig.done("b1", stopped_by="signal")
    assert rig.stops == [("a1", "failed")]
    _fails(rig, ReplayError, "worker b1 stopped while")


def test_a_stop_while_granting_stops_those_who_prepare() -> None:
    """The run is over when they have said done, by whom it was stopped and without an error."""
    rig = Rig("a1", "b1")
    rig.begin()
    rig.stop("signal")
    assert rig.stops == [("a1", "signal"), ("b1", "signal")]
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    rig.done("a1", stopped_by="signal")
    assert not rig.over()
    rig.say("b1", Refused(run="r", epoch=1, sentence="stopped", code=1))
    assert rig.over()
    assert (rig.conductor.error, rig.conductor.stopped_by) == (None, "signal")
    assert rig.told(Start) == []


# Starting


def test_all_start_at_one_moment_of_their_own_clocks() -> None:
    """A shared clock gets the epoch as it is, another one by what was measured, and how sure that is."""
    rig = Rig("a1", trip=2 * MS)
    rig.hello("b1", boot="other", offset=77 * S)
    rig.start()
    epoch = rig.conductor.epoch
    assert epoch is not None
    starts = {worker: start.at for worker, start in rig.told(Start)}
    assert starts["a1"] == epoch
    assert abs(starts["b1"] - 77 * S - epoch) <= 2
    assert rig.share("a1").clock_error_ns == 0
    assert MS <= (rig.share("b1").clock_error_ns or 0) <= 2 * MS


@pytest.mark.parametrize(("trip", "lead"), [(0, 300 * MS), (200 * MS, 1_000 * MS)])
def test_the_start_is_far_enough_ahead(trip: int, lead: int) -> None:
    """At least 0.3 s, and five times the longest round trip."""
    rig = Rig("a1", trip=trip)
    rig.begin()
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    assert rig.conductor.epoch == rig.now + lead


def test_clocks_are_measured_once_more_right_before_the_start() -> None:
    """Preparing may take minutes, in which two clocks drift apart by many milliseconds."""
    rig = Rig("a1")
    rig.begin()
    before = len(rig.told(Ping))
    rig.wait(60 * S)
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    assert len(rig.told(Ping)) == before + 8


def test_a_slow_answer_does_not_hold_up_the_start() -> None:
    """After three seconds the start is set by the measurement before, with what it has lost since."""
    rig = Rig()
    rig.hello("a1", boot="other")
    rig.begin()
    rig.mute.add("a1")
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    assert rig.phase() is Phase.TIMING
    rig.wait(3 * S)
    assert rig.phase() is Phase.RUNNING
    assert (rig.share("a1").clock_error_ns or 0) > 3 * MS


def test_a_worker_says_when_it_began() -> None:
    """The first time counts, on its own clock."""
    rig = Rig()
    rig.hello("a1", boot="other", offset=S)
    rig.begin()
    rig.say("a1", Ready(run="r", epoch=1, digest="d"))
    at = rig.told(Start)[0][1].at
    rig.say("a1", Started(run="r", at=at + 400))
    rig.say("a1", Started(run="r", at=at + 999))
    assert rig.share("a1").started_error_ns == 400
    assert rig.conductor.ignored == {"replay_started": 1}


# Running


def test_a_lost_share_has_its_time_and_its_fence() -> None:
    """Until it notices that it hears nothing, ten seconds later at most, it may go on sending; the others do go on."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.now = (rig.conductor.epoch or 0) + 5 * S
    rig.lost("b1")
    share = rig.share("b1")
    assert (share.state, share.lost_at) == (ShareState.LOST, 5 * S)
    assert share.fence == 5 * S + MASTER_LOST + 2 * S
    assert rig.stops == [("b1", "lost")]
    assert rig.phase() is Phase.RUNNING
    rig.done("b1", stopped_by="lost")
    assert rig.share("b1") == share
    rig.done("a1")
    assert rig.over()
    assert rig.conductor.stopped_by is None


def test_the_fence_has_the_error_of_the_clock() -> None:
    """A worker whose clock is not sure may be as much behind."""
    rig = Rig(trip=2 * MS)
    rig.hello("a1", boot="other")
    rig.start()
    rig.now = (rig.conductor.epoch or 0) + 5 * S
    rig.lost("a1")
    share = rig.share("a1")
    assert share.fence == 5 * S + MASTER_LOST + 2 * S + (share.clock_error_ns or 0)


@pytest.mark.parametrize("gone", [True, False])
def test_a_share_lost_before_the_epoch(gone: bool) -> None:
    """Run time does not begin before 0; who left before it has sent nothing, not even what is due at 0."""
    rig = Rig("a1")
    rig.start()
    rig.lost("a1", gone=gone)
    share = rig.share("a1")
    assert share.lost_at == 0
    assert (share.fence == -1) is gone
    assert rig.over()


def test_a_lost_worker_that_is_back_had_a_part() -> None:
    """The network is well again after its share was given up: it is told as what it is, not as somebody new."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.lost("b1")
    rig.hello("b1")
    assert rig.conductor.notes == ["worker b1 is back, and has no part in this run any more"]


def test_without_any_worker_the_run_is_over() -> None:
    """When the last one is lost there is nothing to wait for."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.lost("a1")
    rig.lost("b1")
    assert rig.over()


def test_a_worker_that_began_too_late_has_sent_nothing() -> None:
    """It refuses the start: all of its rows are unread, the others go on."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.now += 10 * S
    rig.say("b1", Refused(run="r", epoch=1, sentence="3 s late", code=1))
    share = rig.share("b1")
    assert (share.state, share.lost_at, share.fence, share.error) == (ShareState.LOST, 0, -1, "3 s late")
    assert rig.conductor.error is None
    assert rig.phase() is Phase.RUNNING


@pytest.mark.parametrize(
    ("reasons", "stopped_by"),
    [
        pytest.param((None, None), None, id="by nobody"),
        pytest.param(("time", "time"), "time", id="by the time limit"),
        pytest.param(("signal", None), "worker", id="one by a signal"),
        pytest.param(("signal", "time"), "worker", id="by both"),
    ],
)
def test_who_ended_the_run(reasons: tuple[str | None, str | None], stopped_by: str | None) -> None:
    """Workers that stop of themselves do not stop the others, and in the end it is said."""
    rig = Rig("a1", "b1")
    rig.start()
    for worker, reason in zip(("a1", "b1"), reasons, strict=True):
        assert rig.phase() is Phase.RUNNING
        rig.done(worker, stopped_by=reason)
    assert rig.over()
    assert rig.conductor.stopped_by == stopped_by
    assert rig.stops == []


def test_errors_of_workers_are_kept_by_worker() -> None:
    """A worker that could not read all of its share says why, and its share is done."""
    rig = Rig("a1")
    rig.start()
    rig.done("a1", error="a slice is damaged")
    assert rig.share("a1").error == "a slice is damaged"
    assert rig.share("a1").state is ShareState.DONE


def test_a_done_waits_for_its_report() -> None:
    """Done before the last report came is over when it came."""
    rig = Rig("a1")
    rig.start()
    rig.done("a1", 2)
    assert not rig.over()
    rig.report("a1", 2)
    assert rig.over()


def test_a_report_that_never_comes_is_a_loss() -> None:
    """After ten seconds the share is lost, as nobody can know what it sent; it sends nothing any more."""
    rig = Rig("a1")
    rig.start()
    rig.now = rig.conductor.epoch or 0
    rig.done("a1", 2)
    rig.wait(10 * S)
    assert rig.over()
    share = rig.share("a1")
    assert (share.state, share.lost_at, share.fence) == (ShareState.LOST, 10 * S, 10 * S)
    assert rig.conductor.notes == ["the last report of worker a1 never came"]


def test_a_worker_that_does_not_report_is_told_again_what_it_was_last() -> None:
    """Its connection may have broken and lost the start, or its end; it is told seven seconds after its last report."""
    rig = Rig("a1", "b1")
    rig.start()
    starts = rig.told(Start)
    rig.now = (rig.conductor.epoch or 0) + 5 * S
    rig.report("b1", 1)
    rig.wait(6 * S)
    assert rig.told(Start) == [*starts, starts[0]]
    rig.wait(S)
    assert rig.told(Start) == [*starts, starts[0], starts[1]]
    rig.report("a1", 1)
    rig.done("a1", 1)
    rig.report("b1", 2)
    rig.stop()
    rig.wait(7 * S)
    assert rig.stops == [("b1", "person")] * 2
    rig.done("b1", 3)
    rig.wait(7 * S)
    assert rig.stops == [("b1", "person")] * 3
    rig.report("b1", 3)
    assert rig.over()
    assert {share.state for share in rig.conductor.shares} == {ShareState.DONE}


def test_a_drained_worker_that_is_lost_needs_no_stop() -> None:
    """It has said that it sends nothing any more; only its last report is lost."""
    rig = Rig("a1")
    rig.start()
    rig.done("a1", 2)
    rig.lost("a1")
    assert rig.stops == []
    assert (rig.share("a1").lost_at, rig.share("a1").fence) == (0, -1)
    assert rig.over()


# Ending


def test_a_stop_reaches_all_who_send_once() -> None:
    """The first reason holds; who is done is not told."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.done("a1")
    rig.stop("person")
    rig.stop("signal")
    assert rig.stops == [("b1", "person")]
    rig.done("b1", stopped_by="person")
    assert rig.over()
    assert rig.conductor.stopped_by == "person"


def test_who_does_not_say_done_in_time_is_lost() -> None:
    """The drain timeout and five seconds after the stop."""
    rig = Rig("a1")
    rig.start()
    rig.stop()
    rig.wait(DRAIN + 5 * S - 1)
    assert not rig.over()
    rig.wait(1)
    assert rig.over()
    assert rig.share("a1").state is ShareState.LOST
    assert rig.conductor.notes == ["worker a1 did not say in time that it was done"]


def test_a_run_that_does_not_end_is_stopped() -> None:
    """Workers that should have ended by themselves are told to, and named."""
    rig = Rig("a1", "b1")
    rig.start(order_of(longest=100 * S))
    rig.done("a1")
    rig.now = (rig.conductor.epoch or 0) + 90 * S
    rig.wait(10 * S - 1)
    assert rig.stops == []
    rig.wait(1)
    assert rig.stops == [("b1", "overdue")]
    assert "not done by then: b1" in rig.conductor.notes[0]
    rig.done("b1", stopped_by="overdue")
    assert rig.conductor.stopped_by == "overdue"


def test_a_message_of_a_run_that_is_over_means_nothing() -> None:
    """A done that comes after its worker was given up is counted, and nothing is sent."""
    rig = Rig("a1")
    rig.start()
    rig.lost("a1")
    sent = len(rig.sent)
    rig.say("a1", Done(run="r", seq=0, error=None, stopped_by=None))
    rig.report("a1", 4)
    rig.wait(S)
    assert len(rig.sent) == sent
    assert rig.conductor.ignored == {"replay_done": 1, "report": 1}


def test_each_run_begins_afresh() -> None:
    """What was noted, lost or stopped in one run is not in the next."""
    rig = Rig("a1", "b1")
    rig.start()
    rig.stop()
    rig.done("a1", stopped_by="person")
    rig.lost("b1", gone=True)
    rig.start(order_of("s"))
    assert (rig.conductor.stopped_by, rig.conductor.notes, rig.conductor.error) == (None, [], None)
    assert [(share.worker, share.partitions) for share in rig.conductor.shares] == [("a1", (0, 1))]
    rig.say("b1", Hello(version="1.0", host="b", pid=2, boot="boot"))
    assert rig.conductor.notes == ["worker b1 joined while the run was under way and has no part in it"]
    assert all(stop.run == "r" for _, stop in rig.told(Stop))
