"""How a connection opens: TCP, then the tunnel through a proxy, then the handshake of TLS.

Law: what happens before the first request, kept out of the connection because it happens once; hub callbacks like there.
The connection is told once how it went, and its deadline, which is the connect timeout, holds over all of it. The subtle
thing: a peer that refuses tells why before it closes, so a write that fails ends nothing: reading does.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import TYPE_CHECKING, Any

from replay_users.engine.channel import READ, Channel
from replay_users.engine.tls_fault import reason_of
from replay_users.engine.tunnel import Opened, Refused, read_answer
from replay_users.model import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.engine.tls import Tls

__all__ = ["Opening", "cut_off"]

_UNFINISHED = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK})
_LINGER_NOT = struct.pack("ii", 1, 0)
_CLOSED = "the peer closed the connection in the handshake"


class Opening:
    """One connection on its way to being open; calls `opened`, with the channel if there is TLS, or `failed` with the reason."""

    __slots__ = ("_channel", "_failed", "_heard", "_opened", "_out", "_read", "_sock", "_tls", "_tunnel", "_write")

    def __init__(
        self,
        sock: Any,
        read: Any,
        write: Any,
        opened: Callable[[Channel | None], None],
        failed: Callable[[Fault, str], None],
    ) -> None:
        """The socket is not connected yet, and its watchers are not started."""
        self._sock = sock
        self._read = read
        self._write = write
        self._opened = opened
        self._failed = failed
        self._out = self._heard = b""
        self._channel: Channel | None = None

    def begin(self, loop: Any, address: tuple[Any, ...], tunnel: bytes, tls: Tls | None) -> None:
        """Connect to the address; `tunnel` is the CONNECT request, empty for none."""
        self._tunnel = tunnel
        self._tls = tls
        error = self._sock.connect_ex(address)
        if error and error not in _UNFINISHED:
            loop.run_callback(self._refused)
        else:
            self._write.start(self._connected)

    def _refused(self) -> None:
        self._failed(Fault.CONNECT, "")

    def _connected(self) -> None:
        self._write.stop()
        if self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._refused()
        elif self._tunnel:
            self._out = self._tunnel
            self._read.start(self._hear)
            self._ask()
        else:
            self._secure()

    def _ask(self) -> None:
        """Send the request for the tunnel, or what is left of it."""
        self._write.stop()
        try:
            self._out = self._out[self._sock.send(self._out) :]
        except BlockingIOError:
            pass
        except OSError:
            return
        if self._out:
            self._write.start(self._ask)

    def _hear(self) -> None:
        """The proxy says something."""
        try:
            data = self._sock.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._heard += data
        answer = read_answer(self._heard, ended=not data)
        if isinstance(answer, Refused):
            self._failed(Fault.PROXY, answer.reason)
        elif isinstance(answer, Opened):
            self._read.stop()
            self._secure()

    def _secure(self) -> None:
        if self._tls is None:
            self._opened(None)
            return
        self._channel = Channel(self._tls, self._sock, self._write)
        self._read.start(self._shake_hands)
        self._shake(self._channel)

    def _shake_hands(self) -> None:
        """The peer says something of the handshake."""
        channel = self._channel
        if channel is None:
            return
        try:
            data = self._sock.recv(READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._unsafe(channel, reason_of(error))
            return
        if not data:
            self._unsafe(channel, _CLOSED)
            return
        channel.feed(data)
        self._shake(channel)

    def _shake(self, channel: Channel) -> None:
        try:
            through = channel.shake()
        except OSError as error:
            self._unsafe(channel, reason_of(error))
            return
        if through:
            self._read.stop()
            self._opened(channel)

    def _unsafe(self, channel: Channel, reason: str) -> None:
        channel.broke(reason)
        self._failed(Fault.TLS, reason)


def cut_off(sock: Any) -> None:
    """Make closing a reset: half a request, that nobody may ever read, is not the kernel's to keep and to send on."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
