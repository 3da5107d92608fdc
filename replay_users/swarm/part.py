"""A worker's side of a run: what to do about each message of the master, and about its silence.

Law: pure, told the time (ns of the worker's monotonic clock) and what came; answers with actions. One run at a time:

    idle --> preparing --> ready --> running --> idle
                 |           |          |          ^
                 +-----------+----------+--> ending

The subtle thing: a worker that hears nothing cannot know whether the master is dead or has given it up for lost, so it
stops by itself, within the time that the master's fence allows for it. And it leaves only where it judged so itself, with
`tick`: one that was frozen, and ends its run when it wakes up, has not read yet what its master said meanwhile.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from replay_users.swarm.messages import Done, Grant, Hello, Ping, Pong, Ready, Refused, Start, Started, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.swarm.messages import Message

__all__ = [
    "MASTER_LOST",
    "Action",
    "Begin",
    "LeaveSwarm",
    "Part",
    "PartState",
    "Prepare",
    "StayIdle",
    "StopRun",
    "Tell",
    "TellAgain",
]

MASTER_LOST = 10_000_000_000
"""ns without a word of the master, whose heartbeats answer ours each second, until it counts as lost."""

_LATE = 1_000_000_000  # ns beyond which a start is refused: by then the master may have given the worker up (default max_lag)
_REMEMBERED = 8  # runs that are over or were refused, whose grants may come twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Plan a run by these options and load its first rows; then `prepared` with the plan's digest, or `failed`."""

    run: str
    partitions: tuple[int, ...]
    options: Mapping[str, object]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StayIdle:
    """There is nothing for this worker in this run."""

    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The prepared run's time 0, on the own monotonic clock; then `begun`, and in the end `finished`."""

    run: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRun:
    """Send nothing more, or stop preparing; then `finished` (or `failed`), once."""

    run: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeaveSwarm:
    """The run has drained and its master is gone: end the process."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Send this to the master."""

    message: Message


@dataclass(frozen=True, slots=True)
class TellAgain:
    """Send the last report of a run that is over once more, then this: the master has not had them."""

    done: Done


Action: TypeAlias = Prepare | StayIdle | Begin | StopRun | LeaveSwarm | Tell | TellAgain


class PartState(Enum):
    """Where a worker is with its part."""

    IDLE = "idle"
    PREPARING = "preparing"
    READY = "ready"
    RUNNING = "running"
    ENDING = "ending"


class Part:
    """One worker's parts in runs, one after the other.

    Whoever drives it passes on each message (`receive`), each heartbeat (`heard`), the time (`tick`, once a second or
    more often) and what became of the actions (`prepared`, `failed`, `begun`, `finished`).
    """

    def __init__(self, hello: Hello) -> None:
        """Says who it is with `hello`."""
        self._hello = hello
        self._grant: Grant | None = None
        self._done: Done | None = None
        self._heard = 0
        self._left_alone = False
        self._past: deque[str] = deque(maxlen=_REMEMBERED)
        self.state = PartState.IDLE

    @property
    def run(self) -> str | None:
        """The run it has a part in."""
        return None if self._grant is None else self._grant.run

    def hello(self, now: int) -> list[Action]:
        """The worker listens from now on."""
        self._heard = now
        return [Tell(self._hello)]

    def heard(self, now: int) -> None:
        """A heartbeat of the master, which answers one of ours: it lives, and has not given this worker up."""
        self._heard = now

    def receive(self, message: Message | None, now: int) -> list[Action]:
        """A message of the master; `None` is one that could not be read."""
        actions: list[Action] | None = None  # also of one that means nothing: late, twice, of another run
        if isinstance(message, Ping):
            actions = self._ping(message, now)
        elif isinstance(message, Grant):
            actions = self._granted(message, now)
        elif isinstance(message, Start):
            actions = self._start(message, now)
        elif isinstance(message, Stop):
            actions = self._stop(message)
        return actions or []

    def tick(self, now: int) -> list[Action]:
        """Time has passed: a master that has not been heard of for too long is lost."""
        if not self._is_alone(now) or self.state in {PartState.IDLE, PartState.ENDING}:
            return []
        self._left_alone = True
        return self._end("master lost")

    # What became of actions

    def prepared(self, digest: str) -> list[Action]:
        """The first rows are loaded, by a plan of this digest. Nothing follows if the run was stopped meanwhile."""
        if self.state is not PartState.PREPARING or self._grant is None:
            return []
        self.state = PartState.READY
        return [Tell(Ready(run=self._grant.run, epoch=self._grant.epoch, digest=digest))]

    def failed(self, sentence: str, code: int) -> list[Action]:
        """The run cannot be prepared, or not begun; nothing was sent, and nothing is left of it."""
        if self._grant is None:
            return []
        refused = Refused(run=self._grant.run, epoch=self._grant.epoch, sentence=sentence, code=code)
        self._forget()
        return [Tell(refused)]

    def begun(self, at: int) -> list[Action]:
        """The engine's clock runs since then, by the own monotonic clock."""
        return [] if self._grant is None else [Tell(Started(run=self._grant.run, at=at))]

    def finished(self, seq: int, now: int, *, error: str | None = None, stopped_by: str | None = None) -> list[Action]:
        """The run has drained, by itself or as told, and its report number `seq` was sent, the last one."""
        if self._grant is None:
            return []
        done = self._done = Done(run=self._grant.run, seq=seq, error=error, stopped_by=stopped_by)
        leaves = self._left_alone and self._is_alone(now)
        self._forget()
        return [Tell(done), LeaveSwarm()] if leaves else [Tell(done)]

    # Messages

    def _ping(self, ping: Ping, now: int) -> list[Action]:
        """The time; at the beginning of a round with a hello, should the first one have been lost."""
        pong = Tell(Pong(nth=ping.nth, sent=ping.sent, monotonic=now))
        return [pong, Tell(self._hello)] if ping.nth == 0 else [pong]

    def _granted(self, grant: Grant, now: int) -> list[Action] | None:
        if grant.run == self.run or grant.run in self._past:
            return None
        if self._grant is not None:
            self._past.append(grant.run)
            sentence = f"it is still busy with run {self._grant.run}: wait until that is over"
            return [Tell(Refused(run=grant.run, epoch=grant.epoch, sentence=sentence, code=1))]
        if not grant.partitions:
            return [StayIdle(run=grant.run)]
        self._grant, self.state, self._heard = grant, PartState.PREPARING, now
        return [Prepare(run=grant.run, partitions=grant.partitions, options=grant.options, digest=grant.digest)]

    def _start(self, start: Start, now: int) -> list[Action] | None:
        if self._done is not None and start.run == self._done.run:
            return [TellAgain(self._done)]
        if self._grant is None or start.run != self.run or self.state is not PartState.READY:
            return None
        if now - start.at <= _LATE:
            self.state = PartState.RUNNING
            return [Begin(run=start.run, at=start.at)]
        sentence = (
            f"the start reached it {(now - start.at) / 1e9:.1f} s late: it was held up, so give it more CPU or memory"
        )
        refused = Refused(run=start.run, epoch=self._grant.epoch, sentence=sentence, code=1)
        return [Tell(refused), *self._end("late start")]

    def _stop(self, stop: Stop) -> list[Action] | None:
        if self._done is not None and stop.run == self._done.run:
            return [TellAgain(self._done)]
        if stop.run != self.run or self.state is PartState.ENDING:
            return None
        return self._end(stop.reason)

    def _end(self, reason: str) -> list[Action]:
        self.state = PartState.ENDING
        return [] if self.run is None else [StopRun(run=self.run, reason=reason)]

    def _forget(self) -> None:
        if self.run is not None:
            self._past.append(self.run)
        self._grant, self.state, self._left_alone = None, PartState.IDLE, False

    def _is_alone(self, now: int) -> bool:
        return now - self._heard >= MASTER_LOST
