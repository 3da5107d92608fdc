"""An InfluxDB that is unwell: a proxy in front of a real one that does to writes what it is told.

Law: HTTP on loopback, in the test's process (Locust has patched it, so a thread here is a greenlet). What is done to a write
is the same for each, unless the test says otherwise in between; nothing is ever random.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

__all__ = ["InfluxProxy", "Trouble", "answer", "cut", "drip", "garbage", "hang", "late"]

_LINGER_0 = struct.pack("ii", 1, 0)


class _Handler(BaseHTTPRequestHandler):
    """One connection; each write is passed on, or what the proxy was told instead."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read a write, then do with it as told."""
        proxy: InfluxProxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        proxy.asked.append(self.path)
        with contextlib.suppress(OSError):
            if proxy.trouble is None:
                self.say(*self.pass_on(body))
            else:
                proxy.trouble(self, body)

    def pass_on(self, body: bytes) -> tuple[int, bytes]:
        """What the real server answers."""
        proxy: InfluxProxy = self.server.proxy  # type: ignore[attr-defined]
        names = ("Authorization", "Content-Type", "Content-Encoding")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        request = urllib.request.Request(proxy.behind + self.path, body, headers)  # noqa: S310 - http on loopback
        try:
            with urllib.request.urlopen(request, timeout=30) as found:  # noqa: S310
                return int(found.status), found.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError as error:
            return 502, json.dumps({"message": f"nobody behind the proxy: {error}"}).encode()

    def say(self, status: int, body: bytes) -> None:
        """Answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


Trouble = Callable[[Any, bytes], None]
"""What is done in place of passing a write on."""


def answer(status: int, message: str) -> Trouble:
    """Answer with a status and a sentence, as InfluxDB does."""

    def trouble(handler: Any, _: bytes) -> None:
        handler.say(status, json.dumps({"code": "told", "message": message}).encode())

    return trouble


def late(seconds: float) -> Trouble:
    """Pass it on, and answer late."""

    def trouble(handler: Any, body: bytes) -> None:
        time.sleep(seconds)
        handler.say(*handler.pass_on(body))

    return trouble


def hang(handler: Any, _: bytes) -> None:
    """Say nothing until the client goes."""
    handler.connection.recv(1)
    handler.close_connection = True


def cut(handler: Any, _: bytes) -> None:
    """Reset the connection in the middle of an answer."""
    handler.wfile.write(b"HTTP/1.1 2")
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    handler.close_connection = True


def garbage(handler: Any, _: bytes) -> None:
    """Answer with what is no HTTP."""
    handler.wfile.write(b"\x00\xff 220 smtp ready\r\n" * 50)
    handler.close_connection = True


def drip(handler: Any, _: bytes) -> None:
    """Answer a byte at a time, without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        handler.wfile.write(b".")
        time.sleep(0.1)


class InfluxProxy:
    """`with InfluxProxy(server.url) as proxy:` is an InfluxDB at `proxy.url`, unwell while `trouble` says how.

    Attributes:
        asked: the paths and queries of all writes so far.
        trouble: what is done to writes; `None` passes them on.
    """

    def __init__(self, behind: str, trouble: Trouble | None = None) -> None:
        """`behind` is the address of the real one."""
        self.behind = behind
        self.trouble = trouble
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.proxy = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
