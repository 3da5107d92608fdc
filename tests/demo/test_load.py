from __future__ import annotations

import asyncio
import re
import socket

import pytest

from replay_users.demo import load
from replay_users.demo.load import PRODUCTION, Load, put_load
from replay_users.demo.visits import Ask, Step
from replay_users.errors import ReplayError

_STEPS = [
    Step(0.0, (Ask("GET", "/"),)),
    Step(0.0, (Ask("POST", "/carts/1/items", '{"product": 1}'), Ask("GET", "/carts/1"))),
]


class Desk:
    """A scripted shop: keeps what it was asked, by connection, and answers with one status."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._status = status

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the other side hangs up."""
        self.connections += 1
        while head := await self._head(reader):
            length = re.search(rb"Content-Length: (\d+)", head)
            self.asked.append(head + await reader.readexactly(int(length[1]) if length else 0))
            writer.write(b"HTTP/1.1 %d OK\r\ncontent-length: 2\r\nset-cookie: sid=7; Path=/\r\n\r\nok" % self._status)
        writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""


def visited(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Load:
    """Send two short sessions to a desk in the same loop."""
    monkeypatch.setattr(load, "arrivals", lambda *_: [0.0, 0.0])
    monkeypatch.setattr(load, "visit", lambda *_: _STEPS)
    monkeypatch.setattr(load, "watch", lambda *_: [Step(0.0, (Ask("GET", "/health"),))])

    async def meet() -> Load:
        server = await asyncio.start_server(desk.serve, "127.0.0.1", 0)
        async with server:
            return await load._Crowd(server.sockets[0].getsockname()[1]).come(1)

    return asyncio.run(meet())


def test_every_session_asks_all_it_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request of each session goes out once, with the monitoring's, and is counted."""
    desk = Desk()
    done = visited(monkeypatch, desk)
    lines = sorted(asked.partition(b" HTTP")[0] for asked in desk.asked)
    assert lines == [*[b"GET /"] * 2, *[b"GET /carts/1"] * 2, b"GET /health", *[b"POST /carts/1/items"] * 2]
    assert (done.exchanges, done.sessions) == (7, 2)
    assert done.rate == pytest.approx(7 / done.seconds)


def test_a_session_has_a_connection_for_each_request_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session keeps its connections, and opens a second one for what it asks at the same time."""
    desk = Desk()
    visited(monkeypatch, desk)
    assert desk.connections == 2 * 2 + 1


def test_a_session_keeps_its_cookie_and_names_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request has no cookie, later ones have the one that was set; all of them ask for the shop in production."""
    desk = Desk()
    visited(monkeypatch, desk)
    with_cookie = {asked.partition(b" HTTP")[0] for asked in desk.asked if b"\r\nCookie: sid=7\r\n" in asked}
    assert with_cookie == {b"POST /carts/1/items", b"GET /carts/1"}
    assert all(f"\r\nHost: {PRODUCTION}\r\n".encode() in asked for asked in desk.asked)


def test_a_body_goes_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A POST has its body and says how long it is."""
    desk = Desk()
    visited(monkeypatch, desk)
    assert {asked.partition(b"\r\n\r\n")[2] for asked in desk.asked if asked.startswith(b"POST")} == {b'{"product": 1}'}


def test_a_broken_version_1_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that answers 500 before anything was changed is no base for a demo."""
    with pytest.raises(ReplayError, match=r"version 1 of the shop is broken: it answered \{503: 7\}"):
        visited(monkeypatch, Desk(503))


def test_a_shop_that_is_not_there_is_an_error() -> None:
    """A shop that does not answer is an error of one sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ReplayError, match="the shop stopped answering"):
        put_load(port, 1)
