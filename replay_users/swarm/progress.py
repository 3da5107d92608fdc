"""The progress line of a headless run: one line that renews itself on a terminal, one every ten seconds in a log.

Law: looks and writes, changes nothing. The line itself is made by `results.progress`.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import gevent

from replay_users.results.progress import progress_line

if TYPE_CHECKING:
    from typing import TextIO

    from replay_users.swarm.conclusion import Replay

__all__ = ["Progress"]

_LOG_EVERY_S = 10.0
_TERMINAL_EVERY_S = 1.0
_WIDTH = 80  # of terminals that do not say theirs


class Progress:
    """Shows how far a run is until it is told to stop."""

    def __init__(self, run: Replay, stream: TextIO | None = None) -> None:
        """Begins at once, on stderr unless told otherwise."""
        self._run = run
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._done_before = 0
        self._at_before = time.monotonic()
        self._greenlet = gevent.spawn(self._show)

    def _show(self) -> None:
        while True:
            gevent.sleep(_TERMINAL_EVERY_S if self._terminal else _LOG_EVERY_S)
            self._write(self.line())

    def _write(self, line: str) -> None:
        if self._terminal:  # a line that wraps could not be taken back; what others write next goes over this one
            width = os.get_terminal_size(self._stream.fileno()).columns or _WIDTH
            line = f"\x1b[2K{line[: width - 1]}\r"
        else:
            line += "\n"
        self._stream.write(line)
        self._stream.flush()

    def line(self) -> str:
        """The run's state, as one line."""
        run, totals = self._run, self._run.tally.totals()
        done = totals.sent + totals.dropped + totals.skipped + totals.unread
        now = time.monotonic()
        rate = (totals.sent - self._done_before) / max(now - self._at_before, 1e-9)
        self._done_before, self._at_before = totals.sent, now
        lag = run.tally.fidelity.lag.to_ms_summary()["p99"]
        left = max(0.0, (run.plan.duration_ns - run.elapsed) / 1e9)
        return progress_line(done, run.plan.planned, rate, lag, totals.mismatched, left)

    def stop(self) -> None:
        """No more lines; a terminal keeps the last one, as it is at the end."""
        self._greenlet.kill()
        if self._terminal:
            self._write(self.line())
            self._stream.write("\n")
            self._stream.flush()
