"""Ports for servers that have to be told theirs, and open it a while later.

Law: below those that the kernel gives to whoever has no wish: one of those may be somebody else's by the time the server is
there, which can be seconds on a busy machine.
"""

from __future__ import annotations

import secrets
from typing import Final

from replay_users.demo.weed import is_free

__all__ = ["free_port", "free_ports"]

_PORTS: Final = range(10_100, 20_000)  # Linux gives 32,768 to 60,999; ten thousand above ours is below that, too


def free_port(above: int = 0) -> int:
    """A port that nobody listens on, nor on the one that is so far above it."""
    while True:
        port = secrets.choice(_PORTS)
        if is_free(port) and is_free(port + above):
            return port


def free_ports(count: int, above: int = 0) -> list[int]:
    """So many."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port(above))
    return list(found)
