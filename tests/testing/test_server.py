"""What the scripted target's process does on the wire, step by step, seen through a plain socket."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest
import trustme

from replay_users.testing import (
    ScriptedTarget,
    Step,
    close,
    handshake,
    hold,
    http_answer,
    noise,
    pause,
    receive,
    reset,
    send,
    serve,
    stall,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\ncontent-LENGTH: 5\r\n\r\nhello"


@pytest.fixture(scope="module")
def target() -> Iterator[ScriptedTarget]:
    """One process for all; each test plays its own scripts."""
    with ScriptedTarget() as target:
        yield target


def dial(target: ScriptedTarget, *steps: Step) -> socket.socket:
    """A connection that follows these steps."""
    target.play(steps)
    return socket.create_connection(target.address[1], timeout=5)


def read_all(sock: socket.socket) -> bytes:
    """Everything until the target closes."""
    data = b""
    while read := sock.recv(65536):
        data += read
    return data


def test_receive_and_send(target: ScriptedTarget) -> None:
    """A request is read to its end, then the bytes are sent as they are, and a script that is used up closes."""
    with dial(target, receive(), send(b"any\x00\xff bytes")) as sock:
        sock.sendall(POST)
        assert read_all(sock) == b"any\x00\xff bytes"
    (received,) = target.received()
    assert (received.data, received.whole, received.connection) == (POST, True, 0)


def test_it_waits_for_the_whole_request(target: ScriptedTarget) -> None:
    """A request that comes in parts is one request, whose time is that of its first byte."""
    with dial(target, receive(), send(b"!")) as sock:
        before = time.monotonic_ns()
        sock.sendall(POST[:7])
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sent = time.monotonic_ns()
        sock.settimeout(5)
        sock.sendall(POST[7:])
        assert read_all(sock) == b"!"
    (received,) = target.received()
    assert received.data == POST
    assert before < received.at < sent


def test_requests_are_told_apart(target: ScriptedTarget) -> None:
    """Two requests in one go are two requests, and half a one at the end is marked."""
    with dial(target, serve(b".")) as sock:
        sock.sendall(POST + GET + GET[:9])
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b".."
    assert [(received.data, received.whole) for received in target.received()] == [
        (POST, True),
        (GET, True),
        (GET[:9], False),
    ]


def test_pieces(target: ScriptedTarget) -> None:
    """Bytes sent in pieces arrive in as many, one after the other, and nothing is lost between them."""
    with dial(target, send(b"abcdefg", pieces=3, seconds=0.03)) as sock:
        pieces = [sock.recv(100) for _ in range(3)]
    assert b"".join(pieces) == b"abcdefg"
    assert [len(piece) for piece in pieces] == [2, 2, 3]


def test_pause(target: ScriptedTarget) -> None:
    """A pause comes between what is before and after it."""
    with dial(target, send(b"1"), pause(0.05), send(b"2")) as sock:
        assert sock.recv(100) == b"1"
        begin = time.monotonic()
        assert sock.recv(100) == b"2"
        assert time.monotonic() - begin > 0.03


def test_hold(target: ScriptedTarget) -> None:
    """A held connection goes on when the test says so."""
    with dial(target, hold(), send(b"gone on")) as sock:
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(5)
        target.let_go()
        assert read_all(sock) == b"gone on"


def test_reset(target: ScriptedTarget) -> None:
    """A reset is one: what was sent before it arrives, then the connection is gone."""
    with dial(target, receive(), send(b"half"), reset()) as sock:
        sock.sendall(GET)
        with pytest.raises(ConnectionResetError):
            read_all(sock)


def test_close(target: ScriptedTarget) -> None:
    """A close is orderly even if there is a request that nobody has read."""
    with dial(target, send(b"bye"), close(), send(b"never")) as sock:
        sock.sendall(GET)
        assert read_all(sock) == b"bye"


def test_stall(target: ScriptedTarget) -> None:
    """A stalled connection reads nothing, however much it is sent, and ends when its peer gives up."""
    with dial(target, stall(), send(b"never")) as sock:
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.sendall(b"x" * (32 << 20))
    assert target.received() == []


def test_connections_follow_their_scripts(target: ScriptedTarget) -> None:
    """The nth connection follows the nth script, and those beyond the last follow the last."""
    target.play([send(b"first")], [send(b"second")])
    said = []
    for _ in range(3):
        with socket.create_connection(target.address[1], timeout=5) as sock:
            said.append(read_all(sock))
    assert (said, target.accepted) == ([b"first", b"second", b"second"], 3)


def test_it_serves(target: ScriptedTarget) -> None:
    """A serving connection answers one request after the other."""
    with dial(target, serve(http_answer(b"ok"))) as sock:
        for _ in range(3):
            sock.sendall(GET)
            assert sock.recv(1000) == http_answer(b"ok")


def test_noise(target: ScriptedTarget) -> None:
    """Noise is as many bytes as asked for, and others each time."""
    said = []
    for _ in range(2):
        with dial(target, noise(64)) as sock:
            said.append(read_all(sock))
    assert [len(data) for data in said] == [64, 64]
    assert said[0] != said[1]


@pytest.fixture
def trusting(target: ScriptedTarget, tmp_path: Path) -> ssl.SSLContext:
    """A client's side of TLS that trusts the certificate that the target has from now on."""
    authority, context = trustme.CA(), ssl.create_default_context()
    certificate = authority.issue_cert("target.test")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    authority.configure_trust(context)
    target.use_tls(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


@pytest.mark.parametrize("pieces", [1, 30])
def test_handshake(target: ScriptedTarget, trusting: ssl.SSLContext, pieces: int) -> None:
    """After a handshake, however slow it is, the script speaks TLS, and says there when it is over."""
    steps = (handshake(pieces=pieces, seconds=0.001), receive(), send(b"x" * 100_000), close())
    with dial(target, *steps) as sock, trusting.wrap_socket(sock, server_hostname="target.test") as tls:
        tls.sendall(POST)
        assert len(read_all(tls)) == 100_000
    (received,) = target.received()
    assert (received.data, received.whole) == (POST, True)


def test_a_handshake_needs_a_certificate() -> None:
    """A target without one closes instead."""
    with ScriptedTarget() as bare, dial(bare, handshake(), send(b"never")) as sock:
        assert read_all(sock) == b""
