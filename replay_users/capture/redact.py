"""What capture leaves out of a line: the same rules as the Envoy sidecar's, so that both write the same lines.

Law: pure; bytes of headers and targets in, bytes without secrets out. A secret's length stays, its value never does.
The subtle thing: names decide, not values, so a harmless `?session=3` is lost and a secret in a path segment is not found.
Bodies are not searched: those of paths that log people in, and those that are not text, are not kept at all.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from replay_users.credential import is_secret_header, is_secret_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    Headers = Sequence[tuple[bytes, bytes]]

__all__ = [
    "Sessions",
    "header_block",
    "header_value",
    "is_binary",
    "is_login",
    "redacted_lines",
    "redacted_target",
]

_URL_HEADERS: Final = frozenset({b"content-location", b"location", b"referer", b"x-envoy-original-path"})
_PARAMETER: Final = re.compile(rb"(?<![^&;=#])([^&;=#]++)=([^&;#]*)")
"""Begun where a name can begin only, or a long query without `=` would take the square of its length."""
_DONE: Final = re.compile(rb"\[redacted:\d+\]")
"""A value that was taken out before, as it is when a capture is read."""
_BREAKS: Final = re.compile(rb"[\r\n\0]")

_LOGIN: Final = re.compile(rb"/login|/signin|/signup|/oauth|/token|/password", re.IGNORECASE)
_BINARY: Final = re.compile(
    rb"image/|video/|audio/|font/|application/zip|application/x-tar|application/pdf", re.IGNORECASE
)

_KNOWN_NAMES: Final = 2000
"""Names remembered: hostile ones must not grow the memory."""


def header_block(headers: Headers) -> bytes:
    r"""The lines of a message's headers, `\n` between them, in order, without secrets and without `host`."""
    return b"\n".join(name + b": " + _header(name, value) for name, value in headers if name.lower() != b"host")


def _header(name: bytes, value: bytes) -> bytes:
    match _kind(name):
        case "secret":
            return _redacted(value)
        case "url":
            return redacted_target(value)
        case _:
            return _BREAKS.sub(b" ", value)


@lru_cache(_KNOWN_NAMES)
def _kind(name: bytes) -> str:
    if is_secret_header(name.decode("latin-1")):
        return "secret"
    return "url" if name.lower() in _URL_HEADERS else "plain"


def _redacted(value: bytes) -> bytes:
    return value if _DONE.fullmatch(value) else b"[redacted:%d]" % len(value)


def redacted_lines(lines: bytes) -> bytes:
    r"""Header lines, `\n` between them, without secrets; those without one stay to the byte."""
    split = lines.split(b"\n")
    return b"\n".join([line if _kind(line.partition(b":")[0]) == "plain" else _line(line) for line in split])


def _line(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    value = value.strip()
    safe = _header(name, value)
    return line if safe == value else name + b": " + safe


def redacted_target(target: bytes) -> bytes:
    """A target or URL without the values of query parameters whose names sound secret."""
    path, mark, query = _BREAKS.sub(b" ", target).partition(b"?")
    return path + mark + _PARAMETER.sub(_parameter, query)


def _parameter(found: re.Match[bytes]) -> bytes:
    name, value = found.groups()
    return name + b"=" + (_redacted(value) if _is_secret_parameter(name) else value)


@lru_cache(_KNOWN_NAMES)
def _is_secret_parameter(name: bytes) -> bool:
    return is_secret_parameter(name.decode("latin-1"))


def header_value(headers: Headers, name: bytes, *, joined_by: bytes = b",") -> bytes | None:
    """The values of a header as one, `None` if there is none of the name."""
    values = [value for key, value in headers if key.lower() == name]
    return joined_by.join(values) if values else None


def is_login(path: bytes) -> bool:
    """Whether bodies to and from this path hold credentials."""
    return _LOGIN.search(path) is not None


def is_binary(headers: Headers) -> bool:
    """Whether a message's body is of a kind that is not kept."""
    return _BINARY.match(header_value(headers, b"content-type") or b"") is not None


class Sessions:
    """Names sessions by a keyed hash of what identifies them, so that a capture can be grouped but not used.

    Args:
        key: for HMAC-SHA256; the same in all processes of a service. Empty: sessions are not named.
        cookie: the name of the session cookie.
    """

    def __init__(self, key: bytes, cookie: str) -> None:
        self._key = key
        name = re.escape(cookie.encode())
        self._sent = re.compile(rb"[;,] ?" + name + rb"=([^;,]+)")
        self._set = re.compile(name + rb"=([^;]+)")

    def of_request(self, headers: Headers) -> str | None:
        """By the session cookie, else authorization, x-api-key or the whole cookie header."""
        cookie = header_value(headers, b"cookie", joined_by=b"; ")
        found = self._sent.search(b"; " + cookie) if cookie else None
        if found:
            return self._name(found[1])
        others = (header_value(headers, b"authorization"), header_value(headers, b"x-api-key"), cookie)
        return self._name(next(filter(None, others), None))

    def of_answer(self, headers: Headers) -> str | None:
        """By the session cookie that the answer sets: the session that begins here."""
        found = [self._set.match(value) for name, value in headers if name.lower() == b"set-cookie"]
        return self._name(next((match[1] for match in found if match), None))

    def _name(self, secret: bytes | None) -> str | None:
        if not secret or not self._key:
            return None
        return hmac.new(self._key, secret, hashlib.sha256).digest()[:16].hex()
