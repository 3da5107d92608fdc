"""Puts the load of many sessions on the demo's shop, as their browsers would: keep-alive connections, cookies, gzip.

Law: the edge that sends; what is sent is `visits`'. Plain asyncio streams: what is to be proved does not make its own
load. The subtle thing: requests carry the name of a shop in production, so that the recording knows it and a replay
would refuse it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from replay_users.demo.visits import arrivals, visit, watch
from replay_users.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.demo.visits import Ask, Step

__all__ = ["PRODUCTION", "Load", "put_load"]

PRODUCTION = "shop.example"
"""Where the recording says it was made."""

_SEED = 20
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: ([^;\r]+)", re.IGNORECASE)
_ANSWER_S = 10.0
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Load:
    """What was sent, and how long it took."""

    exchanges: int
    sessions: int
    seconds: float

    @property
    def rate(self) -> float:
        """Exchanges per second."""
        return self.exchanges / self.seconds


def put_load(port: int, seconds: int) -> Load:
    """Send sessions to a shop on loopback that begin within `seconds`; the last ones end a little later.

    Raises:
        ReplayError: the shop did not answer, or answered that it is broken.
    """
    try:
        return asyncio.run(_Crowd(port).come(seconds))
    except (OSError, EOFError, TimeoutError) as error:
        raise ReplayError(
            f"the shop stopped answering while it was recorded ({error!r}): start the demo again"
        ) from error


class _Crowd:
    """All sessions; `statuses` counts what they were answered."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.statuses: Counter[int] = Counter()

    async def come(self, seconds: int) -> Load:
        chance, began = Random(_SEED), time.monotonic()  # noqa: S311 - the same load each time is wanted
        sessions = [(start, visit(chance)) for start in arrivals(chance, seconds)]
        await asyncio.gather(*(self._one(*session) for session in [*sessions, (0.0, watch(seconds))]))
        if broken := {status: count for status, count in self.statuses.items() if status >= _SERVER_ERROR}:
            raise ReplayError(f"version 1 of the shop is broken: it answered {broken}")
        return Load(self.statuses.total(), len(sessions), time.monotonic() - began)

    async def _one(self, start: float, steps: Iterable[Step]) -> None:
        """One session, from its start; a step's requests each have a connection of their own."""
        await asyncio.sleep(start)
        browser = _Browser(self._port)
        try:
            for step in steps:
                await asyncio.sleep(step.after)
                self.statuses.update(await browser.get(step.asks))
        finally:
            browser.close()


class _Browser:
    """Two connections at most, and the cookie of its session."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookie = b""
        self._connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, asks: Iterable[Ask]) -> list[int]:
        """Ask for several things at once; gives the statuses."""
        return await asyncio.gather(*(self._ask(nth, ask) for nth, ask in enumerate(asks)))

    async def _ask(self, nth: int, ask: Ask) -> int:
        if nth >= len(self._connections):
            self._connections.append(await asyncio.open_connection("127.0.0.1", self._port))
        reader, writer = self._connections[nth]
        writer.write(self._request(ask))
        async with asyncio.timeout(_ANSWER_S):
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
        if cookie := _COOKIE.search(head):
            self._cookie = b"Cookie: " + cookie[1] + b"\r\n"
        return int(head[9:12])

    def _request(self, ask: Ask) -> bytes:
        body = ask.body.encode()
        lines = (
            f"{ask.method} {ask.target} HTTP/1.1\r\nHost: {PRODUCTION}\r\nUser-Agent: demo\r\nAccept-Encoding: gzip\r\n"
        )
        framing = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if ask.method == "POST" else ""
        return lines.encode() + self._cookie + framing.encode() + b"\r\n" + body

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._connections:
            writer.close()
