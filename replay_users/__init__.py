"""Replay recorded production traffic on Locust with its original timing, and compare the answers.

Law: importing this package patches nothing and opens nothing; `ReplayUser` and `ReplayShape` are loaded on first use,
because importing Locust monkey-patches the process.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.swarm import ReplayShape, ReplayUser

__all__ = ["ReplayShape", "ReplayUser", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load the Locust face lazily (PEP 562)."""
    if name in {"ReplayUser", "ReplayShape"}:
        from replay_users import swarm  # noqa: PLC0415 - importing Locust patches the process

        return getattr(swarm, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
