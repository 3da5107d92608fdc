"""A master and its workers in a world of virtual time: machines with clocks of their own, a network, and bad luck.

Law: one seed, one history. Nothing of Locust or of the engine is here; what they would do is one line each. The subtle
thing: a process that hangs sends nothing meanwhile, and when it wakes it first does what had piled up, as its hub would.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

from replay_users.errors import UsageError
from replay_users.swarm.conductor import Conductor, RunOrder
from replay_users.swarm.messages import Grant, Hello, Send, Start, Stop, read_message
from replay_users.swarm.part import Begin, LeaveSwarm, Part, PartState, Prepare, StopRun, Tell, TellAgain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from replay_users.errors import ReplayError
    from replay_users.swarm.messages import Message
    from replay_users.swarm.part import Action
    from replay_users.swarm.shares import Share

MS = 1_000_000
S = 1_000_000_000
VERSION, DIGEST, DRAIN, LONGEST = "1.0", "d", 5 * S, 40 * S
HORIZON = 420 * S
LONGEST_RUN = 260 * S
"""Beyond the sum of a run's limits: 22 s to gather, 123 to start, 40 to run, 10 to drain, 10 for a report; and stalls."""

Parcel: TypeAlias = "tuple[str, Any]"
"""What travels: a kind (`message`, `report`, `heartbeat`, `ready`, `quit`) and its content."""


@dataclass(slots=True, kw_only=True)
class RunHistory:
    """What happened in one run, in true time."""

    order: RunOrder
    asked_at: int
    over_at: int | None = None
    error: ReplayError | None = None
    stopped_by: str | None = None
    stopped: bool = False
    epoch_at: int | None = None
    shares: list[Share] = field(default_factory=list)
    granted: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    begun: list[tuple[str, int]] = field(default_factory=list)
    """Workers, and when time 0 of their run was."""
    started: dict[str, int] = field(default_factory=dict)
    """By worker, when it really began."""
    sent_until: dict[str, int] = field(default_factory=dict)
    last_report: dict[str, int] = field(default_factory=dict)
    """By worker, the number that it named in its done."""


@dataclass(slots=True, kw_only=True)
class Luck:
    """What will happen to one worker process."""

    dies_at: int | None = None
    hangs: tuple[int, int] | None = None
    cut: tuple[int, int] | None = None
    leaves_at: int | None = None
    rejoins: bool = False
    version: str = VERSION
    says_hello: bool = True
    loses_hello: bool = False
    digest: str = DIGEST
    refuses: bool = False
    prepares: int | None = 500 * MS
    runs: int | None = 10 * S
    drains: int | None = 200 * MS
    loses_report: bool = False
    loses_end: bool = False
    """A connection breaks that has the last report and the done on it."""


class Clock:
    """A monotonic clock that began at some time and runs a little fast or slow."""

    def __init__(self, offset: int, ppm: int) -> None:
        """`offset` at true time 0."""
        self._offset, self._ppm = offset, ppm

    def read(self, true: int) -> int:
        """What it shows."""
        return true + self._offset + true * self._ppm // 1_000_000

    def when(self, shown: int) -> int:
        """The true time at which it shows this."""
        return (shown - self._offset) * 1_000_000 // (1_000_000 + self._ppm)


class Process:
    """Something that does one thing after the other, and may hang or die."""

    def __init__(self, world: World, clock: Clock) -> None:
        """It lives from now on."""
        self.world, self.clock = world, clock
        self.dead = False
        self.hung_since: int | None = None
        self._piled: list[Callable[[], None]] = []

    @property
    def now(self) -> int:
        """What its clock shows."""
        return self.clock.read(self.world.true)

    def later(self, delay: int, act: Callable[[], None]) -> None:
        """Do something after a while, if it still can."""
        self.world.at(self.world.true + delay, lambda: self.act(act))

    def act(self, act: Callable[[], None]) -> None:
        """Do something now, or when it wakes."""
        if self.hung_since is not None:
            self._piled.append(act)
        elif not self.dead:
            act()

    def every(self, period: int, act: Callable[[], None]) -> None:
        """Do something again and again."""

        def again() -> None:
            act()
            self.later(period, again)

        self.later(period, again)

    def hang(self, duration: int) -> None:
        """Do nothing for a while."""
        if not self.dead and self.hung_since is None:
            self.hung_since = self.world.true
            self.world.at(self.world.true + duration, self._wake)

    def _wake(self) -> None:
        piled, self._piled = self._piled, []
        hung_since, self.hung_since = self.hung_since, None
        self.woken_from = hung_since
        for act in piled:
            self.act(act)
        self.woken_from = None

    woken_from: int | None = None
    """While it does what had piled up: since when it had hung."""

    @property
    def sent_until(self) -> int:
        """The last moment at which it can have sent something, if it sends."""
        candidates = [self.world.true, self.hung_since, self.woken_from]
        return min(each for each in candidates if each is not None)


class Worker(Process):
    """A worker process: Locust's heartbeats, a part, and an engine that only takes time."""

    def __init__(self, world: World, name: str, luck: Luck, clock: Clock, boot: str) -> None:
        """It connects at once."""
        super().__init__(world, clock)
        self.name, self.luck = name, luck
        self.part = Part(Hello(version=luck.version, host=name[0], pid=1, boot=boot))
        self.to_master, self.from_master = Pipe(world, world.master), Pipe(world, self)
        self._seq = 0
        self._round = 0  # of preparing and running: what was planned for an earlier one does not happen
        self._sends: str | None = None
        self.send("ready", None)
        if luck.says_hello:
            self.later(world.chance.randrange(300) * MS, self._introduce)
        self.every(S, lambda: self.send("heartbeat", None))
        self.every(S, lambda: self.do(self.part.tick(self.now)))
        self.every(3 * S, self._report)
        self._meet_fate()

    def _introduce(self) -> None:
        actions = self.part.hello(self.now)
        if not self.luck.loses_hello:
            self.do(actions)

    def _meet_fate(self) -> None:
        luck, world = self.luck, self.world
        if luck.dies_at is not None:
            world.at(luck.dies_at, self.die)
        if luck.hangs is not None:
            world.at(luck.hangs[0], lambda: self.hang(luck.hangs[1]) if luck.hangs else None)
        if luck.cut is not None:
            start, duration = luck.cut
            world.at(start, lambda: self._cut(start + duration))
        if luck.leaves_at is not None:
            world.at(luck.leaves_at, lambda: self.act(self._leave))

    def _cut(self, until: int) -> None:
        self.to_master.held_until = self.from_master.held_until = until

    def _leave(self) -> None:
        """A signal: drain, say done, quit."""
        if self.part.run is None:
            self._quit()
        else:
            self._stop("signal")

    def _quit(self) -> None:
        self.send("quit", None)
        self.die()

    def die(self) -> None:
        """No more of it."""
        if self.dead:
            return
        self._note_sending()
        self.dead = True
        if self.luck.rejoins:
            self.world.at(self.world.true + 2 * S, self.world.add_worker)

    def send(self, kind: str, content: Any) -> None:
        """To the master."""
        self.to_master.put((self.name, kind, content))

    def receive(self, kind: str, content: Any) -> None:
        """From the master."""
        if kind == "heartbeat":
            self.part.heard(self.now)
        elif self.luck.says_hello:
            self.do(self.part.receive(read_message(*content), self.now))

    def do(self, actions: Iterable[Action]) -> None:
        """What the part asks for."""
        for action in actions:
            if isinstance(action, Tell):
                self.send("message", (action.message.name, action.message.to_data()))
            elif isinstance(action, Prepare):
                self._prepare()
            elif isinstance(action, Begin):
                self._begin(action)
            elif isinstance(action, StopRun):
                self._stop(action.reason)
            elif isinstance(action, TellAgain):
                if not self.luck.loses_report:
                    self.send("report", (action.done.run, action.done.seq))
                self.do([Tell(action.done)])
            elif isinstance(action, LeaveSwarm):
                self.die()

    def _planned(self, delay: int | None, act: Callable[[], None]) -> None:
        """Something of the present round."""
        number = self._round
        if delay is not None:
            self.later(delay, lambda: act() if number == self._round else None)

    def _prepare(self) -> None:
        self._round += 1
        self._seq = 0
        self._planned(self.luck.prepares, self._prepared)

    def _prepared(self) -> None:
        failed = self.luck.refuses
        self.do(self.part.failed("it cannot read it", 1) if failed else self.part.prepared(self.luck.digest))

    def _begin(self, begin: Begin) -> None:
        self.world.run_named(begin.run).begun.append((self.name, self.clock.when(begin.at)))
        self._planned(max(0, self.clock.when(begin.at) - self.world.true), lambda: self._run(begin))

    def _run(self, begin: Begin) -> None:
        self._sends = run = begin.run
        self.world.run_named(run).started[self.name] = self.world.true
        self.do(self.part.begun(self.now))
        self._planned(self.luck.runs, lambda: self._stop(None))

    def _stop(self, reason: str | None) -> None:
        self._note_sending()
        self._round += 1
        self._planned(self.luck.drains, lambda: self._finish(reason))

    def _note_sending(self) -> None:
        if self._sends is not None:
            self.world.run_named(self._sends).sent_until[self.name] = self.sent_until
        self._sends = None

    def _finish(self, reason: str | None) -> None:
        self._report(last=True)
        if self.part.run is not None:
            self.world.run_named(self.part.run).last_report[self.name] = self._seq
        actions = self.part.finished(self._seq, self.now, stopped_by=reason)
        self.do(action for action in actions if not (self.luck.loses_end and isinstance(action, Tell)))
        if reason == "signal" and not self.dead:
            self._quit()

    def _report(self, *, last: bool = False) -> None:
        if self.part.run is None or (self._sends is None and not last):
            return
        self._seq += 1
        if not (last and (self.luck.loses_report or self.luck.loses_end)):
            self.send("report", (self.part.run, self._seq))


class Pipe:
    """One direction of a connection: in order, each parcel with a delay of its own, now and then twice."""

    def __init__(self, world: World, to: Any) -> None:
        """Leads to something that can `receive`."""
        self._world, self._to = world, to
        self._last = 0
        self.held_until = 0

    def put(self, parcel: tuple[Any, ...]) -> None:
        """Send it on its way."""
        chance = self._world.chance
        delay = chance.randrange(50_000, 3_000_000) if chance.random() < 0.95 else chance.randrange(400) * MS
        self._last = max(self._last + 1, self._world.true + delay, self.held_until)
        self._deliver(self._last, parcel)
        if self._world.duplicates and "heartbeat" not in parcel and chance.random() < 0.08:
            self._deliver(self._last + chance.randrange(30_000) * MS, parcel)

    def _deliver(self, at: int, parcel: tuple[Any, ...]) -> None:
        self._world.at(at, lambda: self._to.act(lambda: self._to.receive(*parcel)))


class Master(Process):
    """The master process: Locust's list of workers, a conductor, and somebody who presses start and stop."""

    def __init__(self, world: World, clock: Clock) -> None:
        """Nothing runs yet."""
        super().__init__(world, clock)
        self.conductor = Conductor(VERSION, "boot")
        self.lives: dict[str, int] = {}
        self._liveness = world.chance.choice((3, 10))
        self.refusals: list[str] = []
        self.late_sends: list[tuple[str, Message]] = []
        """Messages of a run sent while there was none."""
        self.every(100 * MS, self._tick)
        self.every(S, self._count_heartbeats)

    def receive(self, worker: str, kind: str, content: Any) -> None:
        """From a worker."""
        conductor = self.conductor
        if kind == "message":
            self.send(conductor.receive(worker, read_message(*content), self.now))
        elif kind == "report":
            run, seq = content
            self.send(conductor.report(worker, run, seq, self.now))
        elif kind == "quit":
            self.lives.pop(worker, None)
            self.send(conductor.lost(worker, self.now, gone=True))
        else:
            self._heard(worker, new=kind == "ready")

    def _heard(self, worker: str, *, new: bool) -> None:
        if new or worker in self.lives:
            self.lives[worker] = self._liveness
            self.world.workers[worker].from_master.put(("heartbeat", None))
        if new:
            self.send(self.conductor.connected(worker, self.now))

    def _count_heartbeats(self) -> None:
        """As `MasterRunner.heartbeat_worker` does."""
        for worker in self.lives:
            self.lives[worker] -= 1
        self.send(self.conductor.present({w for w, lives in self.lives.items() if lives >= 0}, self.now))

    def _tick(self) -> None:
        self.send(self.conductor.tick(self.now))

    def send(self, sends: list[Send]) -> None:
        """To the workers; and look at how the run is."""
        history = self.world.runs[-1] if self.world.runs else None
        for send in sends:
            if isinstance(send.message, Grant | Start | Stop) and (history is None or history.over_at is not None):
                self.late_sends.append((send.worker, send.message))
            if isinstance(send.message, Grant) and history is not None:
                history.granted.append((send.worker, send.message.partitions))
            content = (send.message.name, send.message.to_data())
            self.world.workers[send.worker].from_master.put(("message", content))
        if history is not None and history.over_at is None and self.conductor.over:
            self._write_down(history)

    def _write_down(self, history: RunHistory) -> None:
        conductor = self.conductor
        history.over_at, history.error = self.world.true, conductor.error
        history.shares, history.stopped_by = conductor.shares, conductor.stopped_by
        if conductor.epoch is not None:
            history.epoch_at = self.clock.when(conductor.epoch)
        self.world.next_run()

    def begin(self, order: RunOrder, expected: int) -> None:
        """Somebody presses start; refused, they try again."""
        self.world.pressed()
        try:
            sends = self.conductor.begin(order, self.now, expected=expected)
        except UsageError as error:
            self.refusals.append(str(error))
            self.world.next_run()
            return
        self.world.runs.append(RunHistory(order=order, asked_at=self.world.true))
        self.send(sends)

    def stop(self) -> None:
        """Somebody presses stop."""
        if self.conductor.is_busy:
            self.world.runs[-1].stopped = True
            self.send(self.conductor.stop("person", self.now))


class World:
    """Machines, a network, and a few runs; `play` lets it all happen."""

    def __init__(self, seed: int, *, kind: bool = False, orphaned: bool = False) -> None:
        """In a `kind` world nobody dies, hangs or refuses, and nobody presses stop; in an `orphaned` one the master dies."""
        self.chance = random.Random(seed)
        self.kind = kind
        self._pressing = True  # from the beginning, somebody means to
        self.duplicates = not kind and self.chance.random() < 0.3
        self.true = 0
        self.runs: list[RunHistory] = []
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._left, self._names = self.chance.randrange(1, 4), count()
        self._clocks: dict[str, Clock] = defaultdict(self._clock)
        self.workers: dict[str, Worker] = {}
        self.master = Master(self, self._clocks["boot"])
        self.expected = self.chance.randrange(1, 7)
        for _ in range(self.expected):
            self.at(self.chance.randrange(2_000) * MS, self.add_worker)
        self.at(3 * S, self.next_run)
        if not kind:
            self._plan_trouble()
        if orphaned:
            self.at(self.chance.randrange(3_000, 30_000) * MS, self._kill_master)

    def _clock(self) -> Clock:
        return Clock(self.chance.randrange(10**15), self.chance.randrange(-400, 400))

    def _kill_master(self) -> None:
        self.master.dead = True

    def _plan_trouble(self) -> None:
        chance = self.chance
        for _ in range(chance.choice((0, 0, 1, 2))):
            self.at(chance.randrange(60_000) * MS, lambda: self.master.act(self.master.stop))
        if chance.random() < 0.15:
            stall = chance.randrange(1, 15) * S
            self.at(chance.randrange(60_000) * MS, lambda: self.master.hang(stall))

    def at(self, when: int, act: Callable[[], None]) -> None:
        """Let something happen."""
        heappush(self._events, (max(when, self.true), next(self._order), act))

    def run_named(self, run: str) -> RunHistory:
        """By its id."""
        return next(each for each in self.runs if each.order.run == run)

    def add_worker(self) -> None:
        """Another process, under a name that nobody had."""
        boot = self.chance.choice(("boot", "boot", "other", "third"))
        name = f"{boot[0]}{next(self._names)}"
        self.workers[name] = Worker(self, name, self._luck(), self._clocks[boot], boot)

    def next_run(self) -> None:
        """Soon somebody presses start, if they have not had enough."""
        if self._left:
            self._left -= 1
            self._pressing = True
            order = self._order_of(f"run{len(self.runs)}-{self._left}")
            expected = self.expected if self.kind else self.chance.choice((0, 0, 1, self.expected))
            when = self.true + self.chance.choice((1, self.chance.randrange(3_000))) * MS
            self.at(when, lambda: self.master.act(lambda: self.master.begin(order, expected)))

    def _order_of(self, run: str) -> RunOrder:
        weights = {nth: self.chance.randrange(5) * 10 for nth in range(self.chance.randrange(1, 12))}
        return RunOrder(run=run, weights=weights, options={"pace": "1x"}, digest=DIGEST, drain=DRAIN, longest=LONGEST)

    def pressed(self) -> None:
        """Somebody has."""
        self._pressing = False

    def _luck(self) -> Luck:
        chance = self.chance
        luck = Luck(prepares=chance.randrange(3_000) * MS, drains=chance.randrange(2_000) * MS)
        luck.runs = chance.choice((1, chance.randrange(1, 30))) * S
        if self.kind or chance.random() < 0.6:
            return luck
        moment = self.true + chance.choice((chance.randrange(10_000), chance.randrange(40_000))) * MS
        duration = chance.choice((500, 3_000, 8_000, 11_000, 30_000, 100_000)) * MS
        for name, value in chance.choice(
            (
                {"dies_at": moment},
                {"dies_at": moment, "rejoins": True},
                {"hangs": (moment, duration)},
                {"hangs": (moment, duration)},
                {"cut": (moment, duration)},
                {"cut": (moment, duration), "runs": 30 * S},
                {"cut": (moment, 25 * S), "runs": 30 * S},
                {"cut": (moment, 25 * S), "runs": 30 * S},
                {"leaves_at": moment, "rejoins": True},
                {"leaves_at": moment},
                {"version": "2.0"},
                {"says_hello": False},
                {"loses_hello": True},
                {"digest": "another"},
                {"refuses": True},
                {"prepares": None},
                {"prepares": 60 * S},
                {"runs": None},
                {"drains": None},
                {"drains": 30 * S},
                {"loses_report": True},
                {"loses_end": True},
            )
        ).items():
            setattr(luck, name, value)
        return luck

    def play(self) -> World:
        """Let everything happen."""
        while self._events and self.true < HORIZON:
            self.true, _, act = heappop(self._events)
            act()
            if self.is_finished:
                break
        return self

    quiet_since: int | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the last run has been over for so long that nothing can come of it any more."""
        if self._left or self.master.conductor.is_busy or self._pressing:
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = self.true
        return self.quiet_since is not None and self.true - self.quiet_since > 45 * S

    @property
    def stragglers(self) -> list[Worker]:
        """Workers that live and can act, and still have a part in a run although there is none."""
        able = (w for w in self.workers.values() if not w.dead and w.hung_since is None and w.luck.drains is not None)
        return [w for w in able if w.part.state is not PartState.IDLE and w.to_master.held_until < self.true - 15 * S]
