"""A replay whose user's code takes most of the time: each request is signed, thoroughly, when it is sent.

Law: a locustfile as a user would write it; the work is the process's own, in Python, so that it takes a core and nothing
else. It is at send time because what is done while rows are loaded ahead of the start would not be measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users import ReplayShape, ReplayUser

if TYPE_CHECKING:
    from replay_users.model import Request

__all__ = ["Replay", "Shape"]

_ROUNDS = 9000
"""About 450 us: two processes, the target and the master share two cores, and only the first two are to be measured."""


class Replay(ReplayUser):
    """Signs each request with a checksum that is slow to make."""

    def sign(self, request: Request) -> Request:
        """The same request with its checksum."""
        found = len(request.target)
        for nth in range(_ROUNDS):
            found = (found * 31 + nth) & 0xFFFFFFFF
        return request.with_header("X-Checksum", f"{found:08x}")


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
