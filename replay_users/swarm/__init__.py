"""The Locust face: users, shape, options and the run that they start.

Law: sees everything, is seen by nothing but `cli`. `user`, `shape` and `wiring` import Locust, which patches the
process, so they are loaded on first use and must come before boto3 and whatever else opens sockets; `options` and
`settings` are for commands without Locust too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.swarm.shape import ReplayShape
    from replay_users.swarm.user import ReplayUser

__all__ = ["ReplayShape", "ReplayUser"]


def __getattr__(name: str) -> object:
    """Load Locust only where a user or a shape is wanted (PEP 562)."""
    if name == "ReplayUser":
        from replay_users.swarm.user import ReplayUser  # noqa: PLC0415

        return ReplayUser
    if name == "ReplayShape":
        from replay_users.swarm.shape import ReplayShape  # noqa: PLC0415

        return ReplayShape
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
