"""The connections to one origin: which is used, which is opened, which has to go."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.server import StreamServer

from replay_users.engine.engine import Timeouts
from replay_users.engine.kept import LONG_IDLE
from replay_users.engine.pool import Keep
from replay_users.engine.target import resolve
from replay_users.model import Fault
from replay_users.testing import ScriptedTarget, hold, http_answer, receive, send, serve, stall
from tests.engine.rig import request
from tests.engine.sky import A, B, C, Sky

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.model import Flight
    from tests.engine.rig import Rig

MS = 1_000_000
SECOND = 1_000 * MS
AGE = 100 * SECOND
RECORDED = Keep(recorded=True)
OLD = 121 * SECOND
"""Older than any connection becomes whose age is `AGE`."""


# Age


def test_ages_differ() -> None:
    """Connections opened together do not end together: each has an age of its own, within a fifth of what was asked."""
    sky = Sky(keep=Keep(max_age=AGE))
    ages = [line.retire_at - line.begun for line in sky.fly(*[None] * 50)]
    assert all(0.8 * AGE <= age <= 1.2 * AGE for age in ages)
    assert len(set(ages)) == 50
    assert max(ages) - min(ages) > AGE / 5


def test_without_an_age_limit() -> None:
    """Unless it is asked for, no connection is too old."""
    sky = Sky()
    (first,) = sky.fly(None)
    sky.time = 1_000_000 * SECOND
    sky.pool.sweep(sky.time)
    assert sky.fly(None) == [first]


@pytest.mark.parametrize("key", [None, "k"], ids=["ordinary", "recorded"])
def test_too_old_when_its_turn_comes(key: str | None) -> None:
    """A connection that became too old while it was idle is closed, and another is opened for the flight."""
    sky = Sky(keep=Keep(max_age=AGE, recorded=True))
    (first,) = sky.fly(key)
    sky.time = OLD
    (second,) = sky.fly(key)
    assert (first.closed, second.closed) == (True, False)
    assert (sky.counters.retired, sky.counters.opened, sky.counters.reused, sky.counters.extra) == (1, 2, 0, 0)


@pytest.mark.parametrize("key", [None, "k"], ids=["ordinary", "recorded"])
def test_too_old_in_the_middle_of_an_exchange(key: str | None) -> None:
    """A connection that becomes too old while it is busy is closed when its answer has come, not before."""
    sky = Sky(keep=Keep(max_age=AGE, recorded=True))
    line = sky.line_of(sky.send(key))
    line.open()
    line.deadline = 2 * OLD
    sky.time = OLD
    sky.pool.sweep(sky.time)
    assert not line.closed
    line.answer()
    assert (line.closed, sky.counters.retired, len(sky.pool)) == (True, 1, 0)


def test_the_sweep_closes_old_ones() -> None:
    """Idle connections that nobody asks for are closed when they are too old."""
    sky = Sky(keep=Keep(max_age=AGE, recorded=True))
    sky.fly(None, None, "k")
    sky.pool.sweep(AGE // 2)
    assert len(sky.open_lines()) == 3
    sky.pool.sweep(OLD)
    assert (sky.open_lines(), sky.counters.retired, len(sky.pool)) == ([], 3, 0)


# Addresses


def test_addresses_that_are_gone() -> None:
    """Idle connections to an address that is gone are closed, busy ones after their answer, those to others stay."""
    sky = Sky(A, B)
    to_a, _to_b, busy, _busy_to_b = (sky.line_of(sky.send()) for _ in range(4))
    for line in sky.lines:
        line.open()
    to_a.answer()
    _to_b.answer()
    sky.move([B, C])
    assert (to_a.closed, busy.closed, _to_b.closed) == (True, False, False)
    busy.answer()
    _busy_to_b.answer()
    assert [line.address for line in sky.open_lines()] == [B, B]
    assert sky.counters.retired == 2
    assert {sky.line_of(sky.send()).address for _ in range(4)} == {B, C}


def test_an_address_that_is_gone_while_connecting() -> None:
    """A connection that was being opened to an address that is gone carries its flight, and no second one."""
    sky = Sky(A)
    (line,) = [sky.line_of(sky.send())]
    sky.move([B])
    line.open()
    line.answer()
    assert (line.closed, sky.counters.retired) == (True, 1)


def test_an_address_that_is_missing_once() -> None:
    """A connection to an address that a name left out once stays in use."""
    sky = Sky(A)
    (first,) = sky.fly(None)
    sky.readdress([B])
    sky.readdress([B])
    assert (sky.fly(None), sky.counters.retired) == ([first], 0)


@pytest.mark.parametrize("fault", [Fault.CONNECT_TIMEOUT, Fault.TLS, None])
def test_one_flight_finds_out(fault: Fault | None) -> None:
    """After re-resolving, one flight at a time is sent to an address that did not answer, and all once that has opened."""
    sky = Sky(A, B)
    flight = sky.send()
    sky.line_of(flight).fail(Fault.CONNECT_TIMEOUT)
    sky.readdress([A, B])
    to = [sky.line_of(sky.send()) for _ in range(4)]
    assert [line.address for line in to] == [A, B, B, B]
    probe, flights = to[0], [sky.send() for _ in range(2)]
    if fault is None:
        probe.open()
    else:
        probe.fail(fault)
    assert {sky.line_of(sky.send()).address for _ in range(4)} == ({A, B} if fault is None else {B})
    assert [sky.line_of(each).address for each in flights] == [B, B]
    sky.readdress([A, B])
    assert A in {sky.line_of(sky.send()).address for _ in range(2)}
    assert sky.counters.avoided_addresses == 1


def test_an_address_that_is_gone_and_refuses() -> None:
    """A flight whose address was replaced while it connected is tried on the new one, once."""
    sky = Sky(A)
    flight = sky.send()
    sky.readdress([B])
    sky.line_of(flight).fail(Fault.CONNECT)
    assert sky.line_of(flight).address == B
    sky.line_of(flight).fail(Fault.CONNECT)
    assert (flight.fault, len(sky.lines)) == (Fault.CONNECT, 2)


def test_addresses_are_counted() -> None:
    """For each address it is counted how many connections opened and how many did not, and why a proxy refused."""
    sky = Sky(A, (10, ("::1", 80, 0, 0)))
    first, second, third, fourth = (sky.line_of(sky.send(method="POST")) for _ in range(4))
    first.open()
    second.open()
    third.fail(Fault.TLS, "expired")
    fourth.fail(Fault.PROXY, "407")
    shown = sky.counters.summary()
    assert shown["addresses"] == {"10.0.0.1:80": {"opened": 1, "failed": 1}, "[::1]:80": {"opened": 1, "failed": 1}}
    assert shown["proxy_refusals"] == {"407": 1}


def test_how_long_connecting_took() -> None:
    """Connect times count from the first packet, on a second try too."""
    sky = Sky(A, B)
    flight = sky.send()
    sky.time += 20 * MS
    sky.line_of(flight).fail(Fault.CONNECT)
    sky.time += 3 * MS
    sky.line_of(flight).open()
    assert sky.counters.connect.peak == 3 * MS
    assert sky.counters.connect.over == 1


def test_what_is_sent_again_was_sent_the_first_time() -> None:
    """A second try whose first address refuses goes to another, and still counts from the first byte of the first try."""
    sky = Sky(A, B)
    (first,) = sky.fly(None)
    sky.time = 10
    flight = sky.send()
    first.fail(Fault.CLOSED_BEFORE_HEADERS)
    sky.line_of(flight).fail(Fault.CONNECT)
    sky.time = 20
    sky.line_of(flight).open()
    assert (flight.sent, flight.resent, sky.line_of(flight).address) == (10, True, A)


@pytest.mark.parametrize("fault", [Fault.CONNECT, Fault.CLOSED_BEFORE_HEADERS])
def test_nothing_is_tried_again_after_the_stop(fault: Fault) -> None:
    """A run that was stopped opens no more connections."""
    sky = Sky(A, B)
    sky.fly(None)
    flight, refused = sky.send(), sky.send()
    sky.stopped = True
    sky.line_of(flight if fault is Fault.CLOSED_BEFORE_HEADERS else refused).fail(fault)
    assert ([each.fault for each in sky.finished], len(sky.lines)) == ([None, fault], 2)


def test_what_the_end_of_the_run_cut_off_has_not_failed() -> None:
    """A connection that was still being opened when the run gave up says nothing of its address."""
    sky = Sky(A)
    flight = sky.send()
    sky.stopped = True
    sky.pool.abandon()
    assert (flight.fault, sky.counters.addresses, sky.counters.connect.over) == (Fault.STOPPED, {}, 0)


# Recorded connections


def test_one_for_each_recorded_connection() -> None:
    """Each recorded connection has one of ours from its first exchange on, whatever else is idle."""
    sky = Sky(keep=RECORDED)
    a, b = sky.fly("a", "b")
    assert sky.fly("b", "a", "c")[:2] == [b, a]
    (ordinary,) = sky.fly(None)
    assert sky.fly(None) == [ordinary]
    assert (sky.counters.opened, sky.counters.reused, sky.counters.extra) == (4, 3, 0)


def test_keys_mean_nothing_unless_asked_for() -> None:
    """Without `recorded` the connection of the recording is not looked at."""
    sky = Sky()
    (first,) = sky.fly("a")
    assert sky.fly("b") == [first]
    assert first.key is None


def test_two_in_flight_at_once() -> None:
    """Where the recorded connection's own is busy, another is opened, counted, and closed when it has its answer."""
    sky = Sky(keep=RECORDED)
    first, extra = sky.fly("a", "a")
    assert (first.closed, extra.closed, sky.counters.extra, sky.counters.opened) == (False, True, 1, 2)
    assert sky.fly("a") == [first]


@pytest.mark.parametrize("how", ["failed", "closed"])
def test_the_extra_one_takes_the_place(how: str) -> None:
    """If the first has ended meanwhile, the extra one is the recorded connection's from then on."""
    sky = Sky(keep=RECORDED)
    first, extra = (sky.line_of(sky.send("a", "POST")) for _ in range(2))
    first.open()
    extra.open()
    if how == "failed":
        first.fail(Fault.RESET_IN_BODY)
    else:
        first.answer(last=True)
    extra.answer()
    assert sky.fly("a") == [extra]
    assert (sky.counters.extra, sky.counters.retired) == (1, 0)


@pytest.mark.parametrize("late", [False, True], ids=["closed", "late bytes"])
def test_a_recorded_connection_that_is_lost(late: bool) -> None:
    """A recorded connection that its peer ended is opened again at its next exchange; that is none extra."""
    sky = Sky(keep=RECORDED)
    (first,) = sky.fly("a")
    first.lose(late_bytes=late)
    (second,) = sky.fly("a")
    assert (second is first, second.key, sky.counters.extra) == (False, "a", 0)
    assert (sky.counters.closed_idle, sky.counters.late_bytes) == (int(not late), int(late))


def test_a_second_try_keeps_the_key() -> None:
    """What is sent again goes out on a fresh connection, which is the recorded connection's from then on."""
    sky = Sky(keep=RECORDED)
    (first,) = sky.fly("a")
    flight = sky.send("a")
    first.fail(Fault.CLOSED_BEFORE_HEADERS)
    second = sky.line_of(flight)
    second.open()
    second.answer()
    assert sky.fly("a") == [second]
    assert (sky.counters.resent, sky.counters.extra) == (1, 0)


def test_recorded_connections_end() -> None:
    """A recorded connection that nothing comes for is closed and forgotten after a while, a busy one is not."""
    sky = Sky(keep=RECORDED)
    _idle, busy = sky.fly("a", "b")
    sky.send("b")
    busy.deadline = 10 * LONG_IDLE
    sky.time = LONG_IDLE + 2
    sky.pool.sweep(sky.time)
    assert sky.open_lines() == [busy]
    assert (sky.counters.forgotten, len(sky.pool), len(sky.pool._kept)) == (1, 1, 1)


def test_room_for_recorded_connections() -> None:
    """However many recorded connections there are, so many of ours stay open; those that rested longest go."""
    sky = Sky(keep=RECORDED, most_kept=10)
    lines = sky.fly(*[f"k{nth}" for nth in range(25)])
    sky.pool.sweep(sky.time)
    assert sky.open_lines() == lines[15:]
    assert (sky.counters.forgotten, len(sky.pool._kept)) == (15, 10)


def test_no_more_sockets() -> None:
    """Where no socket is to be had the flight fails as such, and the next one that finds one is sent."""
    sky = Sky(keep=RECORDED)
    sky.most_sockets = 0
    without, also = sky.send("a"), sky.send()
    sky.most_sockets = 2
    sky.fly("a", None)
    assert [without.fault, also.fault] == [Fault.NO_SOCKET] * 2
    assert (len(sky.finished), sky.counters.opened, sky.counters.extra) == (4, 2, 0)


def test_resting_connections_make_room() -> None:
    """Where descriptors run out a quarter of the resting recorded connections is given back, and the flight is sent."""
    sky = Sky(keep=RECORDED)
    lines = sky.fly(*"abcdefgh")
    sky.most_sockets = 8
    (new,) = sky.fly("i")
    assert sky.open_lines() == [*lines[2:], new]
    assert (sky.counters.forgotten, [flight.fault for flight in sky.finished]) == (2, [None] * 9)


def test_a_family_that_the_machine_does_not_have() -> None:
    """Without IPv6 an IPv6 address is left out like one that refuses, and every flight is sent to the others."""
    sky = Sky((10, ("::1", 80, 0, 0)), A)
    sky.families = {2}
    assert [line.address for line in sky.fly(None, None, None)] == [A] * 3
    assert (sky.counters.avoided_addresses, sky.counters.opened) == (1, 3)


def test_no_family_that_the_machine_has() -> None:
    """Where no address can be tried the flight fails after one try of each."""
    sky = Sky((10, ("::1", 80, 0, 0)), (10, ("::2", 80, 0, 0)))
    sky.families = {2}
    assert sky.send().fault is Fault.NO_SOCKET


# On real sockets


def recorded(key: str, path: bytes = b"/") -> Flight:
    """A flight of a recorded connection."""
    flight = request(target=path)
    flight.connection = key
    return flight


def test_old_connections_end_on_the_wire(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """The target sees an idle connection that is too old be closed, and the next request come on another one."""
    live = rig(keep=Keep(max_age=50 * MS))
    live.fly(request())
    live.wait_until(lambda: target.open == 0)
    live.fly(request())
    assert (target.accepted, live.engine.counters.retired, live.engine.counters.closed_idle) == (2, 1, 0)


def test_an_exchange_outlives_its_address(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """An answer from an address that is gone meanwhile is taken whole, and the connection closed then."""
    target.play([receive(), hold(), send(http_answer(b"whole")), stall()])
    live = rig()
    flight = request()
    live.launch(flight)
    live.wait_until(lambda: bool(target.received()))
    for _ in range(3):
        live.engine.readdress(0, [target.refusing])
    target.let_go()
    live.wait_until(lambda: flight in live.engine.finished)
    live.wait_until(lambda: target.open == 0)
    assert (flight.fault, flight.answer_body, live.engine.counters.retired) == (None, b"whole", 1)


def test_recorded_connections_on_the_wire(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """The target sees the requests of a recorded connection come on one connection, in their order."""
    live = rig(keep=RECORDED)
    for turn in range(3):
        live.fly(*(recorded(key, b"/%b%d" % (key.encode(), turn)) for key in "abc"))
    came: dict[int, list[str]] = {}
    for received in target.received():
        came.setdefault(received.connection, []).append(received.data.split(b" ")[1].decode())
    assert sorted(came.values()) == [["/a0", "/a1", "/a2"], ["/b0", "/b1", "/b2"], ["/c0", "/c1", "/c2"]]


def test_collision_on_the_wire(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A request whose recorded connection is still busy does not wait: it has an extra connection, which is closed again."""
    target.play([receive(), hold(), send(http_answer()), serve()], [serve()])
    live = rig(keep=RECORDED)
    slow, quick = recorded("a"), recorded("a")
    live.launch(slow)
    live.wait_until(lambda: len(target.received()) == 1)
    live.fly(quick)
    live.wait_until(lambda: target.open == 1)
    target.let_go()
    live.wait_until(lambda: slow in live.engine.finished)
    live.fly(recorded("a"))
    assert [received.connection for received in target.received()] == [0, 1, 0]
    assert (live.engine.counters.extra, target.accepted) == (1, 2)


def test_some_of_several_addresses(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """Of a name's addresses one refuses and one never answers: every request comes through by the third, and each is counted."""
    live = rig(addresses=[target.refusing, target.deaf, target.address], timeouts=Timeouts(connect=150 * MS))
    flights = live.fly(*(request("POST") for _ in range(9)))
    flights += live.fly(request("POST"))
    counters = live.engine.counters
    assert [flight.fault for flight in flights] == [None] * 10
    assert counters.avoided_addresses == 2
    names = [f"127.0.0.1:{address[1][1]}" for address in (target.refusing, target.deaf, target.address)]
    assert [counters.addresses[name].opened > 0 for name in names] == [False, False, True]
    assert all(counters.addresses[name].failed for name in names[:2])
    assert counters.connect.count == counters.opened + sum(each.failed for each in counters.addresses.values())


def test_both_families(rig: Callable[..., Rig]) -> None:
    """A host with an IPv6 and an IPv4 address is reached at both; where nothing listens on one, at the other."""
    seen: list[int] = []

    def answer(peer: socket.socket, _: object) -> None:
        seen.append(peer.family)
        while peer.recv(65536):
            peer.sendall(http_answer())

    with closing(StreamServer(("::1", 0), answer)) as six, closing(StreamServer(("127.0.0.1", 0), answer)) as four:
        six.start()
        four.start()
        addresses = [*resolve(*six.address[:2]), *resolve(*four.address[:2])]
        live = rig(addresses=addresses)
        assert [flight.fault for flight in live.fly(*(request() for _ in range(4)))] == [None] * 4
        assert sorted(seen) == [socket.AF_INET] * 2 + [socket.AF_INET6] * 2
        assert set(live.engine.counters.addresses) == {f"[::1]:{six.server_port}", f"127.0.0.1:{four.server_port}"}
        six.stop()
        live.engine.readdress(0, addresses)
        flights = live.fly(*(request() for _ in range(8)))
        assert [flight.fault for flight in flights] == [None] * 8
        live.engine.close()
        gevent.sleep(0.01)
