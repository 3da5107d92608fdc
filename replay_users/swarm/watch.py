"""Stops a run that meets one of its criteria (`--autostop`): reads what was counted, step by step, and says why.

Law: looks, and stops the run once; what is too much is judged in `results.windows`. The subtle thing: a process that sends
reads its live tally every second, and reading 200 endpoints takes a millisecond or more, so it does so in pieces; a master
knows what its workers report every three seconds, so its steps are as long, and its windows whole steps. How often who sends
stood still is known from the histograms of how late its hub was.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import gevent

from replay_users.plan.duration import SECOND
from replay_users.results.result import RunEvent
from replay_users.results.windows import Autostop, count_endpoint, no_counts
from replay_users.swarm.telling import tell
from replay_users.swarm.ticker import full_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from replay_users.histogram import Histogram
    from replay_users.results.autostop import Criterion
    from replay_users.results.endpoint_tally import EndpointTally
    from replay_users.results.windows import Counts
    from replay_users.swarm.conclusion import Replay

__all__ = ["AUTOSTOP", "Watch", "counted"]

AUTOSTOP = "autostop"
"""What such a run was stopped by, and the name of the event that says why."""

_STEP = SECOND
_STEP_OF_REPORTS = 3 * SECOND
_PIECE_S = 0.0002  # of a process that sends, whose hub is to be held no longer
_BETWEEN_S = 0.001


def counted(
    criteria: Sequence[Criterion], endpoints: Iterable[tuple[str, EndpointTally]], piece_s: float = _PIECE_S
) -> Counts:
    """What the endpoints have for each criterion; others have their turn after each piece of so many seconds."""
    counts, until = no_counts(criteria), time.perf_counter() + piece_s
    for name, mine in endpoints:
        if time.perf_counter() > until:
            gevent.sleep(_BETWEEN_S)
            until = time.perf_counter() + piece_s
        count_endpoint(counts, criteria, name, mine)
    return counts


class Watch:
    """The watch over one run."""

    def __init__(self, run: Replay, hubs: Callable[[], Iterable[Histogram]], *, reported: bool) -> None:
        """Watch from now on, if there is anything to watch for; `reported`: what is counted comes in reports of workers.

        `hubs` gives by how much the hubs of all that send were late.
        """
        self._run = run
        self._hubs = hubs
        self._criteria = run.prepared.settings.autostop
        self._step = _STEP_OF_REPORTS if reported else _STEP
        if self._criteria:
            self._tell_idle()
            gevent.spawn(self._watch)

    def _tell_idle(self) -> None:
        names = [info.name for info in self._run.prepared.recording.manifest.endpoints]
        for criterion in self._criteria:
            if criterion.pattern is not None and not any(map(criterion.covers, names)):
                close = criterion.pattern.nearest(names)
                hint = f": did you mean {close}?" if close else ""
                tell(f"replay-users: --autostop {criterion.text} covers no endpoint of the recording{hint}")

    def _watch(self) -> None:
        patience = self._run.prepared.settings.timeouts.answer
        autostop = Autostop(self._criteria, self._step, patience=patience)
        for passed in full_steps(self._run, self._step, self._run.done):
            counts = self._run.counted(self._criteria)
            for sentence in autostop.judge(counts, passed, self._stood()):
                if sentence is not None:
                    self._stop(sentence)
                    return
                gevent.sleep(_BETWEEN_S)  # 200 endpoints of one criterion take 0.2 ms (measured)

    def _stood(self) -> list[int]:
        """For each criterion, how often who sends stood still for too long so far."""
        limits = [criterion.standstill for criterion in self._criteria]
        late = list(self._hubs()) if any(limits) else []
        return [0 if limit is None else sum(hub.count_above(limit) for hub in late) for limit in limits]

    def _stop(self, sentence: str) -> None:
        """Whoever was first has stopped it."""
        run = self._run
        if run.stopped_by is None and not run.done.is_set():
            run.autostop = RunEvent(at_s=round(run.elapsed / 1e9, 3), event=AUTOSTOP, text=sentence)
            tell(f"replay-users: autostop {sentence}; stopping, answers under way are awaited")
            run.stop(AUTOSTOP)
