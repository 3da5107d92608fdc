"""One connection to the target: bytes out, bytes in, and exactly one ending per flight.

Law: hub callbacks on raw non-blocking sockets; nothing here blocks, spawns, logs or allocates per request beyond the
bytes themselves. What the peer does wrong is a `Fault` on the flight, never an exception. The subtle thing: an exchange
is finished only after the parser has returned, because finishing may put the next request on this very connection, and
because bytes that follow the answer must be seen first: they mean that its framing cannot be trusted.

How httptools behaves here was tried, case by case (0.9): it cannot be told of HEAD, has no end-of-file call, reports
interim answers as complete messages, and `should_keep_alive` is right inside callbacks only.
"""

from __future__ import annotations

import _socket
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, Protocol

import httptools

from replay_users.engine.body import Rest, end_of
from replay_users.engine.channel import READ
from replay_users.engine.head import END_OF_HEAD, MAX_HEAD, HeadOnly, after_head, broken_off, is_framed, status_of
from replay_users.engine.opening import Opening, cut_off
from replay_users.model import Fault
from replay_users.trailers import is_chunked

if TYPE_CHECKING:
    from replay_users.engine.channel import Channel
    from replay_users.engine.tls import Tls
    from replay_users.model import Flight

__all__ = ["MAX_HEAD", "Address", "Connection", "Owner"]

Address = tuple[int, tuple[Any, ...]]
"""Address family and socket address."""

_MAX_INTERIM, _SWITCHING = 100, 101


class Owner(Protocol):
    """What a connection tells its pool's engine."""

    start: int

    def opened(self, connection: Connection) -> None:
        """TCP, tunnel and TLS are through; told once, before the first request is written."""

    def completed(self, connection: Connection, flight: Flight) -> None:
        """The flight has its answer; the connection is free or closed."""

    def failed(self, connection: Connection, flight: Flight, fault: Fault) -> None:
        """The flight will have no answer on this connection, which is closed."""

    def lost(self, connection: Connection, *, late_bytes: bool) -> None:
        """A connection without a flight was closed by the peer, or had to be for what it sent unasked."""


class Connection:
    """A connection, from its first SYN; give it one flight at a time with `carry`."""

    __slots__ = (
        "_body",
        "_channel",
        "_closing",
        "_complete",
        "_cut",
        "_end",
        "_headed",
        "_interims",
        "_loop",
        "_opening",
        "_out",
        "_owner",
        "_parse",
        "_parser",
        "_raw",
        "_read",
        "_recv",
        "_rest",
        "_send",
        "_sock",
        "_start",
        "_status",
        "_unasked",
        "_unusual",
        "_write",
        "address",
        "answer_by",
        "begun",
        "closed",
        "connected",
        "deadline",
        "flight",
        "key",
        "reason",
        "resumed",
        "retire_at",
        "reused",
    )

    def __init__(
        self, owner: Owner, loop: Any, address: Address, *, tls: Tls | None = None, tunnel: bytes = b""
    ) -> None:
        """Begin connecting: TCP, then through a tunnel if there is the request for one, then TLS if there is any.

        `begun`, `key` (the recorded connection) and `retire_at` are the pool's; `reason` says why a tunnel or TLS failed.

        Raises:
            OSError: no socket could be made (out of descriptors).
        """
        self.address, self.reason, self.begun, self.retire_at = address, "", 0, 0
        self.key: str | None = None
        self._owner, self._loop, self._start = owner, loop, owner.start
        self._sock = _socket.socket(address[0], _socket.SOCK_STREAM)
        self._sock.setblocking(False)
        self._sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._recv: Any = self._sock.recv
        self._send: Any = self._sock.send
        self._read, self._write = (loop.io(self._sock.fileno(), events) for events in (1, 2))
        self._out: memoryview | None = None
        self.flight: Flight | None = None
        self.connected = self.closed = self.reused = self.resumed = False
        self.deadline = self.answer_by = self._status = 0
        self._closing = self._cut = self._unasked = self._complete = False
        self._raw = self._body = b""
        self._rest = Rest()
        self._usual()
        self._channel: Channel | None = None
        self._opening: Opening | None = Opening(self._sock, self._read, self._write, self._opened, self._not_opened)
        self._opening.begin(loop, address[1], tunnel, tls)

    def _usual(self) -> None:
        """The state of a connection of whose next answer nothing unusual is known."""
        self._unusual = self._headed = False
        self._interims, self._end = 0, b""
        self._rest.clear()
        self._use_parser(self)

    def _use_parser(self, hears: object) -> None:
        self._parser: Any = httptools.HttpResponseParser(hears)
        self._parse: Any = self._parser.feed_data

    def _opened(self, channel: Channel | None) -> None:
        self._opening = None
        if channel is not None:
            self._channel, self._recv, self._send = channel, channel.recv, channel.send
            self.resumed = channel.resumed
            channel.ending = self._ending
            if channel.unread:
                self._loop.run_callback(self._again)
        self.connected = True
        self.deadline = self.answer_by
        self._read.start(self._readable)
        self._owner.opened(self)
        if (flight := self.flight) is not None:
            self._mark_connect(flight)
            self.carry(flight, self.answer_by)

    def _not_opened(self, fault: Fault, reason: str) -> None:
        if self.closed:
            return
        self.reason = reason
        if self.flight is None:
            self._ended(reset=True)
        else:
            self._mark_connect(self.flight)
            self._fail(fault)

    def _ending(self) -> None:
        """TLS told the end of the stream behind bytes that are still to be looked at; no event may come for it."""
        self._closing = True
        self._loop.run_callback(self._again)

    def _again(self) -> None:
        if not self.closed:
            self._readable()

    def _mark_connect(self, flight: Flight) -> None:
        if not flight.resent:
            flight.sent = monotonic_ns() - self._start
            flight.connect = flight.sent - flight.picked

    def carry(self, flight: Flight, answer_by: int) -> None:
        """Send a flight's request, now or as soon as the connection is open; times are ns since the run's start."""
        self.flight = flight
        if not self.connected:
            self.answer_by = answer_by
            return
        self.deadline = answer_by
        if not flight.sent:
            flight.sent = monotonic_ns() - self._start
        if flight.method == "HEAD":
            self._unusual = True
            self._use_parser(HeadOnly(self))
        self._put(flight.wire)

    def _put(self, data: bytes | memoryview) -> None:
        """Write what the socket takes. A peer that takes no more may have answered first (413): reading goes on until its end."""
        try:
            count = self._send(data)
        except BlockingIOError:
            count = 0
        except OSError:
            self._cut = self._closing = True
            return
        if count < len(data):
            self._out = memoryview(data)[count:]
            self._write.start(self._writable)

    def _writable(self) -> None:
        self._write.stop()
        data, self._out = self._out, None
        if data is not None:
            self._put(data)

    def _readable(self) -> None:
        """Bytes have come: the path that every answer takes, so it is one function and touches little."""
        try:
            data = self._recv(READ)
        except BlockingIOError:
            return
        except OSError:
            self._ended(reset=True)
            return
        if not data or self.flight is None:
            self._without_answer(data)
            return
        if not self._raw:
            self._raw = data
        elif not self._headed:
            self._raw += data
        try:
            self._parse(data)
        except (httptools.HttpParserError, httptools.HttpParserCallbackError, httptools.HttpParserUpgrade):
            self._fail(self._garbled())
            return
        if self._complete:
            self._finish(self.flight)
        else:
            self._part()

    def _part(self) -> None:
        """An answer has begun to come: whether its head is complete decides what more bytes mean."""
        self._unusual = True
        if self._headed:
            return
        self._raw = self._raw.lstrip(b"\r\n")  # line breaks before a head, which the parser skips too
        if END_OF_HEAD in self._raw:
            self._headed = True
            if is_chunked(self._raw):
                self._parse = self._parse_chunks
        elif len(self._raw) > MAX_HEAD:
            self._fail(Fault.HEADERS_TOO_LARGE)

    def _parse_chunks(self, data: bytes) -> None:
        """In the parser's place once the first read of a chunked answer was not all: trailers stand at its end."""
        self._end = end_of(self._end, data)
        self._parser.feed_data(data)
        if self._complete:
            self._raw += self._end

    def _without_answer(self, data: bytes) -> None:
        """The end of the stream, or bytes that nobody asked for."""
        if not data:
            self._ended(reset=False)
            return
        self.close()
        self._owner.lost(self, late_bytes=True)

    def _garbled(self) -> Fault:
        if self._status == _SWITCHING:
            return Fault.UPGRADE
        if self._channel is not None and self._channel.hears_http2(self._raw):
            return Fault.TLS
        return Fault.LATE_BYTES if self._complete else Fault.PROTOCOL

    # httptools calls these, by name, from inside feed_data.

    def on_message_begin(self) -> None:
        """A message begins: the answer, or an interim one before it, or something unasked after it."""
        if self._complete:
            self._unasked = True

    def on_body(self, data: bytes) -> None:
        """Part of the body; most have one."""
        if not self._body:
            self._body = data
            return
        self._unusual = True
        self._rest.add(data, len(self._body))

    def on_message_complete(self) -> None:
        """A message is complete: the answer, or an interim one, or something unasked."""
        if self._complete:
            return
        parser = self._parser
        status = self._status = parser.get_status_code()
        if status < 200:  # noqa: PLR2004 - interim answers are 1xx
            self._interim(status)
            return
        self._complete = True
        if not parser.should_keep_alive():
            self._closing = True

    def _interim(self, status: int) -> None:
        """An answer before the answer; after 101 no HTTP follows."""
        self._unusual = True
        self._interims += 1
        self._raw = after_head(self._raw)
        if status == _SWITCHING or status < 100 or self._interims > _MAX_INTERIM:  # noqa: PLR2004 - there are none below
            self._raw = b""
            raise ConnectionError("this is not answered in HTTP any more")

    def head_only(self) -> None:
        """The head of an answer to HEAD is complete; what length it says is not of a body that follows."""
        parser = self._parser
        self._status = parser.get_status_code()
        if self._status >= 200:  # noqa: PLR2004
            self._complete = True
            self._closing = self._closing or not parser.should_keep_alive()

    def _finish(self, flight: Flight) -> None:
        if self._unasked or (flight.method == "HEAD" and after_head(self._raw)):
            self._fail(Fault.LATE_BYTES)
            return
        flight.done = monotonic_ns() - self._start
        flight.answer_status = self._status
        flight.answer_head = self._raw
        flight.answer_body = body = self._rest.after(self._body) if self._unusual else self._body
        flight.answer_size = len(self._body) + self._rest.size if self._unusual else len(body)
        self.flight = None
        if self._closing or self._out is not None:
            self.close()
        else:
            self.reused = True
            self._raw = self._body = b""
            self._complete = False
            if self._unusual:
                self._usual()
        self._owner.completed(self, flight)

    def _ended(self, *, reset: bool) -> None:
        """The peer closed or reset the connection."""
        if self.flight is None:
            self.close()
            self._owner.lost(self, late_bytes=False)
        elif not reset and self._ends_here(self.flight):
            self._status = self._parser.get_status_code()
            self._closing = True
            self._finish(self.flight)
        else:
            self._fail(self._broken(reset=reset or self._cut))

    def _ends_here(self, flight: Flight) -> bool:
        """Whether the end of the stream is the end of the answer: it has a head that says nothing of where its body ends."""
        if self._channel is not None and not self._channel.ended:
            return False  # cut: TLS says where a stream ends
        return flight.method != "HEAD" and status_of(self._raw) >= 200 and not is_framed(self._raw)  # noqa: PLR2004

    def _broken(self, *, reset: bool) -> Fault:
        if self._channel is not None and self._channel.broken:
            return Fault.TLS
        return broken_off(self._headed, begun=bool(self._raw or self._interims), reset=reset)

    def expire(self) -> None:
        """The deadline has passed."""
        if not self.connected:
            if self.flight is not None:
                self._mark_connect(self.flight)
            self._fail(Fault.CONNECT_TIMEOUT)
        else:
            self._fail(Fault.TIMEOUT_IN_BODY if self._headed else Fault.TIMEOUT)

    def abandon(self) -> None:
        """The run was stopped and will wait no longer."""
        self._fail(Fault.STOPPED)

    def _fail(self, fault: Fault) -> None:
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.answer_status = self._status if fault is Fault.UPGRADE else status_of(self._raw)
        self.close()
        if flight is not None:
            self._owner.failed(self, flight, fault)

    def close(self) -> None:
        """Close, with every watcher; doing it twice does no harm."""
        if self.closed:
            return
        self.closed = True
        for watcher in (self._read, self._write):
            watcher.stop()
            watcher.close()
        if self._channel is not None:
            self._channel.close()
        if self._out is not None:
            cut_off(self._sock)
        self._sock.close()
        self._rest.clear()
        self._parser = self._parse = self._opening = self._channel = self._recv = self._send = None  # they hold it
