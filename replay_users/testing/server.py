"""The process of a scripted target: plain sockets, one thread per connection, orders on stdin, JSON back.

Law: standard library only and no imports of ours, because it is run as a file, isolated, to start in some 20 ms. Bytes
travel in JSON as Latin-1 text. The subtle thing: times are `CLOCK_MONOTONIC`, which all processes of a machine share,
and are taken as soon as the first byte of a request has been read.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import sys
import threading
import time
from typing import Any

__all__: list[str] = []

_LINGER_0 = struct.pack("ii", 1, 0)
_BUFFER = 64 << 10  # small, so that a large upload is written in several parts
_STEP = 0.05  # s between two looks at whether a stalled peer has gone


class Plan:
    """What connections are to do, and what they have received, since the last order to play."""

    def __init__(self, scripts: list[list[list[Any]]]) -> None:
        """The nth connection follows the nth script, and the last one all those after it."""
        self.scripts = scripts
        self.accepted = 0
        self.let_go = threading.Event()
        self.received: list[list[Any]] = []

    def next_script(self) -> tuple[int, list[list[Any]]]:
        """The number and the script of a connection that was just accepted."""
        number = self.accepted
        self.accepted += 1
        return number, self.scripts[min(number, len(self.scripts) - 1)]


class Link:
    """One accepted connection."""

    def __init__(self, sock: socket.socket, plan: Plan) -> None:
        """The plan of the moment is the connection's to its end."""
        self._sock = sock
        self._plan = plan
        self._number, self._script = plan.next_script()
        self._buffer = bytearray()
        self._first = 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        """Follow the script, then close."""
        with contextlib.suppress(OSError), self._sock:
            for action, data, seconds, pieces in self._script:
                if not getattr(self, action)(data.encode("latin-1"), seconds, pieces):
                    break

    def receive(self, _data: bytes, _seconds: float, _pieces: int) -> bool:
        """Read one request."""
        buffer = self._buffer
        while (end := _request_end(buffer)) > len(buffer):
            read = self._read()
            if not buffer:
                self._first = time.monotonic_ns()
            if not read:
                if buffer:
                    self._record(buffer, whole=False)
                return False
            buffer += read
        self._record(buffer[:end], whole=True)
        del buffer[:end]
        return True

    def _read(self) -> bytes:
        """Some bytes; none if the peer has closed or reset."""
        try:
            return self._sock.recv(1 << 20)
        except OSError:
            return b""

    def _record(self, data: bytearray, *, whole: bool) -> None:
        self._plan.received.append([self._number, self._first, data.decode("latin-1"), whole])

    def send(self, data: bytes, seconds: float, pieces: int) -> bool:
        """Send in pieces of about the same size."""
        for nth in range(pieces):
            if nth:
                time.sleep(seconds)
            self._sock.sendall(data[len(data) * nth // pieces : len(data) * (nth + 1) // pieces])
        return True

    def serve(self, data: bytes, seconds: float, _pieces: int) -> bool:
        """Answer until the peer closes."""
        while self.receive(b"", 0, 1):
            time.sleep(seconds)
            self._sock.sendall(data)
        return False

    def pause(self, _data: bytes, seconds: float, _pieces: int) -> bool:
        """Wait."""
        time.sleep(seconds)
        return True

    def hold(self, _data: bytes, _seconds: float, _pieces: int) -> bool:
        """Wait to be let go."""
        return self._plan.let_go.wait()

    def stall(self, _data: bytes, _seconds: float, _pieces: int) -> bool:
        """Wait until the peer has closed, reading nothing."""
        poll = select.poll()
        poll.register(self._sock, select.POLLHUP | getattr(select, "POLLRDHUP", 0))
        while not poll.poll(1000 * _STEP):
            pass
        return False

    def reset(self, _data: bytes, _seconds: float, _pieces: int) -> bool:
        """Close with a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        return False

    def close(self, _data: bytes, _seconds: float, _pieces: int) -> bool:
        """Close in order, even if there are bytes that nobody read (those would make it a reset)."""
        self._sock.shutdown(socket.SHUT_WR)
        while self._sock.recv(1 << 20):
            pass
        return False


class Server:
    """The listening sockets and the plan of the moment."""

    def __init__(self) -> None:
        """Listen on free ports of the loopback interface."""
        self.plan = Plan([[]])
        self._listener = _bound(backlog=1024)
        self._closed = _bound(backlog=None)
        self._deaf = _bound(backlog=0)
        self._fillers = [_filler(self._deaf) for _ in range(2)]
        self.ports = {
            "port": self._listener.getsockname()[1],
            "closed": self._closed.getsockname()[1],
            "deaf": self._deaf.getsockname()[1],
        }

    def accept_all(self) -> None:
        """Accept for ever."""
        while True:
            sock, _ = self._listener.accept()
            threading.Thread(target=Link(sock, self.plan).run, daemon=True).start()

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order."""
        if "play" in order:
            self.plan.let_go.set()
            self.plan = Plan(order["play"])
        if "let_go" in order:
            self.plan.let_go.set()
        return {"accepted": self.plan.accepted, "received": self.plan.received}


def _bound(*, backlog: int | None) -> socket.socket:
    """A socket on a free port; without a backlog it refuses connections, and nobody else gets its port."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.bind(("127.0.0.1", 0))
    if backlog is not None:
        sock.listen(backlog)
    return sock


def _filler(deaf: socket.socket) -> socket.socket:
    """A connection that takes a place in a backlog that nobody empties: further SYNs get no answer."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(deaf.getsockname())
    return sock


def _request_end(data: bytearray) -> int:
    """Where the first request in the data ends; beyond the data if it is not whole yet."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return len(data) + 1
    for line in data[:end].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return end + 4 + int(value)
    return end + 4


def _main() -> None:
    server = Server()
    threading.Thread(target=server.accept_all, daemon=True).start()
    _say(server.ports)
    for line in sys.stdin:
        _say(server.obey(json.loads(line)))


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
