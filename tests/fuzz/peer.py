"""A connection without a network: its socket and its loop are told what to do, some thousand times as fast as real ones.

Law: stands in for `_socket` and the hub's loop below a `Connection`, and looks at nothing inside it. What the peer says are
pieces: bytes, `END` or `RESET`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from replay_users.engine import connection as module
from replay_users.engine.connection import Connection
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from replay_users.model import Fault, Flight

__all__ = ["END", "RESET", "Ending", "Peer", "no_network"]

END = b""
RESET = None
_WRITE = 2
_LATER = 10**18  # ns
_ADDRESS = (2, ("127.0.0.1", 9))


class _Watcher:
    """A watcher that acts when the test says so."""

    __slots__ = ("act", "closed")

    active = False

    def __init__(self) -> None:
        self.act: Callable[[], None] | None = None
        self.closed = False

    def start(self, act: Callable[[], None]) -> None:
        """Watch."""
        self.act = act

    def stop(self) -> None:
        """Watch no longer."""
        self.act = None

    def close(self) -> None:
        """For good."""
        self.closed = True


class _Socket:
    """A socket that takes everything and gives what comes next."""

    __slots__ = ("closed", "coming")

    def __init__(self, *_: object) -> None:
        self.coming: list[bytes | None] = []
        self.closed = False

    def setblocking(self, _: bool) -> None: ...

    def setsockopt(self, *_: object) -> None: ...

    def fileno(self) -> int:
        return -1

    def connect_ex(self, _: object) -> int:
        return 0

    def getsockopt(self, *_: object) -> int:
        return 0

    def send(self, data: bytes) -> int:
        return len(data)

    def recv(self, _: int) -> bytes:
        data = self.coming.pop()
        if data is None:
            raise ConnectionResetError
        return data

    def close(self) -> None:
        self.closed = True


class _Sockets:
    """In place of the module `_socket`."""

    SOCK_STREAM = IPPROTO_TCP = TCP_NODELAY = SOL_SOCKET = SO_ERROR = SO_LINGER = 0
    last: _Socket

    @classmethod
    def socket(cls, *_: object) -> _Socket:
        """The next socket."""
        cls.last = _Socket()
        return cls.last


@contextmanager
def no_network() -> Iterator[None]:
    """Connections made in the block have no network."""
    with patch.object(module, "_socket", _Sockets):
        yield


class Ending:
    """How one flight ended: `times` it did, its fault, and the flight with its answer."""

    __slots__ = ("fault", "flight", "times")

    def __init__(self, flight: Flight) -> None:
        self.flight = flight
        self.fault: Fault | None = None
        self.times = 0


class Peer:
    """The other end of one connection, and its owner; `Peer()` inside `no_network()` is an open connection."""

    start = 0

    def __init__(self, tunnel: bytes = b"", heard: Sequence[bytes | None] = ()) -> None:
        """With a tunnel the proxy says `heard` first, to a flight that is waiting: see `ending`."""
        self.lost_late: bool | None = None
        self.ending: Ending | None = None
        self._watchers: list[_Watcher] = []
        self._callbacks: list[Callable[[], None]] = []
        self.connection = Connection(self, self, _ADDRESS, tunnel=tunnel)
        self._socket = _Sockets.last
        self._reads, self._writes = self._watchers
        if tunnel:
            self.carry("GET", ())
            self._connect()
            self.say(heard)
        else:
            self._connect()

    def _connect(self) -> None:
        act = self._writes.act
        assert act is not None
        act()

    # The loop, as far as a connection needs one

    def io(self, _descriptor: int, _events: int) -> Any:
        """A watcher; the first one is for reading."""
        self._watchers.append(_Watcher())
        return self._watchers[-1]

    def run_callback(self, callback: Callable[[], None]) -> None:
        """Call it soon."""
        self._callbacks.append(callback)

    # The owner

    def opened(self, _connection: Connection) -> None:
        """It is open."""

    def completed(self, _connection: Connection, flight: Flight) -> None:
        """An answer."""
        ending = self._ending(flight)
        ending.times += 1

    def failed(self, _connection: Connection, flight: Flight, fault: Fault) -> None:
        """A fault."""
        ending = self._ending(flight)
        ending.times += 1
        ending.fault = fault

    def lost(self, _connection: Connection, *, late_bytes: bool) -> None:
        """Nobody's any more."""
        assert self.lost_late is None
        self.lost_late = late_bytes

    def _ending(self, flight: Flight) -> Ending:
        assert self.ending is not None
        assert self.ending.flight is flight
        return self.ending

    # What the peer does

    def carry(self, method: str, pieces: Sequence[bytes | None]) -> Ending:
        """Let the connection carry a flight and hear these pieces."""
        flight = make_flight(method=method)
        self.ending = ending = Ending(flight)
        self.connection.carry(flight, _LATER)
        self.say(pieces)
        return ending

    def say(self, pieces: Sequence[bytes | None]) -> int:
        """Say these, while it listens; gives how many were heard."""
        coming = self._socket.coming
        for nth, piece in enumerate(pieces):
            act = self._reads.act
            if act is None:
                return nth
            coming.append(piece)
            act()
            while self._callbacks:
                self._callbacks.pop(0)()
        return len(pieces)

    @property
    def given_back(self) -> bool:
        """Whether a closed connection has given back its socket and both watchers."""
        return self._socket.closed and all(each.closed and each.act is None for each in self._watchers)
