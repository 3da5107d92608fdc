"""The handle on a scripted target."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from replay_users.testing import ScriptedTarget, hold, send

GET = b"GET / HTTP/1.1\r\n\r\n"


def ask(target: ScriptedTarget) -> bytes:
    """What it answers on a new connection."""
    with socket.create_connection(target.address[1], timeout=5) as sock:
        sock.sendall(GET)
        return sock.recv(1000)


def test_without_a_script_it_answers() -> None:
    """A target that was told nothing answers every request, where its address and its URL say."""
    with ScriptedTarget() as target:
        assert ask(target) == b"HTTP/1.1 200 Scripted\r\nContent-Length: 0\r\n\r\n"
        assert target.url == f"http://127.0.0.1:{target.port}"
        assert target.address == (socket.AF_INET, ("127.0.0.1", target.port))


def test_playing_begins_anew() -> None:
    """New scripts forget what was received, let go of what is held, and playing none is the beginning."""
    with ScriptedTarget([hold(), send(b"let go")]) as target:
        with socket.create_connection(target.address[1], timeout=5) as held:
            while not target.accepted:
                pass
            target.play([send(b"anew")])
            assert held.recv(100) == b"let go"
        assert ask(target) == b"anew"
        target.play()
        assert (target.received(), target.accepted) == ([], 0)
        assert ask(target).startswith(b"HTTP/1.1 200")
        assert [received.data for received in target.received()] == [GET]


def test_addresses_that_do_not_work() -> None:
    """One address refuses at once, another never answers."""
    with ScriptedTarget() as target:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(target.refusing[1], timeout=5)
        with pytest.raises(TimeoutError):
            socket.create_connection(target.deaf[1], timeout=0.1)


def test_it_ends() -> None:
    """Closing ends the process and frees the port, and may be done twice."""
    target = ScriptedTarget()
    target.close()
    target.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(target.address[1], timeout=5)


def test_a_process_that_has_died_is_said_to_have() -> None:
    """Asking a target whose process is gone is an error that says so."""
    with ScriptedTarget() as target:
        target._process.kill()
        target._process.wait()
        with pytest.raises(RuntimeError, match="has ended"):
            target.received()


_UNPATCHED = """
import socket, sys
from replay_users.testing import ScriptedTarget
with ScriptedTarget() as target, socket.create_connection(target.address[1], timeout=5) as sock:
    sock.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    assert sock.recv(1000).startswith(b"HTTP/1.1 200"), "no answer"
    assert len(target.received()) == 1
assert "gevent" not in sys.modules
"""


def test_it_needs_no_gevent() -> None:
    """In a process that gevent has not patched, and that never loads it, a target works just as well."""
    subprocess.run([sys.executable, "-W", "error", "-c", _UNPATCHED], check=True, timeout=30)
