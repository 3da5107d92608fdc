"""TLS over one connection's socket: `recv` and `send` that stand in for the socket's own.

Law: `ssl`'s memory BIOs between the connection and its socket; bytes in, bytes out, no waiting and no greenlet. What the
socket says by an exception (nothing yet, reset) passes through as it is. The subtle things: one read of the socket may
hold many records, or half of one, and no event comes for what OpenSSL already has; and a record of which the socket took
a part cannot be encrypted anew, so its plain bytes count as sent only when all of it is.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from replay_users.engine.head import is_http2
from replay_users.engine.tls_fault import HTTP2_ONLY, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.engine.tls import Tls

__all__ = ["READ", "Channel"]

READ = 65536
"""Bytes per recv: 128 KiB and more cost 10-20 us each, for the buffer (measured)."""

_RECORD = 16384
"""Bytes of plain text that a record holds at most (RFC 8446 5.1); one read gives no more than one record."""

_PIECE = 65536
"""Plain bytes that are encrypted at once: what a peer does not take yet is held twice, so that is not a whole upload."""


class Channel:
    """TLS on a socket that does not block; `write` is the watcher that tells when it takes bytes again."""

    __slots__ = (
        "_ahead",
        "_decrypt",
        "_encrypt",
        "_incoming",
        "_new",
        "_outgoing",
        "_pending",
        "_recv",
        "_send",
        "_ssl",
        "_tls",
        "_write",
        "broken",
        "ended",
        "ending",
        "unread",
    )

    def __init__(self, tls: Tls, sock: Any, write: Any) -> None:
        """Nothing is sent yet: that is `shake`'s."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = tls.wrap(self._incoming, self._outgoing)
        self._decrypt = self._ssl.read
        self._encrypt = self._ssl.write
        self._tls = tls
        self._recv = sock.recv
        self._send = sock.send
        self._write = write
        self._pending = b""
        self._ahead = 0
        self._new = True
        self.ended = self.broken = self.unread = False
        self.ending: Callable[[], None] | None = None

    @property
    def resumed(self) -> bool:
        """Whether the handshake went by an earlier session."""
        return bool(self._ssl.session_reused)

    def feed(self, data: bytes) -> None:
        """Bytes of the handshake have come."""
        self._incoming.write(data)

    def shake(self) -> bool:
        """Go on with the handshake; whether it is through.

        Raises:
            OSError: it failed; the alert that tells the peer is on its way.
        """
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._answer()
        self.unread = self._incoming.pending > 0
        return True

    def recv(self, size: int) -> bytes:
        """What has come, decrypted; nothing at the end of the stream. After the socket's own end `ended` stays false.

        Raises:
            BlockingIOError: no whole record has come yet.
            OSError: the connection was reset, or what came is no TLS.
        """
        if self.ended or self.unread or self.broken:
            return self._known()
        data: bytes = self._recv(size)
        if not data:
            return data
        self._incoming.write(data)
        return self._read()

    def _read(self) -> bytes:
        """The path of every answer: one record, unless there is more."""
        try:
            data = self._decrypt(_RECORD)
        except ssl.SSLWantReadError:
            self._answer()
            raise BlockingIOError from None
        except OSError as error:
            self.broke(reason_of(error))
            raise
        if self._incoming.pending or self._outgoing.pending or self._new or not data:
            return self._more(data)
        return data

    def _known(self) -> bytes:
        """What needs no look at the socket."""
        if self.broken:
            raise ConnectionAbortedError
        if self.ended:
            return b""
        self.unread = False
        return self._read()

    def _more(self, data: bytes) -> bytes:
        """The records behind the first, and what is to be done about them."""
        pieces = [data]
        try:
            while pieces[-1]:
                pieces.append(self._decrypt(_RECORD))
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except OSError as error:  # told after what came before it
            self.broke(reason_of(error))
        self._answer()
        if self._new:
            self._new = False
            self._tls.remember(self._ssl)
        if data and self.ending is not None and (self.ended or self.broken):
            self.ending()
        return b"".join(pieces)

    def send(self, data: bytes | memoryview) -> int:
        """Encrypt and send; gives how many plain bytes are done with. The rest must come again.

        Raises:
            BlockingIOError: the socket takes nothing, and of the data nothing is done with.
            OSError: the connection is broken.
        """
        if self._pending or self._ahead or len(data) > _PIECE:
            return self._send_pieces(memoryview(data))
        self._encrypt(data)
        if not self._flush():
            self._ahead = len(data)
            return 0
        return len(data)

    def _send_pieces(self, data: memoryview) -> int:
        """What waits goes first; it may be the head of this very data, and reading may have sent that meanwhile."""
        if not self._flush():
            raise BlockingIOError
        done, self._ahead = self._ahead, 0
        while done < len(data):
            piece = data[done : done + _PIECE]
            self._encrypt(piece)
            if not self._flush():
                self._ahead = len(piece)
                break
            done += len(piece)
        return done

    def _flush(self) -> bool:
        """Send what is encrypted; whether the socket took it all. Else the watcher sees to the rest, if it has no other task."""
        data = self._pending + self._outgoing.read() if self._outgoing.pending else self._pending
        if not data:
            return True
        try:
            count = self._send(data)
        except BlockingIOError:
            count = 0
        self._pending = data[count:]
        if self._pending and not self._write.active:
            self._write.start(self._writable)
        return not self._pending

    def _writable(self) -> None:
        self._write.stop()
        self._answer()

    def _answer(self) -> None:
        """Send what OpenSSL has to say by itself; if that fails, reading will tell, and why."""
        with suppress(OSError):
            self._flush()

    def hears_http2(self, data: bytes) -> bool:
        """Whether the first bytes after the handshake are HTTP/2's, from a peer that does not care what we offered."""
        if is_http2(data):
            self.broke(HTTP2_ONLY)
        return self.broken

    def broke(self, reason: str) -> None:
        """This is not TLS, or not with us; counted."""
        self.broken = True
        self._tls.errors.count(reason)
        self._answer()

    def close(self) -> None:
        """Tell the peer that nothing follows, if it can be told at once."""
        self.ending = None
        if self._pending or self.broken:
            return
        with suppress(OSError, ValueError):
            self._ssl.unwrap()
        with suppress(OSError):
            self._send(self._outgoing.read())
