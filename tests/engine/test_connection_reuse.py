"""When a connection is used again, and when a request is sent again."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import gevent
import pytest

from replay_users.engine.connection import Connection
from replay_users.engine.engine import Timeouts
from replay_users.model import Fault
from replay_users.testing import (
    ScriptedTarget,
    Step,
    close,
    hold,
    http_answer,
    pause,
    receive,
    reset,
    send,
    serve,
    stall,
)
from tests.engine.rig import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.model import Flight
    from tests.engine.rig import Rig

MS = 1_000_000
OK = http_answer(b"ok")
HALF = http_answer(b"12345")[:-2]
EARLY = b"HTTP/1.1 100 Continue\r\n\r\n"
SHORT = Timeouts(answer=150 * MS, connect=150 * MS)
A_MOMENT = pause(0.02)
"""Enough for what was sent before to be read on its own."""

# Idle connections


def test_late_bytes_on_an_idle_connection(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """Bytes that come unasked close the idle connection and are counted; they are nobody's answer."""
    target.play([receive(), send(OK), hold(), send(http_answer(b"unasked")), stall()], [serve()])
    live = rig()
    live.fly(request())
    target.let_go()
    live.wait_until(lambda: live.engine.counters.late_bytes == 1)
    (following,) = live.fly(request())
    assert (following.answer_status, following.answer_body, following.resent, target.accepted) == (200, b"", False, 2)


@pytest.mark.parametrize("ending", [close(), reset()], ids=lambda step: step.action)
def test_an_idle_connection_ends(rig: Callable[..., Rig], target: ScriptedTarget, ending: Step) -> None:
    """A connection that its peer ends while it is idle is counted and never used again; no exchange fails for it."""
    target.play([receive(), send(OK), hold(), ending], [serve()])
    live = rig()
    live.fly(request())
    target.let_go()
    live.wait_until(lambda: live.engine.counters.closed_idle == 1)
    (following,) = live.fly(request())
    assert (following.fault, following.resent, target.accepted) == (None, False, 2)


# Once more


def again(
    live: Rig,
    target: ScriptedTarget,
    method: str,
    *ending: Step,
    then: Step | None = None,
    path: bytes = b"/again",
    timeouts: Timeouts | None = None,
) -> Flight:
    """Fly on a connection that was used before and whose peer ends it when it has read the second request."""
    target.play([receive(), send(OK), receive(), *ending], [then or serve()])
    live.fly(request())
    live.engine.pools[0]._timeouts = timeouts or Timeouts()
    (flight,) = live.fly(request(method, target=path))
    return flight


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("ending", [close(), reset()], ids=lambda step: step.action)
def test_a_safe_request_is_sent_again(
    rig: Callable[..., Rig], target: ScriptedTarget, method: str, ending: Step
) -> None:
    """A safe request on a used connection that ends without a byte is sent once more, on a fresh one, and counted."""
    live = rig()
    flight = again(live, target, method, ending)
    assert (flight.fault, flight.answer_status, flight.resent) == (None, 200, True)
    assert (live.engine.counters.resent, target.accepted) == (1, 2)
    first, second = (received for received in target.received() if b"/again" in received.data)
    assert first.data == second.data
    start = live.engine.start
    assert flight.connect == 0
    assert flight.sent + start < first.at < second.at < flight.done + start


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_an_unsafe_request_is_never_sent_again(rig: Callable[..., Rig], target: ScriptedTarget, method: str) -> None:
    """A request that may have changed something fails instead."""
    flight = again(rig(), target, method, close())
    assert (flight.fault, flight.resent, target.accepted) == (Fault.CLOSED_BEFORE_HEADERS, False, 1)
    assert (flight.answer_status, flight.answer_head, flight.answer_body) == (0, b"", b"")


@pytest.mark.parametrize("path", [b"/logout", b"/orders/17/cancel", b"/cart?action=remove"])
def test_a_get_that_acts_is_never_sent_again(rig: Callable[..., Rig], target: ScriptedTarget, path: bytes) -> None:
    """A GET whose target names an action may have changed something, too."""
    flight = again(rig(), target, "GET", close(), path=path)
    assert (flight.fault, flight.resent, target.accepted) == (Fault.CLOSED_BEFORE_HEADERS, False, 1)


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        pytest.param([send(b"H"), close()], Fault.CLOSED_IN_HEADERS, id="a byte, then closed"),
        pytest.param([send(b"H"), A_MOMENT, reset()], Fault.RESET_IN_HEADERS, id="a byte, then reset"),
        pytest.param([send(EARLY), A_MOMENT, close()], Fault.CLOSED_IN_HEADERS, id="an interim answer"),
        pytest.param([send(HALF), close()], Fault.CLOSED_IN_BODY, id="half an answer"),
        pytest.param([send(b"junk"), close()], Fault.PROTOCOL, id="garbage"),
        pytest.param([stall()], Fault.TIMEOUT, id="a timeout"),
    ],
)
def test_nothing_is_sent_again_after_a_byte(
    rig: Callable[..., Rig], target: ScriptedTarget, steps: list[Step], fault: Fault
) -> None:
    """Once the peer has shown that it has the request, or has had its time, there is no second try."""
    flight = again(rig(), target, "GET", *steps, timeouts=SHORT if fault is Fault.TIMEOUT else None)
    assert (flight.fault, flight.resent, target.accepted) == (fault, False, 1)


def test_nothing_is_sent_a_third_time(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A second try that ends as the first one did is the end of it."""
    live = rig()
    flight = again(live, target, "GET", close(), then=close())
    assert (flight.fault, flight.resent) == (Fault.CLOSED_BEFORE_HEADERS, True)
    assert (live.engine.counters.resent, target.accepted) == (1, 2)


def test_a_second_try_has_what_is_left_of_the_time(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """The time an exchange has counts from its first try, however old the connection was that it was tried on."""
    target.play([receive(), send(OK), receive(), close()], [receive(), stall()])
    live = rig()
    live.fly(request())
    gevent.sleep(0.7)
    live.engine.pools[0]._timeouts = Timeouts(answer=600 * MS, connect=600 * MS)  # of which the first try takes little
    (flight,) = live.fly(request())
    assert (flight.fault, flight.resent) == (Fault.TIMEOUT, True)
    assert flight.done - flight.picked >= 600 * MS


def test_a_second_try_that_cannot_connect(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A refused second try is a failed connect, and the request still counts as sent when it first was."""
    target.play([receive(), send(OK), receive(), pause(0.03), close()])
    live = rig()
    live.fly(request())
    flight = request()
    live.launch(flight)
    live.wait_until(lambda: live.schedule.in_flight == 1)
    live.engine.readdress(0, [target.refusing])
    live.wait_until(lambda: flight in live.engine.finished)
    assert (flight.fault, flight.resent) == (Fault.CONNECT, True)
    assert flight.done - flight.sent >= 30 * MS


def test_interim_answers_of_earlier_exchanges_do_not_count(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """Many interim answers in all, and one before the exchange whose connection ends, are nothing to a later exchange."""
    twice = [receive(), send(EARLY * 60 + OK)] * 2
    target.play([*twice, receive(), close()], [serve()])
    live = rig()
    flights = [live.fly(request())[0] for _ in range(3)]
    assert [(flight.fault, flight.resent) for flight in flights] == [(None, False), (None, False), (None, True)]


def test_a_closed_connection_leaves_no_garbage(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A closed connection is freed at once, without the garbage collector, which would hold the hub to find it."""
    target.play([receive(), send(http_answer(b"ok", head=b"Connection: close\r\n"))])
    live = rig()
    gc.collect()
    gc.disable()
    try:
        live.fly(*[request() for _ in range(5)], request("HEAD"))
        live.wait_until(lambda: not len(live.engine.pools[0]))
        left = [each for each in gc.get_objects() if type(each) is Connection]
    finally:
        gc.enable()
    assert left == []


def test_a_fresh_connection_is_no_reason_to_send_again(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A peer that ends a fresh connection without a byte has failed the request."""
    target.play([receive(), close()], [serve()])
    (flight,) = rig().fly(request())
    assert (flight.fault, flight.resent, target.accepted) == (Fault.CLOSED_BEFORE_HEADERS, False, 1)
