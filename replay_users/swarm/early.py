"""SIGINT and SIGTERM before Locust's `init`, from which on a face takes them: nothing was sent yet, so the process just ends.

Law: Python's own handlers, installed by the command line or under Locust's `main` only: whoever imports this package
otherwise keeps theirs. The subtle thing: these come in the middle of imports and of gevent's loop, where an exception may go
anywhere, so the process ends where it is. Children that Locust has forked by then end as quietly, of the same signal or of
their parent's end (`orphans`).
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["STOPPED", "EarlySignals", "early", "is_under_locust"]

STOPPED = 4
"""Exit code of a run that a person stopped."""

_SENTENCE = b"replay-users: stopped before anything was sent\n"


class EarlySignals:
    """The signals that end this process before it has anything to drain."""

    def __init__(self) -> None:
        """Nothing is taken before `listen`."""
        self._pid = 0
        self._interrupts: object = None

    def listen(self) -> None:
        """Take the signals that nobody has taken, nor left out, such as `nohup` does."""
        self._pid = self._pid or os.getpid()
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
                signal.signal(number, self._came)
        self._interrupts = signal.getsignal(signal.SIGINT)

    def _came(self, number: int, _frame: FrameType | None) -> None:
        if signal.getsignal(signal.SIGINT) != self._interrupts:
            # Locust's parent of workers alone: it has taken SIGINT, never comes to `init`, and only waits for its children.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if os.getpid() == self._pid:
            os.write(2, _SENTENCE)  # not by `sys.stderr`, which this may have interrupted
        os._exit(STOPPED)


def is_under_locust() -> bool:
    """Whether it is Locust's `main` that imports a locustfile."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the only way to know who imports us
    while frame is not None:
        if frame.f_code.co_name == "main" and frame.f_globals.get("__name__") == "locust.main":
            return True
        frame = frame.f_back
    return False


early = EarlySignals()
"""Those of this process."""
