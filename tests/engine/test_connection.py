"""What a connection makes of everything a peer can do: one ending per exchange, of its own kind."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from gevent.event import Event
from gevent.server import StreamServer

from replay_users.engine import body as bodies
from replay_users.engine.body import KEPT_BODY, Rest
from replay_users.engine.connection import MAX_HEAD
from replay_users.engine.engine import Timeouts
from replay_users.engine.target import resolve
from replay_users.model import Fault, Flight
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
from replay_users.trailers import trailers_of
from tests.engine.rig import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark import ParameterSet

    from replay_users.engine.connection import Connection
    from tests.engine.rig import Rig

MS = 1_000_000
OK = http_answer(b"ok")
CLOSING = b"Connection: close\r\n"
SHORT = Timeouts(answer=150 * MS, connect=150 * MS)
IN_TIME = {Fault.TIMEOUT: SHORT, Fault.TIMEOUT_IN_BODY: Timeouts(answer=600 * MS)}
"""For what ends when its time is up: the latter must have come to the body by then."""
A_MOMENT = pause(0.02)
"""Enough for what was sent before to be read on its own; a test whose peer is slower fails."""


def raw(*lines: bytes, body: bytes = b"") -> bytes:
    """An answer line by line."""
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def answer(
    name: str, *steps: Step, method: str = "GET", status: int = 200, body: bytes = b"ok", reused: bool = True
) -> ParameterSet:
    """A row: what the target does with a request, and the answer that this is."""
    return pytest.param(method, steps, status, body, reused, id=name)


EARLY = raw(b"HTTP/1.1 100 Continue")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GZIPPED = b"Transfer-Encoding: gzip"
LAST = raw(b"HTTP/1.1 200 OK", b"Connection: close", GZIPPED + b", Chunked", body=b"2\r\nok\r\n0\r\n\r\n")
EXTENDED = CHUNKED + b"1;x=y\r\no\r\n1\r\nk\r\n0\r\nDigest: 1\r\nX: 2\r\n\r\n"
LONG = raw(b"HTTP/1.1 200 OK", b"Content-Length: 500")
OFFER = b"Connection: Upgrade, Keep-Alive\r\nUpgrade: h2,h2c\r\n"
OLD = (b"HTTP/1.0 200 OK", b"Content-Length: 2")
UNFRAMED = raw(b"HTTP/1.1 200 OK", body=b"to the ")


@pytest.mark.parametrize(
    ("method", "steps", "status", "body", "reused"),
    [
        answer("content-length", send(OK)),
        answer("byte by byte", send(OK, pieces=50, seconds=0.0005)),
        answer("empty body", send(http_answer()), body=b""),
        answer("a 5xx is an answer", send(http_answer(b"sorry", status=503)), status=503, body=b"sorry"),
        answer("POST", send(OK), method="POST"),
        answer("chunked", send(CHUNKED + b"2\r\nok\r\n0\r\n\r\n")),
        answer("chunked with extensions and trailers", send(EXTENDED, pieces=9, seconds=0.001)),
        answer("204", send(raw(b"HTTP/1.1 204 No Content")), status=204, body=b""),
        answer("304 with length", send(raw(b"HTTP/1.1 304 Same", b"Content-Length: 500")), status=304, body=b""),
        answer("HEAD with length", send(LONG), method="HEAD", body=b""),
        answer("HEAD of a chunked answer", send(CHUNKED), method="HEAD", body=b""),
        answer("HEAD of nothing", send(http_answer()), method="HEAD", body=b""),
        answer("HEAD after an interim", send(EARLY + LONG), method="HEAD", body=b""),
        answer("HEAD without framing", send(raw(b"HTTP/1.1 200 OK")), method="HEAD", body=b"", reused=False),
        answer("until the end", send(UNFRAMED), A_MOMENT, send(b"end"), close(), body=b"to the end", reused=False),
        answer("nothing until the end", send(raw(b"HTTP/1.0 200 OK")), close(), body=b"", reused=False),
        answer("any other coding", send(raw(b"HTTP/1.1 200 OK", GZIPPED, body=b"ok")), close(), reused=False),
        answer("chunked last of two codings", send(LAST), reused=False),
        answer("HTTP/1.0", send(raw(*OLD, body=b"ok")), reused=False),
        answer("HTTP/1.0 keep-alive", send(raw(*OLD, b"Connection: keep-alive", body=b"ok"))),
        answer("connection: close", send(http_answer(b"ok", head=CLOSING)), reused=False),
        answer("204, closing", send(raw(b"HTTP/1.1 204 No", CLOSING[:-2])), status=204, body=b"", reused=False),
        answer("an interim and the answer", send(EARLY + OK)),
        answer("three early hints", send(raw(b"HTTP/1.1 103 Hints", b"Link: </a>") * 3), A_MOMENT, send(OK)),
        answer("100 interim answers", send(EARLY * 100 + OK)),
        answer("an offer to upgrade is no upgrade", send(http_answer(b"ok", head=OFFER))),
        answer("60 kB head", send(http_answer(b"ok", head=b"X: %b\r\n" % (b"y" * 60_000)))),
        answer("a stray line break after it", send(OK + b"\r\n")),
    ],
)
def test_answers(
    rig: Callable[..., Rig],
    target: ScriptedTarget,
    method: str,
    steps: tuple[Step, ...],
    status: int,
    body: bytes,
    reused: bool,
) -> None:
    """Each way to frame an answer gives its status and body, and leaves the connection fit for another one or closes it."""
    target.play([receive(), *steps, serve()], [serve()])
    live = rig()
    (flight,) = live.fly(request(method))
    assert (flight.fault, flight.answer_status, flight.answer_body) == (None, status, body)
    assert flight.answer_size == len(body)
    (following,) = live.fly(request())
    assert (following.answer_status, target.accepted) == (200, 1 if reused else 2)


def fault(name: str, kind: Fault, *steps: Step, method: str = "GET", status: int = 0) -> ParameterSet:
    """A row: what the target does with a request, and the fault that this is; `status` is how far the answer came."""
    return pytest.param(method, steps, kind, status, id=name)


HEADLESS = b"HTTP/1.1 200 OK\r\nContent-"
HALF = raw(b"HTTP/1.1 200 OK", b"Content-Length: 10", body=b"12345")
HALF_CHUNK = CHUNKED + b"a\r\n12345"
TWO_WAYS = http_answer(b"ok", head=b"Transfer-Encoding: chunked\r\n")
TWICE = http_answer(b"ok", head=b"Content-Length: 2\r\n")
BAD_LENGTH = raw(b"HTTP/1.1 200 OK", b"Content-Length: 2x", body=b"ok")
SWITCHING = raw(b"HTTP/1.1 101 Switching", b"Connection: Upgrade", b"Upgrade: websocket", body=b"\x81\x05")
HUGE = b"HTTP/1.1 200 OK\r\nX: " + b"y" * (3 * MAX_HEAD)


@pytest.mark.parametrize(
    ("method", "steps", "kind", "status"),
    [
        fault("reset before headers", Fault.RESET_BEFORE_HEADERS, reset()),
        fault("reset in headers", Fault.RESET_IN_HEADERS, send(HEADLESS), A_MOMENT, reset()),
        fault("reset after an interim", Fault.RESET_IN_HEADERS, send(EARLY), A_MOMENT, reset()),
        fault("reset in body", Fault.RESET_IN_BODY, send(HALF), A_MOMENT, reset(), status=200),
        fault("reset where an end was due", Fault.RESET_IN_BODY, send(UNFRAMED), A_MOMENT, reset(), status=200),
        fault("closed before headers", Fault.CLOSED_BEFORE_HEADERS, close()),
        fault("closed in headers", Fault.CLOSED_IN_HEADERS, send(HEADLESS), close()),
        fault("closed after an interim", Fault.CLOSED_IN_HEADERS, send(EARLY), close()),
        fault("closed in body", Fault.CLOSED_IN_BODY, send(HALF), close(), status=200),
        fault("closed in a chunk", Fault.CLOSED_IN_BODY, send(HALF_CHUNK), close(), status=200),
        fault("closed in a chunk of a last answer", Fault.CLOSED_IN_BODY, send(LAST[:-9]), close(), status=200),
        fault(
            "closed in a last body",
            Fault.CLOSED_IN_BODY,
            send(http_answer(b"ok", head=CLOSING)[:-1]),
            close(),
            status=200,
        ),
        fault("closed between chunks", Fault.CLOSED_IN_BODY, send(CHUNKED + b"2\r\nok\r\n"), close(), status=200),
        fault("garbage", Fault.PROTOCOL, send(b"SSH-2.0-OpenSSH_9.2\r\n"), stall()),
        fault("no head (HTTP/0.9)", Fault.PROTOCOL, send(b"<html>hello</html>"), close()),
        fault("bare line feeds", Fault.PROTOCOL, send(OK.replace(b"\r\n", b"\n")), stall()),
        fault("two equal lengths", Fault.PROTOCOL, send(TWICE), stall()),
        fault("a bad length", Fault.PROTOCOL, send(BAD_LENGTH), stall()),
        fault("chunked and a length", Fault.PROTOCOL, send(TWO_WAYS), stall()),
        fault("folded header", Fault.PROTOCOL, send(http_answer(head=b"X: a\r\n b\r\n")), stall()),
        fault("a bad chunk", Fault.PROTOCOL, send(CHUNKED + b"zz\r\nok\r\n"), stall(), status=200),
        fault("101 interim answers", Fault.PROTOCOL, send(EARLY * 101 + OK), stall()),
        fault("two answers", Fault.LATE_BYTES, send(OK + OK), stall(), status=200),
        fault("junk after the answer", Fault.LATE_BYTES, send(OK + b"junk"), stall(), status=200),
        fault("an interim after the answer", Fault.LATE_BYTES, send(OK + EARLY), stall(), status=200),
        fault("junk before a close", Fault.LATE_BYTES, send(http_answer(head=CLOSING) + b"x"), stall(), status=200),
        fault("204 with a body", Fault.LATE_BYTES, send(raw(b"HTTP/1.1 204 No", body=b"ok")), stall(), status=204),
        fault("HEAD with a body", Fault.LATE_BYTES, send(OK), stall(), method="HEAD", status=200),
        fault("HEAD with half a body", Fault.LATE_BYTES, send(HALF), stall(), method="HEAD", status=200),
        fault("huge head", Fault.HEADERS_TOO_LARGE, send(HUGE), stall()),
        fault("101", Fault.UPGRADE, send(SWITCHING), stall(), status=101),
        fault("101 to nothing", Fault.UPGRADE, send(raw(b"HTTP/1.1 101 Switching")), stall(), status=101),
        fault("stall before headers", Fault.TIMEOUT, stall()),
        fault("stall in headers", Fault.TIMEOUT, send(HEADLESS), stall()),
        fault("stall after an interim", Fault.TIMEOUT, send(EARLY), stall()),
        fault("stall in body", Fault.TIMEOUT_IN_BODY, send(HALF), stall(), status=200),
        fault("stall where an end was due", Fault.TIMEOUT_IN_BODY, send(UNFRAMED), stall(), status=200),
        fault("slow drip", Fault.TIMEOUT_IN_BODY, send(LONG), send(b"1" * 100, pieces=100, seconds=0.15), status=200),
    ],
)
def test_faults(
    rig: Callable[..., Rig], target: ScriptedTarget, method: str, steps: list[Step], kind: Fault, status: int
) -> None:
    """Each thing a peer can do wrong is a fault of its own kind, closes the connection, and leaves the next exchange unharmed."""
    target.play([receive(), *steps], [serve()])
    live = rig(timeouts=IN_TIME.get(kind, Timeouts()))
    (flight,) = live.fly(request(method))
    assert (flight.fault, flight.answer_status, flight.answer_body) == (kind, status, b"")
    assert (flight.resent, target.accepted) == (False, 1)
    live.engine.pools[0]._timeouts = Timeouts()
    (following,) = live.fly(request())
    assert (following.fault, following.answer_status, target.accepted) == (None, 200, 2)


def test_refused(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A refused connection is a fault, marked as sent when it was refused."""
    (flight,) = rig(addresses=[target.refusing]).fly(request())
    assert flight.fault is Fault.CONNECT
    assert flight.picked < flight.sent <= flight.done
    assert flight.connect == flight.sent - flight.picked


def test_connect_timeout(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A connection that is never answered is given up after the connect timeout, not the longer one for answers."""
    (flight,) = rig(addresses=[target.deaf], timeouts=Timeouts(connect=150 * MS)).fly(request())
    assert flight.fault is Fault.CONNECT_TIMEOUT
    assert 150 * MS <= flight.connect == flight.sent - flight.picked


# Requests


def test_the_request_goes_out_byte_for_byte(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """What the target receives is the flight's wire: order, case, duplicates and odd bytes included, and nothing added."""
    wire = (
        b"PATCH /a%2fb//c?q=\xc3\xa9&&x HTTP/1.1\r\nhOsT: target\r\nX-b: 2\r\nx-B: 1\r\nX-b: 2\r\nX-Latin: \xe9\t \r\n"
        b"Cookie: a=1; b=\r\nContent-Length: 4\r\n\r\n\x00\r\n\xff"
    )
    flight = request("PATCH")
    flight.wire = wire
    rig().fly(flight)
    assert [received.data for received in target.received()] == [wire]


def test_a_large_upload_is_written_in_parts(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A request larger than every buffer, to a peer that is slow to read, arrives whole."""
    target.play([pause(0.05), receive(), send(OK), serve()])
    body = bytes(range(256)) * (32 << 10)
    live = rig()
    (flight,) = live.fly(request("POST", body=body))
    (received,) = target.received()
    assert (flight.fault, received.data) == (None, flight.wire)
    live.fly(request())
    assert target.accepted == 1


def test_half_a_request_is_not_left_to_the_kernel(rig: Callable[..., Rig]) -> None:
    """A connection that is given up in the middle of an upload is reset; its peer gets no more of that."""
    ends: list[bytes | None] = []
    closed = Event()

    def read_late(peer: socket.socket, _: object) -> None:
        closed.wait()
        try:
            while peer.recv(1 << 20):
                pass
            ends.append(b"")
        except ConnectionResetError:
            ends.append(None)

    with closing(StreamServer(("127.0.0.1", 0), read_late)) as server:
        server.start()
        live = rig(addresses=resolve(*server.address[:2]))
        live.launch(request("POST", body=b"x" * 8_000_000))
        live.wait_until(lambda: any(connection._out for connection in live.engine.pools[0]._all))
        live.engine.close()
        closed.set()
        live.wait_until(lambda: bool(ends))
    assert ends == [None]


TOO_LARGE = http_answer(b"too large", status=413)


@pytest.mark.parametrize(
    ("steps", "status", "fault"),
    [
        pytest.param([send(TOO_LARGE), stall()], 413, None, id="answers, then waits"),
        pytest.param([A_MOMENT, send(TOO_LARGE), reset()], 413, None, id="answers, then resets"),
        pytest.param([send(raw(b"HTTP/1.1 413 No")), pause(0.05), close()], 413, None, id="answers, then closes"),
        pytest.param([A_MOMENT, reset()], 0, Fault.RESET_BEFORE_HEADERS, id="resets"),
        pytest.param([send(HALF), A_MOMENT, reset()], 200, Fault.RESET_IN_BODY, id="resets in its answer"),
        pytest.param([stall()], 0, Fault.TIMEOUT, id="never reads"),
    ],
)
def test_a_peer_that_does_not_read_the_request(
    rig: Callable[..., Rig], target: ScriptedTarget, steps: list[Step], status: int, fault: Fault | None
) -> None:
    """What a peer says before it has read a large request counts, and the connection is not used again."""
    target.play(steps, [serve()])
    live = rig(timeouts=SHORT if fault is Fault.TIMEOUT else Timeouts())
    (flight,) = live.fly(request("POST", body=b"x" * (16 << 20)))
    assert (flight.answer_status, flight.fault) == (status, fault)
    live.engine.pools[0]._timeouts = Timeouts()
    live.fly(request())
    assert target.accepted == 2


def cut_off(live: Rig, target: ScriptedTarget, *steps: Step) -> tuple[Flight, Connection]:
    """A large upload, of which the hub will next see that it can write, the peer having done its steps by then."""
    target.play([pause(0.01), *steps])
    flight = request("POST", body=b"x" * (16 << 20))
    live.launch(flight)
    live.wait_until(lambda: any(connection._out for connection in live.engine.pools[0]._all))
    (connection,) = live.engine.pools[0]._all
    until = time.monotonic() + 5
    while connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != _TCP_CLOSE:
        assert time.monotonic() < until
    connection._writable()
    return flight, connection


_TCP_CLOSE = b"\x07"
"""The state of a connection that was reset."""


@pytest.mark.parametrize(
    ("steps", "status", "fault"),
    [
        pytest.param([send(TOO_LARGE), reset()], 413, None, id="after an answer"),
        pytest.param([reset()], 0, Fault.RESET_BEFORE_HEADERS, id="before headers"),
        pytest.param([send(HALF), reset()], 200, Fault.RESET_IN_BODY, id="in body"),
    ],
)
def test_a_write_that_fails(
    rig: Callable[..., Rig], target: ScriptedTarget, steps: list[Step], status: int, fault: Fault | None
) -> None:
    """A write that a reset has made impossible ends nothing: what the peer said before it is read first, then the reset."""
    live = rig()
    flight, connection = cut_off(live, target, *steps)
    assert flight.done == 0
    live.wait_until(lambda: flight in live.engine.finished)
    assert (flight.answer_status, flight.fault, connection.closed) == (status, fault, True)


# Answers, in detail


def test_the_head_is_kept_as_received(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """An answer's head is there byte for byte, without the interim ones before it."""
    head = b"HTTP/1.1 200 Fine\r\nContent-LENGTH: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-\xe9: \xe9\r\n\r\n"
    head = head.replace(b"X-\xe9", b"X-e")
    target.play([receive(), send(raw(b"HTTP/1.1 103 Hints", b"Link: </x>")), A_MOMENT, send(head + b"ok"), serve()])
    (flight,) = rig().fly(request())
    assert flight.answer_head.partition(b"\r\n\r\n")[0] == head.partition(b"\r\n\r\n")[0]


TRAILED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0;a=b\r\nX-Sum: 1\r\nX-Rows: 2\r\n\r\n"
LARGE = TRAILED.replace(b"2\r\nok", b"%x\r\n" % (11 * 15384) + b"0\r\nX: 1\r\n\r\n" * 15384)


@pytest.mark.parametrize(
    ("said", "pieces", "method"),
    [
        pytest.param(TRAILED, 1, "GET", id="in-one-read"),
        pytest.param(TRAILED, len(TRAILED), "GET", id="byte-by-byte"),
        pytest.param(TRAILED, 7, "POST", id="in-a-few"),
        pytest.param(b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n" + TRAILED, 60, "GET", id="after-an-interim-answer"),
        pytest.param(LARGE, 1, "GET", id="behind-a-large-body"),
    ],
)
def test_trailers_are_kept(
    rig: Callable[..., Rig], target: ScriptedTarget, said: bytes, pieces: int, method: str
) -> None:
    """However the answer is read, and the next answer on the connection has none of them."""
    target.play([receive(), send(said, pieces=pieces, seconds=0.0005), serve()])
    live = rig()
    (flight,) = live.fly(request(method=method))
    assert flight.fault is None
    assert trailers_of(flight.answer_head) == b"X-Sum: 1\r\nX-Rows: 2\r\n"
    assert len(flight.answer_head) < 80_000
    (later,) = live.fly(request())
    assert later.answer_head == http_answer()


def test_of_a_large_body_the_beginning_is_kept(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """Beyond 1 MiB a body is only measured; what is kept is its beginning, without gaps."""
    body = b"".join(b"%08d" % n for n in range(400_000))
    target.play([receive(), send(http_answer(body)), serve()])
    (flight,) = rig().fly(request())
    assert flight.answer_size == len(body)
    assert KEPT_BODY // 2 < len(flight.answer_body) <= KEPT_BODY
    assert body.startswith(flight.answer_body)


def test_of_many_large_bodies_beginnings_are_kept(
    rig: Callable[..., Rig], target: ScriptedTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers under way keep so much together, and their beginnings without gaps; when they have ended all room is free again."""
    monkeypatch.setattr(bodies, "KEPT_IN_ALL", 300_000)
    body = b"".join(b"%08d" % n for n in range(50_000))
    half = len(http_answer(body)) - len(body) // 2
    start, end = [receive(), send(http_answer(body)[:half]), hold()], [send(http_answer(body)[half:]), serve()]
    target.play([*start, *end], [*start, *end], [*start, reset()])
    live, flights = rig(), [request(), request(), request()]
    live.launch(*flights)
    live.wait_until(lambda: Rest.under_way > 200_000)
    target.let_go()
    live.wait_until(lambda: len(live.engine.finished) == 3)
    whole = [flight for flight in flights if flight.fault is None]
    assert len(whole) == 2
    assert all(flight.answer_size == len(body) and body.startswith(flight.answer_body) for flight in whole)
    assert min(len(flight.answer_body) for flight in whole) < len(body)
    assert Rest.under_way == 0


def test_marks(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """Opening a connection is marked apart from the service time, and a reused one cost nothing to open."""
    target.play([receive(), pause(0.03), send(OK), serve()])
    live = rig()
    (first,) = live.fly(request())
    assert 0 < first.due <= first.ready <= first.picked < first.sent < first.done
    assert first.connect == first.sent - first.picked > 0
    assert first.done - first.sent >= 30 * MS
    later = [live.fly(request())[0] for _ in range(5)]
    assert {each.connect for each in later} == {0}
    assert min(each.sent - each.picked for each in later) < 30 * MS
