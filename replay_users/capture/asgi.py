"""An ASGI middleware that writes capture lines of schema v1, for services without an Envoy in front of them.

Law: the edge of this stage inside somebody's service. Messages pass through at once and as they are; what they were is
noted after each was passed on. Nothing here may break a request: whatever fails in here is counted in `lost`. The
subtle thing: the line is written when the last byte of the answer was handed over, not when the application returns,
for background work may follow; an answer that never ends gets its line when the application gives up.

WebSockets pass through uncaptured. `us_upstream` and `sni` are null: there is no upstream, and servers do not tell the
name.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from replay_users.capture.appender import Appender
from replay_users.capture.listener import Listener
from replay_users.capture.redact import Sessions, header_value
from replay_users.capture.stream import Stream
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CaptureMiddleware"]

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]

_MARK: Final = b"x-replay-test"
_PROBE: Final = b"kube-probe/"
_KEY_BYTES: Final = 16


class CaptureMiddleware:
    """Wraps an ASGI application and appends a capture line for each HTTP exchange to a file.

    Never captured: requests marked `X-Replay-Test`, and Kubernetes probes.

    Args:
        app: the application.
        path: the file to append to; made with its folder on the first line, and anew when it was renamed away.
        hmac_key: names sessions without telling what they are; the same in all processes of a service. At least
            16 bytes, chosen at random: a shorter key could be guessed, and with it whose session a name is. Empty: sessions are
            not named.
        session_cookie: the cookie that holds a session.
        max_body: bytes kept of each body.
        clock: UTC in ns since the epoch.
        ticker: a monotonic clock in ns, for durations.

    Raises:
        UsageError: `hmac_key` is too short.
    """

    def __init__(
        self,
        app: _App,
        *,
        path: str | Path,
        hmac_key: bytes,
        session_cookie: str = "sessionid",
        max_body: int = 65_536,
        clock: Callable[[], int] = time.time_ns,
        ticker: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        if 0 < len(hmac_key) < _KEY_BYTES:
            raise UsageError(
                f"hmac_key has {len(hmac_key)} bytes: give at least {_KEY_BYTES} random ones, such as secrets.token_bytes(32)"
            )
        self.lines = 0
        """Lines written."""
        self.lost = 0
        """Exchanges whose line could not be made or written."""
        self._app = app
        self._file = Appender(path)
        self._sessions = Sessions(hmac_key, session_cookie)
        self._max_body = max_body
        self._clock = clock
        self._ticker = ticker

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Run the application; the server calls this for each connection event."""
        stream = self._begin(scope)
        if stream is None:
            await self._app(scope, receive, send)
        else:
            await self._run(stream, scope, receive, send)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _begin(self, scope: _Message) -> Stream | None:
        try:
            if scope["type"] != "http" or _is_left_out(scope["headers"]):
                return None
            now, line_id = self._clock(), str(uuid.uuid4())
            return Stream(scope, self._sessions, max_body=self._max_body, id=line_id, at=now, ticker=self._ticker)
        except Exception:  # noqa: BLE001 - a scope we cannot read is still the application's to serve
            self.lost += 1
            return None

    async def _run(self, stream: Stream, scope: _Message, receive: _Receive, send: _Send) -> None:
        notes, listener = _Notes(stream), Listener(receive)

        async def heard() -> _Message:
            message = await listener.hear()
            notes.take(stream.received, message)
            return message

        async def said(message: _Message) -> None:
            await _look(stream, listener, message)
            try:
                await send(message)
            except OSError:
                stream.left()
                raise
            notes.take(stream.sent, message)
            if stream.is_over:
                self._write(notes)

        try:
            await self._app(scope, heard, said)
            stream.broke()
        except Exception:
            stream.broke()
            raise
        except BaseException:
            stream.left()  # a server cancels the application of a client that left
            raise
        finally:
            self._write(notes)

    def _write(self, notes: _Notes) -> None:
        """Write the line, unless it is written."""
        if notes.are_written:
            return
        notes.are_written = True
        try:
            self._file.append(notes.line())
        except Exception:  # noqa: BLE001 - a full disk or a fault of ours costs the line, not the request
            self.lost += 1
        else:
            self.lines += 1


class _Notes:
    """Keeps a fault in noting a stream away from the application; the line is lost then."""

    __slots__ = ("_fault", "_stream", "are_written")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._fault: Exception | None = None
        self.are_written = False

    def take(self, note: Callable[[_Message], None], message: _Message) -> None:
        try:
            note(message)
        except Exception as fault:  # noqa: BLE001 - a message we cannot read is still the server's to send
            self._fault = fault

    def line(self) -> bytes:
        if self._fault:
            raise self._fault
        return self._stream.line()


async def _look(stream: Stream, listener: Listener, message: _Message) -> None:
    """Before the last byte of a slow answer: is there still a client to send it to?"""
    try:
        if stream.is_doubtful_end(message) and await listener.is_alone():
            stream.left()
    except Exception:  # noqa: BLE001, S110 - not to know is no fault; the application will meet the server's itself
        pass


def _is_left_out(headers: list[tuple[bytes, bytes]]) -> bool:
    is_probe = (header_value(headers, b"user-agent") or b"").startswith(_PROBE)
    return is_probe or header_value(headers, _MARK) is not None
