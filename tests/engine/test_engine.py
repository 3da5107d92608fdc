"""The live engine: on time, in order, within limits, and nothing left when it ends."""

from __future__ import annotations

import socket
import time
from statistics import median
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.hub import get_hub

from replay_users.engine.engine import Engine, Timeouts
from replay_users.engine.origin import Origin
from replay_users.engine.schedule import Limits, Schedule
from replay_users.engine.target import Target
from replay_users.engine.tls import Tls, TlsSettings
from replay_users.model import Drop, Fault, Flight
from replay_users.testing import ScriptedTarget, close, hold, http_answer, pause, receive, send, serve, stall
from tests.engine.rig import ANY_LAG, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.testing import Step
    from tests.engine.rig import Rig

MS = 1_000_000
SECOND = 1_000 * MS
S = b"session"


def together(live: Rig, target: ScriptedTarget, *flights: Flight, received: int) -> None:
    """Have so many of these flights received before the first is answered; each connection serves after that."""
    target.play([receive(), hold(), send(http_answer()), serve()])
    live.launch(*flights)
    live.wait_until(lambda: len(target.received()) == received)
    target.let_go()
    live.wait_until(lambda: live.schedule.idle)


@pytest.mark.parametrize(
    ("duration", "allowed"),
    [
        pytest.param(None, 30 * SECOND, id="not recorded"),
        pytest.param(0, 30 * SECOND, id="instant"),
        pytest.param(10 * SECOND, 30 * SECOND, id="a third of the usual"),
        pytest.param(20 * SECOND, 60 * SECOND, id="three times as recorded"),
        pytest.param(100 * SECOND, 300 * SECOND, id="five minutes"),
        pytest.param(900 * SECOND, 300 * SECOND, id="never longer"),
    ],
)
def test_timeouts(duration: int | None, allowed: int) -> None:
    """An exchange has 30 s, or three times its recorded duration if that is longer, and never more than five minutes."""
    assert Timeouts().of(duration) == allowed


# On time


def test_the_target_agrees_on_the_times(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """The target's own arrival times agree with due + lag within 1 ms at the median, and p99 shows no systematic delay."""
    live = rig()
    for nth in range(5):  # a machine that stands still for a moment is none of our doing; a systematic delay stays
        off = _differences(live, target, nth)
        assert off[0] > 0
        if median(off) < MS and off[int(0.99 * len(off))] < 100 * MS:
            return
    pytest.fail(f"median {median(off) / MS:.1f} ms, p99 {off[int(0.99 * len(off))] / MS:.1f} ms in the last of five")


def _differences(live: Rig, target: ScriptedTarget, attempt: int) -> list[int]:
    """Arrival by the target's clock, less due + lag by ours, of 400 flights."""
    live.fly(*[request() for _ in range(4)])
    begin = live.engine.now() + 20 * MS
    flights = [request(target=b"/%d/%d" % (attempt, nth)) for nth in range(400)]
    for nth, flight in enumerate(flights):
        flight.due = begin + nth * 2 * MS
        live.schedule.offer(flight)
    live.engine.rearm()
    live.wait_until(lambda: all(flight.done for flight in flights))
    assert [flight.ready for flight in flights] == [flight.due for flight in flights]
    arrived = {received.data.split(b" ")[1]: received.at - live.engine.start for received in target.received()}
    return sorted(arrived[f.target] - (f.due + (f.picked - f.ready)) for f in flights)


def test_nothing_is_sent_before_the_run_begins(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """Rows are loaded before the run begins; the first goes out when it is due after that, and is not late."""
    live = rig()
    live.engine.start = 0
    flight = request(due=0)
    live.schedule.offer(flight)
    live.engine.rearm()
    gevent.sleep(0.01)
    assert (live.schedule.loaded, live.dropped) == (1, [])
    live.engine.begin(time.monotonic_ns() + 20 * MS)
    live.wait_until(lambda: bool(live.engine.finished))
    (received,) = target.received()
    assert received.at >= live.engine.start
    assert 0 <= flight.picked < 5_000 * MS


def test_a_burst_goes_out_whole(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """More flights due at once than a turn of the hub sends are all sent, each on a connection of its own."""
    live = rig()
    flights = [request() for _ in range(200)]
    together(live, target, *flights, received=200)
    assert {flight.answer_status for flight in flights} == {200}
    assert (live.engine.counters.opened, target.accepted) == (200, 200)


def test_a_turn_of_the_hub_sends_a_bounded_number(rig: Callable[..., Rig]) -> None:
    """However many flights are due, answers get their turn after some of them."""
    live = rig()
    for flight in [request() for _ in range(200)]:
        flight.due = live.engine.now()
        live.schedule.offer(flight)
    live.engine.pump()
    assert (live.schedule.in_flight, live.schedule.loaded) == (64, 136)
    live.wait_until(lambda: len(live.engine.finished) == 200)


def test_the_timer_is_set_for_what_comes_first(rig: Callable[..., Rig]) -> None:
    """The timer is set for the next due time, and left alone while it is right."""
    live = rig()
    lags = []
    for _ in range(5):  # any of which may be held up by others
        late = request()
        late.due = live.engine.now() + 30 * MS
        live.schedule.offer(late)
        live.engine.rearm()
        armed = live.engine._armed
        assert armed == live.engine.start + late.due
        live.engine.rearm()
        assert live.engine._armed == armed
        live.wait_until(lambda late=late: bool(late.done))  # type: ignore[misc]
        lags.append(late.picked - late.due)
    assert 0 <= min(lags) < 50 * MS


@pytest.mark.parametrize("ending", [send(http_answer()), close()], ids=["answered", "failed"])
def test_what_is_released_goes_out_at_once(rig: Callable[..., Rig], target: ScriptedTarget, ending: Step) -> None:
    """An exchange that waited goes out as soon as the one before it has ended, though the next due time is far off."""
    target.play([receive(), pause(0.005), ending])
    live = rig()
    chain = [request("POST", at=nth, duration=0, session=S) for nth in range(8)]
    far = request()
    live.launch(*chain)
    far.due = live.engine.now() + 100 * SECOND
    live.schedule.offer(far)
    live.wait_until(lambda: len(live.engine.finished) == 8)
    assert median(flight.picked - flight.ready for flight in chain) < 20 * MS


# In order, within limits


def test_causality_on_the_wire(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """What had ended before in the recording is answered before the next of its session is sent; its failing counts too."""
    target.play([receive(), pause(0.03), send(http_answer()), receive(), close()], [receive(), pause(0.03), close()])
    live = rig()
    flights = [request("POST", at=nth * MS, duration=1, session=S) for nth in range(3)]
    first, second, third = live.fly(*flights)
    assert (first.fault, second.fault, third.fault) == (None, Fault.CLOSED_BEFORE_HEADERS, Fault.CLOSED_BEFORE_HEADERS)
    assert second.ready == first.done
    assert third.ready == second.done
    assert first.done <= second.picked < second.done <= third.picked


def test_in_flight_limit(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """With the limit reached, what is due is dropped and counted, and opens no connection."""
    live = rig(limits=Limits(max_in_flight=3, max_lag=ANY_LAG))
    together(live, target, *[request() for _ in range(5)], received=3)
    assert len(live.engine.finished) == 3
    assert [reason for _, reason in live.dropped] == [Drop.IN_FLIGHT] * 2
    assert target.accepted == 3


def test_waiting_too_long(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """The sweep drops what has waited too long for an answer, while the answer is still awaited."""
    target.play([receive(), stall()])
    live = rig(limits=Limits(max_wait=50 * MS, max_lag=ANY_LAG))
    first, second = request(duration=1, session=S), request(at=MS, session=S)
    live.launch(first, second)
    live.wait_until(lambda: bool(live.dropped))
    assert live.dropped == [(second, Drop.WAIT)]
    assert (live.schedule.in_flight, live.schedule.loaded) == (1, 0)


# Connections


def test_the_oldest_idle_connection_is_reused(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """Idle connections take turns, so that none grows old unused."""
    live = rig()
    together(live, target, *[request() for _ in range(3)], received=3)
    for _ in range(4):
        live.fly(request())
    used = [received.connection for received in target.received()[3:]]
    assert (len(set(used)), used[3]) == (3, used[0])
    assert (live.engine.counters.opened, live.engine.counters.reused) == (3, 4)


def test_connections_are_spread_over_the_addresses(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """New connections go to each address in turn."""
    with ScriptedTarget() as other:
        live = rig(addresses=[target.address, other.address])
        flights = [request() for _ in range(6)]
        together(live, target, *flights, received=3)
        assert [flight.fault for flight in flights] == [None] * 6
        assert (target.accepted, len(other.received())) == (3, 3)


def test_each_target_has_its_own_connections(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A flight goes to the target that its route names, and on no connection to another one."""
    with ScriptedTarget() as other:
        live = rig(others=[[other.address]])
        for nth in range(6):
            flight = request(target=b"/%d" % nth)
            flight.route = nth % 2
            live.fly(flight)
        assert [received.data[:6] for received in target.received()] == [b"GET /0", b"GET /2", b"GET /4"]
        assert [received.data[:6] for received in other.received()] == [b"GET /1", b"GET /3", b"GET /5"]
        assert (target.accepted, other.accepted, live.engine.counters.opened) == (1, 1, 2)


def test_one_target_moves(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """New addresses of a target, and the avoiding of one, are nothing to the connections of another."""
    with ScriptedTarget() as other:
        live = rig(others=[[other.address]])
        flights = [request(), request()]
        flights[1].route = 1
        live.fly(*flights)
        live.engine.readdress(1, [other.refusing, other.address])
        for _ in range(3):
            live.engine.readdress(1, [other.refusing])
        again = [request(), request()]
        again[1].route = 1
        live.fly(*again)
        assert [flight.fault for flight in again] == [None, Fault.CONNECT]
        assert (target.accepted, live.engine.counters.reused, live.engine.counters.retired) == (1, 1, 1)


def test_tls_counts_for_the_run() -> None:
    """What TLS fails of, at whatever target and time of a connection's life, is in the counts of the run."""
    schedule = Schedule(Limits(), lambda *_: None)
    sides = [Tls(TlsSettings(server_name=name)) for name in ("a.example", "b.example")]
    targets = [Target(Origin(name="x", port=443, tls=tls), [(2, ("127.0.0.1", 9))]) for tls in sides]
    engine = Engine(get_hub().loop, schedule, targets, timeouts=Timeouts(), wake=lambda: None)
    for tls in sides:
        tls.errors.count("expired")
    engine.close()
    assert engine.counters.summary()["tls_errors"] == {"expired": 2}


@pytest.mark.parametrize("bad", ["refusing", "deaf"])
def test_an_address_that_does_not_answer_is_avoided(rig: Callable[..., Rig], target: ScriptedTarget, bad: str) -> None:
    """Nothing was sent there, so each exchange goes to another address; the bad one is not tried again until it is resolved."""
    addresses = [getattr(target, bad), target.address]
    live = rig(addresses=addresses, timeouts=Timeouts(connect=150 * MS))
    first, second = live.fly(request("POST"), request("POST"))
    assert (first.fault, second.fault, first.resent) == (None, None, False)
    assert first.sent <= first.done
    assert live.engine.counters.avoided_addresses == 1
    assert len(target.received()) == 2


def test_where_no_address_answers_each_is_tried_once(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A target that is down is a failed connect, not a search without end."""
    live = rig(addresses=[target.refusing, (socket.AF_INET, ("127.0.0.2", target.refusing[1][1]))])
    flights = live.fly(*(request() for _ in range(5)))
    assert [flight.fault for flight in flights] == [Fault.CONNECT] * 5
    assert live.engine.counters.opened <= 10


def test_new_addresses(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """After the target has moved, new connections go to its new address, and idle ones to the old address are closed."""
    live = rig(addresses=[target.refusing])
    (refused,) = live.fly(request())
    live.engine.readdress(0, [target.address])
    (moved,) = live.fly(request())
    for _ in range(3):
        live.engine.readdress(0, [(socket.AF_INET, ("127.0.0.2", target.refusing[1][1]))])
    (gone,) = live.fly(request())
    assert [flight.fault for flight in (refused, moved, gone)] == [Fault.CONNECT, None, Fault.CONNECT]
    assert (live.engine.counters.opened, live.engine.counters.retired) == (1, 1)


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        pytest.param((12345, ("127.0.0.1", 80)), Fault.NO_SOCKET, id="no socket to be had"),
        pytest.param((socket.AF_INET, ("255.255.255.255", 80)), Fault.CONNECT, id="fails at once"),
    ],
)
def test_no_connection_at_all(rig: Callable[..., Rig], address: tuple[int, tuple[str, int]], fault: Fault) -> None:
    """Without a socket, or where connecting fails at once, the exchange ends as sent and failed, and the run goes on."""
    live = rig(addresses=[address])
    flights = live.fly(request(at=0, duration=0, session=S), request(at=1, session=S))
    assert [flight.fault for flight in flights] == [fault, fault]
    assert all(flight.picked <= flight.sent <= flight.done for flight in flights)
    assert live.schedule.idle


# Signing


def test_sign(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """What `sign` gives is what goes out, made when it is sent and not before."""
    signed: list[tuple[int, int]] = []

    def sign(flight: Flight) -> bytes:
        signed.append((flight.picked, flight.sent))
        return flight.wire.replace(b"\r\n\r\n", b"\r\nX-Signed: 1\r\n\r\n")

    (flight,) = rig(sign=sign).fly(request())
    assert signed == [(flight.picked, 0)]
    assert b"\r\nX-Signed: 1\r\n" in target.received()[0].data


def test_what_cannot_be_signed_is_not_sent(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """An exchange without a signature is handed back unsent, and counts as answered for those that wait for it."""
    live = rig(sign=lambda flight: None if flight.target == b"/secret" else flight.wire)
    secret, after = request(target=b"/secret", duration=0, session=S), request(at=1, session=S)
    live.launch(secret, after)
    live.wait_until(lambda: after in live.engine.finished)
    assert live.unsigned == [secret]
    assert (secret in live.engine.finished, live.schedule.idle, target.accepted) == (False, True, 1)


# The end


def test_stop(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A stopped engine gives back what it had not sent, sends nothing more, and still takes the answers under way."""
    target.play([receive(), hold(), send(http_answer())])
    live = rig()
    under_way, waiting, later = request(duration=1, session=S), request(at=MS, session=S), request()
    live.launch(under_way, waiting)
    live.wait_until(lambda: live.schedule.waiting == 1)
    later.due = live.engine.now() + 10 * MS
    live.schedule.offer(later)
    live.engine.rearm()
    assert live.engine.stop() == [waiting, later]
    target.let_go()
    live.wait_until(lambda: bool(live.engine.finished))
    gevent.sleep(0.02)
    assert (live.engine.finished, under_way.fault, live.dropped) == ([under_way], None, [])
    assert (len(target.received()), live.schedule.idle) == (1, True)


def test_nothing_is_sent_again_after_a_stop(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A stopped engine opens no connection, not even for what would otherwise be tried once more."""
    target.play([receive(), send(http_answer()), receive(), hold(), close()], [serve()])
    live = rig()
    live.fly(request())
    flight = request()
    live.launch(flight)
    live.wait_until(lambda: live.schedule.in_flight == 1)
    live.engine.stop()
    target.let_go()
    live.wait_until(lambda: flight in live.engine.finished)
    assert (flight.fault, flight.resent, target.accepted) == (Fault.CLOSED_BEFORE_HEADERS, False, 1)


@pytest.mark.parametrize("ending", ["abandon", "close"])
def test_what_is_under_way_at_the_end(rig: Callable[..., Rig], target: ScriptedTarget, ending: str) -> None:
    """Abandoning, or closing, ends each exchange under way as stopped: whether it was sent or is still connecting."""
    target.play([receive(), stall()])
    live = rig()
    sent, connecting = request(), request()
    live.launch(sent)
    live.wait_until(lambda: bool(target.received()))
    live.engine.readdress(0, [target.deaf])
    live.launch(connecting)
    live.wait_until(lambda: live.schedule.in_flight == 2)
    live.engine.stop()
    getattr(live.engine, ending)()
    assert {flight.fault for flight in live.engine.finished} == {Fault.STOPPED}
    assert len(live.engine.finished) == 2
    assert live.schedule.idle


def test_closing_while_a_connection_is_being_refused(rig: Callable[..., Rig]) -> None:
    """A refusal that arrives after the engine was closed changes nothing."""
    live = rig(addresses=[(socket.AF_INET, ("255.255.255.255", 80))])
    flight = request()
    flight.due = 0
    live.schedule.offer(flight)
    live.engine.pump()
    live.engine.close()
    gevent.sleep(0.01)
    assert (live.engine.finished, flight.fault) == ([flight], Fault.STOPPED)


def test_closing_twice(rig: Callable[..., Rig]) -> None:
    """A second close does nothing, least of all close a descriptor that is somebody else's by now."""
    live = rig()
    live.fly(request())
    live.engine.close()
    gevent.sleep(0.001)
    with socket.socket() as innocent:
        live.engine.close()
        gevent.sleep(0.001)
        innocent.getsockname()


def test_nothing_is_sent_after_the_time_that_is_given(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """What is due after `until` stays where it is, and is sent by the next sweep when that was moved on."""
    live = rig()
    live.fly(request())
    live.engine.until = live.engine.now() - 1
    flight = request()
    live.launch(flight)
    live.engine.pump()
    assert (live.schedule.in_flight, flight.sent, len(target.received())) == (0, 0, 1)
    live.engine.until = live.engine.now() + 60_000 * MS
    live.wait_until(lambda: flight in live.engine.finished)
    assert (flight.fault, len(target.received())) == (None, 2)
