"""What OpenSSL says went wrong: in few words to be counted, in a sentence with its cure for a person.

Law: an error in, text out. The subtle thing: reasons are keys that are counted, so nothing of a single connection (an
address, a line of C) may be in them.
"""

from __future__ import annotations

import ssl

__all__ = ["HTTP2_ONLY", "Reasons", "reason_of"]

HTTP2_ONLY = "the target speaks HTTP/2 only (ALPN)"

_MOST = 20
_REST = "other"


class Reasons(dict[str, int]):
    """How often each reason came; beyond the first twenty they are counted as `other`."""

    def count(self, reason: str) -> None:
        """One more."""
        key = reason if reason in self or len(self) < _MOST else _REST
        self[key] = self.get(key, 0) + 1


def reason_of(error: OSError) -> str:
    """Few words, the same for the same fault."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        if "NO_APPLICATION_PROTOCOL" in (error.reason or ""):
            return HTTP2_ONLY
        return (error.reason or str(error)).replace("_", " ").lower()
    return (error.strerror or type(error).__name__).lower()
