"""TLS between a connection and its socket: the same answers and faults as without, however records and packets are cut."""

from __future__ import annotations

import fcntl
import os
import select
import ssl
import struct
import termios
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.engine.body import KEPT_BODY
from replay_users.engine.channel import Channel
from replay_users.engine.engine import Timeouts
from replay_users.engine.origin import Origin
from replay_users.engine.tls import Tls, TlsSettings
from replay_users.model import Fault
from replay_users.testing import http_answer
from tests.engine.rig import request
from tests.engine.test_connection_properties import connect
from tests.engine.tls_server import NAME, Peer, TlsServer, authority, cut, s_server, serve, server_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from replay_users.model import Flight
    from tests.engine.rig import Rig

MS = 1_000_000
OK = http_answer(b"ok")
UNFRAMED = b"HTTP/1.1 200 OK\r\n\r\n"
HALF = http_answer(b"12345")[:-2]
BIG = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority of the servers here."""
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority().cert_pem.write_to_path(path)
    return path


@pytest.fixture
def tls(ca_file: Path) -> Tls:
    """A client that trusts it."""
    return Tls(TlsSettings(server_name=NAME, ca_file=str(ca_file)))


def origin(tls: Tls) -> Origin:
    """Where these connections go."""
    return Origin(name=NAME, port=443, tls=tls)


def answers(*acts: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """Shake hands, read a request, do these one after the other."""

    def act(peer: Peer) -> None:
        peer.shake()
        peer.receive()
        for each in acts:
            each(peer)

    return act


def say(*pieces: bytes) -> Callable[[Peer], None]:
    """Send each piece in a record of its own."""
    return lambda peer: peer.send(*pieces)


def say_and_finish(*pieces: bytes) -> Callable[[Peer], None]:
    """The pieces and the end of the stream, in one packet; TCP stays open."""

    def act(peer: Peer) -> None:
        peer.sock.sendall(peer.encrypted(*pieces) + peer.notified())
        peer.sock.recv(1)

    return act


def junk(peer: Peer) -> None:
    """No record of TLS."""
    peer.sock.sendall(b"junk" * 8)
    peer.sock.recv(1)


def say_and_junk(*pieces: bytes) -> Callable[[Peer], None]:
    """The pieces and no record of TLS, in one packet."""

    def act(peer: Peer) -> None:
        peer.sock.sendall(peer.encrypted(*pieces) + b"junk" * 8)
        while peer.sock.recv(1):
            pass

    return act


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
EACH_VERSION = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)


def only(version: ssl.TLSVersion, **options: Any) -> ssl.SSLContext:
    """A server of one version."""
    context = server_context(**options)
    context.minimum_version = context.maximum_version = version
    return context


@EACH_VERSION
def test_answers_in_records_of_any_size(rig: Callable[..., Rig], tls: Tls, version: ssl.TLSVersion) -> None:
    """Bodies of nothing to 1 MiB, in records of one byte, of 16 KiB and several in a packet, arrive whole on one connection."""
    pieces = [
        [OK],
        [OK[:1], OK[1:40], OK[40:]],
        [http_answer(BIG)],
        [http_answer()],
        cut(http_answer(b"x" * 99), [1] * 140),
    ]

    def act(peer: Peer) -> None:
        peer.shake()
        for each in pieces:
            peer.receive()
            peer.send(*each)
        peer.receive()

    with TlsServer(act, only(version)) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        flights = [live.fly(request())[0] for _ in pieces]
        assert [flight.fault for flight in flights] == [None] * 5
        assert [flight.answer_size for flight in flights] == [2, 2, len(BIG), 0, 99]
        assert flights[2].answer_body == BIG[:KEPT_BODY]
        assert server.accepted == 1
        live.engine.close()


@EACH_VERSION
def test_a_body_up_to_the_end_of_the_stream(rig: Callable[..., Rig], tls: Tls, version: ssl.TLSVersion) -> None:
    """TLS's own word that nothing follows ends such a body, even if the socket stays open and it all came in one packet."""
    with TlsServer(answers(say_and_finish(UNFRAMED, b"to the ", b"end")), only(version)) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request())
        assert (flight.fault, flight.answer_status, flight.answer_body) == (None, 200, b"to the end")
        live.engine.close()


@EACH_VERSION
def test_an_answer_with_the_end_behind_it(rig: Callable[..., Rig], tls: Tls, version: ssl.TLSVersion) -> None:
    """Where the end of the stream came with the answer, the connection is not used again, not even for a POST."""
    with TlsServer(answers(say_and_finish(OK)), only(version)) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        flights = [live.fly(request("POST"))[0] for _ in range(2)]
        assert [(flight.fault, flight.answer_body) for flight in flights] == [(None, b"ok")] * 2
        assert server.accepted == 2
        live.engine.close()


@pytest.mark.parametrize(
    ("act", "fault", "status"),
    [
        pytest.param([Peer.drain], Fault.CLOSED_BEFORE_HEADERS, 0, id="FIN instead of an answer"),
        pytest.param([say(UNFRAMED, b"to"), Peer.drain], Fault.CLOSED_IN_BODY, 200, id="FIN in an endless body"),
        pytest.param([say(UNFRAMED), Peer.drain], Fault.CLOSED_IN_BODY, 200, id="FIN where a body may begin"),
        pytest.param([say(HALF), Peer.drain], Fault.CLOSED_IN_BODY, 200, id="FIN in a body"),
        pytest.param([say(HALF), Peer.finish], Fault.CLOSED_IN_BODY, 200, id="end in a body"),
        pytest.param([say_and_finish(HALF)], Fault.CLOSED_IN_BODY, 200, id="end in a body, in one packet"),
        pytest.param([Peer.finish], Fault.CLOSED_BEFORE_HEADERS, 0, id="end instead of an answer"),
        pytest.param([say(b"HTTP/1.1 200 "), Peer.drain], Fault.CLOSED_IN_HEADERS, 0, id="FIN in the head"),
        pytest.param([Peer.reset], Fault.RESET_BEFORE_HEADERS, 0, id="reset"),
        pytest.param([say(OK + b"more")], Fault.LATE_BYTES, 200, id="junk in the answer's record"),
        pytest.param([say(OK, b"more")], Fault.LATE_BYTES, 200, id="junk in a record behind it"),
        pytest.param([say(b"SSH-2.0-OpenSSH\r\n")], Fault.PROTOCOL, 0, id="no HTTP"),
        pytest.param([junk], Fault.TLS, 0, id="no TLS any more"),
        pytest.param([say(HALF), junk], Fault.TLS, 200, id="no TLS in a body"),
        pytest.param([say_and_junk(HALF)], Fault.TLS, 200, id="no TLS in a body, in one packet"),
    ],
)
def test_faults(
    rig: Callable[..., Rig], tls: Tls, act: list[Callable[[Peer], None]], fault: Fault, status: int
) -> None:
    """What the peer does wrong is the same fault as without TLS, and one of its own where it is TLS that breaks."""
    with TlsServer(answers(*act), server_context()) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request())
        assert (flight.fault, flight.answer_status) == (fault, status)
        assert bool(tls.errors) == (fault is Fault.TLS)
        live.engine.close()


def test_what_comes_before_the_break_counts(rig: Callable[..., Rig], tls: Tls) -> None:
    """An answer is an answer although no TLS follows it in the same packet; the connection is not used again."""
    with TlsServer(answers(say_and_junk(OK)), server_context()) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        flights = [live.fly(request())[0] for _ in range(2)]
        assert [flight.fault for flight in flights] == [None, None]
        assert (server.accepted, sum(tls.errors.values())) == (2, 2)
        live.engine.close()


@EACH_VERSION
def test_an_upload_is_written_as_the_peer_takes_it(rig: Callable[..., Rig], tls: Tls, version: ssl.TLSVersion) -> None:
    """A body of 8 MiB arrives as it is at a peer that is slow to read, and the connection is used again."""
    body, got = BIG * 8, []

    def act(peer: Peer) -> None:
        peer.shake()
        select.select([], [], [], 0.05)
        got.append(peer.receive().endswith(body))
        peer.send(OK)
        got.append(peer.receive().endswith(b"\r\n\r\n"))
        peer.send(OK)

    with TlsServer(act, only(version)) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        flights = [live.fly(request("POST", body=body))[0], live.fly(request())[0]]
        assert [flight.fault for flight in flights] == [None, None]
        assert (got, server.accepted) == ([True, True], 1)
        live.engine.close()


def test_an_answer_before_the_upload_is_taken(rig: Callable[..., Rig], tls: Tls) -> None:
    """A peer that answers without reading the body has answered; its connection, on which bytes still wait, is closed."""

    def act(peer: Peer) -> None:
        peer.shake()
        while b"\r\n\r\n" not in peer.read():
            pass
        peer.send(http_answer(b"no", status=413))
        select.select([], [], [], 0.05)

    with TlsServer(act, server_context()) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request("POST", body=BIG * 8))
        assert (flight.fault, flight.answer_status) == (None, 413)
        live.wait_until(lambda: not len(live.engine.pools[0]))
        live.engine.close()


def test_a_peer_that_takes_nothing_runs_into_the_deadline(rig: Callable[..., Rig], tls: Tls) -> None:
    """An upload that nobody reads ends as a timeout."""
    given_up = Event()

    def act(peer: Peer) -> None:
        peer.shake()
        given_up.wait(20)  # its end would be a fault of another kind

    with TlsServer(act, server_context()) as server:
        timeouts = Timeouts(answer=150 * MS)
        live = rig(addresses=[server.address], origin=origin(tls), timeouts=timeouts)
        (flight,) = live.fly(request("POST", body=BIG * 8))
        given_up.set()
        assert flight.fault is Fault.TIMEOUT
        live.engine.close()


def test_a_peer_that_speaks_http2_whatever_we_offer(rig: Callable[..., Rig], tls: Tls) -> None:
    """HTTP/2's first frame is told as what it is."""
    context = server_context()
    context.set_alpn_protocols(["h2"])

    def act(peer: Peer) -> None:
        peer.shake()
        peer.send(bytes.fromhex("000006040000000000000400100000"))
        peer.receive()

    with TlsServer(act, context) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request())
        assert (flight.fault, dict(tls.errors)) == (Fault.TLS, {"the target speaks HTTP/2 only (ALPN)": 1})
        live.engine.close()


def test_an_idle_connection_ends(rig: Callable[..., Rig], tls: Tls) -> None:
    """A peer that ends an idle connection in order harms nothing; that it did is counted."""

    def act(peer: Peer) -> None:
        peer.shake()
        peer.receive()
        peer.send(OK)
        select.select([], [], [], 0.03)
        peer.finish()

    with TlsServer(act, server_context()) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        live.fly(request())
        live.wait_until(lambda: live.engine.counters.closed_idle == 1)
        assert not tls.errors
        live.engine.close()


def test_the_peer_is_told_that_nothing_follows(rig: Callable[..., Rig], tls: Tls) -> None:
    """Closing an open connection says so in TLS, so that no server logs it as cut."""
    ends: list[bytes] = []

    def act(peer: Peer) -> None:
        peer.shake()
        peer.receive()
        peer.send(OK)
        ends.append(peer.read())

    with TlsServer(act, server_context()) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        live.fly(request())
        live.engine.close()
        live.wait_until(lambda: bool(ends))
    assert (ends, server.errors) == ([b""], [])


@EACH_VERSION
def test_sessions_are_resumed(rig: Callable[..., Rig], tls: Tls, ca_file: Path, version: ssl.TLSVersion) -> None:
    """A second connection goes by the session of the first; by one of its own after the files were read anew."""
    with TlsServer(serve(http_answer(b"ok", head=b"Connection: close\r\n")), only(version)) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        live.fly(request())
        live.fly(request())
        assert live.engine.counters.resumed == 1
        os.utime(ca_file)
        assert tls.renew() is None
        live.fly(request())
        assert (live.engine.counters.resumed, live.engine.counters.opened) == (1, 3)
        live.engine.close()


def _told(rig: Callable[..., Rig], tls: Tls, folder: Path, command: bytes, *options: str) -> Flight:
    """A flight to OpenSSL's server, which is told this while it has the request, and to answer after that."""
    with s_server(folder, "-crlf", *options) as (address, stdin):
        live = rig(addresses=[address], origin=origin(tls))
        flight = request()
        live.launch(flight)
        live.wait_until(lambda: live.engine.counters.opened == 1)
        for line in (command, b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"):
            gevent.sleep(0.05)
            live.wait_until(lambda: _is_read(stdin))  # it takes a command for one only if it is read alone
            stdin.write(line)
            stdin.flush()
        live.wait_until(lambda: flight in live.engine.finished)
        live.engine.close()
        return flight


def _is_read(pipe: IO[bytes]) -> bool:
    """Whether nothing that was written lies in a pipe."""
    return not struct.unpack("i", fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)))[0]


def test_keys_are_changed_under_way(rig: Callable[..., Rig], tls: Tls, tmp_path: Path) -> None:
    """A key update that asks for one of ours harms nothing."""
    flight = _told(rig, tls, tmp_path, b"K\n", "-tls1_3")
    assert (flight.fault, flight.answer_body, dict(tls.errors)) == (None, b"ok", {})


def test_a_second_handshake_is_refused(rig: Callable[..., Rig], tls: Tls, tmp_path: Path) -> None:
    """A server of TLS 1.2 that insists on one ends the exchange with a fault of TLS."""
    flight = _told(rig, tls, tmp_path, b"r\n", "-tls1_2", "-legacy_renegotiation")
    assert (flight.fault, sum(tls.errors.values())) == (Fault.TLS, 1)


# What holds for every stream, in memory


class Wire:
    """A socket whose bytes are given by the test; what is sent is kept. It is its own watcher."""

    active = False

    def __init__(self) -> None:
        """Nothing has come."""
        self.come: list[bytes] = []
        self.gone = b""
        self.takes = 1 << 30

    def recv(self, _size: int) -> bytes:
        """The next packet."""
        if not self.come:
            raise BlockingIOError
        return self.come.pop(0)

    def send(self, data: bytes) -> int:
        """Take some."""
        if not self.takes:
            raise BlockingIOError
        self.gone += data[: self.takes]
        return len(data[: self.takes])

    def start(self, callback: Callable[[], None]) -> None:
        """It is called by the test."""
        self.callback = callback
        self.active = True

    def stop(self) -> None:
        """Not any more."""
        self.active = False


class Pair:
    """A channel and a server's end, with the handshake done."""

    def __init__(self, tls: Tls, context: ssl.SSLContext) -> None:
        """In memory."""
        self.wire = Wire()
        self.channel = Channel(tls, self.wire, self.wire)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        while not self.channel.shake():
            self.take()
            with suppress(ssl.SSLWantReadError):
                self.server.do_handshake()
            self.channel.feed(self.outgoing.read())
        self.take()
        with suppress(ssl.SSLWantReadError):
            self.server.do_handshake()

    def take(self) -> None:
        """What the client has sent goes to the server."""
        self.incoming.write(self.wire.gone)
        self.wire.gone = b""


CONTEXT = server_context()
_cuts = st.lists(st.integers(1, 60), max_size=12)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        [
            OK,
            http_answer(b"x" * 300),
            b"HTTP/1.1 103 Hints\r\n\r\n" + OK,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            UNFRAMED + b"to the end",
            HALF,
            OK + b"junk",
            b"no HTTP",
        ]
    ),
    _cuts,
    _cuts,
    st.booleans(),
)
def test_how_records_and_packets_are_cut_changes_nothing(
    ca_file: Path, answer: bytes, records: list[int], packets: list[int], ends: bool
) -> None:
    """Any answer, in records and packets of any size, ends as it does without TLS in one piece."""
    plain, log = connect()
    plain_flight = request()
    plain.carry(plain_flight, 10**18)
    untyped: Any = plain
    for data in [answer, *([b""] if ends else [])]:
        if not plain.closed and not log.endings:
            untyped._recv = lambda _, data=data: data
            plain._readable()
    secret, secret_log, flight = _over_tls(ca_file, answer, records, packets, ends=ends)
    if log.endings == [Fault.LATE_BYTES] and secret_log.endings == [None]:
        assert secret_log.late or secret.closed
    else:
        assert secret_log.endings == log.endings
        assert (flight.answer_status, flight.answer_body) == (plain_flight.answer_status, plain_flight.answer_body)
    plain.close()
    secret.close()


def _over_tls(
    ca_file: Path, answer: bytes, records: list[int], packets: list[int], *, ends: bool
) -> tuple[Any, Any, Any]:
    pair = Pair(Tls(TlsSettings(server_name=NAME, ca_file=str(ca_file))), CONTEXT)
    connection, log = connect()
    untyped: Any = connection
    untyped._channel, untyped._recv, untyped._send = pair.channel, pair.channel.recv, pair.channel.send
    pair.channel.ending = untyped._ending
    flight = request()
    connection.carry(flight, 10**18)
    pair.take()
    assert pair.server.read(65536) == flight.wire
    for piece in cut(answer, records):
        if piece:
            pair.server.write(piece)
    if ends:
        with suppress(ssl.SSLError):
            pair.server.unwrap()
    pair.wire.come = [piece for piece in cut(pair.outgoing.read(), packets) if piece]
    while connection.flight is not None and (pair.wire.come or pair.channel.ended):
        connection._readable()
    if pair.wire.come and not connection.closed:
        connection._readable()
    return connection, log, flight


def test_an_end_that_is_known_with_the_answer(ca_file: Path) -> None:
    """The connection is closed before anybody is told of the answer, who might send the next request on it at once."""
    connection, log, flight = _over_tls(ca_file, OK, [], [], ends=True)
    assert (log.endings, log.last, flight.answer_body) == ([None], True, b"ok")
    assert connection.closed


def test_a_handshake_that_the_socket_does_not_take(ca_file: Path) -> None:
    """What could not be sent goes when the socket takes bytes again, a few at a time."""
    wire = Wire()
    wire.takes = 0
    channel = Channel(Tls(TlsSettings(server_name=NAME, ca_file=str(ca_file))), wire, wire)
    assert (channel.shake(), wire.active, wire.gone) == (False, True, b"")
    wire.takes = 100
    while wire.active:
        wire.callback()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    incoming.write(wire.gone)
    with pytest.raises(ssl.SSLWantReadError):
        CONTEXT.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
    assert outgoing.pending > 0


def test_a_session_of_an_old_connection_is_not_remembered(ca_file: Path, tls: Tls) -> None:
    """A connection that was opened before the files changed has nothing for those opened after."""
    pairs = [Pair(tls, CONTEXT), Pair(tls, CONTEXT)]
    for pair in pairs:
        pair.server.write(OK)
        pair.wire.come = [pair.outgoing.read()]
    assert pairs[0].channel.recv(1) == OK
    assert getattr(tls, "session", None) is not None
    os.utime(ca_file)
    assert tls.renew() is None
    assert pairs[1].channel.recv(1) == OK
    assert getattr(tls, "session", OK) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=3), st.lists(st.integers(0, 90_000), max_size=30))
def test_a_socket_that_takes_little_at_a_time(ca_file: Path, sizes: list[int], takes: list[int]) -> None:
    """What is sent arrives once and in order, whatever parts of it a socket takes; what is done with never exceeds it."""
    pair = Pair(Tls(TlsSettings(server_name=NAME, ca_file=str(ca_file))), CONTEXT)
    got, sent = b"", b""
    for nth, size in enumerate(sizes):
        data = memoryview(bytes([nth + 1]) * size)
        sent += data
        while data:
            pair.wire.takes = takes.pop() if takes else 1 << 30
            with suppress(BlockingIOError):
                data = data[pair.channel.send(data) :]
            pair.take()
            with suppress(ssl.SSLWantReadError):
                while True:
                    got += pair.server.read(65536)
    assert got == sent


def test_what_reading_has_sent_is_not_sent_again(ca_file: Path) -> None:
    """Bytes that the socket took only when something was read (the server's tickets, mostly) arrive once."""
    pair = Pair(Tls(TlsSettings(server_name=NAME, ca_file=str(ca_file))), CONTEXT)
    pair.wire.come = [pair.outgoing.read()]
    wire = request().wire
    pair.wire.takes = 20
    done = pair.channel.send(wire)
    pair.wire.takes = 1 << 30
    with pytest.raises(BlockingIOError):
        pair.channel.recv(1)
    assert (done, pair.channel.send(wire)) == (0, len(wire))
    pair.take()
    assert pair.server.read(65536) == wire
    with pytest.raises(ssl.SSLWantReadError):
        pair.server.read(65536)


def test_closing_says_nothing_in_the_middle_of_a_record(ca_file: Path) -> None:
    """A connection whose last record is on its way in part is closed as it is; more bytes would be no TLS."""
    pair = Pair(Tls(TlsSettings(server_name=NAME, ca_file=str(ca_file))), CONTEXT)
    pair.wire.takes = 20
    pair.channel.send(request().wire)
    pair.wire.takes = 1 << 30
    pair.channel.close()
    assert len(pair.wire.gone) == 20
