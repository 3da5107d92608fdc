"""Names of headers, parameters and keys whose values are secrets: the one list that all parts of the package go by.

Law: pure; names in, a verdict out, no values. The Envoy script in `examples/envoy` has the same lists, so a name belongs
into one of these: a whole header name, or a word that makes every name with it a secret. The subtle thing: `key` and
`auth` alone are no such words for headers, or `author`, `sec-websocket-key` and `idempotency-key` would be secrets; in a
query they are, since there a lost value costs less than a leaked one.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "PARAMETER_WORDS",
    "SECRET_HEADERS",
    "SECRET_WORDS",
    "is_secret_header",
    "is_secret_parameter",
    "names_a_secret",
]

SECRET_HEADERS: Final = frozenset(
    {
        "cookie",
        "cookie2",
        "set-cookie",
        "set-cookie2",
        "x-auth",
        "x-forwarded-client-cert",
        "x-functions-key",
        "x-github-otp",
        "x-otp",
    }
)
"""Headers that are secrets by their whole name."""

SECRET_WORDS: Final = (
    "access-key",
    "access_key",
    "accesskey",
    "api-key",
    "api_key",
    "apikey",
    "auth-key",
    "auth_key",
    "authkey",
    "authorization",
    "credential",
    "csrf",
    "jwt",
    "passphrase",
    "passw",
    "private-key",
    "private_key",
    "privatekey",
    "pwd",
    "secret",
    "session",
    "subscription-key",
    "subscription_key",
    "subscriptionkey",
    "token",
    "xsrf",
)
"""What makes a header, or a key of a body, a secret wherever it stands in the name."""

PARAMETER_WORDS: Final = (
    "auth",
    "code",
    "credential",
    "csrf",
    "jwt",
    "key",
    "otp",
    "passphrase",
    "passw",
    "pwd",
    "secret",
    "session",
    "sig",
    "token",
    "xsrf",
)
"""What makes a query parameter a secret wherever it stands in the name."""


def is_secret_header(name: str) -> bool:
    """Whether headers of this name, in any case, usually hold a secret."""
    lowered = name.lower()
    return lowered in SECRET_HEADERS or names_a_secret(lowered)


def is_secret_parameter(name: str) -> bool:
    """Whether query parameters of this name, in any case, usually hold a secret."""
    lowered = name.lower()
    return any(word in lowered for word in PARAMETER_WORDS)


def names_a_secret(text: str) -> bool:
    """Whether a text, such as a key of a body, has a word that names a secret."""
    lowered = text.lower()
    return any(word in lowered for word in SECRET_WORDS)
