"""What holds in every world, however unlucky: each test is a sentence about many histories, one for each seed.

`SEEDS=20000 make test-slow ARGS="-k simulation"` looks at more of them.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from replay_users.swarm.shares import ShareState
from tests.simulation.world import LONGEST_RUN, MS, World

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = range(200)
LONG = range(200, 200 + int(os.environ.get("SEEDS", "1500")))


def no_partition_is_granted_twice(world: World) -> None:
    """In a run, no partition is granted to two workers, nor twice to one."""
    for run in world.runs:
        granted = [partition for _, part in run.granted for partition in part]
        assert len(granted) == len(set(granted))


def all_rows_have_an_owner(world: World) -> None:
    """Once partitions are granted, all are, and the rows of all shares add up to the weights."""
    for run in (run for run in world.runs if run.granted):
        assert sum(share.rows for share in run.shares) == sum(run.order.weights.values())
        assert sorted(each for share in run.shares for each in share.partitions) == sorted(run.order.weights)
        assert {(share.worker, share.partitions) for share in run.shares} == set(run.granted)


def no_two_runs_overlap(world: World) -> None:
    """Nobody sends anything of a run after anybody has begun the next one."""
    for first, second in pairwise(world.runs):
        begun = min((at for _, at in second.begun), default=None)
        assert begun is None or all(until <= begun for until in first.sent_until.values())


def every_run_ends(world: World) -> None:
    """A run is over within the sum of its limits, whoever is dead, hung, cut off or never finishes."""
    for run in world.runs:
        assert run.over_at is not None
        assert run.over_at - run.asked_at <= LONGEST_RUN
        assert all(not share.state.is_open for share in run.shares)


def everybody_begins_together(world: World) -> None:
    """Whoever begins does so at the epoch, give or take the error that its share tells of its clock."""
    for run in world.runs:
        errors = {share.worker: share.clock_error_ns for share in run.shares}
        for worker, at in run.begun:
            error = errors[worker]
            assert run.epoch_at is not None
            assert error is not None
            assert abs(at - run.epoch_at) <= error + MS // 1000
            assert error > 0 or world.workers[worker].clock is world.master.clock


def everybody_begins_in_time(world: World) -> None:
    """Whoever really begins does so not before the epoch, and unless it hung just then at most a second late."""
    for run in world.runs:
        errors = {share.worker: share.clock_error_ns or 0 for share in run.shares}
        for worker, at in run.started.items():
            assert run.epoch_at is not None
            assert -errors[worker] - MS <= at - run.epoch_at
            assert at - run.epoch_at <= 1000 * MS + errors[worker] + MS or world.workers[worker].luck.hangs


def all_begin_or_none(world: World) -> None:
    """A run is started with all of its shares, or not at all."""
    for run in world.runs:
        starts = [share.starts_at is not None for share in run.shares if share.state is not ShareState.IDLE]
        assert all(starts) or not any(starts)


def nobody_begins_twice(world: World) -> None:
    """A worker begins a run once, or never."""
    for run in world.runs:
        workers = [worker for worker, _ in run.begun]
        assert len(workers) == len(set(workers))


def a_run_that_failed_was_never_begun(world: World) -> None:
    """When a run ends with an error, nobody has sent anything."""
    for run in world.runs:
        assert run.error is None or not run.begun


def nothing_is_said_after_the_end(world: World) -> None:
    """After a run is over, no message of it is sent."""
    assert world.master.late_sends == []


def done_means_reported(world: World) -> None:
    """The share of a worker that is done has its last report taken."""
    for run in world.runs:
        for share in run.shares:
            if share.state is ShareState.DONE:
                assert share.seq == run.last_report[share.worker]


def the_lost_are_silent_after_their_fence(world: World) -> None:
    """A lost worker sends nothing after its fence, and its fence is not before it was lost."""
    for run in world.runs:
        for share in (share for share in run.shares if share.state is ShareState.LOST):
            assert share.lost_at is not None
            assert share.fence is not None
            assert share.fence >= share.lost_at or (share.lost_at, share.fence) == (0, -1)
            until = run.sent_until.get(share.worker)
            if until is not None and run.epoch_at is not None:
                assert until <= run.epoch_at + share.fence + share.fence // 1000 + MS


def nobody_is_left_behind(world: World) -> None:
    """Long after the last run, no living worker is still in one."""
    assert [worker.name for worker in world.stragglers] == []


INVARIANTS: tuple[Callable[[World], None], ...] = (
    no_partition_is_granted_twice,
    all_rows_have_an_owner,
    no_two_runs_overlap,
    every_run_ends,
    everybody_begins_together,
    everybody_begins_in_time,
    all_begin_or_none,
    nobody_begins_twice,
    a_run_that_failed_was_never_begun,
    nothing_is_said_after_the_end,
    done_means_reported,
    the_lost_are_silent_after_their_fence,
    nobody_is_left_behind,
)


@cache
def played(seed: int) -> World:
    """One of the short form's worlds, when all has happened."""
    return World(seed).play()


@pytest.mark.parametrize("holds", INVARIANTS, ids=lambda holds: str(holds.__name__))
def test_it_holds_in_every_world(holds: Callable[[World], None]) -> None:
    """Each invariant is what its own docstring says."""
    for seed in SHORT:
        _check(holds, played(seed), seed)


def _check(holds: Callable[[World], None], world: World, seed: int) -> None:
    try:
        holds(world)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {holds.__doc__} {error}") from error


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_holds_in_many_more_worlds() -> None:
    """All invariants hold in as many worlds as `SEEDS` says."""
    for seed in LONG:
        world = World(seed).play()
        for holds in INVARIANTS:
            _check(holds, world, seed)


def test_in_a_kind_world_every_share_is_done() -> None:
    """When nobody dies, every run ends by itself, with every share done and its last report taken."""
    for seed in range(60):
        world = World(seed, kind=True).play()
        assert world.runs
        for run in world.runs:
            assert (run.error, run.stopped_by) == (None, None)
            assert {share.state for share in run.shares} <= {ShareState.DONE, ShareState.IDLE}
            done = [share for share in run.shares if share.state is ShareState.DONE]
            assert all(share.seq == run.last_report[share.worker] > 0 for share in done)
            assert all(share.started_error_ns is not None for share in done)
        assert not world.master.conductor.ignored


def test_a_lost_end_is_told_again() -> None:
    """Where a broken connection has swallowed the last report and the done, the worker is asked once more, and not lost."""
    told = 0
    for world in map(played, SHORT):
        losers = {worker.name for worker in world.workers.values() if worker.luck.loses_end}
        shares = [share for run in world.runs for share in run.shares if share.worker in losers and share.seq]
        assert ShareState.LOST not in {share.state for share in shares}
        told += len(shares)
    assert told > 0


def test_nobody_outlives_the_master() -> None:
    """When the master dies, nobody sends any more after the time that it takes to notice, and whoever had a part leaves."""
    left = 0
    for seed in range(100):
        world = World(seed, orphaned=True).play()
        able = [
            worker for worker in world.workers.values() if worker.luck.drains is not None and worker.hung_since is None
        ]
        assert all(worker.dead or worker.part.run is None for worker in able), seed
        left += sum(worker.dead and worker.luck.dies_at is worker.luck.leaves_at is None for worker in able)
    assert left > 0


def test_the_worlds_are_unlucky_enough() -> None:
    """The short form sees refused, failed, stopped and overdue runs, lost and idle workers, messages that come twice."""
    worlds = [played(seed) for seed in SHORT]
    runs = [run for world in worlds for run in world.runs]
    shares = [share for run in runs for share in run.shares]
    assert {run.stopped_by for run in runs} >= {None, "person", "worker", "overdue"}
    assert {share.state for share in shares} == {ShareState.DONE, ShareState.LOST, ShareState.IDLE}
    errors = " ".join(str(run.error) for run in runs)
    errors += " ".join(refusal for world in worlds for refusal in world.master.refusals)
    for sentence in (
        "was lost",
        "another plan",
        "cannot read",
        "not ready",
        "expected",
        "replay_users 2.0",
        "says nothing",
    ):
        assert sentence in errors
    assert any(share.lost_at for share in shares)
    assert {name for world in worlds for name in world.master.conductor.ignored} >= {"replay_done", "report"}
