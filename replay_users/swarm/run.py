"""One run: the parts put together, begun, drained and turned into a result.

Law: composition and order of events; no decisions of its own about time, bytes or differences. Each planned exchange
passes through exactly one of `_skipped`, `_dropped`, `_count`, the source's unread or the rows left over by a stop, and
that is what conservation checks at the end. The subtle thing: everything that is not sending runs as chores of the hub,
feed first when it runs low.
"""

from __future__ import annotations

import gc
import logging
import math
import sys
import time
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.hub import get_hub

from replay_users.endpoint import ENDPOINT_CAP
from replay_users.engine.chores import Chores
from replay_users.engine.schedule import Schedule
from replay_users.engine.timer import open_timer
from replay_users.model import OTHER_ENDPOINT, Drop, SkipReason
from replay_users.recording.schema import REPLAY_COLUMNS
from replay_users.results.report import Reporter
from replay_users.results.result import RunEvent
from replay_users.results.tally import Tally
from replay_users.swarm.assembly import Assembly
from replay_users.swarm.first_pass import Against
from replay_users.swarm.listening import Listening, tell_start
from replay_users.swarm.progress import pulse_of
from replay_users.swarm.ticker import LOCAL, health
from replay_users.swarm.upkeep import Upkeep
from replay_users.swarm.watch import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.engine.timer import Timer
    from replay_users.errors import ReplayError
    from replay_users.events import WorkerHealth
    from replay_users.model import Flight
    from replay_users.results.autostop import Criterion
    from replay_users.results.windows import Counts
    from replay_users.swarm.first_pass import Keeping
    from replay_users.swarm.hooks import Hooks
    from replay_users.swarm.prepare import Prepared
    from replay_users.swarm.progress import Pulse

__all__ = ["Run"]

_logger = logging.getLogger(__name__)

_LEAD = 200_000_000  # ns between the first rows being loaded and the run's start
_PRIMING_S = 60.0  # of waiting for the first rows before it is said
_LOW = 128  # upcoming flights below which loading comes before anything else
_PIECE = 64  # flights settled in one piece of work: about 0.1 ms
_JUDGING = 200_000  # ns of judging in one piece of work
_READDRESS_S = 30.0
_LONG = 1_000_000_000  # ns: what was due so long before a time limit is late, whatever lag is allowed
_BEHIND = "not read by the time it was due"
_TURNS_S = 0.2  # in which a hub that stood still reads what came meanwhile: it calls timers before sockets
_SWITCH_S = 0.0002  # how long the decoding thread may keep Python from the hub (measured: p99 lag 4.1 -> 2.1 ms)
_COLLECT = (50_000, 20, 100)  # gc thresholds: hot-path objects die by reference count


class Run:
    """A replay from its first row to its result. `done` is set when the result is there."""

    def __init__(
        self,
        run_id: str,
        prepared: Prepared,
        environment: Any,
        hooks: Hooks,
        *,
        columns: Sequence[str] = REPLAY_COLUMNS,
        partitions: frozenset[int] | None = None,
        aa: Keeping | Against | None = None,
    ) -> None:
        """Nothing is read or sent before `begin`.

        `columns` are decoded, needed or not. `partitions` are the share of the recording to replay; `None` is all of it.
        `aa`: this is a pass of an A/A run.
        """
        self.id = run_id
        self.prepared, self.plan = prepared, prepared.plan
        self.done = Event()
        self.started_at = 0.0
        self.late: int | None = None
        self.autostop: RunEvent | None = None
        self._began: Timer | None = None
        self.stopped_by: str | None = None
        self.error: ReplayError | None = None
        settings, loop = prepared.settings, get_hub().loop
        self.names = [info.name for info in prepared.recording.manifest.endpoints]
        self.tally = Tally(self.names)
        self.schedule = Schedule(settings.limits, self._dropped, causal=settings.causal)
        self._hooks = hooks
        self._collect_before, self._switch_before = gc.get_threshold(), sys.getswitchinterval()
        self._listening = Listening(self.names, hooks)
        self._tells_start = not isinstance(aa, Against)  # else the first pass has
        made = Assembly(run_id, prepared, hooks, self.names)
        self.engine = made.engine(self.schedule, wake=self._wake, unsigned=self._unsigned)
        self._upkeep = Upkeep(prepared.targets, self.engine.readdress, lambda: self.elapsed)
        self._judging = made.judging(self.tally, aa=aa, wake=self._wake, tell=self._upkeep.tell)
        self.desk = self._judging.desk
        self.source = made.source(columns, partitions, unread=self.tally.unread, wake=self._wake)
        self.feed = made.feed(
            self.schedule,
            self._index_of,
            skipped=self._skipped,
            pulled=self.source.pulled,
            waiting_bytes=lambda: self.desk.waiting_bytes,
        )
        self._due_in_time = made.due_in_time(partitions, _LONG)
        self.reporter = None if partitions is None else Reporter(self.tally, self.engine.counters.to_dict)
        chores = (self._refill, self._settle, self._judge, self._load, self._report)
        self._chores = Chores(loop, chores if self.reporter else chores[:-1], self.tally.hub)
        self._stats = made.stats(environment)

    def pulse(self) -> Pulse:
        """How far it is."""
        return pulse_of([self.tally.totals()], self.tally.fidelity.lag)

    def progress(self) -> tuple[Tally, dict[str, WorkerHealth]]:
        """The tally as it is, and how this process is doing."""
        return self.tally, {LOCAL: health(self.tally, self.queued, self.in_flight)}

    def counted(self, criteria: Sequence[Criterion]) -> Counts:
        """What was counted so far of what may stop it."""
        return counted(criteria, list(self.tally.endpoints.items()))

    @property
    def queued(self) -> int:
        """Answers that wait to be compared."""
        return len(self.desk)

    @property
    def in_flight(self) -> int:
        """Exchanges under way."""
        return self.schedule.in_flight

    @property
    def connections(self) -> dict[str, Any]:
        """What connections did, for the result."""
        return self.engine.counters.summary()

    @property
    def comparers(self) -> dict[str, int]:
        """What comparing took, for the result."""
        return self._judging.counters()

    @property
    def warnings(self) -> tuple[RunEvent, ...]:
        """What of its targets went wrong beside its requests; a few at most."""
        return tuple(self._upkeep.events)

    @property
    def exhibits(self) -> list[dict[str, Any]]:
        """Pairs behind exemplars, redacted."""
        return self._judging.witness.exhibits()

    @property
    def events(self) -> tuple[RunEvent, ...]:
        """What happened, for the result."""
        ended = (RunEvent(at_s=self.elapsed / 1e9, event="error", text=str(self.error)),) if self.error else ()
        return (*self.warnings, *ended)

    @property
    def workers(self) -> tuple[dict[str, Any], ...]:
        """The workers that did it, for the result: none, it was this process."""
        return ()

    @property
    def lost(self) -> tuple[str, ...]:
        """What lost workers left, for the result."""
        return ()

    @property
    def user_code_failures(self) -> dict[str, int]:
        """How often each of the user's methods failed, and their listeners together."""
        return {**self._hooks.failures, **({"events": self._listening.failures} if self._listening.failures else {})}

    def _index_of(self, name: str) -> int:
        """The index of an endpoint that a user's code named; the cap of a recording holds here too."""
        if name not in self.tally.endpoints and len(self.names) >= ENDPOINT_CAP:
            name = OTHER_ENDPOINT
        index = self.tally.index(name)
        if index == len(self.names):
            self.names.append(name)
        return index

    # Beginning and ending

    def begin(self) -> None:
        """Read, and start as soon as the first rows are loaded."""
        self.load()
        self.start(time.monotonic_ns() + _LEAD)

    def load(self) -> None:
        """Read until the first rows are loaded; nothing is sent yet."""
        self.started_at = time.time()
        gevent.spawn(self._watch)
        self._chores.start()
        self.source.start(self.feed)
        self._prime()
        if self.stopped_by is None:  # else it may be closed by now
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_COLLECT)
            sys.setswitchinterval(_SWITCH_S)

    def start(self, at: int) -> None:
        """Send what is due from now on; `at` (monotonic ns) is the run's time 0. A run that was stopped does not start."""
        if self.stopped_by is not None:
            return
        self.started_at = time.time() + (at - time.monotonic_ns()) / 1e9
        self.engine.begin(at)
        self._began = open_timer(get_hub().loop, self._note_start)
        self._began.arm(at)
        if self._tells_start:
            tell_start(self.id, self.prepared, self.started_at, concludes=self.reporter is None)
        gevent.spawn(self._readdress)

    def send_until(self, at: int) -> None:
        """Take nothing to send after this time (monotonic ns), unless it is moved on."""
        self.engine.until = at - self.engine.start if self.engine.start else None

    def _note_start(self) -> None:
        """The run's time 0 has come: `late` is by how much the hub saw it too late."""
        self.late = time.monotonic_ns() - self.engine.start

    @property
    def elapsed(self) -> int:
        """Ns since the run's time 0; 0 before it."""
        return max(0, self.engine.now()) if self.engine.start else 0

    def _prime(self) -> None:
        """Wait for the first rows as long as the source reads: were the clock to run without them, they would be late by us."""
        tell_at = time.monotonic() + _PRIMING_S
        while not (self.schedule.loaded or self.feed.drained or self.stopped_by):
            if time.monotonic() >= tell_at:
                _logger.warning("still waiting for the first rows of the recording")
                tell_at = math.inf
            gevent.sleep(0.01)

    def _watch(self) -> None:
        """Wait until nothing is left, within the time there is; then finish."""
        try:
            while not self._is_drained():
                limit = self.prepared.settings.run_time
                if limit is not None and self.elapsed > limit:
                    self.stop("time")
                if self._is_answered():
                    self._judging.hurry(stopped=self.stopped_by is not None)
                gevent.sleep(0.05)
        finally:
            try:
                self._close()
            finally:
                self.done.set()

    def _is_drained(self) -> bool:
        return self._is_answered() and not len(self.desk)

    def _is_answered(self) -> bool:
        """Whether nothing is to be sent or under way any more."""
        if not (self.engine.start or self.stopped_by):
            return False
        return self.feed.drained and self.schedule.idle and not self.engine.finished

    def _readdress(self) -> None:
        while not self.done.wait(_READDRESS_S):
            self._upkeep.look()

    def stop(self, reason: str) -> None:
        """Send nothing more; what is under way has the drain timeout to come back. Stopping twice does no harm."""
        if self.stopped_by or self.done.is_set():
            return
        self.stopped_by = reason
        waiting = self.schedule.waiting
        for nth, flight in enumerate(self.engine.stop()):
            self._leave(flight, reason, waits=nth < waiting)
        left = self.source.stop() + self.feed.stop()
        behind = self._behind(left) if reason == "time" else 0
        if behind:
            self.tally.unread(behind, _BEHIND)
        self.tally.stopped(left - behind)
        gevent.spawn_later(self.prepared.settings.drain_timeout / 1e9, self._abandon)

    def _leave(self, flight: Flight, reason: str, *, waits: bool) -> None:
        """It was loaded and will not be sent: by choice, unless it should have been long before a time limit that was asked for.

        A target that hangs, or a process that was frozen, until such a limit has passed would else have nothing to answer for.
        """
        settings = self.prepared.settings
        limit, late = settings.run_time, self.elapsed - flight.due > min(settings.limits.max_lag, _LONG)
        if reason == "time" and late and limit is not None and flight.due <= limit:
            self._dropped(flight, Drop.WAIT if waits or flight.ready > flight.due else Drop.LAG)
            return
        self.feed.settled(flight)
        self._skipped(flight.endpoint, SkipReason.STOPPED)

    def _behind(self, left: int) -> int:
        """Of rows that were never loaded, those that were long due: the recording was read, or answers judged, too slowly."""
        ended = self.feed.rows + sum(self.tally.unread_by.values())
        return min(left, max(0, self._due_in_time - ended))

    def _abandon(self) -> None:
        gevent.sleep(_TURNS_S)
        if not self.done.is_set():
            self.engine.abandon()

    def _close(self) -> None:
        self._stats.flush()
        self.error = self.source.first_error
        self._chores.close()
        if self._began is not None:
            self._began.close()
        self.engine.close()
        self.source.close()
        self._judging.close()
        gc.set_threshold(*self._collect_before)
        sys.setswitchinterval(self._switch_before)
        gc.unfreeze()

    # The chores, most urgent first

    def _wake(self) -> None:
        self._chores.wake()

    def _refill(self) -> bool:
        return self.schedule.upcoming < _LOW and self._load()

    def _load(self) -> bool:
        if not self.feed.work(self.engine.now()):
            return False
        self.engine.rearm()
        return True

    def _settle(self) -> bool:
        finished = self.engine.finished
        if not finished:
            return False
        batch = finished[:_PIECE]
        del finished[:_PIECE]
        self._count(self._judging.receive(batch))
        return True

    def _judge(self) -> bool:
        judged = self.desk.work(_JUDGING)
        self._count(judged)
        return bool(judged) or self.desk.moved

    def _report(self) -> bool:
        """A worker's next report to its master, begun ahead so that it does not hold the hub when it is due."""
        return self.reporter is not None and self.reporter.work(self.elapsed)

    def _count(self, flights: Sequence[Flight]) -> None:
        self.tally.settle(flights)
        self._stats.add(flights)
        for flight in flights:
            self.feed.settled(flight)
        if self._listening:
            self._listening.ended(flights)

    # What is not sent

    def _dropped(self, flight: Flight, reason: Drop) -> None:
        self.tally.drop(flight, reason)
        self.desk.unsent(flight)
        self.feed.settled(flight)
        if self._listening:
            self._listening.dropped(flight, reason)
        self._wake()

    def _skipped(self, endpoint: int, reason: SkipReason) -> None:
        self.tally.skip(endpoint, reason)

    def _unsigned(self, flight: Flight) -> None:
        """A user's `sign` gave nothing that can be sent."""
        self._skipped(flight.endpoint, SkipReason.NO_CREDENTIAL)
        self.feed.settled(flight)
        self._wake()
