"""One HTTP exchange as it passes through the middleware, and the capture line it becomes.

Law: pure but for the ticker it is given; ASGI messages in, one line out. It keeps at most `max_body` bytes a side. An
answer that it does not keep whole is hashed as it passes (1 ms a MiB), from where it turns out to be one; not one that may
hold a login, since a short one could be guessed by its hash.
The subtle thing: an application may answer without ever reading a request that has a body. What was not read is unknown, so
`us_req_rx` stays null then, and a reader of the line knows that the request is not whole.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from replay_users.capture.redact import Sessions, header_block, header_value, is_binary, is_login, redacted_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from replay_users.capture.redact import Headers

__all__ = ["Stream"]

_MOST_PARTS: Final = 64
"""As in Envoy's lines: beyond these the rest is one part, so that a long event stream does not make thousands of keys."""
_NO_CONTENT: Final = frozenset({204, 304})
_INTERNAL_SERVER_ERROR: Final = 500
_PATIENCE: Final = 50_000_000
"""Hardly a client leaves within 50 ms; asking each time whether it did would cost every quick answer some 20 µs."""
_UNPRINTABLE: Final = re.compile(rb"[^!-~]")


class _Side:
    """What one side sent: its headers, its body as far as it is kept, and, if it `hashes`, the hash of one that is not."""

    __slots__ = ("_hash", "_hashes", "_parts", "_room", "headers", "size", "skipped")

    def __init__(self, headers: Headers, *, room: int, skipped: str | None, hashes: bool = False) -> None:
        self.headers = headers
        self.size = 0
        self.skipped = skipped or ("content-type" if is_binary(headers) else None)
        self._room = 0 if self.skipped else room
        self._parts: list[bytes] = []
        self._hashes = hashes and not skipped
        self._hash: blake2b | None = None

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._hash is None and self._hashes and len(chunk) > self._room:
            self._hash = blake2b(b"".join(self._parts), digest_size=16)
        if self._hash is not None:
            self._hash.update(chunk)
        if chunk and self._room > 0:
            self._parts.append(bytes(chunk[: self._room]))
            self._room -= len(self._parts[-1])

    def fields(self, side: str) -> dict[str, object]:
        block = header_block(self.headers)
        parts = self._parts[:_MOST_PARTS]
        if rest := self._parts[_MOST_PARTS:]:
            parts.append(b"".join(rest))
        found: dict[str, object] = {
            f"{side}_headers": block.decode() if block.isascii() else None,
            f"{side}_headers_b64": None if block.isascii() else b64encode(block).decode(),
            f"{side}_skipped": self.skipped,
            f"{side}_body": {f"{n:05d}": b64encode(part).decode() for n, part in enumerate(parts, start=1)} or None,
        }
        if self._hash is not None and self.skipped != "file":
            found[f"{side}_hash"] = self._hash.hexdigest()
        return found


_NOTHING: Final[dict[str, object]] = {
    "resp_headers": None,
    "resp_headers_b64": None,
    "resp_skipped": None,
    "resp_body": None,
}


class Stream:
    """An exchange under way.

    Args:
        scope: the ASGI scope, of type `http`.
        sessions: names the session.
        max_body: bytes kept of each body.
        id: of the line.
        at: now, in UTC ns.
        ticker: a monotonic clock, ns.
    """

    def __init__(
        self,
        scope: Mapping[str, Any],
        sessions: Sessions,
        *,
        max_body: int,
        id: str,  # noqa: A002 - the key of the line
        at: int,
        ticker: Callable[[], int],
    ) -> None:
        headers: Headers = list(scope["headers"])
        self._target = _target(scope)
        self._skipped = "path" if is_login(self._target.partition(b"?")[0]) else None
        self._scope, self._sessions, self._max_body, self._id, self._at = scope, sessions, max_body, id, at
        self._ticker, self._began = ticker, ticker()
        self._request = _Side(headers, room=max_body, skipped=self._skipped)
        self._response: _Side | None = None
        self._status = 0
        self._flags = "-"
        self._trailers: Headers = []
        self._has_trailers = False
        self._request_read: int | None = 0 if _is_bodiless(scope, headers) else None
        self._first_byte: int | None = None
        self._over: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether the answer was sent to its end."""
        return self._over is not None

    def is_doubtful_end(self, message: Mapping[str, Any]) -> bool:
        """Whether this message ends an answer that took so long that its client may be gone."""
        is_last = message.get("type") == "http.response.body" and not message.get("more_body", False)
        return is_last and self._request_read is not None and self._elapsed() > _PATIENCE

    def received(self, message: Mapping[str, Any]) -> None:
        """Note a message from the client."""
        if message["type"] == "http.disconnect":
            self.left()
        elif message["type"] == "http.request":
            self._request.add(message.get("body", b""))
            if not message.get("more_body", False):
                self._request_read = self._elapsed()

    def sent(self, message: Mapping[str, Any]) -> None:
        """Note a message that was passed on to the client."""
        match message["type"]:
            case "http.response.start":
                self._started(message["status"], list(message.get("headers", ())))
                self._has_trailers = message.get("trailers", False)
            case "http.response.body":
                self._body(message.get("body", b""), more=message.get("more_body", False))
            case "http.response.pathsend" | "http.response.zerocopysend":
                self._file(more=message.get("more_body", False))
            case "http.response.trailers":
                self._trailers = [*self._trailers, *message["headers"]]
                self._has_trailers = message.get("more_trailers", False)
                self._end()

    def left(self) -> None:
        """The client went away, which means something only before the end of the answer."""
        if not self.is_over:
            self._flags = "DC"

    def broke(self) -> None:
        """The application failed; before an answer of its own, the server answers 500 for it."""
        if not self.is_over and self._flags == "-":
            self._flags = "UPE" if self._response else "UC"
            self._status = self._status or _INTERNAL_SERVER_ERROR

    def _started(self, status: int, headers: Headers) -> None:
        self._status = status
        self._first_byte = self._elapsed()
        self._response = _Side(headers, room=self._max_body, skipped=self._skipped, hashes=True)

    def _body(self, chunk: bytes, *, more: bool) -> None:
        if self._response and self._scope["method"] != "HEAD" and self._status not in _NO_CONTENT:
            self._response.add(chunk)
        if not more:
            self._end()

    def _file(self, *, more: bool) -> None:
        """A file that the server sends by itself: only its announced size is known."""
        if self._response:
            self._response.skipped = "file"
            length = header_value(self._response.headers, b"content-length") or b""
            self._response.size = int(length) if length.isdigit() else self._response.size
        if not more:
            self._end()

    def _end(self) -> None:
        if self._flags == "-" and not self._has_trailers:
            self._over = self._elapsed()

    def _elapsed(self) -> int:
        return self._ticker() - self._began

    def line(self) -> bytes:
        """The capture line, with its line break."""
        request, response = self._request.fields("req"), self._response.fields("resp") if self._response else _NOTHING
        trailers = {"resp": header_block(self._trailers).decode("latin-1")} if self._trailers else None
        fields = self._who() | self._what() | self._when() | request | response | {"trailers": trailers}
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)

    def _who(self) -> dict[str, object]:
        headers, peer = self._request.headers, self._scope.get("client") or ("", 0)
        client = f"{peer[0]}:{peer[1]}" if peer[0] else None
        forwarded = header_value(headers, b"x-forwarded-for")
        answer = self._response.headers if self._response else []
        return {
            "client": client,
            "client_xff": _text(forwarded.rpartition(b",")[2].strip()) if forwarded else peer[0] or None,
            "conn": zlib.crc32((client or "").encode()),
            "sid": self._sessions.of_request(headers),
            "sid_set": self._sessions.of_answer(answer),
        }

    def _what(self) -> dict[str, object]:
        headers = self._request.headers
        return {
            "v": 1,
            "id": self._id,
            "rid": _text(header_value(headers, b"x-request-id")),
            "proto": f"HTTP/{self._scope.get('http_version', '1.1')}",
            "host": _text(header_value(headers, b"host")),
            "method": self._scope["method"],
            "path": _text(redacted_target(self._target)),
            "sni": None,
            "tls": "TLS" if self._scope.get("scheme") == "https" else None,
            "status": self._status,
            "flags": self._flags,
            "details": "asgi",
            "rx": self._request.size,
            "tx": self._response.size if self._response else 0,
        }

    def _when(self) -> dict[str, object]:
        spent = self._elapsed() if self._over is None else self._over
        return {
            "ts": f"{self._at // 10**9}.{self._at // 1000 % 10**6:06d}",
            "ms_total": spent // 10**6,
            "us_total": _microseconds(self._over),
            "us_req_rx": _microseconds(self._request_read),
            "us_first_byte": _microseconds(self._first_byte),
            "us_upstream": None,
        }


def _target(scope: Mapping[str, Any]) -> bytes:
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    return raw.partition(b"?")[0] + (b"?" + query if query else b"")


def _is_bodiless(scope: Mapping[str, Any], headers: Headers) -> bool:
    """Whether the head alone tells that no body follows; in HTTP/2 it does not."""
    length = header_value(headers, b"content-length")
    if length is not None:
        return length == b"0"
    is_plain = scope.get("http_version", "1.1") in {"1.0", "1.1"}
    return is_plain and header_value(headers, b"transfer-encoding") is None


def _text(raw: bytes | None) -> str | None:
    """ASCII text for the line, other bytes percent-encoded."""
    return None if raw is None else _UNPRINTABLE.sub(lambda found: b"%%%02X" % found[0][0], raw).decode("ascii")


def _microseconds(ns: int | None) -> int | None:
    return None if ns is None else ns // 1000
