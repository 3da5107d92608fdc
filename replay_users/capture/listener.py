"""What an ASGI application hears from its client, and whether that client is still there.

Law: messages reach the application all, once and in order. The subtle thing: a server lets an application answer a client
that is long gone and says nothing, unless it is asked. So we ask, once, without waiting: a `receive` that does not return
at once is cancelled, and a message that came is kept for the application. We do not ask while the application itself waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

__all__ = ["Listener"]

_Message = MutableMapping[str, Any]

_MOST_ASKED: Final = 2
"""An application that reads no body has one empty message waiting before the client's leaving."""


class Listener:
    """Stands between an application and the server's `receive`."""

    __slots__ = ("_kept", "_receive", "_waiting")

    def __init__(self, receive: Callable[[], Awaitable[_Message]]) -> None:
        self._receive = receive
        self._kept: deque[_Message] = deque()
        self._waiting = 0

    async def hear(self) -> _Message:
        """The next message, as the application would have got it from the server."""
        if self._kept:
            return self._kept.popleft()
        self._waiting += 1
        try:
            return await self._receive()
        finally:
            self._waiting -= 1

    async def is_alone(self) -> bool:
        """Whether the client has left. To be asked only when it has sent all of its request."""
        if self._waiting:
            return False
        for _ in range(_MOST_ASKED):
            message = await self._at_once()
            if message is None:
                return False
            self._kept.append(message)
            if message["type"] == "http.disconnect":
                return True
        return False

    async def _at_once(self) -> _Message | None:
        asked = asyncio.get_running_loop().create_task(self._ask())
        try:
            await asyncio.sleep(0)
            if not asked.done():
                asked.cancel()
                await asyncio.sleep(0)  # it ends here, or has got its message at the last moment
        finally:
            asked.cancel()
        return asked.result() if asked.done() and not asked.cancelled() else None

    async def _ask(self) -> _Message:
        return await self._receive()
