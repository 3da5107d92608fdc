"""Reads the lines of the article on traffic replay pipelines: those of its `TrafficCapture`, and its Envoy access log.

Law: pure; one line of bytes in, an `Exchange`, `Rejected` or `Ignored` out, nothing raised whatever the bytes are. What such
a line cannot tell (the answer but for its status, connection, session, scheme, protocol, client) is absent in the exchange,
never guessed; so its answers are compared by status only, and each line is a session of its own.
The subtle thing is the time. `TrafficCapture` writes a line when the answer is there, so its request began `duration_ms`
before the timestamp; Envoy's `%START_TIME%` is that beginning already. The two are told apart by the name of their status.

    {"timestamp", "method", "path", "headers": {}, "body", "response_status", "duration_ms"}    TrafficCapture, CapturedRequest
    {"timestamp", "method", "path", "status", "duration", "request_body"}                       the access log

Secrets are taken out as in every capture, and bodies of paths that log people in are not kept: the article leaves that to
whoever writes the lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import orjson

from replay_users.capture.fields import Fields, Ignored, Rejected, Unusable, checked
from replay_users.capture.redact import is_login
from replay_users.capture.request import Cover, Head, checked_authority, checked_target, method_of, read, status_of
from replay_users.model import Capture, Exchange, SessionKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["exchange", "read_line"]

_TIMESTAMP: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,9})\d*)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = (1 << 63) - 1
_LONGEST_MS: Final = 9e12

_KEPT_BY_THE_SCRIPT: Final = 10_000
"""Bytes of a request body that the article's Lua keeps: one of this size may have been longer."""

_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
"""Methods whose requests have no body unless the line holds one."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What one of the two kinds of line calls things; `from_end`: its timestamp is when the answer was there."""

    status: str
    duration: str
    body: str
    from_end: bool
    most: int | None


_CAPTURED: Final = _Form("response_status", "duration_ms", "body", from_end=True, most=None)
_LOGGED: Final = _Form("status", "duration", "request_body", from_end=False, most=_KEPT_BY_THE_SCRIPT)


def read_line(
    line: bytes, *, source: str, number: int, on_secret: Callable[[], None] | None = None
) -> Exchange | Rejected | Ignored:
    """Read one line.

    Args:
        line: one line of a capture file, with or without its line break.
        source: the pod or process that wrote it.
        number: the line's number in its file. Lines have no id, and two equal ones are two exchanges, so it is part of the
            id; a file that is ingested again gives the same ones.
        on_secret: called once if the line came with secrets in the clear, which the exchange holds no longer.
    """
    return read(line, lambda fields, cover: exchange(fields, line, f"{source} {number}", cover), on_secret=on_secret)


def exchange(fields: Fields, line: bytes, place: str, cover: Cover) -> Exchange:
    """The exchange that the keys of a line tell of; raises `Unusable`. `place` is where the line stands."""
    form = _CAPTURED if _CAPTURED.status in fields else _LOGGED
    method, status, duration = method_of(fields), status_of(fields, form.status), _duration(fields, form)
    target = checked_target(fields.needed_text("path"))
    head = Head(cover.lines(checked(b"\n".join(_headers(fields)), "headers")))
    if head.is_replayed:
        raise Unusable(Ignored("sent by a replay"))
    body = _body(fields, form, method, head)
    if body and is_login(target):
        body, cover.used = None, True
    name = blake2b(b"%b\0%b" % (place.encode(), line.strip()), digest_size=16).hexdigest()
    return Exchange(
        at=_began(fields.needed_text("timestamp"), duration if form.from_end else None),
        id=name,
        session=name.encode(),
        session_kind=SessionKind.CONNECTION,
        method=method,
        target=cover.target(target),
        authority=checked_authority(head.values.get(b"host", b"").decode("latin-1")),
        scheme="",
        protocol="",
        source=place.rpartition(" ")[0],
        request_head=head.block,
        request_body=body,
        request_size=len(body or b""),
        status=status,
        response_body=None,
        duration=duration,
        capture=_quality(body, form, status),
    )


def _quality(body: bytes | None, form: _Form, status: int) -> Capture:
    if body is None or (form.most is not None and len(body) >= form.most):
        return Capture.REQUEST_TRUNCATED
    return Capture.STATUS_ONLY if status else Capture.ABORTED


def _headers(fields: Fields) -> Iterator[bytes]:
    """The lines of a map of headers, whose values are texts or, as in Go's `http.Header`, lists of them."""
    headers = fields.value("headers")
    if not isinstance(headers, dict | None):
        raise Unusable.because("headers is not an object of texts")
    for name, value in (headers or {}).items():
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, str):
                raise Unusable.because("headers is not an object of texts")
            yield f"{name}: {each}".encode()


def _body(fields: Fields, form: _Form, method: str, head: Head) -> bytes | None:
    """A request's body; `None` where there was one, or may have been, that the line does not hold."""
    value = fields.value(form.body)
    if isinstance(value, str):
        body = value.encode()
    elif isinstance(value, dict | list):
        body = _json(value, form.body)
    elif value is None:
        body = b""
    else:
        raise Unusable.because(f"{form.body} is not a text")
    was_kept = form.body in fields or method in _BODILESS
    return body if body or (was_kept and not head.length) else None


def _json(value: object, key: str) -> bytes:
    """A body that was written as part of the line: the same JSON, if not to the byte."""
    try:
        return orjson.dumps(value)
    except TypeError:
        raise Unusable.because(f"{key} is nested too deep") from None


def _duration(fields: Fields, form: _Form) -> int | None:
    """Milliseconds, whole or not, in ns; `None` where none was measured."""
    value = fields.value(form.duration)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_MS:
        raise Unusable.because(f"{form.duration} is not a number of ms")
    return round(value * 1_000_000)


def _began(text: str, ago: int | None) -> int:
    """UTC ns of a timestamp, less the time that had passed; without a zone it is UTC, as `datetime.utcnow` writes it."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise Unusable.because("timestamp is not an ISO 8601 time")
    zone = found["zone"] or "Z"
    try:
        whole = datetime.fromisoformat(f"{found['date']}T{found['clock']}{zone}")
    except ValueError:
        raise Unusable.because("timestamp is not an ISO 8601 time") from None
    at = (whole - _EPOCH) // timedelta(seconds=1) * 10**9 + int((found["part"] or "").ljust(9, "0")) - (ago or 0)
    if not 0 <= at <= _LATEST:
        raise Unusable.because("timestamp is not within 1970 to 2262")
    return at
