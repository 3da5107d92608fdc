"""The process of a scripted target: plain sockets, one thread per connection, orders on stdin, JSON back.

Law: standard library only and no imports of ours, because it is run as a file, isolated, to start in some 20 ms. Bytes
travel in JSON as Latin-1 text. The subtle thing: times are `CLOCK_MONOTONIC`, which all processes of a machine share,
and are taken as soon as the first byte of a request has been read.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import socket
import ssl
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

_LINGER_0 = struct.pack("ii", 1, 0)
_BACKLOG = 1024
_BUFFER = 64 << 10  # small, so that a large upload is written in several parts
_STEP = 0.05  # s between two looks at whether a stalled peer has gone


_Script = list[list[Any]]


class Plan:
    """What connections are to do, and what they have received, since the last order to play."""

    def __init__(self, scripts: list[_Script]) -> None:
        """The nth connection follows the nth script, and the last one all those after it."""
        self._scripts = scripts
        self.accepted = self.whole = 0
        self.let_go = threading.Event()
        self.received: list[list[Any]] = []
        self.begun: dict[str, int] = {}

    def next_script(self) -> tuple[int, _Script]:
        """The number and the script of a connection that was just accepted."""
        number = self.accepted
        self.accepted += 1
        return number, self._scripts[min(number, len(self._scripts) - 1)]

    def record(self, number: int, first: int, data: bytearray, *, whole: bool) -> None:
        """Remember a request."""
        self.whole += whole
        self.received.append([number, first, data.decode("latin-1"), whole])


class Mix(Plan):
    """A plan whose connections take a kind of fault each, or another one for each of their turns; requests are only counted."""

    def __init__(self, kinds: list[tuple[str, _Script]], *, seed: int | None, each: str) -> None:
        """Kinds come in turn, or with a seed at random; one for each `turn` or each `connection`."""
        super().__init__([])
        self._kinds = kinds
        self._random = None if seed is None else random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._each = each
        self._taken = 0
        self._lock = threading.Lock()
        self.begun = dict.fromkeys((name for name, _ in kinds), 0)

    def next_script(self) -> tuple[int, _Script]:
        """The number and the script of a connection that was just accepted: turns, of one kind or of any."""
        number = self.accepted
        self.accepted += 1
        return number, [["turns", self.take() if self._each == "connection" else None, 0, 1]]

    def take(self) -> int:
        """Which kind comes next."""
        with self._lock:
            self._taken += 1
            if self._random is not None:
                return self._random.randrange(len(self._kinds))
            return (self._taken - 1) % len(self._kinds)

    def begin(self, nth: int) -> _Script:
        """The script of a kind, which is begun."""
        name, script = self._kinds[nth]
        with self._lock:
            self.begun[name] += 1
        return script

    def record(self, _number: int, _first: int, _data: bytearray, *, whole: bool) -> None:
        """Count a request."""
        with self._lock:
            self.whole += whole


class TlsEnd:
    """The server's end of TLS on a socket, whose handshake can be as slow as one likes."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, pieces: int, seconds: float) -> None:
        """Shake hands."""
        self._sock, self._pace = sock, (pieces, seconds)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._turn(self._tls.do_handshake)
        self._pace = (1, 0.0)

    def _turn(self, act: Any, *given: Any) -> Any:
        """Do something as often as it wants to read first; what it has to say is sent in any case."""
        while True:
            try:
                return act(*given)
            except ssl.SSLWantReadError:
                self._flush()
                data = self._sock.recv(1 << 16)
                self._in.write(data) if data else self._in.write_eof()
            finally:
                self._flush()

    def _flush(self) -> None:
        if self._out.pending:
            _send_pieces(self._sock, self._out.read(), *self._pace)

    def recv(self, size: int) -> bytes:
        """Some bytes; none at the end."""
        try:
            return bytes(self._turn(self._tls.read, size))
        except ssl.SSLError:
            return b""

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._turn(self._tls.write, data)

    def shutdown(self, how: int) -> None:
        """Say that no more will come, in TLS and below."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()
        self._sock.shutdown(how)


class Link:
    """One accepted connection."""

    def __init__(self, sock: socket.socket, server: Server) -> None:
        """The plan of the moment is the connection's to its end."""
        plan = server.plan
        self._server = server
        self._sock = sock
        self._end: Any = sock  # what is spoken over it, TLS or not
        self._plan = plan
        self._number, self._script = plan.next_script()
        self._buffer = bytearray()
        self._first = 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        """Follow the script, then close."""
        with self._server.open_link(self), contextlib.suppress(OSError), self._sock:
            self._follow(self._script)

    def _follow(self, script: _Script) -> bool:
        for action, data, seconds, pieces in script:
            given = data.encode("latin-1") if isinstance(data, str) else data
            if not getattr(self, action)(given, seconds, pieces):
                return False
        return True

    def turns(self, kind: int | None, _seconds: float, _pieces: int) -> bool:
        """Take turns of one kind, or of whichever comes next, until one ends the connection."""
        plan = self._plan
        if not isinstance(plan, Mix):
            return False
        while self._follow(plan.begin(plan.take() if kind is None else kind)):
            pass
        return False

    def end(self) -> None:
        """End it from outside, with a reset, once its thread has seen that there is no more to read."""
        with contextlib.suppress(OSError):
            self.reset(b"", 0, 1)
            self._sock.shutdown(socket.SHUT_RD)

    def receive(self, _data: bytes, _seconds: float, _pieces: int) -> bool:
        """Read one request."""
        buffer = self._buffer
        while (end := _request_end(buffer)) > len(buffer):
            read = self._read()
            if not buffer:
                self._first = time.monotonic_ns()
            if not read:
                if buffer:
                    self._plan.record(self._number, self._first, buffer, whole=False)
                return False
            buffer += read
        self._plan.record(self._number, self._first, buffer[:end], whole=True)
        del buffer[:end]
        return True

    def _read(self) -> bytes:
        """Some bytes; none if the peer has closed or reset."""
        try:
            return bytes(self._end.recv(1 << 20))
        except OSError:
            return b""

    def handshake(self, _data: bytes, seconds: float, pieces: int) -> bool:
        """Speak TLS from here on."""
        if self._server.tls is None:
            return False
        self._end = TlsEnd(self._sock, self._server.tls, pieces, seconds)
        return True

    def send(self, data: bytes, seconds: float, pieces: int) -> bool:
        """Send in pieces of about the same size."""
        _send_pieces(self._end, data, pieces, seconds)
        return True

    def noise(self, _data: bytes, _seconds: float, pieces: int) -> bool:
        """Send random bytes."""
        self._end.sendall(os.urandom(pieces))
        return True

    def serve(self, data: bytes, seconds: float, _pieces: int) -> bool:
        """Answer until the peer closes."""
        while self.receive(b"", 0, 1):
            time.sleep(seconds)
            self._end.sendall(data)
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
        self._end.shutdown(socket.SHUT_WR)
        while self._sock.recv(1 << 20):
            pass
        return False


class Server:
    """The listening sockets and the plan of the moment."""

    def __init__(self) -> None:
        """Listen on free ports of the loopback interface."""
        self.plan = Plan([[]])
        self.tls: ssl.SSLContext | None = None
        self._links: set[Link] = set()
        self._up = threading.Event()
        self._up.set()
        self._listener = _bound(backlog=_BACKLOG)
        self._closed = _bound(backlog=None)
        self._deaf = _bound(backlog=0)
        self._fillers = [_filler(self._deaf) for _ in range(2)]
        self.ports = {
            "port": self._listener.getsockname()[1],
            "closed": self._closed.getsockname()[1],
            "deaf": self._deaf.getsockname()[1],
        }

    def accept_all(self) -> None:
        """Accept for ever, but for when the target is down."""
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:  # down: it does not listen
                self._up.wait()
                continue
            threading.Thread(target=Link(sock, self).run, daemon=True).start()

    @contextlib.contextmanager
    def open_link(self, link: Link) -> Iterator[None]:
        """Know a connection while it is open."""
        self._links.add(link)
        try:
            yield
        finally:
            self._links.discard(link)

    def go_down(self) -> None:
        """Refuse connections, on a port that stays its own, and reset those that are open."""
        self._up.clear()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts; and it lets go of a port that the system chose
        self._listener.close()
        self._listener = _bound(backlog=None, port=self.ports["port"])
        for link in list(self._links):
            link.end()

    def come_up(self) -> None:
        """Listen again."""
        self._listener.listen(_BACKLOG)
        self._up.set()

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order."""
        if "play" in order:
            self.plan.let_go.set()
            self.plan = Plan(order["play"])
        if "mix" in order:
            self.plan.let_go.set()
            self.plan = Mix(**order["mix"])
        if "let_go" in order:
            self.plan.let_go.set()
        if "tls" in order:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*order["tls"])
        if "up" in order:
            self.come_up() if order["up"] else self.go_down()
        plan = self.plan
        told = {"accepted": plan.accepted, "received": plan.received, "begun": plan.begun, "whole": plan.whole}
        return {**told, "open": len(self._links)}


def _bound(*, backlog: int | None, port: int = 0) -> socket.socket:
    """A socket on a port, or a free one; without a backlog it refuses connections, and nobody else gets its port."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.bind(("127.0.0.1", port))
    if backlog is not None:
        sock.listen(backlog)
    return sock


def _send_pieces(end: Any, data: bytes, pieces: int, seconds: float) -> None:
    """Send in pieces of about the same size, with a pause after each but the last."""
    for nth in range(pieces):
        if nth:
            time.sleep(seconds)
        end.sendall(data[len(data) * nth // pieces : len(data) * (nth + 1) // pieces])


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
