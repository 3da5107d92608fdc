"""Tells listeners how far a run is: `events.progress`, every five seconds of the run and once when everything is counted.

Law: looks and tells, changes nothing; a run that nobody listens to is asked nothing, and one that never began has no
ticks. The subtle thing: a listener is somebody else's code and may wait for something that never comes, so it is called in
a greenlet of its own, and the end of a run waits for it ten seconds and no longer. For adding up it waits as long as it takes:
what the last tick tells is the result.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from replay_users.events import WorkerHealth, events
from replay_users.plan.duration import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay_users.results.tally import Tally
    from replay_users.swarm.conclusion import Replay

__all__ = ["LOCAL", "Ticker", "full_steps", "health"]

LOCAL = "local"
"""The name of the only process that sends, where there is one."""

_EVERY = 5 * SECOND
_PATIENCE_S = 10.0
_LOOK_S = 0.1
_SHARE = 4
"""Adding up takes a quarter of the time at most: for fifty workers with 200 busy endpoints each it takes 2 s (measured)."""

_logger = logging.getLogger(__name__)


def health(tally: Tally, queued: int, in_flight: int) -> WorkerHealth:
    """How the process is doing that has counted this."""
    fidelity = tally.fidelity
    return WorkerHealth(
        sent=sum(mine.sent for mine in tally.endpoints.values()),
        lag=fidelity.lag,
        wait=fidelity.wait,
        hub=fidelity.hub,
        queued=queued,
        in_flight=in_flight,
    )


def full_steps(run: Replay, step: int, over: Event) -> Iterator[int]:
    """Full steps (ns) of a run's time as they come, until it is over: how many have passed since the last time.

    More than one is where the hub was busy or frozen. The second pass of an A/A run begins at nothing again.
    """
    due = step
    while not over.wait(max(0, due - run.elapsed) / SECOND):
        now = run.elapsed
        if now >= due:  # else it has not begun, or the timer was early by a little
            yield (now - due) // step + 1
        due = (now // step + 1) * step


class Ticker:
    """The ticks of one run."""

    def __init__(self, run: Replay) -> None:
        """Tick from now on."""
        self._run = run
        self._over = Event()
        self._rest_until = 0.0
        self._telling_since: float | None = None
        self._greenlet = gevent.spawn(self._tick)

    def _tick(self) -> None:
        for _ in full_steps(self._run, _EVERY, self._over):
            if time.monotonic() >= self._rest_until:
                self._tell()
        if self._run.elapsed:
            self._tell()

    def _tell(self) -> None:
        began = time.monotonic()
        told = self._run.progress() if events.progress else None
        self._rest_until = began + _SHARE * (time.monotonic() - began)
        if told is not None:
            tally, workers = told
            self._telling_since = time.monotonic()
            events.progress.fire(run_id=self._run.id, at_s=self._run.elapsed / 1e9, tally=tally, workers=workers)
            self._telling_since = None

    def finish(self) -> None:
        """Everything is counted: tell it a last time, and wait until that was heard."""
        self._over.set()
        began = time.monotonic()
        while not self._greenlet.dead:
            self._greenlet.join(min(_LOOK_S, _PATIENCE_S))
            since = self._telling_since
            if since is not None and time.monotonic() - max(since, began) >= _PATIENCE_S:
                self._greenlet.kill(block=False)
                _logger.error("a listener of progress takes longer than %.0f s; going on without it", _PATIENCE_S)
                return
