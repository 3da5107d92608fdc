"""The hub stood still for longer than peers have: what they did in time counts as done in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gevent.monkey import get_original

from replay_users.engine.engine import Timeouts
from replay_users.model import Fault
from replay_users.testing import hold, http_answer, receive, send, serve, stall
from tests.engine.rig import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.testing import ScriptedTarget
    from tests.engine.rig import Rig

MS = 1_000_000


def stand_still(seconds: float = 0.5) -> None:
    """Keep the hub from running for longer than the peers below have."""
    get_original("time", "sleep")(seconds)


@pytest.mark.parametrize("count", [1, pytest.param(200, id="more than one poll of epoll gives")])
def test_answers_that_lie_there_are_read(rig: Callable[..., Rig], target: ScriptedTarget, count: int) -> None:
    """Answers that came while the hub stood still are answers, though their time is up before anybody looks."""
    live = rig(timeouts=Timeouts(answer=1_000 * MS))  # which a busy machine may need until all have arrived
    target.play([receive(), hold(), send(http_answer()), serve()])
    flights = [request() for _ in range(count)]
    live.launch(*flights)
    live.wait_until(lambda: len(target.received()) == count)
    target.let_go()
    stand_still(1.5)
    live.wait_until(lambda: live.schedule.idle)
    assert {flight.fault for flight in flights} == {None}


@pytest.mark.parametrize("count", [1, pytest.param(60, id="a burst")])
def test_connections_that_are_open_are_used(rig: Callable[..., Rig], count: int) -> None:
    """Connections that the target accepted while the hub stood still are open, though their time is up."""
    live = rig(timeouts=Timeouts(connect=200 * MS))
    flights = [request() for _ in range(count)]
    live.launch(*flights)
    live.engine.pump()
    stand_still()
    live.wait_until(lambda: live.schedule.idle)
    assert {flight.fault for flight in flights} == {None}


def test_a_peer_that_did_nothing_is_still_late(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A standstill is no excuse for a peer that has not answered by its end."""
    live = rig(timeouts=Timeouts(answer=100 * MS))
    target.play([receive(), stall()])
    live.launch(flight := request())
    live.wait_until(lambda: len(target.received()) == 1)
    stand_still()
    began = live.engine.now()
    live.wait_until(lambda: live.schedule.idle)
    assert flight.fault is Fault.TIMEOUT
    assert flight.done - began < 1_000 * MS


def test_connections_that_were_closed_meanwhile_carry_nothing(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A write that is due goes out on a connection that is open, not on one whose end nobody has read yet."""
    live = rig()
    target.play([receive(), send(http_answer()), hold()], [serve()])
    live.launch(request())
    live.wait_until(lambda: live.schedule.idle)
    due = live.engine.now() + 100 * MS
    live.schedule.offer(write := request("POST", body=b"x", due=due))
    live.engine.rearm()
    target.let_go()
    stand_still()
    live.wait_until(lambda: live.schedule.idle)
    assert write.fault is None


def test_what_our_standstill_held_up_lags_and_did_not_wait(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """The answer that a request waits for came while the hub stood still: what it is late by is ours."""
    live = rig()
    target.play([receive(), hold(), send(http_answer()), serve()])
    live.launch(first := request(session=b"s"))
    live.wait_until(lambda: len(target.received()) == 1)
    live.schedule.offer(second := request(session=b"s", at=first.ended + 1, due=live.engine.now() + 100 * MS))
    live.engine.rearm()
    live.engine.pump()
    target.let_go()
    stand_still()
    live.wait_until(lambda: live.schedule.idle)
    assert second.ready - second.due < 250 * MS
    assert second.picked - second.ready > 250 * MS
