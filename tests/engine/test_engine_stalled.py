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


def stand_still() -> None:
    """Keep the hub from running for 0.5 s, several times what the peers below have."""
    get_original("time", "sleep")(0.5)


@pytest.mark.parametrize("count", [1, pytest.param(200, id="more than one poll of epoll gives")])
def test_answers_that_lie_there_are_read(rig: Callable[..., Rig], target: ScriptedTarget, count: int) -> None:
    """Answers that came while the hub stood still are answers, though their time is up before anybody looks."""
    live = rig(timeouts=Timeouts(answer=200 * MS))
    target.play([receive(), hold(), send(http_answer()), serve()])
    flights = [request() for _ in range(count)]
    live.launch(*flights)
    live.wait_until(lambda: len(target.received()) == count)
    target.let_go()
    stand_still()
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
