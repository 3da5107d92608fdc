"""The one request all closed-loop contenders send: 9 headers on the wire, Host among them.

Law: FastHttpUser, wrk and our transport must send the same header lines, or the comparison is not
fair; a test reads them off a socket. The subtle thing: Accept-Encoding is here because
FastHttpSession would add its own.
"""

from __future__ import annotations

import os

__all__ = ["CONNECTIONS", "HEADERS", "HOST", "PATHS", "port", "scheme", "seconds"]

HOST = "127.0.0.1"
CONNECTIONS = 32
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Authorization": "Bearer " + "0123456789abcdef" * 9,
    "X-Request-Id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "Cookie": "session=abcdef0123456789; theme=dark; _ga=GA1.2.1234567890.1516239022",
    "Cache-Control": "no-cache",
}
PATHS = tuple(f"/api/items?page={page}" for page in range(1000))


def port() -> int:
    """The target's port, as the harness hands it over."""
    return int(os.environ["BENCH_PORT"])


def scheme() -> str:
    """`http`, or what BENCH_SCHEME says."""
    return os.environ.get("BENCH_SCHEME", "http")


def seconds() -> float:
    """How long a contender measures, after a second of warming up."""
    return float(os.environ.get("BENCH_SECONDS", "2"))
