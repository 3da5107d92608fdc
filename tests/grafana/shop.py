"""A target for a replay that finds something: some answers as recorded, some others, some errors, some none.

Law: a thread on loopback; what a request gets is a function of its path and number only.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

__all__ = ["Shop"]

_SAME, _OTHER = b'{"id":7}', b'{"id":"seven"}'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Users differ; of the items one in ten gets no answer."""
        number = int("0" + "".join(filter(str.isdigit, self.path.partition("?")[0])))
        if self.path.startswith("/items") and number % 10 == 3:
            self.close_connection = True
            return
        self._answer(200, _OTHER if self.path.startswith("/users") else _SAME)

    def do_POST(self) -> None:
        """Orders are broken."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(500, _SAME)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Shop:
    """`with Shop() as shop:` answers at `shop.url`."""

    def __init__(self) -> None:
        """Nothing listens yet."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """For `--host`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
