"""Ties our options and our face to Locust's events when a locustfile imports `ReplayUser` or `ReplayShape`.

Law: this and nothing else happens on import; and what Locust forks right after it is tied to this process.
"""

from __future__ import annotations

from typing import Any

from locust import events

from replay_users.swarm.install import install
from replay_users.swarm.options import add_options
from replay_users.swarm.orphans import forks

__all__ = ["wired"]

_hooks: Any = events
_hooks.init_command_line_parser.add_listener(add_options)
_hooks.init.add_listener(install)
forks.watch()

wired = True
"""That this module was imported."""
