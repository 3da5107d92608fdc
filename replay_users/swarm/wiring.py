"""Ties our options and our face to Locust's events when a locustfile imports `ReplayUser` or `ReplayShape`.

Law: this and nothing else happens on import; and under Locust's `main` signals end the process with a sentence from here on,
and what it forks right after is tied to this process.
"""

from __future__ import annotations

from typing import Any

from locust import events

from replay_users.swarm.early import early, is_under_locust
from replay_users.swarm.early_report import count_nobody
from replay_users.swarm.install import install
from replay_users.swarm.options import add_options
from replay_users.swarm.orphans import forks

__all__ = ["wired"]

_hooks: Any = events
_hooks.init_command_line_parser.add_listener(add_options)
_hooks.init.add_listener(install)
_hooks.report_to_master.add_listener(count_nobody)
forks.watch()
if is_under_locust():
    early.listen()

wired = True
"""That this module was imported."""
