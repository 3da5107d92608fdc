"""Who is there: the workers a master has heard of, what they said of themselves, and their clocks.

Law: pure, told the time; knows no run. The subtle thing: Locust has a worker before we do. One that is connected and
says nothing of itself may have lost its hello, so it is asked; if it still says nothing after ten seconds, it runs some
other locustfile, and a run with it would give its partitions to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.swarm.clock import ClockRound
from replay_users.swarm.messages import Send

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from replay_users.swarm.clock import ClockOffset
    from replay_users.swarm.messages import Hello, Ping, Pong

__all__ = ["HELLO_LIMIT", "Roster"]

HELLO_LIMIT = 10_000_000_000
"""ns that a connected worker has to say hello: it does so at once, but imports may hold up its hub for seconds."""

_ASK_AFTER = (
    2_000_000_000  # ns: a message sent at once may beat the worker's own init, and Locust would log it as unknown
)


@dataclass(slots=True)
class _Member:
    connected_at: int
    hello: Hello | None = None
    round: ClockRound = field(default_factory=ClockRound)
    clock: ClockOffset | None = None


class Roster:
    """The workers of one master, across its runs."""

    def __init__(self, version: str, boot: str) -> None:
        """The master's own version of replay_users, and the boot id of its machine."""
        self._version = version
        self._boot = boot
        self._members: dict[str, _Member] = {}

    def __len__(self) -> int:
        return len(self._members)

    @property
    def workers(self) -> list[str]:
        """Those who said hello, by host and then by id: the same order in each run."""
        known = ((member.hello.host, worker) for worker, member in self._members.items() if member.hello is not None)
        return [worker for _, worker in sorted(known)]

    def connected(self, worker: str, now: int) -> bool:
        """Locust has it; whether that is new."""
        if worker in self._members:
            return False
        self._members[worker] = _Member(now)
        return True

    def lost(self, worker: str) -> bool:
        """It is gone; whether it was there."""
        return self._members.pop(worker, None) is not None

    def absent(self, present: Collection[str]) -> list[str]:
        """Members that are not among these."""
        return [worker for worker in self._members if worker not in present]

    def hello(self, worker: str, hello: Hello, now: int) -> list[Send]:
        """It says who it is; its clock is asked for, unless that is under way."""
        self.connected(worker, now)
        member = self._members[worker]
        member.hello = hello
        member.round.shared = self._shares_clock(member)
        return [] if member.round.is_asking else _sends(worker, member.round.ping(now))

    def pong(self, worker: str, pong: Pong, now: int) -> list[Send] | None:
        """A clock's answer, and the next ping; `None` if nobody asked."""
        member = self._members.get(worker)
        if member is None or not member.round.take(pong, now):
            return None
        member.clock = member.round.clock()
        return _sends(worker, member.round.ping(now))

    # Clocks

    def measure(self, workers: Iterable[str], now: int) -> list[Send]:
        """Begin a new round of pings with each of these, but where one is under way."""
        sends: list[Send] = []
        for worker in workers:
            member = self._members.get(worker)
            if member is not None and not member.round.is_under_way:
                member.round = ClockRound(shared=self._shares_clock(member))
                sends += _sends(worker, member.round.ping(now))
        return sends

    def tick(self, now: int) -> list[Send]:
        """Ask once more where there was no answer, and ask who never said hello."""
        sends: list[Send] = []
        for worker, member in self._members.items():
            sends += _sends(worker, member.round.retry(now))
            if member.hello is None and not member.round.is_asking and now - member.connected_at >= _ASK_AFTER:
                sends += _sends(worker, member.round.ping(now))
        return sends

    def is_measured(self, workers: Iterable[str]) -> bool:
        """Whether the rounds of these are complete."""
        return all(self._members[worker].round.is_complete for worker in workers if worker in self._members)

    def clock(self, worker: str) -> ClockOffset:
        """A worker's clock, as last measured; every worker that a run was granted to has been."""
        clock = self._members[worker].clock
        if clock is None:
            raise LookupError(f"the clock of worker {worker} was never measured")
        return clock

    def longest_trip(self, workers: Iterable[str]) -> int:
        """The longest round trip of the last rounds, in ns."""
        return max((self._members[worker].round.longest for worker in workers if worker in self._members), default=0)

    def _shares_clock(self, member: _Member) -> bool:
        return member.hello is not None and member.hello.boot == self._boot != ""

    # Whether a run may begin

    def is_settled(self, now: int) -> bool:
        """Whether every worker has answered, or had its time to."""
        return all(self._is_settled(member, now) for member in self._members.values())

    def _is_settled(self, member: _Member, now: int) -> bool:
        if member.hello is None:
            return now - member.connected_at >= HELLO_LIMIT
        return member.round.is_complete

    def refusal(self, expected: int, now: int, *, answered: bool) -> str | None:
        """Why no run can begin with these workers, as one sentence; `answered`: their time to answer is over."""
        return (
            self._too_few(expected)
            or self._other_version()
            or self._stranger(now)
            or (self._mute() or self._too_few(expected, by_hello=True) if answered else None)
        )

    def _too_few(self, expected: int, *, by_hello: bool = False) -> str | None:
        there = len(self.workers) if by_hello else len(self)
        if not there:
            return "no worker is connected: start some with `--worker` (or use `--processes`), then start the run again"
        if there < expected:
            return (
                f"{there} of the {expected} expected workers are connected: start the others, or lower --expect-workers"
            )
        return None

    def _other_version(self) -> str | None:
        others = {w: m.hello.version for w, m in self._members.items() if m.hello and m.hello.version != self._version}
        if not others:
            return None
        worker = min(others)
        theirs, ours = others[worker], self._version
        return f"worker {worker} has replay_users {theirs} and this master {ours}: install the same version on both"

    def _stranger(self, now: int) -> str | None:
        late = (w for w, m in self._members.items() if m.hello is None and now - m.connected_at >= HELLO_LIMIT)
        worker = min(late, default=None)
        if worker is None:
            return None
        return f"worker {worker} says nothing about replaying: start it with this locustfile and this version of replay_users"

    def _mute(self) -> str | None:
        worker = min((w for w, m in self._members.items() if m.hello and not m.round.answered), default=None)
        return None if worker is None else f"worker {worker} does not answer: look at its log, or restart it"


def _sends(worker: str, ping: Ping | None) -> list[Send]:
    return [] if ping is None else [Send(worker, ping)]
