"""An S3 that is unwell: a proxy in front of a real one that does to some of its GETs what it is told.

Law: HTTP on loopback, in the test's process (Locust has patched it, so a thread here is a greenlet). Requests pass byte for
byte, `Host` included, because their signature is over it: the server takes what is signed for the proxy's address. What
is done to a request is a function of its number and target; nothing is ever random.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

__all__ = ["Asked", "S3Proxy", "Trouble", "cut", "delay", "hang", "refuse"]

_LINGER_0 = struct.pack("ii", 1, 0)
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Asked:
    """One GET of an object: the how-manieth of its kind, for what, and how many seconds after the proxy was told what to do."""

    nth: int
    target: str
    seconds: float


class _Exchange:
    """One request on its way through."""

    def __init__(self, client: socket.socket, port: int, request: bytes) -> None:
        self.client = client
        self._port = port
        self._request = request

    def answer(self) -> bytes:
        """What the real server answers, whole; it is asked to close after it."""
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            server.sendall(self._request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            pieces = []
            while piece := server.recv(_PIECE):
                pieces.append(piece)
        return b"".join(pieces)

    def say(self, data: bytes) -> None:
        """Send something to the client."""
        self.client.sendall(data)


Trouble = Callable[[_Exchange], None]
"""What is done in place of passing a request on."""


def delay(seconds: float) -> Trouble:
    """Answer late."""

    def trouble(exchange: _Exchange) -> None:
        time.sleep(seconds)
        exchange.say(exchange.answer())

    return trouble


def refuse(status: int, code: str) -> Trouble:
    """Answer with an error of S3."""
    body = b"<?xml version='1.0'?><Error><Code>%b</Code><Message>as told</Message></Error>" % code.encode()

    def trouble(exchange: _Exchange) -> None:
        head = b"HTTP/1.1 %d Told\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        exchange.say(head % (status, len(body)) + body)

    return trouble


def cut(share: float = 0.5, *, reset: bool = False) -> Trouble:
    """Send only the beginning of the answer's body, then close or reset."""

    def trouble(exchange: _Exchange) -> None:
        head, end, body = exchange.answer().partition(b"\r\n\r\n")
        exchange.say(head + end + body[: int(len(body) * share)])
        if reset:
            exchange.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)

    return trouble


def hang() -> Trouble:
    """Answer nothing until the client gives up."""

    def trouble(exchange: _Exchange) -> None:
        while exchange.client.recv(_PIECE):
            pass

    return trouble


class S3Proxy:
    """`with S3Proxy(port) as proxy:` passes everything on to the real server's port, but for what `trouble` says."""

    def __init__(self, port: int) -> None:
        """Nothing is wrong yet."""
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._choose: Callable[[Asked], Trouble | None] = lambda _: None
        self._told = time.monotonic()
        self.asked: list[Asked] = []
        self.troubled: list[Asked] = []
        self._closed = False
        self._clients: set[socket.socket] = set()

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def trouble(self, choose: Callable[[Asked], Trouble | None]) -> None:
        """From now on do this to GETs of slices; `None` lets one pass."""
        self._choose, self._told = choose, time.monotonic()
        self.asked.clear()
        self.troubled.clear()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One request a connection."""
        with contextlib.suppress(OSError), client:
            exchange = _Exchange(client, self._port, _receive(client))
            self._trouble_of(exchange)
        self._clients.discard(client)

    def _trouble_of(self, exchange: _Exchange) -> None:
        method, _, rest = exchange._request.partition(b" ")
        target = rest.partition(b" ")[0].decode()
        trouble = None
        if method == b"GET" and "/slice-" in target:
            asked = Asked(len(self.asked), target, time.monotonic() - self._told)
            self.asked.append(asked)
            trouble = self._choose(asked)
            if trouble is not None:
                self.troubled.append(asked)
        (trouble or delay(0))(exchange)


def _receive(client: socket.socket) -> bytes:
    """One whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(_PIECE) or _gone()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
    while len(body) < length:
        more = client.recv(_PIECE) or _gone()
        data, body = data + more, body + more
    return data


def _gone() -> bytes:
    raise ConnectionAbortedError
