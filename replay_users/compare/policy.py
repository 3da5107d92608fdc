"""Which response headers and trailers are compared, and how: an allow-list, since most headers of a service are noise.

Law: names in, a treatment out; data and one look-up. Names are whole and in lower case: a list that matched parts of names
would let `date` swallow `x-candidate-id`. What is not listed is not compared.
The subtle thing: the ignored names are listed too, although they would be left out anyway. They say that somebody thought
of them, and the tests walk them.

Trailers are few, and a service that sends any means them: beside what is compared of headers, all that begin with `grpc-` or
`x-` are, but for the names ignored here. Those that follow from the body (checksums, signatures) only have to be there, since
of a body that differs where nothing counts they differ too; so do those whose names say that they are secrets.

The lists follow what proxies, frameworks and browsers do: RFC 9110 and 9111 for the standard ones, the Fetch and CSP
standards for those that browsers obey.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from replay_users.credential import is_secret_header

__all__ = [
    "IGNORED",
    "IGNORED_PREFIXES",
    "PREFIXES",
    "TRAILERS",
    "TREATMENTS",
    "Treatment",
    "trailer_treatment",
    "treatment",
]


class Treatment(Enum):
    """What of a header is compared."""

    IGNORE = "ignore"
    VALUE = "value"
    """The value, without blanks around and between."""
    WORD = "word"
    """The value in any case."""
    SET = "set"
    """Members between commas: their case and order mean nothing."""
    DIRECTIVES = "directives"
    """Members between semicolons: their case and order mean nothing."""
    MEDIA = "media"
    """A type and its parameters (`content-type`, `content-disposition`)."""
    CSP = "csp"
    """Directives and their sources, without nonces."""
    SCHEMES = "schemes"
    """The authentication schemes offered, without realms and challenges."""
    URL = "url"
    """Hosts mapped, ids by their shape."""
    HOSTS = "hosts"
    """The value with its hosts mapped."""
    COOKIE = "cookie"
    """Name and attributes, never the value."""
    PRESENCE = "presence"
    """Whether it is there."""


TREATMENTS: Final = {
    "accept-ranges": Treatment.WORD,
    "access-control-allow-credentials": Treatment.WORD,
    "access-control-allow-headers": Treatment.SET,
    "access-control-allow-methods": Treatment.SET,
    "access-control-allow-origin": Treatment.HOSTS,
    "access-control-expose-headers": Treatment.SET,
    "access-control-max-age": Treatment.VALUE,
    "allow": Treatment.SET,
    "api-deprecated-versions": Treatment.SET,
    "api-supported-versions": Treatment.SET,
    "api-version": Treatment.VALUE,
    "cache-control": Treatment.SET,
    "content-disposition": Treatment.MEDIA,
    "content-language": Treatment.SET,
    "content-location": Treatment.URL,
    "content-range": Treatment.VALUE,
    "content-security-policy": Treatment.CSP,
    "content-security-policy-report-only": Treatment.CSP,
    "content-type": Treatment.MEDIA,
    "cross-origin-embedder-policy": Treatment.VALUE,
    "cross-origin-opener-policy": Treatment.VALUE,
    "cross-origin-resource-policy": Treatment.WORD,
    "deprecation": Treatment.VALUE,
    "etag": Treatment.PRESENCE,
    "last-modified": Treatment.PRESENCE,
    "link": Treatment.HOSTS,
    "location": Treatment.URL,
    "odata-version": Treatment.VALUE,
    "permissions-policy": Treatment.VALUE,
    "ratelimit": Treatment.PRESENCE,
    "referrer-policy": Treatment.SET,
    "retry-after": Treatment.PRESENCE,
    "set-cookie": Treatment.COOKIE,
    "strict-transport-security": Treatment.DIRECTIVES,
    "sunset": Treatment.VALUE,
    "vary": Treatment.SET,
    "www-authenticate": Treatment.SCHEMES,
    "x-api-version": Treatment.VALUE,
    "x-content-type-options": Treatment.WORD,
    "x-csrf-token": Treatment.PRESENCE,
    "x-frame-options": Treatment.WORD,
    "x-request-id": Treatment.PRESENCE,
    "x-robots-tag": Treatment.SET,
}
"""The headers that are compared, by name."""

PREFIXES: Final = {
    "ratelimit-": Treatment.PRESENCE,
    "x-ratelimit-": Treatment.PRESENCE,
    "x-rate-limit-": Treatment.PRESENCE,
}
"""The headers that are compared, by the beginning of the name."""

IGNORED: Final = frozenset(
    """age alt-svc b3 baggage connection content-encoding content-length date expires keep-alive nel proxy-authenticate
    proxy-connection report-to request-id sentry-trace server server-timing te traceparent tracestate trailer
    transfer-encoding upgrade via x-amz-id-2 x-amz-request-id x-cloud-trace-context x-correlation-id x-powered-by
    x-response-time x-runtime x-served-by x-timer""".split()  # noqa: SIM905 - one name a line would be forty lines
)
"""Hop-by-hop headers, what follows from the body, clocks, servers' names and traces: never compared, by name."""

IGNORED_PREFIXES: Final = (
    "cf-",
    "proxy-",
    "x-amz-cf-",
    "x-amzn-",
    "x-b3-",
    "x-cache",
    "x-datadog-",
    "x-envoy-",
)
"""Never compared, by the beginning of the name."""


def treatment(name: str) -> Treatment:
    """How a header of this name, in lower case, is compared."""
    known = TREATMENTS.get(name)
    if known is not None:
        return known
    return next((how for prefix, how in PREFIXES.items() if name.startswith(prefix)), Treatment.IGNORE)


TRAILERS: Final = {
    "content-digest": Treatment.PRESENCE,
    "content-md5": Treatment.PRESENCE,
    "digest": Treatment.PRESENCE,
    "grpc-message": Treatment.VALUE,
    "grpc-status": Treatment.VALUE,
    "grpc-status-details-bin": Treatment.PRESENCE,
    "repr-digest": Treatment.PRESENCE,
    "signature": Treatment.PRESENCE,
    "signature-input": Treatment.PRESENCE,
    "x-checksum": Treatment.PRESENCE,
    "x-content-md5": Treatment.PRESENCE,
    "x-content-sha256": Treatment.PRESENCE,
    "x-goog-hash": Treatment.PRESENCE,
    "x-trace-id": Treatment.IGNORE,
}
"""The trailers that are compared in another way than headers of their name, by name."""

TRAILER_PREFIXES: Final = {
    "x-amz-checksum-": Treatment.PRESENCE,
    "grpc-": Treatment.VALUE,
    "x-": Treatment.VALUE,
}
"""The trailers that are compared, by the beginning of the name; the first that fits holds."""


def trailer_treatment(name: str) -> Treatment:
    """How a trailer of this name, in lower case, is compared."""
    known = TRAILERS.get(name)
    if known is not None:
        return known
    how = treatment(name)
    if how is not Treatment.IGNORE or name in IGNORED or name.startswith(IGNORED_PREFIXES):
        return how
    how = next((how for prefix, how in TRAILER_PREFIXES.items() if name.startswith(prefix)), Treatment.IGNORE)
    return Treatment.PRESENCE if how is Treatment.VALUE and is_secret_header(name) else how
