"""The addresses that the target's host has now.

Law: resolving through the hub (gevent's resolver), in a greenlet, never on the hot path. Connections are spread over
every address, IPv4 and IPv6 alike, in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gevent import socket

from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.engine.connection import Address
    from replay_users.engine.origin import Origin

__all__ = ["Target", "resolve"]


@dataclass(frozen=True, slots=True)
class Target:
    """An origin, and the addresses (one or more) that it had when the run was prepared."""

    origin: Origin
    addresses: Sequence[Address]


def resolve(host: str, port: int) -> list[Address]:
    """Every address of a host, in the resolver's order, each once.

    Raises:
        UsageError: the name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
        raise UsageError(f"{host} does not resolve ({error}); check the name and the network") from None
    return list(dict.fromkeys((int(family), address) for family, _, _, _, address in found))
