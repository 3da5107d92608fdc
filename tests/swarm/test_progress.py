"""The progress line: renewed on a terminal, whole lines elsewhere."""

from __future__ import annotations

import io
import os
import re
import termios
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import gevent
import pytest

from replay_users.histogram import Histogram
from replay_users.model import SkipReason, Verdict
from replay_users.results.tally import Tally
from replay_users.swarm import progress as module
from replay_users.swarm.progress import Progress, Pulse, pulse_of
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000_000
LINE = "30/40 (75 %)  {rate}/s  lag p99 0.0 ms  0 mismatched  {left} left"


class FakeRun:
    """A run of 40 exchanges in ten seconds, of which 25 were answered and 5 skipped, after four seconds."""

    def __init__(self) -> None:
        self.plan = type("P", (), {"planned": 40, "duration_ns": 10 * SECOND})()
        self.elapsed = 4 * SECOND

    def pulse(self) -> Pulse:
        """As far as that."""
        return Pulse(ended=30, sent=25, mismatched=0, lag_p99=0.0)


def test_a_pulse_is_of_all_parts() -> None:
    """Rows have ended however they did; lag is of all of them together."""
    parts = []
    lag = Histogram()
    for sent, skipped in ((25, 5), (10, 0)):
        tally = Tally(["GET /items/{id}"])
        tally.settle([make_flight(answer_status=200, judged=Verdict.MISMATCHED) for _ in range(sent)])
        tally.skip(0, SkipReason.METHOD, skipped)
        tally.unread(3, "slice")
        parts.append(tally.totals())
        lag.merge(tally.fidelity.lag)
    assert pulse_of(parts, lag) == Pulse(ended=46, sent=35, mismatched=35, lag_p99=0.0)


@pytest.fixture
def log() -> io.StringIO:
    """A stream that is no terminal."""
    return io.StringIO()


@dataclass
class Terminal:
    """A terminal 40 columns wide."""

    stream: TextIO
    master: int

    def shown(self) -> str:
        """What was written to it, up to the end of a line."""
        text = ""
        while not text.endswith("\n"):
            text += os.read(self.master, 100_000).decode()
        return text


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A stream that is a terminal."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 40))
    with os.fdopen(slave, "w") as stream:
        yield Terminal(stream, master)
    os.close(master)


@pytest.fixture
def run() -> Any:
    """A run under way."""
    return FakeRun()


def test_the_line_says_how_far_it_is(run: Any, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done of planned, rate since the last line, lag, mismatches, and the time that is left."""
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    progress = Progress(run, log)
    clock[0] += 5
    assert progress.line() == LINE.format(rate=5, left="6s")
    clock[0] += 5
    assert progress.line() == LINE.format(rate=0, left="6s")
    progress.stop()
    assert log.getvalue() == ""


def test_before_the_start_all_is_left(run: Any, log: io.StringIO) -> None:
    """Until the start is set, what is left is what the plan says."""
    run.elapsed = 0
    progress = Progress(run, log)
    assert progress.line().endswith("10s left")
    progress.stop()
    assert log.getvalue() == ""


def test_a_run_that_is_late_has_nothing_left(run: Any, log: io.StringIO) -> None:
    """The time left is never negative."""
    run.elapsed = 99 * SECOND
    progress = Progress(run, log)
    assert progress.line().endswith(" 0s left")
    progress.stop()
    assert log.getvalue() == ""


def test_a_log_gets_whole_lines(run: Any, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stderr is no terminal, each line stands alone and nothing is renewed; after the end none comes."""
    monkeypatch.setattr(module, "_LOG_EVERY_S", 0.001)
    progress = Progress(run, log)
    with gevent.Timeout(10):
        while log.getvalue().count("\n") < 2:
            gevent.sleep(0.001)
    progress.stop()
    written = log.getvalue()
    assert all(re.fullmatch(LINE_PATTERN, line) for line in written.splitlines())
    assert written.endswith("\n")
    assert "\r" not in written
    gevent.sleep(0.005)
    assert log.getvalue() == written


LINE_PATTERN = r"30/40 \(75 %\)  [\d,]+/s  lag p99 0\.0 ms  0 mismatched  6s left"


def test_a_terminal_has_one_line_that_fits(run: Any, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the line is renewed in place and cut to its width; at the end the last state stays."""
    monkeypatch.setattr(module, "_TERMINAL_EVERY_S", 0.001)
    progress = Progress(run, terminal.stream)
    gevent.sleep(0.01)
    progress.stop()
    *renewed, last = terminal.shown().split("\x1b[2K")[1:]
    assert renewed
    assert all(re.fullmatch(r"30/40 \(75 %\)  [^\r\n]{1,26}\r", line) for line in renewed)
    assert last.startswith("30/40 (75 %)  ")
    assert last.endswith("\r\r\n")  # as a terminal writes a line feed
