"""No process of `--processes` outlives the one that started it.

Law: Linux only, and only the processes that Locust forks between the import of a locustfile and its `init`: what a user's
code forks later is none of our business. The subtle thing: a parent that is killed tells its children nothing, and Locust
leaves them to wait for a master for minutes, so the kernel is asked to send them SIGTERM (prctl(2)), from the fork on.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

__all__ = ["Forks", "forks"]

_PR_SET_PDEATHSIG = 1


class Forks:
    """The forks of this process that are to end with it."""

    def __init__(self) -> None:
        """None are, until it is told to `watch`."""
        self._watching = self._registered = False
        self._parent = 0

    def watch(self) -> None:
        """Children forked from now on end with this process."""
        self._watching = True
        if not self._registered and sys.platform == "linux":
            self._registered = True
            os.register_at_fork(before=self._note_parent, after_in_child=self._tie)

    def let_be(self) -> None:
        """Children forked from now on are their own."""
        self._watching = False

    def _note_parent(self) -> None:
        self._parent = os.getpid()

    def _tie(self) -> None:
        if not self._watching:
            return
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != self._parent:  # it died before it could be said
            os.kill(os.getpid(), signal.SIGTERM)


forks = Forks()
"""Those of this process."""
