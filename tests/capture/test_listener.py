from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.capture.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

EMPTY = {"type": "http.request", "body": b""}
GONE = {"type": "http.disconnect"}


def server(*messages: Mapping[str, Any]) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    """A `receive` that gives these messages and then waits for ever."""
    left = [dict(message) for message in messages]

    async def receive() -> MutableMapping[str, Any]:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return receive


def test_messages_are_heard_in_order() -> None:
    """Asking in between takes none of them away."""

    async def run() -> list[Mapping[str, Any]]:
        listener = Listener(server(EMPTY, GONE))
        assert await listener.is_alone()
        return [await listener.hear(), await listener.hear()]

    assert asyncio.run(run()) == [EMPTY, GONE]


@pytest.mark.parametrize(
    ("messages", "alone"),
    [
        pytest.param([EMPTY, GONE], True, id="gone-with-body-unread"),
        pytest.param([GONE], True, id="gone"),
        pytest.param([EMPTY], False, id="there-with-body-unread"),
        pytest.param([], False, id="there"),
        pytest.param([EMPTY] * 9, False, id="server-that-repeats-itself"),
    ],
)
def test_whether_the_client_is_still_there(messages: list[Mapping[str, Any]], alone: bool) -> None:
    """It is gone only if the server says so at once."""

    async def run() -> bool:
        return await Listener(server(*messages)).is_alone()

    assert asyncio.run(run()) == alone


def test_an_application_that_waits_itself_is_not_disturbed() -> None:
    """What it waits for would otherwise be heard by the wrong one."""

    async def run() -> tuple[bool, Mapping[str, Any]]:
        come = asyncio.Event()

        async def receive() -> MutableMapping[str, Any]:
            await come.wait()
            return dict(GONE)

        listener = Listener(receive)
        waits = asyncio.create_task(listener.hear())
        await asyncio.sleep(0)
        come.set()
        return await listener.is_alone(), await waits

    assert asyncio.run(run()) == (False, GONE)


def test_a_question_leaves_nothing_behind() -> None:
    """A `receive` that did not return at once is cancelled, and the next one hears what comes."""

    async def run() -> Mapping[str, Any]:
        queue: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        listener = Listener(queue.get)
        assert not await listener.is_alone()
        queue.put_nowait(dict(EMPTY))
        heard = await listener.hear()
        assert len(asyncio.all_tasks()) == 1
        return heard

    assert asyncio.run(run()) == EMPTY
