"""How a connection opens, and each way in which it does not."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from replay_users.engine.engine import Timeouts
from replay_users.engine.origin import Origin
from replay_users.engine.tls import Tls, TlsSettings
from replay_users.engine.tunnel import connect_request
from replay_users.model import Fault
from replay_users.testing import ScriptedTarget, Step, close, http_answer, pause, receive, reset, send, serve, stall
from tests.engine.rig import request
from tests.engine.tls_server import NAME, Peer, TlsServer, authority, server_context
from tests.engine.tls_server import serve as serve_tls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine.rig import Rig

MS = 1_000_000
OK = http_answer(b"ok")
SHORT = Timeouts(answer=150 * MS, connect=150 * MS)
TUNNEL = connect_request(NAME, 443)


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


def origin(tls: Tls | None, tunnel: bytes = b"") -> Origin:
    """Where these connections go."""
    return Origin(name=NAME, port=443, tls=tls, tunnel=tunnel)


# Handshakes


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        pytest.param([close()], "the peer closed the connection in the handshake", id="closed"),
        pytest.param([pause(0.03), reset()], "connection reset by peer", id="reset"),
        pytest.param([send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), stall()], "wrong version number", id="plain HTTP"),
        pytest.param([send(b"\x16\x03\x03\x00\x02\x0e\x00"), close()], None, id="a handshake of nothing"),
        pytest.param([send(b"\x15\x03\x03\x00\x02\x02\x28"), stall()], None, id="an alert"),
        pytest.param([send(bytes(range(256)) * 9), stall()], None, id="garbage"),
    ],
)
def test_handshakes_that_fail(
    rig: Callable[..., Rig], target: ScriptedTarget, tls: Tls, steps: list[Step], reason: str | None
) -> None:
    """A peer that does not shake hands is one fault, counted with its reason, tried once; the next flight has its own try."""
    target.play(steps)
    live = rig(origin=origin(tls))
    flights = [live.fly(request())[0] for _ in range(2)]
    assert [(flight.fault, flight.answer_status, flight.resent) for flight in flights] == [(Fault.TLS, 0, False)] * 2
    assert (list(tls.errors.values()), target.accepted) == ([2], 2)
    assert reason is None or list(tls.errors) == [reason]
    assert all(0 < flight.connect <= flight.done - flight.picked for flight in flights)


def test_a_slow_handshake_is_within_the_connect_deadline(
    rig: Callable[..., Rig], target: ScriptedTarget, tls: Tls
) -> None:
    """A peer that accepts and then says nothing, or a byte at a time, is a connect timeout."""
    target.play([stall()], [send(b"\x16\x03\x03\x20\x00" + b"\2" * 50, pieces=55, seconds=0.02)])
    live = rig(timeouts=SHORT, origin=origin(tls))
    flights = live.fly(request(), request())
    assert [flight.fault for flight in flights] == [Fault.CONNECT_TIMEOUT] * 2
    assert all(flight.connect >= 140 * MS for flight in flights)
    assert not tls.errors


def test_a_handshake_byte_by_byte(rig: Callable[..., Rig], tls: Tls) -> None:
    """A peer whose handshake comes in packets of seven bytes is only slow; connecting has taken all of it."""

    def act(peer: Peer) -> None:
        whole = peer.sock.sendall

        def drip() -> None:
            data = peer.outgoing.read()
            for at in range(0, len(data), 7):
                whole(data[at : at + 7])

        peer.flush = drip  # type: ignore[method-assign]
        peer.shake()
        select.select([], [], [], 0.02)
        peer.receive()
        peer.send(OK)

    with TlsServer(act, server_context()) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request())
        assert (flight.fault, flight.answer_body) == (None, b"ok")
        assert flight.connect == flight.sent - flight.picked
        live.engine.close()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param({"ca_file": None}, "unable to get local issuer certificate", id="unknown authority"),
        pytest.param({"server_name": "other.test"}, "hostname mismatch", id="another name"),
        pytest.param({"server_name": "127.0.0.2"}, "IP address mismatch", id="another address"),
    ],
)
def test_certificates_that_do_not_fit(
    rig: Callable[..., Rig], ca_file: Path, settings: dict[str, str | None], reason: str
) -> None:
    """What the certificate is not good for is a fault of TLS that says so, and nothing of the request is sent."""
    tls = Tls(TlsSettings(**{"server_name": NAME, "ca_file": str(ca_file), **settings}))  # type: ignore[arg-type]
    with TlsServer(serve_tls(OK), server_context()) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request())
        assert flight.fault is Fault.TLS
        assert [reason.lower() in each.lower() for each in tls.errors] == [True]
        assert live.engine.counters.tls_errors == tls.errors
        live.engine.close()
    assert server.accepted == 1


def test_a_client_certificate_that_is_missing(rig: Callable[..., Rig], tls: Tls) -> None:
    """TLS 1.3 says so only after the handshake; it is a fault of TLS all the same."""
    with TlsServer(serve_tls(OK), server_context(wants="ours")) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request())
        assert flight.fault is Fault.TLS
        assert [each for each in tls.errors if "certificate required" in each]
        live.engine.close()


def test_bytes_with_the_handshake(rig: Callable[..., Rig], ca_file: Path) -> None:
    """What a peer says unasked in the packet that ends the handshake is seen although no event tells of it."""
    tls = Tls(TlsSettings(server_name=NAME, ca_file=str(ca_file)))
    context = server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def act(peer: Peer) -> None:
        with suppress(ssl.SSLWantReadError):
            peer.flush, flush = (lambda: None), peer.flush  # type: ignore[method-assign]
            while True:
                try:
                    peer.ssl.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    flush()
                    peer.incoming.write(peer.sock.recv(16384))
        peer.ssl.write(b"unasked")
        flush()
        while peer.sock.recv(1 << 16):
            pass

    with TlsServer(act, context) as server:
        live = rig(addresses=[server.address], origin=origin(tls))
        (flight,) = live.fly(request())
        assert flight.fault is Fault.PROTOCOL
        live.engine.close()


# Tunnels


def test_plain_http_through_a_tunnel(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """The CONNECT goes first, once per connection; what the proxy says of a length means nothing."""
    opened = b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.0 200 Connection established\r\nContent-Length: 5\r\n\r\n"
    target.play([receive(), send(opened, pieces=9, seconds=0.001), serve(OK)])
    live = rig(origin=origin(None, TUNNEL))
    flights = [live.fly(request())[0] for _ in range(2)]
    assert [(flight.fault, flight.answer_body) for flight in flights] == [(None, b"ok")] * 2
    first, *requests = target.received()
    assert (first.data, [each.data for each in requests]) == (TUNNEL, [flight.wire for flight in flights])
    assert target.accepted == 1
    assert flights[0].connect > 8 * MS


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        pytest.param([send(b"HTTP/1.1 407 Who are you\r\n\r\n"), stall()], "407 Who are you", id="407"),
        pytest.param([send(b"HTTP/1.1 502\r\nX: y\r\n\r\n"), close()], "502", id="502 without a phrase"),
        pytest.param([close()], "the proxy closed the connection without an answer", id="closed"),
        pytest.param([reset()], "the proxy closed the connection without an answer", id="reset"),
        pytest.param([send(b"HTTP/1.1 2"), close()], "the proxy closed the connection without an answer", id="cut"),
        pytest.param([send(b"SSH-2.0\r\n"), stall()], "the proxy does not answer in HTTP/1.1", id="no HTTP"),
        pytest.param(
            [send(b"HTTP/1.1 200 OK\r\n\r\n\x16"), stall()],
            "bytes follow the proxy's answer before TLS begins",
            id="bytes behind the head",
        ),
        pytest.param(
            [send(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000), stall()],
            "the proxy's answer has too large a head",
            id="huge head",
        ),
    ],
)
def test_tunnels_that_do_not_open(
    rig: Callable[..., Rig], target: ScriptedTarget, tls: Tls, steps: list[Step], reason: str
) -> None:
    """Anything but a bare 2xx is a fault of the proxy, counted with its reason; nothing of the request is sent."""
    target.play([receive(), *steps])
    live = rig(origin=origin(tls, TUNNEL))
    (flight,) = live.fly(request("POST"))
    assert (flight.fault, flight.answer_status, flight.resent) == (Fault.PROXY, 0, False)
    assert live.engine.counters.proxy_refusals == {reason: 1}
    assert [each.data for each in target.received()] == [TUNNEL]


def test_a_proxy_that_says_nothing(rig: Callable[..., Rig], target: ScriptedTarget, tls: Tls) -> None:
    """The connect deadline holds over the tunnel, too."""
    target.play([receive(), stall()])
    (flight,) = rig(timeouts=SHORT, origin=origin(tls, TUNNEL)).fly(request())
    assert flight.fault is Fault.CONNECT_TIMEOUT


def test_a_long_request_for_a_tunnel(rig: Callable[..., Rig], target: ScriptedTarget) -> None:
    """A CONNECT that a socket does not take at once is sent in parts."""
    tunnel = connect_request(NAME, 443, [b"Proxy-Authorization: Basic " + b"x" * 9_000_000 + b"\r\n"])
    target.play([pause(0.02), receive(), send(b"HTTP/1.1 200 OK\r\n\r\n"), serve(OK)])
    (flight,) = rig(origin=origin(None, tunnel)).fly(request())
    assert flight.fault is None
    assert target.received()[0].data == tunnel


@contextmanager
def proxy(to: TlsServer) -> Iterator[tuple[int, tuple[str, int]]]:
    """A forward proxy for one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def relay() -> None:
        client, _ = listener.accept()
        with client, socket.create_connection(to.address[1]) as server:
            while b"\r\n\r\n" not in client.recv(1 << 16):
                pass
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            pipes = {client: server, server: client}
            while pipes:
                for each in select.select(list(pipes), [], [])[0]:
                    data = each.recv(1 << 16)
                    if not data:
                        return
                    pipes[each].sendall(data)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    with listener:
        yield int(socket.AF_INET), listener.getsockname()
        thread.join()


def test_tls_through_a_tunnel(rig: Callable[..., Rig], tls: Tls) -> None:
    """The handshake is with the target, through the proxy, and so are requests."""
    with TlsServer(serve_tls(OK), server_context()) as server, proxy(server) as address:
        live = rig(addresses=[address], origin=origin(tls, TUNNEL))
        flights = [live.fly(request())[0] for _ in range(2)]
        assert [(flight.fault, flight.answer_body) for flight in flights] == [(None, b"ok")] * 2
        assert server.accepted == 1
        live.engine.close()


def test_a_proxy_that_refuses_connections(rig: Callable[..., Rig], target: ScriptedTarget, tls: Tls) -> None:
    """A proxy that is not there is a failed connect."""
    (flight,) = rig(addresses=[target.refusing], origin=origin(tls, TUNNEL)).fly(request())
    assert flight.fault is Fault.CONNECT


# In general


@pytest.mark.parametrize("phase", ["tunnel", "handshake"])
def test_the_run_ends_while_a_connection_opens(
    rig: Callable[..., Rig], target: ScriptedTarget, tls: Tls, phase: str
) -> None:
    """A connection that is not open yet is closed with everything it holds."""
    target.play([stall()])
    live = rig(origin=origin(tls, TUNNEL if phase == "tunnel" else b""))
    flight = request()
    live.launch(flight)
    live.wait_until(lambda: target.accepted == 1)
    live.engine.close()
    assert flight.fault is Fault.STOPPED
