"""What holds for every connection, whatever bytes its peer sends and however they are cut up on the way."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from replay_users.engine.connection import Connection
from replay_users.model import Fault, Flight
from replay_users.testing import make_flight
from replay_users.trailers import trailers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

REFUSING = (socket.AF_INET, ("127.0.0.1", 9))


class Loop:
    """A loop that calls nothing by itself, and the watchers it gives."""

    def io(self, _descriptor: int, _events: int) -> Loop:
        """A watcher."""
        return self

    def run_callback(self, _callback: Callable[[], None]) -> None:
        """Not called."""

    def start(self, _callback: Callable[[], None]) -> None:
        """Nothing is watched."""

    stop = close = lambda _: None


class Log:
    """An engine that notes how flights end."""

    start = 0

    def __init__(self) -> None:
        """Nothing yet."""
        self.endings: list[Fault | None] = []
        self.late = self.last = False

    def opened(self, _connection: Connection) -> None:
        """It never is, by itself."""

    def completed(self, connection: Connection, _flight: Flight) -> None:
        """An answer, the last one of this connection or not."""
        self.endings.append(None)
        self.last = connection.closed

    def failed(self, _connection: Connection, _flight: Flight, fault: Fault) -> None:
        """A fault."""
        self.endings.append(fault)

    def lost(self, _connection: Connection, *, late_bytes: bool) -> None:
        """Not the flight's business any more."""
        self.late = late_bytes


def connect() -> tuple[Connection, Log]:
    """A connection that is open, and takes whatever it is to send."""
    log = Log()
    connection = Connection(log, Loop(), REFUSING)
    untyped: Any = connection
    untyped._send, connection.connected = len, True
    return connection, log


def carry(connection: Connection, log: Log, pieces: Iterable[bytes | None], method: str) -> Flight:
    """Let it carry a flight and read these pieces (`None` is a reset), then the end of the stream if it still expects any."""
    flight, before = make_flight(method=method), len(log.endings)
    connection.carry(flight, 10**18)
    for piece in (*pieces, b""):
        if connection.closed or (piece == b"" and len(log.endings) > before):
            break
        untyped: Any = connection
        untyped._recv = _reader(piece)
        connection._readable()
    return flight


def _reader(piece: bytes | None) -> Callable[[int], bytes]:
    def read(_: int) -> bytes:
        if piece is None:
            raise ConnectionResetError
        return piece

    return read


def receive(pieces: Iterable[bytes | None], method: str) -> tuple[Log, Flight]:
    """What a new connection makes of these pieces."""
    connection, log = connect()
    flight = carry(connection, log, pieces, method)
    connection.close()
    return log, flight


_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
_answers = st.tuples(
    st.sampled_from([b"", b"", b"HTTP/1.1 100 Go\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" * 2]),
    st.sampled_from(
        [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 204 No\r\n", b"HTTP/1.1 101 Switch\r\n"]
    ),
    st.sampled_from(
        [b"", b"", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Upgrade: h2\r\nConnection: upgrade\r\n"]
    ),
    st.sampled_from(
        [
            b"\r\nto the end",
            b"Content-Length: 0\r\n\r\n",
            b"Content-Length: 3\r\n\r\nabc",
            b"Transfer-Encoding: gzip\r\n\r\nabc",
            _CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
            _CHUNKED + b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: 1\r\n\r\n",
            b"Content-Length: 3\r\n" + _CHUNKED,
        ]
    ),
    st.sampled_from([b"", b"", b"", b"\r\n", b"junk", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]),
).map(b"".join)
_streams = st.one_of(
    _answers,
    st.tuples(_answers, st.integers(0, 100)).map(lambda both: both[0][: both[1]]),
    st.tuples(_answers, st.integers(0, 100), st.binary(min_size=1, max_size=2)).map(
        lambda all_: all_[0][: all_[1]] + all_[2] + all_[0][all_[1] :]
    ),
    st.binary(max_size=40),
)
_cuts = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in pieces of these sizes, in turn."""
    pieces: list[bytes] = []
    while data:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
    return pieces


@settings(max_examples=600, deadline=None)
@given(_streams, _cuts, st.sampled_from(["GET", "HEAD", "POST"]), st.booleans())
@example(b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", [1], "GET", False)
def test_how_bytes_are_cut_up_changes_nothing(data: bytes, sizes: list[int], method: str, reset: bool) -> None:
    """An exchange ends exactly once, and the same way, whether its answer arrives in one piece or in many.

    Bytes after the answer are the exception: where they arrive later they find the connection idle, and close it, or closed.
    """
    ending: list[bytes | None] = [None] if reset else []
    whole, flight = receive([data, *ending] if data else ending, method)
    parts, same = receive([*cut(data, sizes), *ending], method)
    assert (len(whole.endings), len(parts.endings)) == (1, 1)
    if whole.endings == [Fault.LATE_BYTES] and parts.endings == [None]:
        assert parts.late or parts.last
        assert same.answer_status == flight.answer_status
        return
    assert parts.endings == whole.endings
    assert (same.answer_status, same.answer_body, same.answer_size) == (
        flight.answer_status,
        flight.answer_body,
        flight.answer_size,
    )
    assert trailers_of(same.answer_head) == trailers_of(flight.answer_head)
    if parts.endings == [None] and method != "HEAD":
        assert len(same.answer_body) == same.answer_size


_exchanges = st.lists(st.tuples(_answers, _cuts, st.sampled_from(["GET", "GET", "HEAD"])), min_size=2, max_size=6)


def outcome(connection: Connection, log: Log, flight: Flight) -> tuple[object, ...]:
    """How an exchange ended, and whether it left the connection open."""
    return (
        log.endings[-1],
        flight.answer_status,
        flight.answer_head,
        flight.answer_body,
        flight.answer_size,
        connection.closed,
    )


@settings(max_examples=400, deadline=None)
@given(_exchanges)
def test_what_a_connection_carried_before_changes_nothing(exchanges: list[tuple[bytes, list[int], str]]) -> None:
    """Each exchange on a used connection ends as it would have ended on a new one."""
    used, log = connect()
    for data, sizes, method in exchanges:
        pieces = cut(data, sizes)
        flight = carry(used, log, pieces, method)
        fresh, alone = connect()
        expected = carry(fresh, alone, pieces, method)
        assert outcome(used, log, flight) == outcome(fresh, alone, expected)
        fresh.close()
        if used.closed:
            break
    used.close()
