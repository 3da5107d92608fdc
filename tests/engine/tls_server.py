"""A real TLS server on the loopback interface, in the test's own process, that says its bytes record by record.

Law: TLS by memory BIO here too, because a test wants to cut what goes out wherever it likes, leave out the end, or send
what is no TLS. The subtle thing: Locust has patched the process, so its threads are greenlets of the engine's own hub.
"""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from functools import cache
from typing import IO, TYPE_CHECKING, Any, Self

import trustme

from tests.servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from replay_users.engine.connection import Address

__all__ = ["NAME", "Peer", "TlsServer", "authority", "cut", "s_server", "serve", "server_context"]

NAME = "target.test"
_RECORD = 16384


def authority(name: str = "ours") -> trustme.CA:
    """An authority, the same one for the same name."""
    return _made(name)


@cache
def _made(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


def server_context(
    *names: str, by: str = "ours", wants: str | None = None, not_after: datetime | None = None
) -> ssl.SSLContext:
    """A server's side, with a certificate for these names; `wants` is the authority of the client certificates it demands."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority(by).issue_cert(*(names or (NAME, "127.0.0.1")), not_after=not_after).configure_cert(context)
    if wants is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        authority(wants).configure_trust(context)
    return context


def cut(data: bytes, sizes: Iterable[int]) -> list[bytes]:
    """The data in pieces of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """Nothing is said yet."""
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self._buffer = b""

    def _do(self, what: Callable[[], Any]) -> Any:
        while True:
            try:
                return what()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(_RECORD)
                if not data:
                    raise ConnectionAbortedError from None
                self.incoming.write(data)
            finally:
                self.flush()

    def flush(self) -> None:
        """Send what is encrypted."""
        with suppress(BrokenPipeError):
            self.sock.sendall(self.outgoing.read())

    def shake(self) -> None:
        """Shake hands."""
        self._do(self.ssl.do_handshake)

    def read(self) -> bytes:
        """Some plain bytes."""
        return bytes(self._do(lambda: self.ssl.read(_RECORD)))

    def receive(self) -> bytes:
        """One request."""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self.read() or _gone()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = next((int(x[15:]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length:")), 0)
        pieces, missing = [rest], length - len(rest)
        while missing > 0:
            pieces.append(self.read() or _gone())
            missing -= len(pieces[-1])
        body = b"".join(pieces)
        self._buffer = body[length:]
        return head + b"\r\n\r\n" + body[:length]

    def send(self, *pieces: bytes) -> None:
        """Each piece in records of its own, all in one write of the socket."""
        self.sock.sendall(self.encrypted(*pieces))

    def encrypted(self, *pieces: bytes) -> bytes:
        """What `send` would send."""
        for piece in pieces:
            if piece:
                self.ssl.write(piece)
        return self.outgoing.read()

    def notified(self) -> bytes:
        """The record that says that nothing follows (close_notify)."""
        with suppress(ssl.SSLError):
            self.ssl.unwrap()
        return self.outgoing.read()

    def finish(self) -> None:
        """Say that nothing follows, and close."""
        self.sock.sendall(self.notified())
        self.drain()

    def drain(self) -> None:
        """Send FIN and wait for the client's."""
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(_RECORD):
            pass

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _gone() -> bytes:
    raise ConnectionAbortedError


def serve(answer: bytes) -> Callable[[Peer], None]:
    """Answer each request with these bytes."""

    def act(peer: Peer) -> None:
        peer.shake()
        while peer.receive():
            peer.send(answer)

    return act


class TlsServer:
    """Listens on a free port; each connection is given to `act`, and closed after it."""

    def __init__(self, act: Callable[[Peer], None], context: ssl.SSLContext) -> None:
        """Listen."""
        self.act = act
        self.context = context
        self.accepted = 0
        self.peers: list[Peer] = []
        self.errors: list[BaseException] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for peer in self.peers:
            with suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def address(self) -> Address:
        """Where it listens, as an engine's address."""
        return int(socket.AF_INET), self._listener.getsockname()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.accepted += 1
                peer = Peer(sock, self.context)
                self.peers.append(peer)
                self._threads.append(threading.Thread(target=self._run, args=[peer], daemon=True))
                self._threads[-1].start()

    def _run(self, peer: Peer) -> None:
        with peer.sock:
            peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.act(peer)
            except OSError as error:  # a client that goes away, or says what a test wants to see
                self.errors.append(error)


@contextmanager
def s_server(folder: Path, *options: str) -> Iterator[tuple[Address, IO[bytes]]]:
    """OpenSSL's own server, which refuses by ALPN, knows old versions, and is told by its stdin to do what `ssl` cannot."""
    port = free_port()
    made = authority().issue_cert(NAME)
    made.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(folder / "server.pem"), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not _listens(port):
                time.sleep(0.005)
            assert process.stdin is not None
            yield (int(socket.AF_INET), ("127.0.0.1", port)), process.stdin
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
