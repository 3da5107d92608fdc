"""SIGINT and SIGTERM: the first one asks, the second one ends the process where it is.

Law: counts signals and hands the first one on. The subtle thing: with a shape, headless Locust installs its own handlers
only after the shape has ended, and Ctrl-C reaches every process of the group at once, so each has these from `init` on
(before it, those of `early`). And
the kernel tells a child of its parent's end once for each of the parent's threads, so SIGTERMs in a row are one.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import gevent

from replay_users.swarm.early import STOPPED
from replay_users.swarm.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STOPPED", "Signals"]

_IN_A_ROW = 500_000_000  # ns


class Signals:
    """The signals that ask this process to stop."""

    def __init__(self, first: Callable[[signal.Signals], None]) -> None:
        """`first` is called with the first one, in the hub."""
        self._first = first
        self._terminated_at = -_IN_A_ROW
        self.count = 0

    def listen(self) -> None:
        """Take signals from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, self._came, number)

    def _came(self, number: signal.Signals) -> None:
        if number == signal.SIGTERM:
            before, self._terminated_at = self._terminated_at, time.monotonic_ns()
            if self._terminated_at - before < _IN_A_ROW:
                return
        self.count += 1
        if self.count > 1:
            tell("replay-users: second signal, exiting without a report")
            os._exit(STOPPED)
        self._first(number)
