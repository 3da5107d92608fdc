"""One run of a master and its workers, from gathering them to their last reports.

Law: pure, told the time (ns of the master's monotonic clock) and what came; answers with what to send. A run goes

    gathering --> granting --> timing --> running --> over
        |             |           |         |
        |             +-----------+---------+--> ending (told to stop, or failed) --> over
        +--> over (refused)

and every phase has a deadline, so that every run ends. Partitions are granted once: what a lost worker had is lost. The
subtle thing: a worker that is lost here may still be sending, until it notices that it hears nothing. The fence is the
time by which it has noticed, and no other run is granted before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from replay_users.errors import ReplayError, UsageError
from replay_users.swarm.division import divide
from replay_users.swarm.messages import Done, Grant, Ready, Refused, Send, Start, Started, Stop
from replay_users.swarm.part import MASTER_LOST
from replay_users.swarm.roster import HELLO_LIMIT
from replay_users.swarm.shares import Shares, ShareState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from replay_users.swarm.roster import Roster
    from replay_users.swarm.shares import Share

__all__ = ["READY_LIMIT", "JointRun", "Phase", "RunOrder"]

READY_LIMIT = 120_000_000_000
"""ns for a worker to open its share and load the first rows: wide slices of a big recording on a slow S3 take a minute."""

_TIMING_LIMIT = 3_000_000_000  # ns for the last look at the clocks; who is slower starts by the one before
_LEAD = 300_000_000  # ns at least from the start message to the start itself
_TRIPS = 5  # longest round trips that the start message may take on its way, if these are longer
_SLACK = 5_000_000_000  # ns beyond the drain timeout until a worker that is not done is given up
_FENCE = (
    MASTER_LOST + 2_000_000_000
)  # ns: with what was on its way to a lost worker, and its look at the time each second
_QUIET = 7_000_000_000  # ns without a report, of which there is one every 3 s, until a worker is told once more what it was last
_NEVER = 1 << 63
_EPOCH = 1  # number of the only grant of a run
_WHILE_STARTING = "while the run was starting: look at its log, then start the run again"

_UNDER_WAY = (ShareState.GRANTED, ShareState.READY, ShareState.STARTED)


class Phase(Enum):
    """Where a master is with its run."""

    IDLE = "idle"
    GATHERING = "gathering"
    GRANTING = "granting"
    TIMING = "timing"
    RUNNING = "running"
    ENDING = "ending"
    OVER = "over"


_STARTING = frozenset({Phase.GRANTING, Phase.TIMING})
"""Somebody has a grant, nobody has sent anything: a run that loses a worker now is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """What is to be run.

    Attributes:
        run: id of the run.
        weights: planned rows by partition; all partitions of the recording, so that each has an owner.
        options: the master's, for the workers to prepare by; nothing secret.
        digest: of the master's plan.
        drain: ns that answers under way may take after a stop.
        longest: run time in ns by which workers must be done of themselves; later they are told to stop.
    """

    run: str
    weights: Mapping[int, int]
    options: Mapping[str, object]
    digest: str
    drain: int
    longest: int | None = None


class JointRun:
    """One run.

    Attributes:
        order: what is run.
        phase: where it is.
        epoch: its time 0 on the master's monotonic clock, once it is set.
        error: why it did not begin, if it did not.
        notes: what a person should know of it beyond its numbers.
        shares: what each worker has of it.
        quiet_at: the master's time by which every lost worker has certainly gone quiet.
    """

    def __init__(self, order: RunOrder, roster: Roster, *, expected: int, quiet_at: int) -> None:
        """At least `expected` workers must take part; nothing is granted before `quiet_at`."""
        self.order, self.quiet_at = order, quiet_at
        self._roster, self._expected = roster, expected
        self._stopped_by: str | None = None
        self._reason = ""
        self._deadline = 0
        self._heard: dict[str, int] = {}
        self.phase = Phase.GATHERING
        self.epoch: int | None = None
        self.error: ReplayError | None = None
        self.notes: list[str] = []
        self.shares = Shares({}, (), ())

    @property
    def is_over(self) -> bool:
        """Whether every share is done or lost, or the run was refused."""
        return self.phase is Phase.OVER

    @property
    def stopped_by(self) -> str | None:
        """Who ended it early: as it was told to `stop`; else `time` or `worker`, as the workers say."""
        reasons = {share.stopped_by for share in self.shares} - {None}
        if self._stopped_by is not None or self.error is not None or not reasons:
            return self._stopped_by
        return "time" if reasons == {"time"} else "worker"

    # What happens

    def gather(self, now: int) -> list[Send]:
        """Ask every worker for the time, which shows who answers."""
        self._deadline = max(now + HELLO_LIMIT, self.quiet_at)
        return self._roster.measure(self._roster.workers, now)

    def joined(self, worker: str) -> None:
        """A worker is new, or is back."""
        if self.phase in {Phase.GATHERING, Phase.OVER}:
            return
        if worker in self.shares:
            self.notes.append(f"worker {worker} is back, and has no part in this run any more")
        else:
            self.notes.append(f"worker {worker} joined while the run was under way and has no part in it")

    def lost(self, worker: str, now: int, *, gone: bool) -> list[Send]:
        """A worker does not answer any more; `gone`: it has left, so it sends nothing any more either."""
        share = self.open_share(worker, self.order.run)
        if share is None:
            return []
        silent = gone or share.state is ShareState.DRAINED
        sends = [] if silent else self._tell([worker], "lost")
        self._lose(worker, now, fence=0 if silent else _FENCE)
        if self.phase in _STARTING:
            sends += self._fail(ReplayError(f"worker {worker} was lost {_WHILE_STARTING}"), now)
        return sends

    def report(self, worker: str, run: str, seq: int, now: int) -> bool:
        """A report has been taken into the totals; whether it is news."""
        self._heard[worker] = now
        return self.open_share(worker, run) is not None and self.shares.report(worker, seq)

    def stop(self, reason: str, now: int) -> list[Send]:
        """Whoever sends stops, and has the drain timeout to say done. The first reason holds."""
        if self.phase in {Phase.ENDING, Phase.OVER}:
            return []
        self._stopped_by = reason
        return self._end(reason, now)

    def open_share(self, worker: str, run: str) -> Share | None:
        """A worker's share, if something of it is still to come in this run."""
        return None if self.is_over or run != self.order.run else self.shares.open(worker)

    # Messages

    def take(self, worker: str, message: Ready | Refused | Started | Done, now: int) -> list[Send] | None:
        """What follows from it; `None` if it means nothing."""
        share = self.open_share(worker, message.run)
        if share is None or share.state is ShareState.DRAINED:
            return None
        if isinstance(message, Ready):
            return self._ready(share, message, now)
        if isinstance(message, Refused):
            return self._refused(worker, message, now)
        if isinstance(message, Started):
            return self._started(share, message)
        return self._done(worker, message, now)

    def _ready(self, share: Share, ready: Ready, now: int) -> list[Send] | None:
        if self.phase is not Phase.GRANTING or share.state is not ShareState.GRANTED or ready.epoch != _EPOCH:
            return None
        self.shares.change(share.worker, state=ShareState.READY)
        if ready.digest == self.order.digest:
            return []
        why = (
            "it has another manifest, rules or options; give both the same recording (nothing ingested meanwhile)"
            " and the same files"
        )
        return self._fail(UsageError(f"worker {share.worker} makes another plan than the master: {why}"), now)

    def _refused(self, worker: str, refused: Refused, now: int) -> list[Send] | None:
        """It has sent nothing and will not: all of its rows are unread."""
        if refused.epoch != _EPOCH:
            return None
        self.shares.lose(worker, error=refused.sentence)
        if self.phase not in _STARTING:
            return []
        kind = UsageError if refused.code == UsageError.exit_code else ReplayError
        return self._fail(kind(f"worker {worker}: {refused.sentence}"), now)

    def _started(self, share: Share, started: Started) -> list[Send] | None:
        if share.starts_at is None or share.started_error_ns is not None:
            return None
        self.shares.change(share.worker, started_error_ns=started.at - share.starts_at)
        return []

    def _done(self, worker: str, done: Done, now: int) -> list[Send]:
        self.shares.drained(done, worker, now)
        if self.phase not in _STARTING:
            return []
        return self._fail(ReplayError(f"worker {worker} stopped {_WHILE_STARTING}"), now)

    # From phase to phase

    def advance(self, now: int) -> list[Send]:
        """Go on to the next phase if nothing is awaited any more."""
        if self.phase is Phase.GATHERING and now >= self.quiet_at and self._roster.is_settled(now):
            return self._admit(now)
        if self.phase is Phase.GRANTING and self.shares.all_ready:
            self.phase, self._deadline = Phase.TIMING, now + _TIMING_LIMIT
            return self._roster.measure(self.shares.having(ShareState.READY), now)
        if self.phase is Phase.TIMING and self._roster.is_measured(self.shares.having(ShareState.READY)):
            return self._start(now)
        if self.phase in {Phase.RUNNING, Phase.ENDING} and not self.shares.any_open:
            self.phase = Phase.OVER
        return []

    def expire(self, now: int) -> list[Send]:
        """Judge what has not come in time."""
        for worker in self.shares.unreported(now):
            self._lose(worker, now, fence=0)
            self.notes.append(f"the last report of worker {worker} never came")
        if now < self._deadline:
            return self._repeat(now)
        if self.phase is Phase.GATHERING:
            return self._admit(now)
        if self.phase is Phase.GRANTING:
            return self._fail(_not_ready(self.shares.having(ShareState.GRANTED)), now)
        if self.phase is Phase.TIMING:
            return self._start(now)
        return self._overdue(now) if self.phase is Phase.RUNNING else self._give_up(now)

    def _admit(self, now: int) -> list[Send]:
        """Everybody had time to answer: grant the partitions, or refuse the run."""
        refusal = self._roster.refusal(self._expected, now, answered=True)
        if refusal is not None:
            self.error, self.phase = UsageError(refusal), Phase.OVER
            return []
        self.phase, self._deadline = Phase.GRANTING, now + READY_LIMIT
        order, workers = self.order, self._roster.workers
        parts = divide(order.weights, len(workers))
        self.shares = Shares(order.weights, parts, workers)
        if len(workers) > len(parts):
            self.notes.append(_idle(len(workers) - len(parts), len(parts)))
        grant = Grant(run=order.run, epoch=_EPOCH, partitions=(), options=order.options, digest=order.digest)
        return [Send(share.worker, replace(grant, partitions=share.partitions)) for share in self.shares]

    def _start(self, now: int) -> list[Send]:
        """All are ready: one epoch, far enough ahead that the message arrives before it."""
        workers = self.shares.having(ShareState.READY)
        self.epoch = now + max(_LEAD, _TRIPS * self._roster.longest_trip(workers))
        longest = self.order.longest
        self.phase, self._deadline = Phase.RUNNING, _NEVER if longest is None else self.epoch + longest
        return [Send(worker, self._start_of(worker, self.epoch)) for worker in workers]

    def _start_of(self, worker: str, epoch: int) -> Start:
        clock = self._roster.clock(worker)
        at, error = epoch + clock.offset, clock.error_at(epoch)
        self._heard[worker] = epoch
        self.shares.change(worker, state=ShareState.STARTED, starts_at=at, clock_error_ns=error)
        return Start(run=self.order.run, at=at)

    def _repeat(self, now: int) -> list[Send]:
        """A connection that broke may have lost the start, the stop, or the last report and its done: who has them says so."""
        waiting = self.shares.having(ShareState.STARTED, ShareState.DRAINED)
        quiet = [worker for worker in waiting if now - self._heard.setdefault(worker, now) >= _QUIET]
        self._heard.update(dict.fromkeys(quiet, now))
        if self.phase is Phase.ENDING:
            return self._tell(quiet, self._reason)
        shares = [share for share in self.shares if share.worker in quiet]
        return [Send(share.worker, Start(run=self.order.run, at=share.starts_at or 0)) for share in shares]

    def _overdue(self, now: int) -> list[Send]:
        workers = ", ".join(self.shares.having(ShareState.STARTED))
        self.notes.append(f"the run should have ended by itself and was stopped; not done by then: {workers}")
        return self.stop("overdue", now)

    def _give_up(self, now: int) -> list[Send]:
        for worker in self.shares.having(*_UNDER_WAY):
            self._lose(worker, now, fence=_FENCE)
            self.notes.append(f"worker {worker} did not say in time that it was done")
        return []

    def _fail(self, error: ReplayError, now: int) -> list[Send]:
        """Nothing was sent yet: give the run up."""
        self.error = error
        return self._end("failed", now)

    def _end(self, reason: str, now: int) -> list[Send]:
        self.phase, self._deadline, self._reason = Phase.ENDING, now + self.order.drain + _SLACK, reason
        return self._tell(self.shares.having(*_UNDER_WAY), reason)

    def _tell(self, workers: Iterable[str], reason: str) -> list[Send]:
        return [Send(worker, Stop(run=self.order.run, reason=reason)) for worker in workers]

    def _lose(self, worker: str, now: int, *, fence: int) -> None:
        """Nothing more is expected of a worker; what it may have sent, it has sent `fence` from now."""
        share = self.shares.open(worker)
        if share is None or share.starts_at is None or self.epoch is None:
            self.shares.lose(worker)
            return
        quiet_at = now + fence + (share.clock_error_ns or 0)
        self.quiet_at = max(self.quiet_at, quiet_at)
        self.shares.lose(worker, lost_at=max(0, now - self.epoch), fence=max(-1, quiet_at - self.epoch))


def _idle(workers: int, parts: int) -> str:
    who = "1 worker has" if workers == 1 else f"{workers} workers have"
    return f"{who} no part: only {parts} of the recording's partitions hold rows of this run"


def _not_ready(workers: list[str]) -> ReplayError:
    names, seconds = ", ".join(workers), READY_LIMIT // 1_000_000_000
    return ReplayError(
        f"not ready after {seconds} s: {names}; look at their logs, and at how fast the recording's store is"
    )
