"""What about a recorded request decides, before anything else, whether and how it can be sent.

Law: pure, computed once at ingest and stored beside the row, so that a run looks at one small integer per row instead of
searching every header block, and the plan can count from the index what a run will leave out.
"""

from __future__ import annotations

import re
from enum import IntFlag
from typing import TYPE_CHECKING, Final

from replay_users.model import REDACTED, Capture
from replay_users.recording.acting import READ_METHODS, acts
from replay_users.recording.sendable import is_head, is_target

if TYPE_CHECKING:
    from replay_users.model import Exchange

__all__ = ["Trait", "acting_traits", "traits"]

_SWITCHING_PROTOCOLS: Final = 101

_NOT_HTTP: Final = re.compile(rb"(?im)^(?:sec-websocket-key[ \t]*:|content-type[ \t]*:[ \t]*application/grpc(?!-web))")
"""A header that makes a request something else than HTTP; gRPC-Web was made to go out as plain HTTP/1.1 and does."""


class Trait(IntFlag):
    """Bits of the `traits` column."""

    REDACTED_HEADER = 1
    """A request header's value was redacted: the request goes out without that header."""
    REDACTED_TARGET = 2
    """The target holds a redacted value: never sent."""
    NOT_WHOLE = 4
    """The request was cut, aborted or its body not kept: never sent."""
    PROTOCOL = 8
    """gRPC, an upgrade, CONNECT, or bytes that are not strictly a head or a target: cannot go out as HTTP/1.1."""
    WRITE = 16
    """Any other method than GET, HEAD and OPTIONS."""
    ACTS = 32
    """A reading method on a target that names an action, such as `GET /logout`."""


def traits(exchange: Exchange) -> int:
    """The bits that hold for an exchange."""
    found = 0
    if REDACTED in exchange.request_head:
        found |= Trait.REDACTED_HEADER
    if REDACTED in exchange.target:
        found |= Trait.REDACTED_TARGET
    if not _is_whole(exchange):
        found |= Trait.NOT_WHOLE
    if not _is_plain_http(exchange):
        found |= Trait.PROTOCOL
    return int(found | acting_traits(exchange.method, exchange.target))


def acting_traits(method: str, target: bytes) -> int:
    """`WRITE` or `ACTS` if a request does more than read, else 0."""
    if method not in READ_METHODS:
        return int(Trait.WRITE)
    return int(Trait.ACTS) if acts(target.decode("latin-1")) else 0


def _is_whole(exchange: Exchange) -> bool:
    if exchange.capture is Capture.REQUEST_TRUNCATED or exchange.request_body is None:
        return False
    return len(exchange.request_body) >= exchange.request_size


def _is_plain_http(exchange: Exchange) -> bool:
    if exchange.method == "CONNECT" or exchange.status == _SWITCHING_PROTOCOLS:
        return False
    if not (is_target(exchange.target) and is_head(exchange.request_head)):
        return False
    return _NOT_HTTP.search(exchange.request_head) is None
