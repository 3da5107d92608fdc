"""What a peer can do wrong, by name: each kind as a script, with what an exchange that meets it may end with.

Law: data. A script begins where a connection is free for a request (or has just been accepted) and is one turn: where its
last step leaves the connection open, the next turn follows. The subtle thing: `meets` is a set wherever timing decides,
because a reset takes what the reader has not read yet with it; the first of a set is what happens when the reader is
quick. `None` stands for an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from replay_users.model import Fault
from replay_users.testing.script import (
    Step,
    close,
    handshake,
    http_answer,
    noise,
    pause,
    receive,
    reset,
    send,
    serve,
    stall,
)

__all__ = ["FAULT_KINDS", "GOOD", "TLS_KINDS", "TUNNEL_KINDS", "UPLOAD_KINDS", "FaultKind"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One thing that a peer does, and what an exchange that meets it may end with (`None`: an answer)."""

    name: str
    steps: tuple[Step, ...]
    meets: tuple[Fault | None, ...]

    @property
    def slow(self) -> bool:
        """Whether the exchange ends only when its time is up."""
        return self.meets[0] in {Fault.TIMEOUT, Fault.TIMEOUT_IN_BODY, Fault.CONNECT_TIMEOUT}


def _kind(name: str, meets: Fault | tuple[Fault | None, ...] | None, *steps: Step) -> FaultKind:
    return FaultKind(name, steps, meets if isinstance(meets, tuple) else (meets,))


def _answered(name: str, meets: Fault | tuple[Fault | None, ...] | None, data: bytes, *steps: Step) -> FaultKind:
    """A kind that reads the request and sends this; it then stalls unless told otherwise."""
    return _kind(name, meets, receive(), send(data), *(steps or (stall(),)))


def _head(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *lines)) + b"\r\n\r\n" + body


def _chunked(body: bytes) -> bytes:
    return _head(b"Transfer-Encoding: chunked", body=body)


_A_MOMENT = pause(0.005)
"""For the reader to read what was sent before a reset takes it away."""

_IN_BODY = (Fault.TIMEOUT_IN_BODY, Fault.TIMEOUT)
"""Time that is up within a body; a reader that was busy may have seen no head by then."""

_OK = http_answer(b"ok")
_HEADLESS = b"HTTP/1.1 200 OK\r\nContent-"
_HALF = _head(b"Content-Length: 10", body=b"12345")
_HALF_CHUNK = _chunked(b"a\r\n12345")
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BAD_CHUNK_SIZES = {
    "no-hex": b"zz",
    "negative": b"-1",
    "too-many-digits": b"F" * 40,
    "empty": b"",
    "spaced": b"1 2",
    "0x": b"0x2",
}
_BAD_LENGTHS = {"no-number": b"2x", "negative": b"-2", "list": b"2, 3", "too-many-digits": b"9" * 40}

GOOD = _kind("good", None, receive(), send(http_answer()))
"""An empty answer on a connection that stays open: no fault, to be mixed with those that are."""

_CONNECTIONS = (
    _kind("reset-at-accept", (Fault.RESET_BEFORE_HEADERS, Fault.CONNECT), reset()),
    _kind("close-at-accept", (Fault.CLOSED_BEFORE_HEADERS, Fault.RESET_BEFORE_HEADERS), close()),
    _kind("stall-at-accept", Fault.TIMEOUT, stall()),
    _kind("ssh-banner", Fault.PROTOCOL, send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), stall()),
    _kind("smtp-banner", Fault.PROTOCOL, send(b"220 mail.example.com ESMTP\r\n"), stall()),
    _kind("http2-settings", Fault.PROTOCOL, send(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\x01\0\0"), stall()),
    _kind("tls-alert", Fault.PROTOCOL, send(b"\x15\x03\x01\x00\x02\x02\x46"), close()),
    _kind("noise-at-accept", Fault.PROTOCOL, noise(64), stall()),
)

_ENDINGS = (
    _kind("reset-before-headers", Fault.RESET_BEFORE_HEADERS, receive(), reset()),
    _answered("reset-in-headers", (Fault.RESET_IN_HEADERS, Fault.RESET_BEFORE_HEADERS), _HEADLESS, _A_MOMENT, reset()),
    _answered("reset-in-body", (Fault.RESET_IN_BODY, Fault.RESET_BEFORE_HEADERS), _HALF, _A_MOMENT, reset()),
    _answered("reset-in-chunk", (Fault.RESET_IN_BODY, Fault.RESET_BEFORE_HEADERS), _HALF_CHUNK, _A_MOMENT, reset()),
    _kind("close-before-headers", Fault.CLOSED_BEFORE_HEADERS, receive(), close()),
    _answered("close-in-headers", Fault.CLOSED_IN_HEADERS, _HEADLESS, close()),
    _answered("close-after-interim", Fault.CLOSED_IN_HEADERS, _CONTINUE, close()),
    _answered("close-in-body", Fault.CLOSED_IN_BODY, _HALF, close()),
    _answered("close-in-chunk", Fault.CLOSED_IN_BODY, _HALF_CHUNK, close()),
    _answered("close-between-chunks", Fault.CLOSED_IN_BODY, _chunked(b"2\r\nok\r\n"), close()),
    _answered("close-before-trailers-end", Fault.CLOSED_IN_BODY, _chunked(b"0\r\nX: 1\r\n"), close()),
    _answered("close-when-idle", None, _OK, close()),
    _answered("reset-when-idle", None, _OK, _A_MOMENT, reset()),
)

_DELAYS = (
    _kind("stall-before-headers", Fault.TIMEOUT, receive(), stall()),
    _answered("stall-in-headers", Fault.TIMEOUT, _HEADLESS),
    _answered("stall-after-interim", Fault.TIMEOUT, _CONTINUE),
    _answered("stall-in-body", _IN_BODY, _HALF),
    _answered("stall-in-chunk", _IN_BODY, _HALF_CHUNK),
    _answered("stall-where-an-end-was-due", _IN_BODY, _head(body=b"to the ")),
    _kind("drip", None, receive(), send(_OK, pieces=len(_OK), seconds=0.0002)),
    _kind(
        "drip-headers-for-ever",
        Fault.TIMEOUT,
        receive(),
        send(_head()[:-2] + b"X: 1\r\n" * 900, pieces=900, seconds=0.02),
    ),
    _answered("drip-body-for-ever", _IN_BODY, _head(), send(b"x" * 450, pieces=450, seconds=0.02)),
)

_NONSENSE = (
    _answered("garbage", Fault.PROTOCOL, b"hello\r\n\r\n"),
    _kind("noise", Fault.PROTOCOL, receive(), noise(64), stall()),
    _kind("noise-and-close", Fault.PROTOCOL, receive(), noise(64), close()),
    _kind("noise-in-headers", Fault.PROTOCOL, receive(), send(b"HTTP/1.1 200 OK\r\nX: \0\n\n"), noise(64), stall()),
    _answered("http-0.9", Fault.PROTOCOL, b"<html>hello</html>", close()),
    _answered("http-1.0", None, b"HTTP/1.0 200 OK\r\n\r\nto the end", close()),
    _answered(
        "http-1.0-keep-alive",
        None,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        pause(0),
    ),
    _answered("http-9.9", Fault.PROTOCOL, b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    _answered("bare-line-feeds", Fault.PROTOCOL, _OK.replace(b"\r\n", b"\n")),
    _answered("status-of-two-digits", Fault.PROTOCOL, b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    _answered("folded-header", Fault.PROTOCOL, _head(b"X: a", b" b", b"Content-Length: 0")),
    _answered("nul-in-header", Fault.PROTOCOL, _head(b"X: a\0b", b"Content-Length: 0")),
    _answered("nameless-header", Fault.PROTOCOL, _head(b": a", b"Content-Length: 0")),
    _answered(
        "switching",
        Fault.UPGRADE,
        b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05",
    ),
)

_SIZES = (
    _answered("length-too-large", Fault.CLOSED_IN_BODY, _head(b"Content-Length: 1000", body=b"ok"), close()),
    _answered("length-too-large-and-stall", _IN_BODY, _head(b"Content-Length: 1000", body=b"ok")),
    _answered("length-too-small", Fault.LATE_BYTES, _head(b"Content-Length: 1", body=b"okay")),
    _answered("body-of-a-204", Fault.LATE_BYTES, b"HTTP/1.1 204 No Content\r\n\r\nok"),
    _answered("body-of-a-304", Fault.LATE_BYTES, b"HTTP/1.1 304 Not Modified\r\n\r\nok"),
    _answered("extra-bytes", Fault.LATE_BYTES, _OK + b"junk"),
    _answered("extra-answer", Fault.LATE_BYTES, _OK + _OK),
    _answered("extra-bytes-later", (None, Fault.PROTOCOL, Fault.LATE_BYTES), _OK, _A_MOMENT, send(b"junk"), stall()),
    _answered("interim-storm", None, (_CONTINUE + _HINTS) * 50 + _OK, pause(0)),
    _answered("interim-storm-without-end", Fault.PROTOCOL, (_CONTINUE + _HINTS) * 500),
    _answered(
        "interim-drip-without-end", Fault.PROTOCOL, _HINTS * 90, send(_HINTS * 60, pieces=60, seconds=0.0005), stall()
    ),
    _answered("large-head", None, http_answer(b"ok", head=b"X: %b\r\n" % (b"y" * 60_000)), pause(0)),
    _answered("huge-header", Fault.HEADERS_TOO_LARGE, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000),
    _answered("huge-head", Fault.HEADERS_TOO_LARGE, b"HTTP/1.1 200 OK\r\n" + b"X-Header: some value\r\n" * 10_000),
    _answered("conflicting-lengths", Fault.PROTOCOL, http_answer(b"ok", head=b"Content-Length: 3\r\n")),
    _answered("length-and-chunked", Fault.PROTOCOL, http_answer(b"ok", head=b"Transfer-Encoding: chunked\r\n")),
    *(
        _answered(f"length-{name}", Fault.PROTOCOL, _head(b"Content-Length: " + value, body=b"ok"))
        for name, value in _BAD_LENGTHS.items()
    ),
    *(
        _answered(f"chunk-size-{name}", Fault.PROTOCOL, _chunked(value + b"\r\nok\r\n0\r\n\r\n"))
        for name, value in _BAD_CHUNK_SIZES.items()
    ),
    _answered("chunk-longer-than-its-size", Fault.PROTOCOL, _chunked(b"1\r\nok\r\n0\r\n\r\n")),
)

FAULT_KINDS = (*_CONNECTIONS, *_ENDINGS, *_DELAYS, *_NONSENSE, *_SIZES)
"""What can meet any request."""

_TOO_LARGE = http_answer(b"too large", status=413)
_UNREAD = (Fault.RESET_BEFORE_HEADERS, Fault.CONNECT)

UPLOAD_KINDS = (
    _kind("never-reads", Fault.TIMEOUT, stall()),
    _kind("answers-413-unread", None, send(_TOO_LARGE), close()),
    _kind("answers-413-unread-and-stalls", None, send(_TOO_LARGE), stall()),
    _kind("answers-413-unread-and-resets", (None, *_UNREAD), send(_TOO_LARGE), pause(0.02), reset()),
    _kind("resets-unread", _UNREAD, pause(0.002), reset()),
    _kind("answers-half-unread", _IN_BODY, send(_HALF), stall()),
    _kind("reads-late", None, pause(0.02), receive(), send(_OK)),
)
"""What can meet an upload that is larger than the buffers of both ends (6 MiB are): it is not read, or late."""

_HELLO = b"\x16\x03\x03"  # a handshake record of TLS 1.2 and 1.3; its length and content follow

TLS_KINDS = (
    _kind("tls-good", None, handshake(), serve(_OK)),
    _kind("tls-drip", None, handshake(pieces=50, seconds=0.0002), serve(_OK)),
    _kind("tls-stall", Fault.CONNECT_TIMEOUT, stall()),
    _kind("tls-stall-in-hello", Fault.CONNECT_TIMEOUT, send(_HELLO + b"\0\x7a\x02\0\0\x76"), stall()),
    _kind("tls-drip-for-ever", Fault.CONNECT_TIMEOUT, handshake(pieces=900, seconds=0.02)),
    _kind("tls-close", (Fault.TLS, Fault.CONNECT), close()),
    _kind("tls-reset", (Fault.TLS, Fault.CONNECT), reset()),
    _kind("tls-close-in-hello", Fault.TLS, send(_HELLO + b"\0\x7a\x02\0\0\x76"), close()),
    _kind("tls-noise", Fault.TLS, noise(64), close()),
    _kind("tls-plain-http", Fault.TLS, send(http_answer(b"plain", status=400)), close()),
    _kind("tls-alert-unrecognized-name", Fault.TLS, send(b"\x15\x03\x03\0\x02\x02\x70"), close()),
    _kind("tls-then-reset", (Fault.RESET_BEFORE_HEADERS, Fault.TLS), handshake(), receive(), reset()),
    _kind("tls-then-close", Fault.CLOSED_BEFORE_HEADERS, handshake(), receive(), close()),
    _kind("tls-then-close-in-body", Fault.CLOSED_IN_BODY, handshake(), receive(), send(_HALF), close()),
    _kind("tls-then-stall", Fault.TIMEOUT, handshake(), receive(), stall()),
    _kind("tls-then-extra-bytes", (Fault.LATE_BYTES, None), handshake(), receive(), send(_OK + b"junk"), stall()),
)
"""What can happen below and above TLS; for a target that has a certificate."""

TUNNEL_KINDS = (
    _answered("tunnel-good", None, b"HTTP/1.1 200 Connected\r\n\r\n", serve(_OK)),
    _kind(
        "tunnel-drip",
        None,
        receive(),
        send(b"HTTP/1.1 200 Yes\r\nVia: p\r\n\r\n", pieces=25, seconds=0.0005),
        serve(_OK),
    ),
    _answered("tunnel-refused", Fault.PROXY, http_answer(b"no", status=403), close()),
    _answered("tunnel-wants-credentials", Fault.PROXY, http_answer(status=407, head=b"Proxy-Authenticate: Basic\r\n")),
    _answered("tunnel-garbage", Fault.PROXY, b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    _kind("tunnel-noise", Fault.PROXY, receive(), noise(64), stall()),
    _answered("tunnel-head-without-end", Fault.PROXY, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000),
    _answered("tunnel-close-in-headers", Fault.PROXY, b"HTTP/1.1 200 Conn", close()),
    _kind("tunnel-close", Fault.PROXY, receive(), close()),
    _kind("tunnel-reset", (Fault.PROXY, Fault.CONNECT), receive(), reset()),
    _kind("tunnel-stall", Fault.CONNECT_TIMEOUT, receive(), stall()),
    _answered("tunnel-stall-in-headers", Fault.CONNECT_TIMEOUT, b"HTTP/1.1 200 Conn"),
)
"""What a forward proxy can do with the CONNECT that opens a connection."""
