"""The handle on a target that does wrong."""

from __future__ import annotations

import socket
import time

import pytest

from replay_users.testing import FAULT_KINDS, GOOD, Each, FaultKind, FaultTarget, close, receive, send

GET = b"GET / HTTP/1.1\r\n\r\n"
A, B, C = (FaultKind(name, (receive(), send(name.encode())), (None,)) for name in "abc")
ENDS = FaultKind("ends", (receive(), send(b"!"), close()), (None,))


def dial(target: FaultTarget) -> socket.socket:
    """A connection."""
    return socket.create_connection(target.address[1], timeout=5)


def ask(sock: socket.socket, times: int) -> bytes:
    """What comes for so many requests, one after the other; each answer is one byte."""
    said = b""
    for _ in range(times):
        sock.sendall(GET)
        said += sock.recv(1)
    return said


def test_kinds_come_in_turn() -> None:
    """Without a seed each turn is the next kind, and one connection has many turns."""
    with FaultTarget(A, B, C) as target, dial(target) as sock:
        assert ask(sock, 7) == b"abcabca"


def test_a_connection_can_keep_its_kind() -> None:
    """Chosen for each connection, a kind is repeated on it."""
    with FaultTarget(A, B, each=Each.CONNECTION) as target, dial(target) as one, dial(target) as other:
        assert {ask(one, 3), ask(other, 3)} == {b"aaa", b"bbb"}


def test_a_seed_draws_the_same_again() -> None:
    """With a seed kinds are drawn at random, and in the same order the next time."""
    said = []
    with FaultTarget() as target:
        for seed in (1, 1, 2):
            target.misbehave(A, B, C, seed=seed)
            with dial(target) as sock:
                said.append(ask(sock, 30))
    assert said[0] == said[1] != said[2]
    assert set(said[0]) == set(b"abc")
    assert said[0] != (b"abc" * 10)


def test_it_counts_what_it_did() -> None:
    """It knows how often it began each kind, what it accepted and read whole, and what is still open; telling it anew forgets."""
    with FaultTarget(A, ENDS) as target:
        with dial(target) as sock:
            assert ask(sock, 2) == b"a!"
            assert sock.recv(1) == b""
        with dial(target) as sock:
            assert ask(sock, 1) == b"a"
            did = target.faults()
            assert (did.accepted, did.whole, did.open) == (2, 3, 1)
            assert did.begun["a"] == 2
        until = time.monotonic() + 5
        while target.faults().open:
            assert time.monotonic() < until
        target.misbehave(B)
        assert (target.faults().begun, target.faults().accepted, target.received()) == ({"b": 0}, 0, [])


def test_without_kinds_it_does_them_all() -> None:
    """A target that was given no kinds has all of them, and good answers between."""
    with FaultTarget() as target:
        assert list(target.faults().begun) == [kind.name for kind in (GOOD, *FAULT_KINDS)]


def test_it_goes_down_and_comes_up() -> None:
    """While it is down its port refuses connections and those that were open are reset; then it is as before."""
    with FaultTarget(A) as target:
        with dial(target) as sock:
            assert ask(sock, 1) == b"a"
            target.go_down()
            with pytest.raises(ConnectionRefusedError):
                dial(target)
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        target.come_up()
        with dial(target) as sock:
            assert ask(sock, 2) == b"aa"
