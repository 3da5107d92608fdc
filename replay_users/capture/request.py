"""What the readers of all line formats share: the request's head, its method, target and status, and secrets taken out.

Law: pure; keys of a line in, checked values out, `Unusable` raised for what is none. The subtle thing: the head goes out
again one day, so what could end a line of HTTP early is refused here, once, whichever format it came in; and headers that
the engine writes itself, hop-by-hop ones and those that a proxy added are left out of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from replay_users.capture.fields import Fields, Ignored, Rejected, Unusable
from replay_users.capture.redact import redacted_lines, redacted_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.model import Exchange

__all__ = ["Cover", "Head", "checked_authority", "checked_target", "method_of", "read", "status_of"]

_METHOD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_TARGET: Final = re.compile(rb"[^\x00-\x20\x7f]+")
_AUTHORITY: Final = re.compile(r"[!-~]*")
_HIGHEST_STATUS: Final = 999

_MARK: Final = b"x-replay-test"
_SCHEME: Final = b"x-forwarded-proto"
_LEFT_OUT: Final = frozenset(
    {
        # written by the engine
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"trailer",
        # hop by hop (RFC 9110 section 7.6.1; RFC 7540 section 3.2.1)
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"upgrade",
        # added by Envoy
        _SCHEME,
    }
)


def read(
    line: bytes, make: Callable[[Fields, Cover], Exchange], *, on_secret: Callable[[], None] | None
) -> Exchange | Rejected | Ignored:
    """What `make` makes of a line's keys, or why it makes nothing of them; `on_secret` is told of secrets in the clear."""
    if not line.strip():
        return Ignored("an empty line")
    cover = Cover()
    try:
        exchange = make(Fields(line), cover)
    except Unusable as unusable:
        return unusable.verdict
    if cover.used and on_secret is not None:
        on_secret()
    return exchange


class Cover:
    """Takes secrets out, and knows whether there were any in the clear."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = False

    def lines(self, lines: bytes) -> bytes:
        """Header lines without secrets."""
        safe = redacted_lines(lines)
        self.used |= safe != lines
        return safe

    def target(self, target: bytes) -> bytes:
        """A target without secrets."""
        safe = redacted_target(target)
        self.used |= safe != target
        return safe


class Head:
    """A request's headers: the block to send again, and the values that decide something."""

    __slots__ = ("block", "values")

    def __init__(self, lines: bytes) -> None:
        named = [(line.partition(b":")[0].lower(), line) for line in lines.split(b"\n") if line]
        self.values = {name: line[len(name) + 1 :].strip() for name, line in named}
        dropped = _LEFT_OUT | _listed(named) if b"connection" in self.values else _LEFT_OUT
        self.block = b"".join([line + b"\r\n" for name, line in named if name not in dropped])

    @property
    def is_replayed(self) -> bool:
        """Whether a replay sent it: what we send is never recorded."""
        return _MARK in self.values

    @property
    def length(self) -> int | None:
        """The body size the client announced."""
        value = self.values.get(b"content-length", b"")
        return int(value) if value.isdigit() and len(value) < 19 else None  # noqa: PLR2004 - 64 bits

    def scheme(self, *, is_tls: bool) -> str:
        """What the client spoke: to us, or to the proxy in front of us."""
        forwarded = self.values.get(_SCHEME, b"http").lower()
        return "https" if is_tls or forwarded == b"https" else "http"


def _listed(named: list[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """Headers that a Connection header makes hop-by-hop ones."""
    lines = [line for name, line in named if name == b"connection"]
    return frozenset(word.strip().lower() for line in lines for word in line[len(b"connection:") :].split(b","))


def method_of(fields: Fields) -> str:
    """The method at `method`."""
    method = fields.needed_text("method")
    if not _METHOD.fullmatch(method):
        raise Unusable.because("method is not a method")
    return method


def checked_authority(text: str) -> str:
    """A host and perhaps a port; empty where none was recorded."""
    if not _AUTHORITY.fullmatch(text):
        raise Unusable.because("host is not a host")
    return text


def checked_target(text: str) -> bytes:
    """A target's bytes."""
    target = text.encode()
    if not _TARGET.fullmatch(target):
        raise Unusable.because("path holds a blank or a line break")
    return target


def status_of(fields: Fields, key: str) -> int:
    """The status at this key; 0 where no answer was begun."""
    status = fields.needed_number(key)
    if status > _HIGHEST_STATUS:
        raise Unusable.because(f"{key} is not a status")
    return status
