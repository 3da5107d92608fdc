"""Reads capture lines of schema v1, as the Envoy sidecar and our own ASGI middleware write them.

Law: pure; one line of bytes in, an `Exchange`, `Rejected` or `Ignored` out, nothing raised whatever the bytes are.
Reasons are few and fixed, so that they can be counted. Rules of the format: fewer bytes kept than `rx` or `tx` say =
cut, and `resp_hash`, which only the middleware writes, is the whole answer's hash then; no `us_total` = the stream
ended early; Envoy adds `x-forwarded-proto`, which is no header of the client's. The subtle thing: the head goes out
again one day. So a line whose headers, target or method could end a line of HTTP early is rejected here, once, and a
request of which the client never sent all is `request-truncated`, whatever became of its answer.

A capture that was made without redaction, by another tool or an older script, is redacted here by the same rules: no
secret that a name tells of gets into a recording. What was redacted before stays as it is.

The recording holds no client address: `client` stays `None`, because a pseudonym needs a key, which this stage has not,
and a plain hash of an address can be searched. Request trailers are left out: a replayed request goes out with its
length.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from replay_users.capture.fields import Fields, Ignored, Rejected, Unusable, checked
from replay_users.capture.request import Cover, Head, checked_authority, checked_target, method_of, read, status_of
from replay_users.model import Capture, Exchange, SessionKind

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Ignored", "Rejected", "exchange", "read_line"]


def read_line(
    line: bytes, *, source: str, on_secret: Callable[[], None] | None = None
) -> Exchange | Rejected | Ignored:
    """Read one capture line.

    Args:
        line: one line of a capture file, with or without its line break.
        source: the pod or process that wrote it; connections are numbered apart in each.
        on_secret: called once if the exchange came with secrets in the clear, which it holds no longer.

    Returns:
        The exchange. Its session is the line's session id, else the one its answer set, which joins a login to what
        follows (both of kind cookie or auth); else its connection. `duration` of an aborted exchange is what had passed
        when it was cut, in whole ms.
    """
    return read(line, lambda fields, cover: exchange(fields, source, cover), on_secret=on_secret)


class _Body(NamedTuple):
    """A body as far as it was kept (`None` = not at all) and its true size."""

    kept: bytes | None
    size: int

    @property
    def is_whole(self) -> bool:
        return self.kept is not None and len(self.kept) >= self.size


def _body(fields: Fields, side: str, size: int) -> _Body:
    kept = fields.parts(f"{side}_body")
    return _Body(b"" if kept is None and size == 0 else kept, size)


def exchange(fields: Fields, source: str, cover: Cover) -> Exchange:
    """The exchange that the keys of a line tell of; raises `Unusable`.

    Long because it is the table of all columns, one a line.
    """
    head = _head(fields, cover)
    request = _body(fields, "req", fields.needed_number("rx"))
    response = _body(fields, "resp", fields.needed_number("tx"))
    connection = f"{source}/{fields.needed_number('conn')}"
    session, kind = _session(fields, head, connection)
    method, authority = method_of(fields), checked_authority(fields.text("host") or "")
    quality = _quality(fields, head, request, response)
    return Exchange(
        at=fields.time("ts"),
        id=fields.needed_text("id"),
        session=session,
        session_kind=kind,
        method=method,
        target=cover.target(_target(fields, method, authority)),
        authority=authority,
        scheme=head.scheme(is_tls=fields.text("tls") is not None),
        protocol=fields.needed_text("proto"),
        connection=connection,
        source=source,
        request_head=head.block,
        request_body=request.kept,
        request_size=request.size,
        status=status_of(fields, "status"),
        response_head=_block(cover.lines(fields.headers("resp_headers") or b"")),
        response_body=response.kept,
        response_size=response.size,
        response_hash=_hash(fields, response, quality),
        trailers=_trailers(fields, cover),
        first_byte=_ns(fields.number("us_first_byte")),
        duration=_duration(fields),
        end_flags=_end_flags(fields),
        capture=quality,
    )


def _head(fields: Fields, cover: Cover) -> Head:
    version = fields.number("v")
    if version != 1:
        raise Unusable.because("v is missing" if version is None else "v is not 1: a newer capture schema")
    if fields.text("path") is None and "DPE" in _end_flags(fields):
        raise Unusable(Ignored("refused by the proxy before it was a request"))
    lines = fields.headers("req_headers")
    if lines is None:
        raise Unusable.because("req_headers is missing")
    head = Head(cover.lines(lines))
    if head.is_replayed:
        raise Unusable(Ignored("sent by a replay"))
    return head


def _session(fields: Fields, head: Head, connection: str) -> tuple[bytes, SessionKind]:
    own = fields.text("sid")
    session = own or fields.text("sid_set")
    if session is None:
        return connection.encode(), SessionKind.CONNECTION
    is_cookie = own is None or b"cookie" in head.values
    return session.encode(), SessionKind.COOKIE if is_cookie else SessionKind.AUTH


def _quality(fields: Fields, head: Head, request: _Body, response: _Body) -> Capture:
    was_sent = fields.number("us_req_rx") is not None and head.length in {None, request.size}
    if not (was_sent and request.is_whole):
        return Capture.REQUEST_TRUNCATED
    if fields.number("us_total") is None:
        return Capture.ABORTED
    return Capture.COMPLETE if response.is_whole else Capture.RESPONSE_TRUNCATED


def _hash(fields: Fields, response: _Body, quality: Capture) -> bytes | None:
    """Of the whole body, if all of it came: ours, or, of a body that the line does not hold whole, the line's."""
    if quality is Capture.ABORTED:
        return None
    if response.kept is not None and response.is_whole:
        return blake2b(response.kept, digest_size=16).digest()
    return fields.hash("resp_hash")


def _target(fields: Fields, method: str, authority: str) -> bytes:
    text = fields.text("path") or (authority if method == "CONNECT" else fields.needed_text("path"))
    return checked_target(text)


def _trailers(fields: Fields, cover: Cover) -> bytes | None:
    text = fields.entry("trailers", "resp")
    return None if text is None else _block(cover.lines(checked(text.encode(), "trailers")))


def _block(lines: bytes) -> bytes:
    stripped = lines.rstrip(b"\n")
    return stripped.replace(b"\n", b"\r\n") + b"\r\n" if stripped else b""


def _duration(fields: Fields) -> int | None:
    whole = _ns(fields.number("us_total"))
    until_cut = fields.number("ms_total")
    return whole if whole is not None or until_cut is None else until_cut * 10**6


def _ns(microseconds: int | None) -> int | None:
    return None if microseconds is None else microseconds * 1000


def _end_flags(fields: Fields) -> str:
    flags = fields.text("flags") or ""
    return "" if flags == "-" else flags
