"""SIGINT and SIGTERM: the first one asks, the second one ends the process where it is.

Law: counts signals and hands the first one on. The subtle thing: with a shape, headless Locust installs its own handlers
only after the shape has ended, and Ctrl-C reaches every process of the group at once, so each has these from `init` on.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import gevent

from replay_users.swarm.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STOPPED", "Signals"]

STOPPED = 4
"""Exit code of a run that a person stopped."""


class Signals:
    """The signals that ask this process to stop."""

    def __init__(self, first: Callable[[signal.Signals], None]) -> None:
        """`first` is called with the first one, in the hub."""
        self._first = first
        self.count = 0

    def listen(self) -> None:
        """Take signals from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, self._came, number)

    def _came(self, number: signal.Signals) -> None:
        self.count += 1
        if self.count > 1:
            tell("replay-users: second signal, exiting without a report")
            os._exit(STOPPED)
        self._first(number)
