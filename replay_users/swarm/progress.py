"""The progress line of a headless run: one line that renews itself on a terminal, one every ten seconds in a log.

Law: looks and writes, changes nothing. The line itself is made by `results.progress`. The subtle thing: a master has its
numbers from its workers' reports, and adding up everything in them each second would keep it from its workers, so a run
says only what the line shows.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gevent

from replay_users.results.progress import progress_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from replay_users.histogram import Histogram
    from replay_users.results.tally import Totals
    from replay_users.swarm.conclusion import Replay

__all__ = ["Progress", "Pulse", "pulse_of"]

_LOG_EVERY_S = 10.0
_TERMINAL_EVERY_S = 1.0
_WIDTH = 80  # of terminals that do not say theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What the line shows: rows that came to their end, however they did; those sent; answers that differ; lag in ms."""

    ended: int
    sent: int
    mismatched: int
    lag_p99: float | str | None


def pulse_of(parts: Iterable[Totals], lag: Histogram) -> Pulse:
    """The pulse of a run that was counted in parts."""
    totals = list(parts)
    return Pulse(
        ended=sum(each.sent + each.dropped + each.skipped + each.unread for each in totals),
        sent=sum(each.sent for each in totals),
        mismatched=sum(each.mismatched for each in totals),
        lag_p99=lag.to_ms_summary()["p99"],
    )


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
        run, pulse = self._run, self._run.pulse()
        now = time.monotonic()
        done = max(0, pulse.sent - self._done_before)  # the second pass of an A/A run begins at nothing again
        rate = done / max(now - self._at_before, 1e-9)
        self._done_before, self._at_before = pulse.sent, now
        left = max(0.0, (run.plan.duration_ns - run.elapsed) / 1e9)
        return progress_line(pulse.ended, run.plan.planned, rate, pulse.lag_p99, pulse.mismatched, left)

    def stop(self) -> None:
        """No more lines; a terminal keeps the last one, as it is at the end."""
        self._greenlet.kill()
        if self._terminal:
            self._write(self.line())
            self._stream.write("\n")
            self._stream.flush()
