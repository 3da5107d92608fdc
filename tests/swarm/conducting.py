"""A conductor and workers that answer at once: what is not about pings can be said in a few lines.

Law: no behaviour of its own beyond answering pings, on clocks that tests give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from replay_users.swarm.conductor import Conductor, Phase, RunOrder
from replay_users.swarm.messages import Done, Grant, Hello, Ping, Pong, Ready, Send, Start, Started, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.swarm.messages import Message
    from replay_users.swarm.shares import Share

    Kind = TypeVar("Kind", bound=Message)

__all__ = ["DRAIN", "MS", "Rig", "S", "order_of"]

MS = 1_000_000
S = 1_000_000_000
DRAIN = 30 * S


def order_of(run: str = "r", *, rows: Mapping[int, int] | None = None, longest: int | None = None) -> RunOrder:
    """Two partitions with rows, unless told otherwise."""
    weights = {0: 10, 1: 10} if rows is None else rows
    return RunOrder(run=run, weights=weights, options={"pace": "1x"}, digest="d", drain=DRAIN, longest=longest)


class Rig:
    """A conductor of version 1.0 on machine `boot`, and what it has sent."""

    def __init__(self, *workers: str, trip: int = 0) -> None:
        """These workers have said hello, and their pongs take `trip` ns to come."""
        self.conductor = Conductor("1.0", "boot")
        self.now = 1_000 * S
        self.trip = trip
        self.offsets: dict[str, int] = {}
        self.mute: set[str] = set()
        self.sent: list[Send] = []
        self.conductor.tick(self.now)
        for worker in workers:
            self.hello(worker)

    def hello(self, worker: str, *, version: str = "1.0", boot: str = "boot", offset: int = 0) -> None:
        """A worker connects and says who it is; its name begins with its host."""
        self.offsets[worker] = offset
        self.do(self.conductor.connected(worker, self.now))
        self.say(worker, Hello(version=version, host=worker[0], pid=1, boot=boot))

    def say(self, worker: str, message: Message | None) -> None:
        """A worker sends this."""
        self.do(self.conductor.receive(worker, message, self.now))

    def do(self, sends: list[Send]) -> None:
        """Deliver; pings are answered, unless the worker is mute."""
        self.sent += sends
        for send in sends:
            if isinstance(send.message, Ping) and send.worker not in self.mute:
                self._answer(send.worker, send.message)

    def _answer(self, worker: str, ping: Ping) -> None:
        monotonic = self.now + self.trip // 2 + self.offsets[worker]
        self.now += self.trip
        self.say(worker, Pong(nth=ping.nth, sent=ping.sent, monotonic=monotonic))

    def begin(self, order: RunOrder | None = None, *, expected: int = 0) -> None:
        """Somebody presses start."""
        self.do(self.conductor.begin(order or order_of(), self.now, expected=expected))

    def start(self, order: RunOrder | None = None) -> None:
        """The run begins, and every worker with a share is ready and starts to the nanosecond."""
        self.begin(order)
        for share in self.conductor.shares:
            if share.partitions:
                self.say(share.worker, Ready(run=self.run, epoch=1, digest="d"))
        for worker, start in self.told(Start):
            self.say(worker, Started(run=self.run, at=start.at))

    def done(self, worker: str, seq: int = 0, *, error: str | None = None, stopped_by: str | None = None) -> None:
        """A worker has drained."""
        self.say(worker, Done(run=self.run, seq=seq, error=error, stopped_by=stopped_by))

    def report(self, worker: str, seq: int, run: str | None = None) -> None:
        """A report of a worker has been taken."""
        self.do(self.conductor.report(worker, run or self.run, seq, self.now))

    def lost(self, worker: str, *, gone: bool = False) -> None:
        """Locust has lost a worker."""
        self.do(self.conductor.lost(worker, self.now, gone=gone))

    def stop(self, reason: str = "person") -> None:
        """Somebody presses stop."""
        self.do(self.conductor.stop(reason, self.now))

    def wait(self, duration: int) -> None:
        """Time passes, with a tick each second and one at the end."""
        until = self.now + duration
        while self.now < until:
            self.now = min(until, self.now + S)
            self.do(self.conductor.tick(self.now))

    def phase(self) -> Phase:
        """Where the run is by now."""
        return self.conductor.phase

    def over(self) -> bool:
        """Whether it is over by now."""
        return self.conductor.over

    @property
    def run(self) -> str:
        """The run that was granted last."""
        return self.told(Grant)[-1][1].run

    def told(self, kind: type[Kind]) -> list[tuple[str, Kind]]:
        """What was sent of a kind, and to whom."""
        return [(send.worker, send.message) for send in self.sent if isinstance(send.message, kind)]

    @property
    def stops(self) -> list[tuple[str, str]]:
        """Who was told to stop, and why."""
        return [(worker, stop.reason) for worker, stop in self.told(Stop)]

    def share(self, worker: str) -> Share:
        """A worker's share."""
        return next(share for share in self.conductor.shares if share.worker == worker)
