"""What OpenSSL says went wrong: in few words to be counted, in a sentence with its cure for a person.

Law: an error in, text out. The subtle thing: reasons are keys that are counted, so nothing of a single connection (an
address, a line of C) may be in them.
"""

from __future__ import annotations

import re
import ssl

__all__ = ["HTTP2_ONLY", "Reasons", "cure_of", "reason_of"]

HTTP2_ONLY = "the target speaks HTTP/2 only (ALPN)"

_CURES = {
    "hostname mismatch": "the certificate of the target is not for {name}; give the name it is for with --sni",
    "ip address mismatch": "the certificate of the target is not for the address {name}; give the name it is for with --sni",
    "unrecognized name": "the target does not know the name {name}; give the name it goes by with --sni",
    "has expired": "the certificate of {name} has expired; renew it, or trust it all the same with --insecure",
    "not yet valid": "the certificate of {name} is not valid yet; check the clocks, or trust it all the same with --insecure",
    "certificate: ": "the certificate of {name} is not trusted ({reason});"
    " give the authority that signed it with --ca-file, or --insecure",
    "certificate required": "{name} demands a client certificate; give one with --client-cert and --client-key",
    "alert handshake failure": "{name} refuses the handshake ({reason}): it may demand a client certificate (--client-cert),"
    " or we share no cipher",
    "unknown ca": "{name} does not accept our client certificate ({reason}); give another with --client-cert",
    "alert bad certificate": "{name} does not accept our client certificate ({reason}); give another with --client-cert",
    "alert certificate": "{name} does not accept our client certificate ({reason}); give another with --client-cert",
    "protocol version": "{name} speaks no version of TLS that we do (1.2 and 1.3); enable one there",
    "unsupported protocol": "{name} speaks no version of TLS that we do (1.2 and 1.3); enable one there",
    HTTP2_ONLY: "{name} speaks HTTP/2 only, and replays are sent as HTTP/1.1; enable HTTP/1.1 there",
}
"""What is in a reason, and the sentence for it; the first that fits."""

_PLACE = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$").sub
"""Where in C an error was made, around the words for those that Python has no name for."""

_NO_TLS = frozenset({"wrong version number", "http request", "packet length too long", "record layer failure"})

_MOST = 20
_REST = "other"


class Reasons(dict[str, int]):
    """How often each reason came; beyond the first twenty they are counted as `other`."""

    def count(self, reason: str) -> None:
        """One more."""
        self._add(reason, 1)

    def merge(self, other: Reasons) -> None:
        """Count everything the other counted as well."""
        for reason, times in other.items():
            self._add(reason, times)

    def _add(self, reason: str, times: int) -> None:
        key = reason if reason in self or len(self) < _MOST else _REST
        self[key] = self.get(key, 0) + times


def reason_of(error: OSError) -> str:
    """Few words, the same for the same fault."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message[:1].lower()}{error.verify_message[1:].rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or _PLACE("", str(error.args[-1]))).replace("_", " ").lower()
        return HTTP2_ONLY if "no application protocol" in reason else reason
    return (error.strerror or type(error).__name__).lower()


def cure_of(reason: str, name: str, first: bytes, option: str) -> str:
    """A sentence for a person who gave the target by `name` in an option; `first` is what the target said first."""
    if first.startswith(b"HTTP/"):
        return f"{option}: {name} speaks plain HTTP on this port; say http:// instead of https://"
    if reason in _NO_TLS:
        cure = "check the port, or say http:// instead of https://"
        return f"{option}: {name} speaks no TLS on this port ({reason}); {cure}"
    found = (sentence for mark, sentence in _CURES.items() if mark.lower() in reason.lower())
    sentence = next(found, "TLS with {name} fails ({reason}); check what speaks on its port")
    return f"{option}: " + sentence.format(name=name, reason=reason)
