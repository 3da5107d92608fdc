"""A run as its master has it: workers send, the master conducts and adds up, and owns no engine.

Law: an edge of the pure `Conductor`: hands it what comes, with the time, and is what a face expects of a run. The subtle
thing: it is over when each worker has reported its last or is lost, which the conductor sees to, whatever happens.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from replay_users.errors import ReplayError
from replay_users.events import events
from replay_users.results.result import RunEvent
from replay_users.swarm.accounts import Accounts, loss
from replay_users.swarm.conductor import RunOrder
from replay_users.swarm.listening import report_failure, tell_start
from replay_users.swarm.shares import ShareState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from replay_users.engine.counters import Counters
    from replay_users.events import WorkerHealth
    from replay_users.histogram import Histogram
    from replay_users.results.autostop import Criterion
    from replay_users.results.tally import Tally
    from replay_users.results.windows import Counts
    from replay_users.swarm.conductor import Conductor
    from replay_users.swarm.messages import Send
    from replay_users.swarm.prepare import Prepared
    from replay_users.swarm.progress import Pulse
    from replay_users.swarm.shares import Share

__all__ = ["MasterRun", "run_order"]

_LOOK_S = 0.05
_BEYOND = 60_000_000_000  # ns that a run may take beyond everything that is known to hold it up


def run_order(run_id: str, prepared: Prepared, options: Mapping[str, object], digest: str) -> RunOrder:
    """What the workers are to run."""
    plan, settings = prepared.plan, prepared.settings
    window = plan.window
    rows = prepared.index.partition_rows(window.start, window.end, plan.buckets)
    limits = settings.limits
    held_up = limits.max_lag + limits.max_wait + settings.timeouts.longest + _BEYOND
    return RunOrder(
        run=run_id,
        weights={nth: rows.get(nth, 0) for nth in range(prepared.recording.manifest.partitions)},
        options=options,
        digest=digest,
        drain=settings.drain_timeout,
        longest=plan.duration_ns + held_up,
    )


class MasterRun:
    """A replay that workers do. `done` is set when each of them has reported its last, or is lost."""

    def __init__(
        self,
        prepared: Prepared,
        order: RunOrder,
        conductor: Conductor,
        *,
        expected: int,
        hosts: Mapping[str, str],
        send: Callable[[Sequence[Send]], None],
    ) -> None:
        """Nothing is sent before `begin`.

        Args:
            prepared: the master's own plan.
            order: what the workers are to run.
            conductor: the master's.
            expected: at least so many workers must take part.
            hosts: by worker, the machine it said it is on.
            send: sends messages.
        """
        self.id = order.run
        self.prepared = prepared
        self.plan = prepared.plan
        self.done = Event()
        self.started_at = 0.0
        self.autostop: RunEvent | None = None
        self._order = order
        self._conductor = conductor
        self._expected = expected
        self._hosts = hosts
        self._send = send
        self._accounts = Accounts(prepared)
        self._notes: list[RunEvent] = []
        self._ignored_before = conductor.ignored.copy()
        self._failed_before = events.failures
        events.report_to(report_failure)
        self._ended_at: int | None = None
        self._summed: tuple[Tally, Counters] | None = None

    # Beginning and ending

    def begin(self) -> None:
        """Gather the workers; they begin when all of them are ready.

        Raises:
            UsageError: there are not the workers that it takes.
        """
        self.started_at = time.time()
        self._send(self._conductor.begin(self._order, time.monotonic_ns(), expected=self._expected))
        gevent.spawn(self._watch)

    def _watch(self) -> None:
        started = False
        while not self._conductor.over:
            self._take_notes()
            if self._conductor.epoch is not None and not started:
                started = True
                self.started_at = time.time() + (self._conductor.epoch - time.monotonic_ns()) / 1e9
                tell_start(self.id, self.prepared, self.started_at, concludes=True)
            gevent.sleep(_LOOK_S)
        self._take_notes()
        self._ended_at = self.elapsed
        self.done.set()

    def _take_notes(self) -> None:
        for text in self._conductor.notes[len(self._notes) :]:
            self._notes.append(RunEvent(at_s=self.elapsed / 1e9, event="note", text=text))

    def stop(self, reason: str) -> None:
        """Have the workers stop and drain."""
        self._send(self._conductor.stop(reason, time.monotonic_ns()))

    def take(self, worker: str, said: Mapping[str, Any]) -> None:
        """A worker's report of this run; of one that was given up, nothing counts any more."""
        share = next((each for each in self._conductor.shares if each.worker == worker), None)
        if share is None or not share.state.is_open or self._conductor.over:
            return
        seq = self._accounts.take(worker, said)
        if seq is not None:
            self._send(self._conductor.report(worker, self.id, seq, time.monotonic_ns()))

    # What came of it

    @property
    def refusal(self) -> ReplayError | None:
        """Why it did not begin, if it did not."""
        return self._conductor.error

    @property
    def has_begun(self) -> bool:
        """Whether its workers have all said that they are ready, so that none waits for a user any more."""
        return self._conductor.epoch is not None

    @property
    def elapsed(self) -> int:
        """Ns since the run's time 0; 0 before it."""
        if self._ended_at is not None:
            return self._ended_at
        epoch = self._conductor.epoch
        return 0 if epoch is None else max(0, time.monotonic_ns() - epoch)

    @property
    def stopped_by(self) -> str | None:
        """What ended it early, if anything did."""
        return self._conductor.stopped_by

    @property
    def error(self) -> ReplayError | None:
        """What the first worker says that came to its end, and yet could not do all of its share."""
        told = [share for share in self._conductor.shares if share.error and share.state is not ShareState.LOST]
        return ReplayError(_fault(told[0])) if told else None

    @property
    def comparers(self) -> dict[str, int]:
        """What comparing took, on all workers together."""
        return self._accounts.comparers

    @property
    def exhibits(self) -> list[dict[str, Any]]:
        """Pairs behind exemplars, redacted by the workers."""
        return self._accounts.exhibits

    @property
    def user_code_failures(self) -> dict[str, int]:
        """How often each of the user's methods failed, on all workers together, and their listeners, here too."""
        failures, here = self._accounts.failures, events.failures - self._failed_before
        return {**failures, "events": failures.get("events", 0) + here} if here else failures

    def pulse(self) -> Pulse:
        """How far it is, by the last reports."""
        return self._accounts.pulse()

    def progress(self) -> tuple[Tally, dict[str, WorkerHealth]]:
        """What the workers' last reports say together, and how each of them is doing; at the end, the tally of the result."""
        return (self.tally, self._accounts.workers()) if self.done.is_set() else self._accounts.progress()

    def counted(self, criteria: Sequence[Criterion]) -> Counts:
        """What the workers' last reports have of what may stop the run."""
        return self._accounts.counted(criteria)

    def hubs(self) -> list[Histogram]:
        """By how much each worker's hub was late, by its last report."""
        return [each.hub for each in self._accounts.workers().values()]

    @property
    def tally(self) -> Tally:
        """The sum of what the workers counted, and what became of those that did not come to their end."""
        return self._sum()[0]

    @property
    def connections(self) -> dict[str, Any]:
        """What their connections did."""
        return self._sum()[1].summary()

    def _sum(self) -> tuple[Tally, Counters]:
        """Looked at several times once the run is done, and not changing any more."""
        summed = self._summed or self._accounts.sum(self._conductor.shares)
        if self.done.is_set():
            self._summed = summed
        return summed

    @property
    def events(self) -> tuple[RunEvent, ...]:
        """What happened to the workers, and what they warn of."""
        found = [*self._notes, *self._accounts.warnings, *self._left_out()]
        for share in self._conductor.shares:
            found += self._events_of(share)
        return tuple(sorted(found, key=lambda each: each.at_s))

    def _left_out(self) -> list[RunEvent]:
        """What came of workers and was not taken, once the run is over."""
        if not self.done.is_set():
            return []
        messages = self._conductor.ignored - self._ignored_before
        del messages["report"]  # told again, or left out: the accounts know
        told = ", ".join(f"{count} {name}" for name, count in sorted(messages.items()))
        sentences = (
            (messages, f"messages that came late, twice or of another run changed nothing: {told}"),
            (self._accounts.unreadable, f"reports of workers that could not be read: {self._accounts.unreadable}"),
            (self._accounts.missed, f"reports left out since the one before was lost: {self._accounts.missed}"),
        )
        now = self.elapsed / 1e9
        return [RunEvent(at_s=now, event="note", text=text) for count, text in sentences if count]

    def _events_of(self, share: Share) -> list[RunEvent]:
        now = self.elapsed / 1e9
        if share.state is ShareState.LOST:
            return [RunEvent(at_s=(share.lost_at or 0) / 1e9, event="worker lost", text=loss(share))]
        if share.error:
            return [RunEvent(at_s=now, event="error", text=_fault(share))]
        if share.stopped_by in {None, "time", self._conductor.stopped_by}:
            return []
        return [
            RunEvent(
                at_s=now, event="worker left", text=f"worker {share.worker} stopped by itself ({share.stopped_by})"
            )
        ]

    @property
    def workers(self) -> tuple[dict[str, Any], ...]:
        """Each worker's part, in the order of their partitions."""
        return tuple(
            {
                "worker": share.worker,
                "host": self._hosts.get(share.worker, ""),
                "partitions": len(share.partitions),
                "rows": share.rows,
                "start_ms": _ms(share.started_error_ns),
                "clock_error_ms": _ms(share.clock_error_ns),
                "lost_at_s": None if share.lost_at is None else round(share.lost_at / 1e9, 3),
            }
            for share in self._conductor.shares
        )

    @property
    def lost(self) -> tuple[str, ...]:
        """Of each lost worker that left rows without an end, how many."""
        told = [
            (loss(share), self._accounts.left(share))
            for share in self._conductor.shares
            if share.state is ShareState.LOST
        ]
        return tuple(
            f"{when}: {left.in_doubt:,} rows in doubt, {left.unread:,} unread"
            for when, left in told
            if left.in_doubt or left.unread
        )


def _fault(share: Share) -> str:
    return f"worker {share.worker}: {share.error}"


def _ms(ns: int | None) -> float | None:
    return None if ns is None else round(ns / 1e6, 3)
