"""Serves the shop with uvicorn, and writes down what it serves: `python -m examples.shop.serve --port 8000 --capture FILE`.

Law: the only module of the shop that knows uvicorn and capture; this is all it takes to record a service of one's own.
The subtle thing: it binds its port itself and then says which, so that `--port 0` finds a free one that nobody can take away.
"""

from __future__ import annotations

import argparse
import secrets
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from examples.shop.app import COOKIE, app
from replay_users.capture.asgi import CaptureMiddleware

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="examples.shop.serve", description="Serve the example shop on loopback.")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default %(default)s)")
    parser.add_argument("--capture", default="", metavar="FILE", help="append a capture line for each exchange")
    options = parser.parse_args(arguments)
    served: Any = app
    if options.capture:
        # A key that nobody keeps: sessions can be told apart within this capture, and never traced back.
        key = secrets.token_bytes(32)
        served = CaptureMiddleware(app, path=options.capture, hmac_key=key, session_cookie=COOKIE)
    with _listen(options.port) as listening:
        print(f"listening on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        config = uvicorn.Config(served, lifespan="off", log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    """Listen on loopback. A socket that does not say TCP gets no TCP_NODELAY from asyncio, and answers would come 40 ms late."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(256)
    return listening


if __name__ == "__main__":
    main()
