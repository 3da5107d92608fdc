"""What each worker has of a run, and how far it is with it.

Law: pure bookkeeping; decides nothing about the run. Each share ends as done or lost, once. The subtle thing: a share is
done when its last report has been taken, which is not when its worker says so: they come in order, but were the report
lost on the way, the rows in it would be too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.swarm.messages import Done

__all__ = ["Share", "ShareState", "Shares"]

_REPORT_LIMIT = (
    10_000_000_000  # ns from "done" to the last report: they come in order, so this is for one that got lost
)


class ShareState(Enum):
    """How far a worker is with its share."""

    GRANTED = "granted"
    READY = "ready"
    STARTED = "started"
    DRAINED = "drained"
    """It has said done; its last report is still awaited."""
    DONE = "done"
    LOST = "lost"
    IDLE = "idle"
    """It has no share: there were more workers than partitions with rows."""

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self not in _CLOSED


_CLOSED = frozenset({ShareState.DONE, ShareState.LOST, ShareState.IDLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One worker's part of a run.

    Attributes:
        worker: Locust's client id.
        partitions: granted to it, in order.
        rows: planned in them.
        state: how far it is.
        seq: number of its last report taken.
        starts_at: the run's time 0 on its own clock, once known.
        started_error_ns: how late it began by its own clock; `None` if it never said.
        clock_error_ns: how far its clock may have been from what was thought; 0 on the master's machine.
        lost_at: run time at which it was given up; rows beyond its last report are in doubt or unread.
        fence: run time after which it certainly sent nothing; before 0 if it sent nothing at all.
        error: why it could not do all of it.
        stopped_by: why it ended early.
    """

    worker: str
    partitions: tuple[int, ...]
    rows: int
    state: ShareState
    seq: int = 0
    starts_at: int | None = None
    started_error_ns: int | None = None
    clock_error_ns: int | None = None
    lost_at: int | None = None
    fence: int | None = None
    error: str | None = None
    stopped_by: str | None = None


class Shares:
    """The shares of one run, by worker. Iterates over them in the order of their partitions."""

    def __init__(self, weights: Mapping[int, int], parts: Sequence[tuple[int, ...]], workers: Sequence[str]) -> None:
        """Each part is granted to one worker; workers beyond the parts are idle."""
        self._shares: dict[str, Share] = {}
        self._last: dict[str, tuple[int, int]] = {}
        for nth, worker in enumerate(workers):
            part = parts[nth] if nth < len(parts) else ()
            rows, state = sum(weights[each] for each in part), ShareState.GRANTED if part else ShareState.IDLE
            self._shares[worker] = Share(worker=worker, partitions=part, rows=rows, state=state)

    def __iter__(self) -> Iterator[Share]:
        return iter(tuple(self._shares.values()))

    def __contains__(self, worker: object) -> bool:
        return worker in self._shares

    def open(self, worker: str) -> Share | None:
        """A worker's share, if something of it is still to come."""
        share = self._shares.get(worker)
        return share if share is not None and share.state.is_open else None

    def having(self, *states: ShareState) -> list[str]:
        """The workers whose shares are in one of these states."""
        return [worker for worker, share in self._shares.items() if share.state in states]

    @property
    def all_ready(self) -> bool:
        """Whether every worker with a share is ready."""
        return {share.state for share in self} - {ShareState.IDLE} == {ShareState.READY}

    @property
    def any_open(self) -> bool:
        """Whether something is still to come."""
        return any(share.state.is_open for share in self)

    def change(self, worker: str, **changes: Any) -> Share:
        """Write down what is new about a share."""
        self._shares[worker] = changed = replace(self._shares[worker], **changes)
        return changed

    def report(self, worker: str, seq: int) -> bool:
        """A report has been taken; whether it is news."""
        share = self.open(worker)
        if share is None or seq <= share.seq:
            return False
        self.change(worker, seq=seq)
        if share.state is ShareState.DRAINED and seq >= self._last[worker][0]:
            self.change(worker, state=ShareState.DONE)
        return True

    def drained(self, done: Done, worker: str, now: int) -> None:
        """A worker says that it is done: it is, once its last report has been taken."""
        complete = done.seq <= self._shares[worker].seq
        state = ShareState.DONE if complete else ShareState.DRAINED
        self.change(worker, state=state, error=done.error, stopped_by=done.stopped_by)
        self._last[worker] = (done.seq, now + _REPORT_LIMIT)

    def unreported(self, now: int) -> list[str]:
        """Workers that said done, and whose last report did not come in time."""
        return [worker for worker in self.having(ShareState.DRAINED) if now >= self._last[worker][1]]

    def lose(self, worker: str, *, lost_at: int = 0, fence: int = -1, error: str | None = None) -> None:
        """Nothing more is expected; `lost_at` and `fence` as in a `Share`, by default of one that never began."""
        error = error or self._shares[worker].error
        self.change(worker, state=ShareState.LOST, lost_at=lost_at, fence=fence, error=error)
