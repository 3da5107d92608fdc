"""The master's side of all runs: what Locust knows of workers, what they say, what a person asks for.

Law: pure, told the time (ns of the master's monotonic clock) and what came; answers with what to send, to be sent in that
order. One run at a time, which is a `JointRun`. The subtle thing: a master whose hub was busy has not heard what has
arrived meanwhile, so nobody is judged late before that has been read.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from replay_users.errors import UsageError
from replay_users.swarm.joint_run import JointRun, Phase, RunOrder
from replay_users.swarm.messages import Done, Hello, Pong, Ready, Refused, Started
from replay_users.swarm.roster import Roster

if TYPE_CHECKING:
    from collections.abc import Collection

    from replay_users.errors import ReplayError
    from replay_users.swarm.messages import Message, Send
    from replay_users.swarm.shares import Share

__all__ = ["Conductor", "Phase", "RunOrder"]

_STALLED = 2_000_000_000  # ns between ticks: messages wait to be read then, and no deadline is judged before they are
_READING = 2_000_000_000  # ns for that: Locust reads the messages of all workers one by one


class Conductor:
    """One master's runs, one after the other.

    Whoever drives it passes on what Locust knows of workers (`present` once a second, or `connected` and `lost`), each
    message (`receive`), each report taken (`report`), and the time (`tick`, some ten times a second), and sends what
    each of these gives back, in order.

    Attributes:
        ignored: messages that meant nothing any more, by name: late, twice, of another run, from nobody we know.
    """

    def __init__(self, version: str, boot: str) -> None:
        """The master's own version of replay_users, and the boot id of its machine."""
        self._roster = Roster(version, boot)
        self._run: JointRun | None = None
        self._ticked = self._read_until = 0
        self.ignored: Counter[str] = Counter()

    # What came of the run

    @property
    def phase(self) -> Phase:
        """Where the run is."""
        return Phase.IDLE if self._run is None else self._run.phase

    @property
    def over(self) -> bool:
        """Whether every share of the run is done or lost, or the run was refused."""
        return self.phase is Phase.OVER

    @property
    def is_busy(self) -> bool:
        """Whether a run is under way."""
        return self.phase not in {Phase.IDLE, Phase.OVER}

    @property
    def epoch(self) -> int | None:
        """The run's time 0 on the master's monotonic clock, once it is set."""
        return None if self._run is None else self._run.epoch

    @property
    def error(self) -> ReplayError | None:
        """Why the run did not begin, if it did not."""
        return None if self._run is None else self._run.error

    @property
    def notes(self) -> list[str]:
        """What a person should know of the run beyond its numbers."""
        return [] if self._run is None else self._run.notes

    @property
    def workers(self) -> list[str]:
        """Workers that could take part in a run now, in the order of their shares."""
        return self._roster.workers

    @property
    def shares(self) -> list[Share]:
        """What each worker had, and how far it is."""
        return [] if self._run is None else list(self._run.shares)

    @property
    def stopped_by(self) -> str | None:
        """Who ended the run early: as it was told to `stop`; else `time` or `worker`, as the workers say."""
        return None if self._run is None else self._run.stopped_by

    # Who is there

    def connected(self, worker: str, now: int) -> list[Send]:
        """Locust has a worker."""
        if self._roster.connected(worker, now) and self._run is not None:
            self._run.joined(worker)
        return []

    def lost(self, worker: str, now: int, *, gone: bool = False) -> list[Send]:
        """A worker does not answer any more; `gone`: it has left, so it sends nothing any more either."""
        self._roster.lost(worker)
        sends = [] if self._run is None else self._run.lost(worker, now, gone=gone)
        return sends + self._advance(now)

    def present(self, workers: Collection[str], now: int) -> list[Send]:
        """All that Locust has heard of in the last seconds: the others are lost, and new ones are connected."""
        sends: list[Send] = []
        for worker in self._roster.absent(workers):
            sends += self.lost(worker, now)
        for worker in workers:
            sends += self.connected(worker, now)
        return sends

    def receive(self, worker: str, message: Message | None, now: int) -> list[Send]:
        """A message of a worker; `None` is one that could not be read."""
        sends: list[Send] | None = None
        if isinstance(message, Hello):
            sends = self.connected(worker, now) + self._roster.hello(worker, message, now)
        elif isinstance(message, Pong):
            sends = self._roster.pong(worker, message, now)
        elif isinstance(message, Ready | Refused | Started | Done) and self._run is not None:
            sends = self._run.take(worker, message, now)
        if sends is None:
            self.ignored["unreadable" if message is None else message.name] += 1
        return (sends or []) + self._advance(now)

    def report(self, worker: str, run: str, seq: int, now: int) -> list[Send]:
        """The numbered report of a worker has been taken into the totals."""
        if self._run is None or not self._run.report(worker, run, seq, now):
            self.ignored["report"] += 1
        return self._advance(now)

    # The run

    def refusal(self, now: int, *, expected: int = 0) -> str | None:
        """Why no run could begin now, as one sentence; what only shows when workers have had their time to answer aside."""
        if self.is_busy:
            return "a run is under way: wait until it is over, or stop it"
        return self._roster.refusal(expected, now, answered=False)

    def begin(self, order: RunOrder, now: int, *, expected: int = 0) -> list[Send]:
        """Gather the workers for a run of at least so many.

        What can be judged at once is refused at once; what only shows when every worker has had its time to answer
        ends the run later, with `error`.

        Raises:
            UsageError: a run is under way, no workers, too few, one of another version, one that never said hello.
        """
        refusal = self.refusal(now, expected=expected)
        if refusal is not None:
            raise UsageError(refusal)
        quiet_at = now if self._run is None else self._run.quiet_at
        self._run = JointRun(order, self._roster, expected=expected, quiet_at=quiet_at)
        return self._run.gather(now)

    def stop(self, reason: str, now: int) -> list[Send]:
        """End the run: whoever sends stops, and has the drain timeout to say done. The first reason holds."""
        sends = [] if self._run is None else self._run.stop(reason, now)
        return sends + self._advance(now)

    def tick(self, now: int) -> list[Send]:
        """Time has passed."""
        if now - self._ticked > _STALLED:
            self._read_until = now + _READING
        self._ticked = now
        sends = self._roster.tick(now)
        if self._run is not None and now >= self._read_until:
            sends += self._run.expire(now)
        return sends + self._advance(now)

    def _advance(self, now: int) -> list[Send]:
        return [] if self._run is None else self._run.advance(now)
