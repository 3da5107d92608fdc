"""Where the requests go: a URL, and the addresses that its host has now.

Law: values, and resolving through the hub (gevent's resolver), never on the hot path. Connections are spread over every
address, IPv4 and IPv6 alike, in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gevent import socket

from replay_users.errors import UsageError

if TYPE_CHECKING:
    from replay_users.engine.connection import Address

__all__ = ["Target", "parse_target", "resolve"]


@dataclass(frozen=True, slots=True)
class Target:
    """A target's scheme, host and port; `authority` is what goes into the Host header."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """`host` or `host:port`, brackets around IPv6."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"  # noqa: PLR2004 - http's own port

    @property
    def url(self) -> str:
        """The target as a URL."""
        return f"{self.scheme}://{self.authority}"


def parse_target(url: str) -> Target:
    """A target from `--host`.

    Raises:
        UsageError: no URL, a scheme other than http, or a path, query or user in it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--host {url}: {error}; give http://HOST:PORT") from None
    if not url:
        raise UsageError("say where to replay to: --host http://HOST:PORT")
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError(f"--host {url}: give http://HOST:PORT (https comes with the next release)")
    if parts.path not in {"", "/"} or parts.query or parts.username:
        raise UsageError(f"--host {url}: give scheme, host and port only; targets come from the recording")
    return Target(parts.scheme, parts.hostname, port or 80)


def resolve(target: Target) -> list[Address]:
    """Every address of the target, in the resolver's order.

    Raises:
        UsageError: the name does not resolve.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"--host {target.url}: {target.host} does not resolve ({error})") from None
    return list(dict.fromkeys((int(family), address) for family, _, _, _, address in found))
