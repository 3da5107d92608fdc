"""A/A runs: the second pass is compared with the first, and what differs is what the target does by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.events import events
from replay_users.results.conservation import broken_laws
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.local import LocalFace
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings
from replay_users.swarm.twice import Twice
from replay_users.testing import ScriptedTarget, http_answer, serve
from tests.integration.replays import JSON, same_answers
from tests.swarm.conftest import PATIENT, MakeOptions
from tests.swarm.test_hooks import Base, user

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_WITHIN = 20.0  # s: only a test that fails waits so long


@pytest.fixture
def begin(
    environment: Any, options: MakeOptions, traffic: str, target: ScriptedTarget, tmp_path: Path
) -> Callable[..., Twice]:
    """Begins an A/A run of the small recording."""

    def make(**changes: Any) -> Twice:
        given = {"recording": traffic, "pace": "8x", "aa": "2", "out": str(tmp_path / "run"), **PATIENT, **changes}
        twice = Twice("r1", prepare(read_settings(options(**given), target.url)), environment, Hooks(user(), Base))
        twice.begin()
        return twice

    return make


def test_the_same_answers_twice_match(begin: Callable[..., Twice], target: ScriptedTarget) -> None:
    """Everything is sent twice and counted once; that the recording says something else does not matter."""
    target.play([serve(http_answer(b'{"id":"never recorded"}', head=JSON))])
    twice = begin()
    assert twice.done.wait(_WITHIN)
    totals = twice.tally.totals()
    assert (totals.sent, totals.matched, totals.unchecked) == (30, 30, 0)
    assert len(target.received()) == 60
    assert not broken_laws(twice.plan.planned, totals)
    assert (twice.error, twice.stopped_by) == (None, None)
    assert [event.text for event in twice.events] == ["first pass: 30 sent, 0 without an answer"]


def test_listeners_hear_of_one_run(begin: Callable[..., Twice], target: ScriptedTarget) -> None:
    """Its start is told once, before the first pass; its progress is that of the second."""
    started: list[str] = []
    listener = events.run_started.add_listener(lambda run_id, **_: started.append(run_id))
    try:
        target.play([serve(http_answer(b'{"id":7}', head=JSON))])
        twice = begin()
        assert twice.progress() is None
        assert twice.done.wait(_WITHIN)
    finally:
        events.run_started.remove_listener(listener)
    progress = twice.progress()
    assert progress is not None
    assert progress[0] is twice.tally
    assert [(name, each.sent, each.in_flight) for name, each in progress[1].items()] == [("local", 30, 0)]
    assert started == ["r1"]


def test_a_stop_leaves_out_the_second_pass(begin: Callable[..., Twice], target: ScriptedTarget) -> None:
    """A run that is stopped in its first pass has compared nothing, and everything planned is left over."""
    target.play(same_answers(seconds=0.2))
    twice = begin(drain_timeout="1s")
    twice.stop("person")
    assert twice.done.wait(_WITHIN)
    totals = twice.tally.totals()
    assert (totals.sent, totals.skipped, twice.stopped_by) == (0, 40, "person")
    assert not broken_laws(twice.plan.planned, totals)


def test_a_standstill_of_the_first_pass_is_known(begin: Callable[..., Twice], target: ScriptedTarget) -> None:
    """Who watches times, as autostop does in both passes, hears of both by how much the hub was late."""
    target.play(same_answers())
    twice = begin()
    (first,) = LocalFace.hubs(object.__new__(LocalFace), twice)
    assert twice.done.wait(_WITHIN)
    hubs = list(LocalFace.hubs(object.__new__(LocalFace), twice))
    assert hubs == [first, twice.tally.fidelity.hub]
    assert all(hub.count for hub in hubs)
