"""Importing `ReplayUser` is all that a locustfile needs to do."""

from __future__ import annotations

import signal
from typing import Any

import locust

import replay_users
from replay_users.swarm.early import early
from replay_users.swarm.early_report import count_nobody
from replay_users.swarm.install import install
from replay_users.swarm.options import add_options


def test_importing_takes_no_signals_from_others() -> None:
    """Where Locust is a library, or this is a test, signals are somebody else's."""
    assert replay_users.ReplayUser.__name__ == "ReplayUser"
    assert all(signal.getsignal(number) != early._came for number in (signal.SIGINT, signal.SIGTERM))


def test_importing_the_user_wires_options_and_init() -> None:
    """Locust's parser gets our options, its `init` our face and its reports a count, once however often it is imported."""
    events: Any = locust.events
    assert replay_users.ReplayUser.__name__ == "ReplayUser"
    assert replay_users.ReplayShape.__name__ == "ReplayShape"
    assert events.init_command_line_parser._handlers.count(add_options) == 1
    assert events.init._handlers.count(install) == 1
    assert events.report_to_master._handlers.count(count_nobody) == 1
