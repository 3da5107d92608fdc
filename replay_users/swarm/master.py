"""The face of a Locust master: it conducts its workers' runs, and sends no request itself.

Law: translates between Locust (messages, reports, who is connected) and the conductor. The subtle thing: of a worker that
leaves, Locust says nothing but drops it from its list, and between two runs it drops all of them for a moment; so one
counts as gone when it has been missing from that list for a second. A silent one is on that list for another minute.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

import gevent
from locust import runners, stats
from locust.exception import RPCSendError

from replay_users import __version__
from replay_users.errors import UsageError
from replay_users.swarm.conductor import Conductor
from replay_users.swarm.face import Face, new_run_id
from replay_users.swarm.machine import boot_id
from replay_users.swarm.master_run import MasterRun, run_order
from replay_users.swarm.messages import FROM_WORKER, Hello, read_message
from replay_users.swarm.options import OPTIONS
from replay_users.swarm.part import MASTER_LOST
from replay_users.swarm.prepare import prepare
from replay_users.swarm.settings import read_settings
from replay_users.swarm.signals import STOPPED
from replay_users.swarm.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.histogram import Histogram
    from replay_users.swarm.conclusion import Conclusion, Replay
    from replay_users.swarm.messages import Send
    from replay_users.swarm.prepare import Prepared

__all__ = ["MasterFace", "granted_options"]

_logger = logging.getLogger(__name__)

_TICK_S = 0.1
_LEFT = 1_000_000_000  # ns of being missing from Locust's list until a worker has left
_NEVER_S = 3600
_PATIENCE_S = 10.0  # to wait for workers without a word: on a busy machine they take as long to start
_BACK_S = 3.0  # for workers of the last run to be back in Locust's list
_OPERATORS = frozenset(
    {"out", "overwrite", "label", *(option.dest for option in OPTIONS if option.name.startswith("influx-"))}
)
"""Options of the master's own files and points, which no worker writes."""


def granted_options(options: Any, host: str | None) -> dict[str, object]:
    """What workers prepare by: our options as they are now, the target, and `-t`. Headers in them are templates, no secrets."""
    granted = {option.dest: getattr(options, option.dest) for option in OPTIONS if option.dest not in _OPERATORS}
    return {**granted, "host": host or "", "run_time": str(options.run_time or "")}


class MasterFace(Face):
    """The replays of a master, one after the other."""

    sends = False

    def __init__(self, environment: Any) -> None:
        """Workers are heard from now on, since they may say hello while the plan is made; the rest begins with `listen`."""
        super().__init__(environment)
        self.conductor = Conductor(__version__, boot_id())
        self._granted: dict[str, object] = {}
        self._hosts: dict[str, str] = {}
        self._seen: dict[str, int] = {}
        self._wanted = 0
        for kind in FROM_WORKER:
            self._runner.register_message(kind.name, self._on_message)

    @property
    def _runner(self) -> Any:
        return self.environment.runner

    def listen(self) -> None:
        """Take Locust's events and signals from now on."""
        super().listen()
        runners.HEARTBEAT_LIVENESS = MASTER_LOST // 1_000_000_000  # a worker waits as long for the master
        self.environment.events.worker_report.add_listener(self._on_report)
        gevent.spawn(self._tick)
        options = self.environment.parsed_options
        limit, options.expect_workers_max_wait = options.expect_workers_max_wait, 0
        if self._begins_by_itself:
            gevent.spawn_later(_PATIENCE_S, self._say_what_it_waits_for)
            if limit:  # so that it says who is missing, which Locust does not
                gevent.spawn_later(limit, self._give_up)

    def _prepare(self, options: Any, host: str | None) -> Prepared:
        """The options are kept as they are now: the form may change Locust's own during the run."""
        settings = read_settings(options, host)
        if settings.twice:
            raise UsageError("--aa 2 runs in one process: leave out --processes, --master and --worker")
        prepared = prepare(settings, sends=False)
        self._granted = granted_options(options, host)
        return prepared

    # Workers

    def _on_message(self, msg: Any, **_: Any) -> None:
        message = read_message(msg.type, msg.data)
        if isinstance(message, Hello):
            self._hosts[msg.node_id] = message.host
        self._send(self.conductor.receive(msg.node_id, message, time.monotonic_ns()))

    def _on_report(self, client_id: str, data: dict[str, Any]) -> None:
        said = data.get("replay")
        if isinstance(self.run, MasterRun) and isinstance(said, dict) and said.get("run") == self.run.id:
            self.run.take(client_id, said)

    def _send(self, sends: Sequence[Send]) -> None:
        """What cannot be sent is lost, like what gets lost on the way: every phase of a run has its deadline."""
        for send in sends:
            try:
                self._runner.send_message(send.message.name, send.message.to_data(), client_id=send.worker)
            except RPCSendError as error:
                _logger.warning("%s could not be sent to worker %s: %s", send.message.name, send.worker, error)

    def _tick(self) -> None:
        while True:
            gevent.sleep(_TICK_S)
            now = time.monotonic_ns()
            self._look(now)
            self._send(self.conductor.tick(now))

    def _look(self, now: int) -> None:
        """Tell the conductor who is there."""
        listed = {client.id for client in self._runner.clients.values()}
        missing = {client.id for client in self._runner.clients.missing}
        self._seen.update(dict.fromkeys(listed, now))
        for worker in missing:
            self._seen.pop(worker, None)  # nor is it there once more when Locust drops it in the end
        for worker in [each for each, at in self._seen.items() if now - at > _LEFT]:
            del self._seen[worker]
            self._send(self.conductor.lost(worker, now, gone=True))
        self._send(self.conductor.present(self._seen.keys(), now))

    @property
    def _is_ahead(self) -> bool:
        """Whether the run that Locust is about to start is still to come; the one before may be there still."""
        return self.run is None or self.ready is not None

    @property
    def users(self) -> int:
        """One for each worker, those too that come while it is gathered; kept while a run lasts, for Locust to leave them be.

        Locust gives users to whom it likes, and a worker that has a share and no user would never be ready.
        """
        if self._is_ahead or self.is_over:
            self._wanted = self._runner.worker_count
        elif isinstance(self.run, MasterRun):
            gathered = 0 if self.run.has_begun else self._runner.worker_count
            self._wanted = max(self._wanted, len(self.run.workers), gathered)
        return max(1, self._wanted)

    def look_after(self) -> None:
        """A run for which there is no worker any more would never start."""
        if self._is_ahead and not self._runner.worker_count and not self.is_over:
            self.fail(UsageError("the workers have left before the run began: start them again"))

    def refuse_start(self) -> None:
        """Say what is wrong with the workers, if anything is; those of the last run get a moment to be back.

        Raises:
            UsageError: there are none, too few, or others than it takes.
        """
        until = time.monotonic() + _BACK_S
        while len(self._runner.clients.ready) < len(self.conductor.workers) and time.monotonic() < until:
            gevent.sleep(_TICK_S)
        self._look(time.monotonic_ns())
        refusal = self.conductor.refusal(time.monotonic_ns(), expected=self._expected)
        if refusal is not None:
            raise UsageError(refusal)

    @property
    def _expected(self) -> int:
        return int(self.environment.parsed_options.expect_workers)

    @property
    def _begins_by_itself(self) -> bool:
        return self.environment.web_ui is None or bool(self.environment.parsed_options.autostart)

    @property
    def _waits(self) -> bool:
        """Before the shape is there, Locust sits in a loop waiting for workers, which nothing but an exit ends."""
        return self._begins_by_itself and self._runner.shape_greenlet is None and self.run is None

    def _say_what_it_waits_for(self) -> None:
        """Locust says so in its log, which `replay-users run` does not show, and would wait for ever."""
        there = len(self._runner.clients.ready)
        if self._waits and there < self._expected:
            tell(
                f"Waiting for workers, {there} of {self._expected} connected: start more with --worker; Ctrl-C gives up."
            )

    def _give_up(self) -> None:
        """The wait for workers is over: say what is missing, and end."""
        while self._waits:
            try:
                self.refuse_start()
            except UsageError as error:
                self.fail(error)
                self._runner.quit()
                sys.exit(error.exit_code)
            gevent.sleep(_TICK_S)  # all are there, and Locust looks once a second

    # Runs

    def _on_start(self, **given: Any) -> None:
        super()._on_start(**given)
        prepared, self.ready = self.ready, None
        if prepared is None or self.signals.count:
            return
        try:
            self._look(time.monotonic_ns())
            self.launch(self._make(prepared))
        except Exception as error:  # noqa: BLE001 - whatever it is, Locust must not wait for a run that is not there
            self.fail(error)

    def _make(self, prepared: Prepared) -> MasterRun:
        order = run_order(new_run_id(), prepared, self._granted, prepared.digest)
        return MasterRun(prepared, order, self.conductor, expected=self._expected, hosts=self._hosts, send=self._send)

    def hubs(self, run: Replay) -> Iterable[Histogram]:
        """By how much the workers' hubs were late by their last reports."""
        return run.hubs() if isinstance(run, MasterRun) else super().hubs(run)

    def _judge(self, run: Replay) -> Conclusion:
        if isinstance(run, MasterRun) and run.refusal is not None:
            raise run.refusal
        return super()._judge(run)

    def _on_stopping(self, **given: Any) -> None:
        """Locust stops of itself when the last worker has left or went missing: nobody drains then."""
        if self.run is not None and not self._runner.worker_count:
            now = time.monotonic_ns()
            for worker in self.conductor.workers:
                self._send(self.conductor.lost(worker, now, gone=worker not in self._runner.clients))
        super()._on_stopping(**given)

    def _let_csv_catch_up(self) -> None:
        """With `--processes` Locust waits for its children after it has closed its CSV files, and would write on meanwhile."""
        super()._let_csv_catch_up()
        if self.environment.web_ui is None:
            stats.CSV_STATS_INTERVAL_SEC = _NEVER_S

    def _end(self) -> None:
        waits = self._waits
        super()._end()
        if waits:
            self._runner.quit()
            sys.exit(STOPPED)
