"""The face: what Locust's events mean for a run, in one process, headless and in the web UI.

Law: translates. Locust says init, test_start, test_stopping, quitting; here that becomes prepare, begin, stop, exit
code. Nothing here knows a request. The subtle thing: with a shape, headless Locust installs its signal handlers only
after the shape has ended, so ours are installed at init: the first signal drains and reports, the second one exits at
once.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event

from replay_users.errors import ReplayError, UsageError
from replay_users.plan.render import plan_text
from replay_users.swarm.conclusion import Conclusion, conclude_run
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.prepare import prepare
from replay_users.swarm.progress import Progress
from replay_users.swarm.run import Run
from replay_users.swarm.settings import read_settings

if TYPE_CHECKING:
    from replay_users.swarm.prepare import Prepared

__all__ = ["Face", "face_of", "install"]

_STOPPED = 4  # exit code of a run that a person stopped
_DRAIN_SLACK_S = 5.0

_faces: WeakKeyDictionary[Any, Face] = WeakKeyDictionary()


def face_of(environment: Any) -> Face:
    """The face that was installed in an environment."""
    return _faces[environment]


def install(environment: Any, runner: Any, web_ui: Any, **_: Any) -> None:
    """Locust's `init`: wire the face to this environment's events.

    Exits with code 2 and one sentence if the options of a headless run cannot be.
    """
    from replay_users.swarm.web import guard  # noqa: PLC0415 - Flask, only where there is a web UI

    face = _faces[environment] = Face(environment)
    try:
        face.refuse_distribution(runner)
        if web_ui is None:
            face.announce(face.make_ready())
    except ReplayError as error:
        _exit(error)
    if web_ui is not None:
        guard(web_ui, face)
    face.listen()


def _exit(error: ReplayError) -> None:
    sys.stderr.write(f"replay-users: {error}\n")
    sys.stderr.flush()
    sys.exit(error.exit_code)


class Face:
    """One environment's replays, one after the other."""

    def __init__(self, environment: Any) -> None:
        """Nothing happens before `listen`."""
        self.environment = environment
        self.ready: Prepared | None = None
        self.run: Run | None = None
        self.conclusion: Conclusion | None = None
        self._progress: Progress | None = None
        self._signals = 0
        self._concluded = Event()

    def refuse_distribution(self, runner: Any) -> None:
        """One process only.

        Raises:
            UsageError: this is a master or a worker.
        """
        if type(runner).__name__ != "LocalRunner":
            raise UsageError("this version replays from one process: leave out --master, --worker and --processes")

    def listen(self) -> None:
        """Take Locust's events and signals from now on."""
        events = self.environment.events
        events.test_start.add_listener(self._on_start)
        events.test_stopping.add_listener(self._on_stopping)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, self._on_signal)

    def make_ready(self, options: Any = None, host: str | None = None) -> Prepared:
        """Read options (by default the environment's own), open the recording and plan.

        Raises:
            ReplayError: the run cannot be as asked.
        """
        chosen = self.environment.parsed_options if options is None else options
        self.ready = prepare(read_settings(chosen, host or self.environment.host))
        return self.ready

    def announce(self, prepared: Prepared) -> None:
        """Show the plan before anything is sent."""
        sys.stderr.write(plan_text(prepared.plan) + "\n")
        sys.stderr.flush()

    # Locust's events

    def _on_start(self, **_: Any) -> None:
        self.run = self.conclusion = None
        self._concluded.clear()
        self.environment.process_exit_code = None
        if self.ready is None:
            self.make_ready()

    def begin(self, user: Any) -> None:
        """The user has started: begin the run that is ready."""
        from replay_users.swarm.user import ReplayUser  # noqa: PLC0415 - it imports this module

        if self.run is not None or self.ready is None:
            return
        prepared, self.ready = self.ready, None
        run_id = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + "-" + secrets.token_hex(2)
        self.run = Run(run_id, prepared, self.environment, Hooks(user, ReplayUser))
        if self.environment.web_ui is None:
            self._progress = Progress(self.run)
        self.run.begin()
        gevent.spawn(self._conclude, self.run)

    def _conclude(self, run: Run) -> None:
        """Wait for the run to drain, then write what came of it."""
        run.done.wait()
        if self._progress is not None:
            self._progress.stop()
        self.conclusion = conclude_run(run)
        self._concluded.set()
        self.environment.process_exit_code = self.conclusion.exit_code
        if self.environment.web_ui is not None:
            sys.stderr.write(self.conclusion.summary + "\n")

    @property
    def is_over(self) -> bool:
        """Whether the run has drained and its result is written."""
        return self.conclusion is not None

    @property
    def is_running(self) -> bool:
        """Whether a run has begun and is not over."""
        return self.run is not None and self.conclusion is None

    def _on_stopping(self, **_: Any) -> None:
        self.stop("person")

    def stop(self, reason: str) -> None:
        """Drain the run, if there is one, and wait for its result."""
        run = self.run
        if run is None or self.is_over:
            return
        run.stop(reason)
        run.done.wait(run.prepared.settings.drain_timeout / 1e9 + _DRAIN_SLACK_S)
        self._concluded.wait(_DRAIN_SLACK_S)

    def _on_quitting(self, **_: Any) -> None:
        self.stop("signal" if self._signals else "person")
        if self.run is not None and self.environment.process_exit_code is None:
            self.environment.process_exit_code = _STOPPED  # it could not be concluded in time

    def _on_quit(self, **_: Any) -> None:
        """Last of all, below Locust's tables: the summary."""
        if self.conclusion is not None and self.environment.web_ui is None:
            sys.stdout.write("\n" + self.conclusion.summary + "\n")
            sys.stdout.flush()

    def _on_signal(self) -> None:
        self._signals += 1
        if self._signals > 1:
            sys.stderr.write("replay-users: second signal, exiting without a report\n")
            sys.stderr.flush()
            os._exit(_STOPPED)
        sys.stderr.write("replay-users: stopping; answers under way are awaited (again to exit at once)\n")
        gevent.spawn(self._end)

    def _end(self) -> None:
        self.stop("signal")
        if self.environment.web_ui is not None:
            self.environment.web_ui.stop()
        elif self.run is None:
            self.environment.runner.quit()
