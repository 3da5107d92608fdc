"""Writes a run's points to InfluxDB while it goes on: a listener of `replay_users.events` with a flusher of its own.

Law: whatever InfluxDB does, the run does not notice. Points are made in pieces, with turns of the hub in between; they are
written in a greenlet that nobody waits for, but for five seconds at the end; what is not written by then lies beside the
result. One of these belongs to one run, in the process that writes its result, and is made when that run begins: a client
that was made before a fork would share its connection.
The subtle thing: a listener is called by the clock of the run, which goes on while this one waits for its turns.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import gevent
from gevent.event import Event

from replay_users.events import events
from replay_users.private import make_folder, write
from replay_users.results.delivery import Delivery, Failed
from replay_users.results.end_points import end_points, start_point
from replay_users.results.influx import TIMEOUT_S, InfluxWriter
from replay_users.results.points import RunPoints
from replay_users.results.rundir import run_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from replay_users.events import WorkerHealth
    from replay_users.results.delivery import Answer
    from replay_users.results.tally import Tally
    from replay_users.swarm.conclusion import Replay

__all__ = ["FINAL_S", "UNSENT", "Publisher", "publish"]

FINAL_S = 5.0
"""For the last points, when everything else is done."""

UNSENT = "unsent.lp"

_PIECE = 50_000  # ns of making points until others have their turn; the longest piece takes 170 us (measured)
_TURN_S = 0.001  # a sleep of 0 would not let timers run
_SLACK_S = 0.5

_logger = logging.getLogger(__name__)


class Writer(Protocol):
    """What payloads are given to."""

    def write(self, payload: str) -> Answer:
        """Write a payload, and say what became of it."""

    def load_command(self, path: str) -> str:
        """How to load a file afterwards."""


def publish(run: Replay) -> Publisher | None:
    """Have the points of a run written, if that was asked for; call it before the run begins."""
    settings = run.prepared.settings
    if settings.influx is None:
        return None
    publisher = Publisher(run.id, InfluxWriter(settings.influx), Path(settings.out.replace("{id}", run.id)))
    publisher.listen()
    return publisher


class Publisher:
    """The points of one run, on their way."""

    def __init__(self, run_id: str, writer: Writer, folder: Path) -> None:
        """Nothing happens before `listen`; `folder` is the run's directory."""
        self._run_id = run_id
        self._writer = writer
        self._folder = folder
        self._points: RunPoints | None = None
        self._started_at = self._ended_at = 0
        self._delivery = Delivery()
        self._wake, self._idle = Event(), Event()
        self._flusher: gevent.Greenlet[[], None] | None = None

    def listen(self) -> None:
        """Take the run's events, and write from now on."""
        self._flusher = gevent.spawn(self._flush)
        for hook, listener in self._listeners():
            hook.add_listener(listener)

    def close(self) -> None:
        """Take no more, write no more."""
        for hook, listener in self._listeners():
            hook.remove_listener(listener)
        if self._flusher is not None:
            self._flusher.kill(block=False)

    def _listeners(self) -> Iterator[tuple[Any, Any]]:
        yield events.run_started, self._started
        yield events.progress, self._progressed
        yield events.run_finished, self._finished

    # What the run tells

    def _started(self, run_id: str, **facts: Any) -> None:
        if run_id != self._run_id:  # ours was given up without a result
            self.close()
            return
        self._started_at = round(facts["started_at"] * 1e9)
        self._points = RunPoints(
            run_id, planned=facts["planned"], rates=facts["rates"], rate_step_s=facts["rate_step_s"]
        )
        self._send(start_point(self._points, {**facts, "run_id": run_id}, self._started_at))

    def _progressed(
        self, run_id: str, at_s: float, tally: Tally, workers: Mapping[str, WorkerHealth], **_: Any
    ) -> None:
        if run_id != self._run_id or self._points is None:
            return
        self._ended_at, lost = self._started_at + round(at_s * 1e9), self._delivery.lost
        pieces = self._points.interval(tally, workers, at_s=at_s, at=time.time_ns(), points_dropped=lost)
        self._send("".join(_in_turns(pieces)))

    def _finished(self, summary: Mapping[str, Any], **_: Any) -> None:
        if summary["run"]["id"] != self._run_id:
            return
        now = time.time_ns()
        points = self._points or RunPoints(self._run_id, planned=summary["totals"]["planned"])
        started, ended = self._started_at or now, self._ended_at or now
        self._send("".join(_in_turns(end_points(points, summary, started=started, ended=ended, at=now))))
        self._delivery.hurry()
        self._wake.set()
        self._idle.wait(FINAL_S)
        self.close()
        self._leave()

    # The way out

    def _send(self, payload: str) -> None:
        self._idle.clear()
        self._delivery.add(payload)
        self._wake.set()

    def _flush(self) -> None:
        while True:
            wait = self._delivery.wait_s(time.monotonic())
            if wait is None:
                self._idle.set()
            if wait != 0:
                self._wake.wait(wait)
                self._wake.clear()
                continue
            self._deliver()

    def _deliver(self) -> None:
        payload = self._delivery.take()
        try:
            with gevent.Timeout(TIMEOUT_S + _SLACK_S):  # the client's own is one of each read
                answer = self._writer.write(payload)
        except gevent.Timeout:
            answer = Failed(f"no whole answer within {TIMEOUT_S:.0f} s")
        self._delivery.answer(answer, time.monotonic())
        for sentence in self._delivery.told:
            _logger.warning("%s", sentence)
        self._delivery.told.clear()

    def _leave(self) -> None:
        """What is not written, beside the result, and what to do with it; nothing of a run that was there before stays."""
        path, left, lost = self._place(), self._delivery.left, self._delivery.lost
        try:
            if not left:
                path.unlink(missing_ok=True)
            else:
                command = self._writer.load_command(str(path))
                make_folder(self._folder)
                comment = "# " + command.replace("\n", "\n# ")
                write(path, f"{comment}\n{''.join(left)}".encode())
                count = "".join(left).count("\n")
                _logger.warning("InfluxDB did not take %s points in time; to load them: %s", f"{count:,}", command)
        except OSError as error:
            _logger.warning("%s cannot be written: %s", path, error.strerror)
        if lost:
            _logger.warning("InfluxDB never got %s points of this run; result.json has everything", f"{lost:,}")

    def _place(self) -> Path:
        """Where a result lies that is not ours, since two runs were given one folder, its points are left alone."""
        is_ours = run_in(self._folder) in {None, self._run_id}
        return self._folder / (UNSENT if is_ours else f"unsent-{self._run_id}.lp")


def _in_turns(pieces: Iterator[str]) -> Iterator[str]:
    """The pieces, with turns of the hub between them."""
    began = time.perf_counter_ns()
    for piece in pieces:
        yield piece
        if time.perf_counter_ns() - began > _PIECE:
            gevent.sleep(_TURN_S)
            began = time.perf_counter_ns()
