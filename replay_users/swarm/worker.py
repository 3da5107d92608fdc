"""The face of a Locust worker: it does its part of the master's runs, and concludes nothing.

Law: an edge of the pure `Part`: hands it what comes, with the time, and does what it says. Whatever goes wrong becomes one
sentence on the master. The subtle thing: messages come inside Locust's message loop, which also carries heartbeats, so what
takes time is done in greenlets; and a run belongs to this face, to which a user, whichever Locust gave it, lends its methods.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from locust import runners
from locust.runners import STATE_INIT, STATE_STOPPED

from replay_users import __version__
from replay_users.errors import ReplayError, UsageError
from replay_users.swarm.hooks import USER_ENDED, Hooks
from replay_users.swarm.machine import boot_id
from replay_users.swarm.messages import FROM_MASTER, Hello, read_message
from replay_users.swarm.part import (
    MASTER_LOST,
    Begin,
    LeaveSwarm,
    Part,
    PartState,
    Prepare,
    StayIdle,
    StopRun,
    Tell,
    TellAgain,
)
from replay_users.swarm.prepare import prepare
from replay_users.swarm.run import Run
from replay_users.swarm.settings import read_settings
from replay_users.swarm.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.swarm.messages import Done
    from replay_users.swarm.part import Action

__all__ = ["WorkerFace"]

_TOOL_ERROR = 1
_PATIENCE = 60_000_000_000
"""ns that a worker without a run waits for a silent master, as Locust's own workers do (MASTER_HEARTBEAT_TIMEOUT).

Locust's check is switched off: it goes by the wall clock, which jumps when a machine was paused, and looks before it reads what
the master has said meanwhile.
"""
_TICK_S = 0.25
_STALLED = 2_000_000_000  # ns between ticks after which heartbeats are waiting to be read: no silence is judged before they are
_READING = 2_000_000_000  # ns for that: a master that stood still too answers its workers one after the other
_USER_S = 60.0  # for Locust to spawn a user; while the master plans, none is asked for
_DRAIN_SLACK_S = 5.0
_GOODBYE_S = 10.0  # for the master to end a worker that Ctrl-C has stopped, since it may have stopped the master too

_logger = logging.getLogger(__name__)


class WorkerFace:
    """This process's parts in its master's runs, one after the other."""

    def __init__(self, environment: Any) -> None:
        """Nothing happens before `listen`."""
        self.environment = environment
        self.run: Run | None = None
        self.signals = Signals(self._on_signal)
        self._part = Part(Hello(version=__version__, host=socket.gethostname(), pid=os.getpid(), boot=boot_id()))
        self._user: Any = None
        self._seq = self._heard = self._ticked = self._read_until = 0
        self._preparing: gevent.Greenlet[..., None] | None = None
        self._idle = Event()
        self._idle.set()
        self._drained = self._leaving = self._repeats = False
        self._last: dict[str, Any] | None = None

    @property
    def _runner(self) -> Any:
        return self.environment.runner

    def listen(self) -> None:
        """Take Locust's events, the master's messages and signals from now on, and say hello."""
        self.environment.process_exit_code = 0  # what the target does is the master's verdict
        events = self.environment.events
        events.heartbeat_received.add_listener(self._on_heartbeat)
        events.report_to_master.add_listener(self._on_report)
        events.test_start.add_listener(self._on_start)
        events.test_stopping.add_listener(self._on_stopping)
        events.quitting.add_listener(self._on_quitting)
        for kind in FROM_MASTER:
            self._runner.register_message(kind.name, self._on_message)
        self.signals.listen()
        runners.MASTER_HEARTBEAT_TIMEOUT = sys.maxsize  # ours is `_tick`
        self._heard = self._ticked = time.monotonic_ns()
        self._act(self._part.hello(self._heard))
        gevent.spawn(self._tick)

    def begin(self, user: Any) -> None:
        """A user has started; the first one of a test lends the run its methods."""
        self._user = self._user or user

    # What comes, and what is done about it

    def _on_message(self, msg: Any, **_: Any) -> None:
        self._act(self._part.receive(read_message(msg.type, msg.data), time.monotonic_ns()))

    def _on_heartbeat(self, **_: Any) -> None:
        self._heard = time.monotonic_ns()
        self._part.heard(self._heard)
        self._move_on()

    def _tick(self) -> None:
        while True:
            gevent.sleep(_TICK_S)
            now = time.monotonic_ns()
            if now - self._ticked > _STALLED:
                self._read_until = now + _READING
            self._ticked = now
            if now < self._read_until:
                continue
            self._act(self._part.tick(now))
            if self._part.state is PartState.IDLE and now - self._heard >= _PATIENCE:
                self._leave()

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Tell):
                self._runner.send_message(action.message.name, action.message.to_data())
            elif isinstance(action, Prepare):
                self._idle.clear()
                self._preparing = gevent.spawn(self._prepare, action)
            elif isinstance(action, Begin):
                gevent.spawn(self._begin, action.at)
            elif isinstance(action, StopRun):
                self._stop(action.reason)
            elif isinstance(action, StayIdle):
                _logger.info(
                    "there is nothing for this worker in run %s: it has fewer partitions than workers", action.run
                )
            elif isinstance(action, TellAgain):
                self._tell_again(action.done)
            elif isinstance(action, LeaveSwarm):
                self._leave()

    # A run

    def _prepare(self, action: Prepare) -> None:
        self.environment.process_exit_code = 0
        try:
            self.run = run = self._make(action)
            gevent.spawn(self._finish, run)
            run.load()
            self._act(self._part.prepared(run.prepared.digest))
        except Exception as error:  # noqa: BLE001 - whatever it is, the master must not wait for a run that is not there
            self._fail(error)

    def _make(self, action: Prepare) -> Run:
        from replay_users.swarm.user import ReplayUser  # noqa: PLC0415 - it imports this module

        options = Namespace(**{**vars(self.environment.parsed_options), **action.options})
        prepared = prepare(read_settings(options, str(action.options.get("host") or "") or None, writes=False))
        hooks = Hooks(self._await_user(), ReplayUser)
        return Run(action.run, prepared, self.environment, hooks, partitions=frozenset(action.partitions))

    def _await_user(self) -> Any:
        """The user that Locust spawns, which may come before or after the grant."""
        until = time.monotonic() + _USER_S
        while self._user is None:
            ended = self._runner.worker_state == "running" and self._runner.target_user_count
            if ended and not self._runner.user_greenlets:
                raise UsageError(USER_ENDED)
            if time.monotonic() > until:
                raise ReplayError(f"Locust gave it no user within {_USER_S:.0f} s: look at the master's log")
            gevent.sleep(_TICK_S)
        return self._user

    def _fail(self, error: Exception) -> None:
        """There will be no part in this run: the master is told why."""
        if isinstance(error, ReplayError):
            sentence, code = str(error), error.exit_code
        else:
            _logger.error("the replay broke down; this is a bug of replay_users, please report it", exc_info=error)
            sentence, code = f"it broke down ({error!r}); this is a bug of replay_users, please report it", _TOOL_ERROR
        self.environment.process_exit_code = code
        self._act(self._part.failed(sentence, code))
        if self.run is not None:
            self.run.stop("failed")
        else:
            self._idle.set()

    def _begin(self, at: int) -> None:
        """Start, and tell when the hub saw the time come."""
        run = self.run
        if run is None:
            return
        run.start(at)
        self._move_on()
        while run.late is None and not run.done.is_set():
            gevent.sleep(max(0.0, (at - time.monotonic_ns()) / 1e9) + 0.01)
        if run.late is not None:
            self._act(self._part.begun(at + run.late))

    def _move_on(self) -> None:
        """A worker that was frozen sends nothing when it wakes up, until it has heard of its master."""
        if self.run is not None:
            self.run.send_until(self._heard + MASTER_LOST)

    def _stop(self, reason: str) -> None:
        """Drain; of a run that is still being prepared there is nothing to drain."""
        if self.run is not None:
            self.run.stop(reason)
            return
        if self._preparing is not None:
            self._preparing.kill()
        self._idle.set()
        self._act(self._part.finished(0, time.monotonic_ns(), stopped_by=reason))

    def _finish(self, run: Run) -> None:
        """Once it has drained: the last report, then the word that it was the last. Locust keeps them in order."""
        run.done.wait()
        self._drained = True
        try:
            self._runner._send_stats()  # noqa: SLF001 - Locust offers no other way to report now
        finally:
            self.run, self._drained = None, False
            error = None if run.error is None else str(run.error)
            self._act(self._part.finished(self._seq, time.monotonic_ns(), error=error, stopped_by=run.stopped_by))
            self._idle.set()

    def _tell_again(self, done: Done) -> None:
        self._repeats = True
        try:
            self._runner._send_stats()  # noqa: SLF001 - as above
        finally:
            self._repeats = False
            self._act([Tell(done)])

    def _on_report(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - Locust gives it by name
        run = self.run
        if run is None or run.reporter is None:
            if self._repeats and self._last is not None:
                data["replay"] = self._last
            return
        report = run.reporter.next(run.elapsed) if self._drained else run.reporter.prepared(run.elapsed)
        self._seq = report["seq"]
        warnings = [[warning.at_s, warning.text] for warning in run.warnings]
        data["replay"] = self._last = {
            "run": run.id,
            "failures": run.user_code_failures,
            "warnings": warnings,
            "comparers": run.comparers,
            "queued": run.queued,
            "in_flight": run.in_flight,
            "report": report,
            **({"exhibits": run.exhibits} if self._drained else {}),
        }

    # Ending

    def _end_run(self, reason: str) -> None:
        """Stop what is under way, and wait until the master was told."""
        if self._idle.is_set():
            return
        drain = 0.0 if self.run is None else self.run.prepared.settings.drain_timeout / 1e9
        self._stop(reason)
        self._idle.wait(drain + _DRAIN_SLACK_S)

    def _on_start(self, **_: Any) -> None:
        """Locust passes over a stop that comes before the users of a second test are there, and then has the worker quit."""
        if self._runner.state == STATE_STOPPED:
            self._runner.update_state(STATE_INIT)

    def _on_stopping(self, **_: Any) -> None:
        """Locust stops its users; a run that the master has drained is over by now."""
        self._end_run(self._asked_by)
        self._user = None

    def _on_quitting(self, **_: Any) -> None:
        self._leaving = True
        self._end_run(self._asked_by)

    @property
    def _asked_by(self) -> str:
        return "signal" if self.signals.count else "person"

    def _on_signal(self, number: signal.Signals) -> None:
        _logger.info("stopping; answers under way are awaited (again to exit at once)")
        gevent.spawn(self._interrupted if number == signal.SIGINT else self._terminated)

    def _interrupted(self) -> None:
        """Ctrl-C reaches the master too, as a rule, which then ends its workers when it has all of their reports."""
        running = not self._idle.is_set()
        self._end_run("signal")
        if running:
            gevent.sleep(_GOODBYE_S)
        self._quit()

    def _terminated(self) -> None:
        """Locust ends a worker at SIGTERM of itself, but only from a little after `init` on."""
        gevent.sleep(_TICK_S)
        self._quit()

    def _leave(self) -> None:
        """The master is gone: there is nobody to report to."""
        if not self._leaving:
            silence = (time.monotonic_ns() - self._heard) // 1_000_000_000
            _logger.error("the master has not been heard of for %d s: leaving", silence)
            self.environment.process_exit_code = _TOOL_ERROR
            gevent.spawn(self._quit)

    def _quit(self) -> None:
        """End Locust, once; what it does then says `quitting`."""
        if not self._leaving:
            self._leaving = True
            self._runner.quit()
