"""An A/A run: the same sample twice against the same target, the second pass compared with the first.

Law: two runs one after the other, and what a face expects of one. The result is that of the second pass; the first leaves
nothing but its answers, and its errors. The whole first pass comes before the second, and not each exchange twice in a row:
so both passes put the same questions in the same order at the same pace, caches and sessions meet the same history, and
what time alone changes has had the time to.
The subtle thing: where the first pass got no answer, or was stopped, there is nothing to compare with, and that is said.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from replay_users.results.result import RunEvent
from replay_users.results.tally import Tally
from replay_users.results.windows import added_up
from replay_users.swarm.first_pass import Against, FirstPass, Keeping
from replay_users.swarm.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.errors import ReplayError
    from replay_users.events import WorkerHealth
    from replay_users.histogram import Histogram
    from replay_users.results.autostop import Criterion
    from replay_users.results.windows import Counts
    from replay_users.swarm.hooks import Hooks
    from replay_users.swarm.prepare import Prepared
    from replay_users.swarm.progress import Pulse

__all__ = ["Twice"]

_GOES_ON = frozenset({None, "time"})


class Twice:
    """A replay whose answers are compared with those of the pass before. `done` is set when the second is over."""

    def __init__(self, run_id: str, prepared: Prepared, environment: Any, hooks: Hooks) -> None:
        """Nothing is sent before `begin`.

        Raises:
            StoreError: there is no room for the first pass's answers.
        """
        self.id = run_id
        self.prepared = prepared
        self.plan = prepared.plan
        self.done = Event()
        self.autostop: RunEvent | None = None
        self._environment = environment
        self._hooks = hooks
        self._answers = FirstPass(Path(prepared.settings.out.replace("{id}", run_id)))
        self._first = Run(run_id, prepared, environment, hooks, aa=Keeping(self._answers))
        self._second: Run | None = None
        self._stopped_by: str | None = None

    @property
    def _now(self) -> Run:
        return self._second or self._first

    def begin(self) -> None:
        """Begin the first pass; the second follows."""
        self._first.begin()
        gevent.spawn(self._go_on)

    def _go_on(self) -> None:
        try:
            self._first.done.wait()
            if self._first.error is None and self._stopped_by in _GOES_ON and self._first.stopped_by in _GOES_ON:
                second = Run(self.id, self.prepared, self._environment, self._hooks, aa=Against(self._answers))
                self._second = second
                second.begin()
                second.done.wait()
        finally:
            self._answers.close()
            self.done.set()

    def stop(self, reason: str) -> None:
        """Send nothing more; a second pass that has not begun never will."""
        self._stopped_by = self._stopped_by or reason
        self._now.stop(reason)

    # What came of it

    @property
    def tally(self) -> Tally:
        """The second pass's; without one, everything is left over."""
        if self._second is not None:
            return self._second.tally
        tally = Tally(self._first.names)
        tally.stopped(self.plan.planned)
        return tally

    @property
    def started_at(self) -> float:
        """When the pass that goes on has begun."""
        return self._now.started_at

    @property
    def elapsed(self) -> int:
        """Ns since that."""
        return self._now.elapsed

    @property
    def stopped_by(self) -> str | None:
        """What ended it early, if anything did."""
        return self._now.stopped_by or self._stopped_by

    @property
    def error(self) -> ReplayError | None:
        """What of ours went wrong, in either pass."""
        return self._first.error or (self._second.error if self._second else None)

    @property
    def connections(self) -> Mapping[str, Any]:
        """What the connections of the second pass did."""
        return self._now.connections

    @property
    def comparers(self) -> Mapping[str, int]:
        """What comparing took."""
        return self._now.comparers

    @property
    def exhibits(self) -> list[dict[str, Any]]:
        """Pairs behind exemplars of the second pass, redacted."""
        return self._second.exhibits if self._second is not None else []

    @property
    def user_code_failures(self) -> Mapping[str, int]:
        """How often each of the user's methods failed, in both passes."""
        return self._now.user_code_failures

    @property
    def events(self) -> tuple[RunEvent, ...]:
        """What happened in both passes."""
        totals, answers = self._first.tally.totals(), self._answers
        text = f"first pass: {totals.sent:,} sent, {totals.failed:,} without an answer"
        text += f", {answers.left_out:,} answers not kept" if answers.left_out else ""
        second = self._second.events if self._second else ()
        return (*self._first.events, RunEvent(at_s=0.0, event="note", text=text), *second)

    @property
    def workers(self) -> tuple[dict[str, Any], ...]:
        """None: it was this process."""
        return ()

    @property
    def lost(self) -> tuple[str, ...]:
        """None."""
        return ()

    def progress(self) -> tuple[Tally, Mapping[str, WorkerHealth]] | None:
        """Of the second pass, which is the result."""
        return None if self._second is None else self._second.progress()

    @property
    def _passes(self) -> tuple[Run, ...]:
        """Those that have begun."""
        return (self._first,) if self._second is None else (self._first, self._second)

    def counted(self, criteria: Sequence[Criterion]) -> Counts:
        """In both passes together, since counts only grow."""
        return added_up([each.counted(criteria) for each in self._passes], criteria)

    def hubs(self) -> list[Histogram]:
        """By how much the hub was late in each pass so far: in the first one too an answer may be read late for that."""
        return [each.tally.fidelity.hub for each in self._passes]

    def pulse(self) -> Pulse:
        """How far the pass that goes on is."""
        return self._now.pulse()
