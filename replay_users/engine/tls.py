"""Speaking TLS to the target: whom to trust, who we are, and what an earlier connection agreed on.

Law: files in, an `SSLContext` out; what goes wrong with our own files is a `UsageError` here, what the peer does wrong is
counted in `errors`. The subtle things: a session may be used only with the context that it came from, so a context that
is renewed forgets it; an encrypted key would make OpenSSL ask the terminal, which is refused instead; and with TLS 1.3 a
target that demands a certificate says so only after the handshake, so the preflight listens for a moment.
"""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from gevent import socket

from replay_users.engine.head import is_http2
from replay_users.engine.tls_fault import HTTP2_ONLY, Reasons, cure_of, reason_of
from replay_users.engine.tunnel import Refused, read_answer
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.engine.connection import Address

__all__ = ["Tls", "TlsSettings", "check_tls"]

_PROTOCOLS = ["http/1.1"]
_KEY = b"PRIVATE KEY-----"
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_READ = 16384
_LISTEN = 0.5  # s after the handshake in which a target may still refuse: some round trips


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """What the person said about TLS.

    Attributes:
        ca_file: PEM file of the only authorities that are trusted; `None` for those of the system.
        cert_file: PEM file of the client's certificate, with its chain.
        key_file: PEM file of its key; `None` if it is in `cert_file`.
        server_name: the name that is asked for (SNI) and that the certificate must be for; an address is only the latter.
        verify: whether the certificate is checked at all.
    """

    server_name: str
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True


class Tls:
    """A client's side of TLS for one name, which can renew itself when its files change."""

    def __init__(self, settings: TlsSettings) -> None:
        """Read the files.

        Raises:
            UsageError: a file cannot be read, is no PEM, or they do not fit each other.
        """
        self.settings = settings
        self.errors = Reasons()
        self.session: ssl.SSLSession | None = None
        self._stamps = _stamps(settings)
        self._context = _context(settings)

    def wrap(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> ssl.SSLObject:
        """TLS between two buffers, by an earlier session if there is one."""
        name = self.settings.server_name
        return self._context.wrap_bio(incoming, outgoing, server_hostname=name, session=self.session)

    def remember(self, connection: ssl.SSLObject) -> None:
        """Resume the session of this connection, which has had data, when another one is opened."""
        session = connection.session
        if session is not None and (session.has_ticket or session.id) and connection.context is self._context:
            self.session = session

    def renew(self) -> str | None:
        """Read files that have changed; where they do not fit, say so once and go on with what they held before."""
        stamps = _stamps(self.settings)
        if stamps == self._stamps:
            return None
        self._stamps = stamps
        try:
            self._context = _context(self.settings)
        except UsageError as error:
            return f"{error}; connections go on with what was read before"
        self.session = None
        return None


def _stamps(settings: TlsSettings) -> list[tuple[int, int, int] | None]:
    return [_stamp(name) for name in (settings.ca_file, settings.cert_file, settings.key_file) if name is not None]


def _stamp(name: str) -> tuple[int, int, int] | None:
    try:
        stat = os.stat(name)  # noqa: PTH116 - through links: that is how Kubernetes renews a secret
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _context(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(_PROTOCOLS)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a write could not go on before a read
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a CA file may hold only the authority that signed
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _trust(context, settings.ca_file)
    _identify(context, settings)
    _try_name(context, settings.server_name)
    return context


def _trust(context: ssl.SSLContext, ca_file: str | None) -> None:
    if ca_file is None:
        context.load_default_certs()
        return
    _pem("--ca-file", ca_file, _CERTIFICATE, "a certificate (PEM)")
    try:
        context.load_verify_locations(ca_file)
    except OSError:
        raise UsageError(f"--ca-file: {ca_file} holds a damaged certificate; check that the file is whole") from None


def _identify(context: ssl.SSLContext, settings: TlsSettings) -> None:
    """Load the client's certificate and key."""
    cert, key = settings.cert_file, settings.key_file
    if cert is None:
        if key is not None:
            raise UsageError(f"--client-key: {key} is of no use without its certificate; give that with --client-cert")
        return
    text = _pem("--client-cert", cert, _CERTIFICATE, "a certificate (PEM)")
    if key is None and _KEY not in text:
        raise UsageError(f"--client-cert: {cert} holds no private key; give its key with --client-key")
    if key is not None:
        _pem("--client-key", key, _KEY, "a private key (PEM)")
    _load(context, cert, key)


def _load(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    option = f"--client-key: {key}" if key is not None else f"--client-cert: {cert}"
    try:
        context.load_cert_chain(cert, key, password=_ask_nobody)
    except _Encrypted:
        raise UsageError(
            f"{option} is encrypted and cannot be used so; decrypt it (openssl pkey -in ENCRYPTED -out PLAIN)"
        ) from None
    except OSError as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            sentence = f"{option} is not the key of the certificate {cert}; give the one that belongs to it"
        else:
            sentence = f"{option} and the certificate {cert} cannot be loaded ({error}); check that both are whole"
        raise UsageError(sentence) from None


class _Encrypted(Exception):
    """OpenSSL asks for the password of a key."""


def _ask_nobody() -> str:
    raise _Encrypted


def _pem(option: str, name: str, mark: bytes, wanted: str) -> bytes:
    """The bytes of a file that should have a PEM block."""
    try:
        text = Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{option}: {name} cannot be read ({error.strerror}); check the path and its rights") from None
    if mark not in text:
        raise UsageError(f"{option}: {name} holds no {wanted.removeprefix('a ')}; give a PEM file")
    return text


def _try_name(context: ssl.SSLContext, name: str) -> None:
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    except (ValueError, UnicodeError, OSError):
        raise UsageError(f"--sni: {name!r} is no host name; give the name in the target's certificate") from None


def check_tls(addresses: Sequence[Address], tls: Tls, tunnel: bytes, timeout_s: float, *, option: str) -> None:
    """Try the handshake before a run with the first address that can be reached; blocks its greenlet.

    `option` gave the target.

    Raises:
        UsageError: target or proxy refuse us, or the target's certificate is not to be trusted; the sentence says the cure.
    """
    for address in addresses:
        # OSError: too slow, unreachable in the middle of it, or of a family that this machine does not have
        with suppress(OSError), gevent.Timeout(timeout_s, TimeoutError), socket.socket(address[0]) as sock:
            if _is_reached(sock, address, tunnel):
                _Trial(sock, tls, option).run()
                return


def _is_reached(sock: Any, address: Address, tunnel: bytes) -> bool:
    """Connect, and go through the tunnel if there is one; what cannot be reached now is the run's to count."""
    try:
        sock.connect(address[1])
        answer = _ask(sock, tunnel) if tunnel else None
    except OSError:
        return False
    if isinstance(answer, Refused) and answer.final:
        raise UsageError(f"--proxy: the proxy refuses a tunnel ({answer.reason}); check its address and credential")
    return not isinstance(answer, Refused)


def _ask(sock: Any, tunnel: bytes) -> object:
    sock.sendall(tunnel)
    heard, answer = b"", None
    while answer is None:
        data = sock.recv(_READ)
        heard += data
        answer = read_answer(heard, ended=not data)
    return answer


class _Trial:
    """One handshake for the sake of it."""

    def __init__(self, sock: Any, tls: Tls, option: str) -> None:
        self._sock, self._option = sock, option
        self._name = tls.settings.server_name
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = tls.wrap(self._incoming, self._outgoing)
        self._first = b""

    def run(self) -> None:
        """Shake hands, then listen for a refusal."""
        try:
            while not self._shaken():
                if not self._hear():
                    return  # closed without a word: that may pass
            self._listen()
        except ssl.SSLError as error:
            raise UsageError(self._cure(reason_of(error))) from None
        except ConnectionError:
            return

    def _cure(self, reason: str) -> str:
        return cure_of(reason, self._name, self._first, self._option)

    def _shaken(self) -> bool:
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            with suppress(ConnectionError):  # reading tells why
                self._sock.sendall(self._outgoing.read())
        return True

    def _hear(self) -> bool:
        data = self._sock.recv(_READ)
        self._first = self._first or data[:16]
        self._incoming.write(data)
        return bool(data)

    def _listen(self) -> None:
        """Until it is clear that the target takes us: from TLS 1.3's tickets, or since it chose our protocol, or by time."""
        chosen = self._ssl.selected_alpn_protocol() is not None
        if chosen and self._ssl.version() != "TLSv1.3":
            return
        with suppress(TimeoutError), gevent.Timeout(_LISTEN, TimeoutError):
            while not (self._has_spoken() or (chosen and self._is_taken())):
                if not self._hear():
                    return

    def _has_spoken(self) -> bool:
        try:
            data = self._ssl.read(_READ)
        except ssl.SSLWantReadError:
            return False
        if is_http2(data):
            raise UsageError(self._cure(HTTP2_ONLY))
        return True

    def _is_taken(self) -> bool:
        session = self._ssl.session
        return session is not None and session.has_ticket
