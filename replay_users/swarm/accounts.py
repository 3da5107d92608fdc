"""What the workers of a run have told, added up; and what became of the rows of those that did not come to their end.

Law: only what a worker's last report tells is known of it. Rows of one that died are in doubt or unread, those of one that
never began are skipped, and so the account balances whatever happened to whom. The subtle thing: everything in a report is
cumulative, so a master keeps one ledger for each worker and adds up only when it is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent

from replay_users.engine.counters import Counters
from replay_users.events import WorkerHealth
from replay_users.results.exhibits import merged
from replay_users.results.fidelity import Fidelity
from replay_users.results.lost import lost_rows
from replay_users.results.report import Ledger
from replay_users.results.result import RunEvent
from replay_users.results.tally import Tally
from replay_users.results.windows import added_up
from replay_users.swarm.progress import Pulse, pulse_of
from replay_users.swarm.shares import ShareState
from replay_users.swarm.watch import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from replay_users.results.autostop import Criterion
    from replay_users.results.lost import Lost
    from replay_users.results.windows import Counts
    from replay_users.swarm.prepare import Prepared
    from replay_users.swarm.shares import Share

__all__ = ["Accounts", "loss"]

_WARNINGS = 20  # of each worker
_PIECE_S = 0.005  # of adding up, in a process that sends nothing
_SENTENCE = 500  # characters of a warning


def loss(share: Share) -> str:
    """When a worker was lost, and why if it said so."""
    why = f" ({share.error})" if share.error else ""
    return f"worker {share.worker} was lost at {(share.lost_at or 0) / 1e9:.1f} s{why}"


def _warning(worker: str, at_s: float, text: str) -> RunEvent:
    return RunEvent(at_s=at_s, event="warning", text=f"worker {worker}: {text[:_SENTENCE]}")


class Accounts:
    """The workers' ledgers of one run.

    Attributes:
        unreadable: reports that could not be read.
    """

    def __init__(self, prepared: Prepared) -> None:
        """Nothing was told yet; `prepared` is the master's own plan."""
        self._prepared = prepared
        self._ledgers: dict[str, Ledger] = {}
        self._failures: dict[str, Mapping[str, int]] = {}
        self._comparers: dict[str, Mapping[str, int]] = {}
        self._warnings: dict[str, Sequence[RunEvent]] = {}
        self._curves: dict[str, Sequence[int]] = {}
        self._exhibits: list[Mapping[str, Any]] = []
        self._busy: dict[str, tuple[int, int]] = {}
        self._counted: dict[str, tuple[int, Counts]] = {}
        self.unreadable = 0

    @property
    def missed(self) -> int:
        """Reports left out because the one they build on never came."""
        return sum(ledger.missed for ledger in self._ledgers.values())

    def take(self, worker: str, said: Mapping[str, Any]) -> int | None:
        """Take a report; the number of the one that the worker's ledger stands at, `None` if this was none."""
        ledger = self._ledgers.setdefault(worker, Ledger())
        try:
            failures = {str(method): int(times) for method, times in said["failures"].items()}
            comparers = {str(name): int(count) for name, count in said.get("comparers", {}).items()}
            warnings = [_warning(worker, float(at), str(text)) for at, text in said["warnings"][:_WARNINGS]]
            busy = int(said.get("queued", 0)), int(said.get("in_flight", 0))
            ledger.take(said["report"])
        except (ValueError, LookupError, TypeError, AttributeError):
            self.unreadable += 1
            return None
        self._failures[worker], self._warnings[worker] = failures, warnings
        self._comparers[worker], self._busy[worker] = comparers, busy
        self._exhibits += _exhibits(said.get("exhibits", []))
        return ledger.seq

    @property
    def warnings(self) -> tuple[RunEvent, ...]:
        """What the workers say went wrong beside their requests."""
        return tuple(warning for warnings in self._warnings.values() for warning in warnings)

    @property
    def failures(self) -> dict[str, int]:
        """How often each of the user's methods failed, on all workers together."""
        return _added_up(self._failures.values())

    @property
    def comparers(self) -> dict[str, int]:
        """What comparing took, on all workers together."""
        return _added_up(self._comparers.values())

    @property
    def exhibits(self) -> list[dict[str, Any]]:
        """Pairs behind exemplars, of all workers that came to their end."""
        return merged(self._exhibits)

    def pulse(self) -> Pulse:
        """How far the workers were by their last reports."""
        told, together = self._ledgers.values(), Fidelity()
        for ledger in told:
            together.merge(ledger.fidelity())
        return pulse_of([ledger.totals() for ledger in told], together.lag)

    def progress(self) -> tuple[Tally, dict[str, WorkerHealth]]:
        """What the workers' last reports say together, and how each of them is doing; others have their turn meanwhile."""
        together, workers = Tally([info.name for info in self._prepared.recording.manifest.endpoints]), {}
        for worker, ledger in list(self._ledgers.items()):
            workers[worker] = self._health(worker, ledger)
            together.merge(ledger.tally())
            gevent.sleep(0)
        return together, workers

    def workers(self) -> dict[str, WorkerHealth]:
        """How each of them is doing by its last report, without adding up."""
        return {worker: self._health(worker, ledger) for worker, ledger in self._ledgers.items()}

    def _health(self, worker: str, ledger: Ledger) -> WorkerHealth:
        late, (queued, in_flight) = ledger.fidelity(), self._busy.get(worker, (0, 0))
        return WorkerHealth(
            sent=ledger.sent,
            lag=late.lag,
            wait=late.wait,
            hub=late.hub,
            queued=queued,
            in_flight=in_flight,
            at_s=ledger.at / 1e9,
        )

    def counted(self, criteria: Sequence[Criterion]) -> Counts:
        """What the workers' last reports have of what may stop the run; each report is read once."""
        for worker, ledger in list(self._ledgers.items()):
            if self._counted.get(worker, (0, None))[0] != ledger.seq:
                self._counted[worker] = ledger.seq, counted(criteria, ledger.answers(), _PIECE_S)
        return added_up([counts for _, counts in self._counted.values()], criteria)

    def sum(self, shares: Sequence[Share]) -> tuple[Tally, Counters]:
        """What everybody counted, and the rest of those who are done or lost; without shares nothing was begun."""
        names = [info.name for info in self._prepared.recording.manifest.endpoints]
        tally, counters = Tally(names), Counters()
        for share in shares:
            ledger = self._ledgers.get(share.worker)
            if ledger is not None and ledger.seq:
                tally.merge(ledger.tally())
                counters.merge(Counters.from_dict(ledger.connections))
            self._add_rest(share, tally)
        if not shares:
            tally.stopped(self._prepared.plan.planned)
        return tally, counters

    def _add_rest(self, share: Share, tally: Tally) -> None:
        if share.state is ShareState.LOST:
            left = self.left(share)
            tally.doubt(left.in_doubt)
            if left.unread:
                tally.unread(left.unread, loss(share))
        elif share.state is ShareState.DONE and not self._of(share).seq:
            tally.stopped(share.rows)  # it never began

    def left(self, share: Share) -> Lost:
        """What a lost worker leaves."""
        plan, totals = self._prepared.plan, self._of(share).totals()
        return lost_rows(
            self._curve(share),
            plan.window.lead,
            plan.warp,
            ended=totals.sent + totals.dropped + totals.skipped + totals.unread,
            fence=share.fence or 0,
            planned=share.rows,
            skipped=totals.skipped,
        )

    def _curve(self, share: Share) -> Sequence[int]:
        """Rows per second that it was to send; read once, since that is a pass over the whole count index."""
        if share.worker not in self._curves:
            plan = self._prepared.plan
            asked = plan.window.start, plan.window.end, plan.buckets, share.partitions, plan.counts.sent
            self._curves[share.worker] = self._prepared.index.partition_curve(*asked)
        return self._curves[share.worker]

    def _of(self, share: Share) -> Ledger:
        return self._ledgers.get(share.worker, Ledger())


def _exhibits(said: object) -> list[Mapping[str, Any]]:
    """What of a worker's message are exhibits."""
    return [each for each in said if isinstance(each, dict) and "id" in each] if isinstance(said, list) else []


def _added_up(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return total
