from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import nullcontext
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.capture import read_line
from replay_users.capture.asgi import CaptureMiddleware
from replay_users.capture.redact import Sessions
from replay_users.errors import UsageError
from replay_users.model import Capture, Exchange, SessionKind

if TYPE_CHECKING:
    from pathlib import Path

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

KEY = b"0123456789abcdef"
COOKIE = (b"cookie", b"sessionid=s1")


async def echo(_: Message, receive: Receive, send: Send) -> None:
    """Answers with what it was sent, chunk by chunk."""
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"text/plain")]})
    more = True
    while more:
        heard = await receive()
        more = heard.get("more_body", False)
        await send({"type": "http.response.body", "body": heard["body"], "more_body": more})


class Client:
    """Drives a middleware as a server would, without one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sent: list[Message] = []
        self.middleware: CaptureMiddleware | None = None

    def ask(
        self, app: App, *body: bytes, send: Send | None = None, stays: bool = False, tick: int = 1000, **scope: Any
    ) -> None:
        """Ask once; each of `body` is a message, followed by the client's leaving unless it `stays`."""
        ticker = count(0, tick)
        self.middleware = CaptureMiddleware(app, path=self.path, hmac_key=KEY, ticker=lambda: next(ticker))
        whole: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST" if body else "GET",
            "scheme": "http",
            "path": "/echo",
            "raw_path": b"/echo",
            "query_string": b"a=1",
            "client": ("127.0.0.1", 50_000),
            "headers": [(b"host", b"shop.example"), COOKIE],
        }
        heard = [{"type": "http.request", "body": b, "more_body": n < len(body)} for n, b in enumerate(body, 1)]
        heard = [*(heard or [{"type": "http.request", "body": b""}]), {"type": "http.disconnect"}]

        async def receive() -> Message:
            if stays and len(heard) == 1:
                await asyncio.Event().wait()
            return heard.pop(0)

        async def keep(message: Message) -> None:
            self.sent.append(message)

        asyncio.run(self.middleware(whole | scope, receive, send or keep))

    def exchanges(self) -> list[Exchange]:
        """What our reader makes of the lines."""
        if not self.path.exists():
            return []
        read = [read_line(line, source="p") for line in self.path.read_bytes().splitlines()]
        assert all(isinstance(e, Exchange) for e in read), read
        return [e for e in read if isinstance(e, Exchange)]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client of a middleware that writes to a new file."""
    one = Client(tmp_path / "capture.jsonl")
    yield one
    if one.middleware:
        one.middleware.close()


def counts(client: Client) -> tuple[int, int]:
    """Lines written and lost."""
    assert client.middleware
    return client.middleware.lines, client.middleware.lost


def test_an_exchange_comes_back_from_its_line(client: Client) -> None:
    """What our reader reads is what client and application said, and the secret is a name."""
    client.ask(echo, b"hel", b"lo")
    (read,) = client.exchanges()
    assert (read.method, read.target, read.authority, read.status) == ("POST", b"/echo?a=1", "shop.example", 201)
    assert (read.request_body, read.response_body) == (b"hello", b"hello")
    assert read.request_head == b"cookie: [redacted:12]\r\n"
    assert read.response_head == b"content-type: text/plain\r\n"
    assert read.session.decode() == Sessions(KEY, "sessionid").of_request([COOKIE])
    assert (read.session_kind, read.capture) == (SessionKind.COOKIE, Capture.COMPLETE)
    assert 0 < (read.first_byte or 0) <= (read.duration or 0) < 10**10
    assert read.at > 1_700_000_000 * 10**9
    assert b"s1" not in client.path.read_bytes()
    assert counts(client) == (1, 0)


@pytest.mark.parametrize(
    ("size", "refused"),
    [
        pytest.param(0, False, id="none: sessions have no names"),
        pytest.param(1, True, id="one"),
        pytest.param(15, True, id="too short"),
        pytest.param(16, False, id="long enough"),
    ],
)
def test_a_key_that_could_be_guessed_is_refused(tmp_path: Path, size: int, refused: bool) -> None:
    """A key of fewer than 16 bytes is an error when the middleware is made, not when somebody has guessed it."""
    with pytest.raises(UsageError, match="at least 16 random") if refused else nullcontext():
        CaptureMiddleware(echo, path=tmp_path / "c.jsonl", hmac_key=b"k" * size)


def test_messages_pass_at_once_and_as_they_are(client: Client) -> None:
    """Each piece of an answer is with the client before the application makes the next."""
    pieces = [{"type": "http.response.body", "body": b"%d" % n, "more_body": n < 3, "extra": n} for n in range(4)]

    async def stream(_: Message, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        for n, piece in enumerate(pieces):
            assert len(client.sent) == n + 1
            await send(piece)

    client.ask(stream)
    assert all(sent is piece for sent, piece in zip(client.sent[1:], pieces, strict=True))
    assert client.exchanges()[0].response_body == b"0123"


def test_the_line_is_there_before_background_work(client: Client) -> None:
    """An application that works on after its answer does not delay the line."""

    async def works_on(scope: Message, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        assert len(client.exchanges()) == 1

    client.ask(works_on)
    assert counts(client) == (1, 0)


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param({"headers": [(b"x-replay-test", b"true")]}, id="replayed-request"),
        pytest.param({"headers": [(b"user-agent", b"kube-probe/1.31")]}, id="probe"),
        pytest.param({"type": "websocket"}, id="websocket"),
        pytest.param({"type": "lifespan"}, id="lifespan"),
    ],
)
def test_what_is_never_captured(client: Client, scope: dict[str, Any]) -> None:
    """Replays, probes and what is not HTTP pass through without a line."""
    client.ask(echo, **scope)
    assert len(client.sent) == 2
    assert not client.path.exists()
    assert counts(client) == (0, 0)


@pytest.mark.parametrize(
    ("started", "status", "flags"),
    [pytest.param(False, 500, "UC", id="before"), pytest.param(True, 200, "UPE", id="in")],
)
def test_an_exception_of_the_application_is_captured_and_goes_on(
    client: Client, started: bool, status: int, flags: str
) -> None:
    """The server sees the very exception; the line says how far the answer came."""

    async def breaks(_: Message, __: Receive, send: Send) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        client.ask(breaks)
    (read,) = client.exchanges()
    assert (read.status, read.end_flags, read.capture) == (status, flags, Capture.ABORTED)
    assert read.response_body == (b"half" if started else b"")


@pytest.mark.parametrize("failure", [ConnectionResetError(), asyncio.CancelledError()], ids=["send-fails", "cancelled"])
def test_a_client_that_left_is_captured_as_aborted(client: Client, failure: BaseException) -> None:
    """Whether the server tells it by a failing send or by cancelling, the exception goes on."""

    async def gone(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise failure

    with pytest.raises(type(failure)):
        client.ask(echo, send=gone)
    (read,) = client.exchanges()
    assert (read.status, read.end_flags, read.capture) == (201, "DC", Capture.ABORTED)


@pytest.mark.parametrize(
    ("stays", "capture"),
    [pytest.param(True, Capture.COMPLETE, id="there"), pytest.param(False, Capture.ABORTED, id="gone")],
)
def test_a_slow_answer_may_find_its_client_gone(client: Client, stays: bool, capture: Capture) -> None:
    """Servers take an answer for a client that left and say nothing, so the middleware asks before the last byte."""

    async def slow(_: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})
        assert await receive() == {"type": "http.request", "body": b""}

    client.ask(slow, stays=stays, tick=30_000_000)
    assert client.exchanges()[0].capture is capture
    assert len(client.sent) == 2


def test_a_server_that_cannot_be_asked_costs_nothing(client: Client) -> None:
    """Where asking fails the answer still goes out, and counts as whole."""

    async def slow(_: Message, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    def refuse(*_: object) -> object:
        raise RuntimeError("no loop of this kind")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replay_users.capture.listener.Listener.is_alone", refuse)
        client.ask(slow, tick=30_000_000)
    assert client.exchanges()[0].capture is Capture.COMPLETE


def test_a_client_that_leaves_in_its_upload_sent_no_whole_request(client: Client) -> None:
    """The part that came is kept, and the request is not one to replay."""

    async def reads(_: Message, receive: Receive, __: Send) -> None:
        while (await receive())["type"] == "http.request":
            pass

    client.ask(reads, b"hel", headers=[(b"content-length", b"1000")])
    (read,) = client.exchanges()
    assert (read.capture, read.request_body, read.request_size) == (Capture.REQUEST_TRUNCATED, b"hel", 3)


def test_a_get_that_is_never_read_is_whole(client: Client) -> None:
    """Most applications answer a GET without asking for its body."""

    async def answers(_: Message, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    client.ask(answers)
    assert client.exchanges()[0].capture is Capture.COMPLETE


def test_a_disk_that_is_full_costs_lines_not_requests(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is sent whole, and the lost line is counted."""

    def full(_: int, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    client.ask(echo, b"x")
    assert len(client.sent) == 2
    assert counts(client) == (0, 1)


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        pytest.param({"headers": None}, {"type": "http.response.start", "status": 200}, id="scope"),
        pytest.param({}, {"type": "http.response.start", "status": 200, "headers": [7]}, id="headers"),
        pytest.param({}, {"type": "http.response.start"}, id="no-status"),
        pytest.param({"query_string": "text"}, {"type": "http.response.start", "status": 200}, id="query"),
    ],
)
def test_what_cannot_be_noted_is_still_served(client: Client, scope: dict[str, Any], message: dict[str, Any]) -> None:
    """A scope or message that only we trip over reaches the other side, and its line is counted as lost."""

    async def odd(_: Message, __: Receive, send: Send) -> None:
        await send(message)
        await send({"type": "http.response.body", "body": b"x"})

    client.ask(odd, **scope)
    assert client.sent[0] is message
    assert len(client.sent) == 2
    assert counts(client) == (0, 1)
    assert not client.path.exists()
