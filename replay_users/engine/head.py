"""What the head of an answer says, where the parser does not: framing, the status before a fault, the end of an answer to HEAD.

Law: bytes in, facts out; off the path that an ordinary answer takes. The subtle thing: the bytes may be anything, so a
status is taken from a head only if httptools reads all of it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httptools

from replay_users.model import Fault
from replay_users.trailers import is_chunked

if TYPE_CHECKING:
    from replay_users.engine.connection import Connection

__all__ = ["END_OF_HEAD", "MAX_HEAD", "HeadOnly", "after_head", "broken_off", "is_framed", "is_http2", "status_of"]

END_OF_HEAD = b"\r\n\r\n"

MAX_HEAD = 64 << 10
"""Bytes of an answer's head; Envoy's default limit is 60 KiB, nginx's and Apache's are smaller."""


class HeadOnly:
    """Hears the parser of an answer to HEAD, whose body httptools would wait for (it cannot be told)."""

    __slots__ = ("on_headers_complete", "on_message_begin", "on_message_complete")

    def __init__(self, connection: Connection) -> None:
        self.on_message_begin = connection.on_message_begin
        self.on_message_complete = connection.on_message_complete
        self.on_headers_complete = connection.head_only


class _Heard:
    """Hears a head, and no more."""

    status = 0

    def __init__(self) -> None:
        self._parser: Any = httptools.HttpResponseParser(self)

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()

    def read(self, head: bytes) -> int:
        """The status of a whole and good head, else 0."""
        with suppress(httptools.HttpParserError):
            self._parser.feed_data(head)
        return self.status


def status_of(raw: bytes) -> int:
    """The status that came before a fault, 0 if none did: read again, since this is no path to be fast on."""
    raw = raw.lstrip(b"\r\n")
    end = raw.find(END_OF_HEAD)
    return _Heard().read(raw[: end + 4]) if end >= 0 else 0


def is_framed(raw: bytes) -> bool:
    """Whether an answer says itself where its body ends; with another last coding than `chunked` the connection does."""
    head = raw[: raw.find(b"\r\n\r\n") + 2].lower()
    return b"\ncontent-length:" in head or is_chunked(raw)


def after_head(raw: bytes) -> bytes:
    """What follows the first head, which line breaks may come before."""
    raw = raw.lstrip(b"\r\n")
    return raw[raw.find(b"\r\n\r\n") + 4 :]


def is_http2(raw: bytes) -> bool:
    """Whether these are the first bytes of HTTP/2's server: a SETTINGS frame on stream 0 (RFC 9113 3.4)."""
    return raw[3:4] == b"\4" and raw[:1] == raw[5:6] == b"\0" and not any(raw[6:9]) and len(raw) >= 9  # noqa: PLR2004


def broken_off(whole: bool, *, begun: bool, reset: bool) -> Fault:
    """The fault that it is when a connection ends inside an answer: with a whole head, in the head, before it."""
    if whole:
        return Fault.RESET_IN_BODY if reset else Fault.CLOSED_IN_BODY
    if begun:
        return Fault.RESET_IN_HEADERS if reset else Fault.CLOSED_IN_HEADERS
    return Fault.RESET_BEFORE_HEADERS if reset else Fault.CLOSED_BEFORE_HEADERS
