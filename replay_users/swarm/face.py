"""The face: what Locust's events mean for a run, in one process, headless and in the web UI.

Law: translates. Locust says test_start, test_stopping, quitting; here that becomes prepare, begin, stop, exit code.
Nothing here knows a request, and whatever goes wrong here ends the run, since Locust would wait for ever. The subtle
thing: with a shape, headless Locust installs its signal handlers only after the shape has ended, so ours are installed
at init: the first signal drains and reports, the second one exits at once.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event
from locust.stats import CSV_STATS_INTERVAL_SEC

from replay_users.errors import ReplayError, UsageError
from replay_users.plan.duration import describe_duration
from replay_users.plan.render import plan_text
from replay_users.swarm.conclusion import Conclusion, conclude_run
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.prepare import prepare
from replay_users.swarm.progress import Progress
from replay_users.swarm.run import Run
from replay_users.swarm.settings import read_settings

if TYPE_CHECKING:
    from replay_users.swarm.prepare import Prepared

__all__ = ["STOPPED", "Face", "add_face", "face_of"]

STOPPED = 4
"""Exit code of a run that a person stopped."""

_TOOL_ERROR = 1
_DRAIN_SLACK_S = 5.0
_SPAWNED = frozenset({"spawning", "running"})

_logger = logging.getLogger(__name__)
_plain_logger = logging.getLogger("locust.stats_logger")
"""Where Locust writes its tables: as they are on stderr, and on the web UI's page of logs."""

_faces: WeakKeyDictionary[Any, Face] = WeakKeyDictionary()


def face_of(environment: Any) -> Face:
    """The face of an environment."""
    return _faces[environment]


def add_face(environment: Any, face: Face) -> None:
    """Give an environment its face, for its user and its shape to find."""
    _faces[environment] = face


class Face:
    """One environment's replays, one after the other."""

    def __init__(self, environment: Any) -> None:
        """Nothing happens before `listen`."""
        self.environment = environment
        self.ready: Prepared | None = None
        self.run: Run | None = None
        self.conclusion: Conclusion | None = None
        self._progress: Progress | None = None
        self._preparing = self._failed = False
        self._signals = 0
        self._concluded = Event()

    def listen(self) -> None:
        """Take Locust's events and signals from now on."""
        events = self.environment.events
        events.test_start.add_listener(self._on_start)
        events.test_stopping.add_listener(self._on_stopping)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        for number in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(number, self._on_signal, number)

    def make_ready(self, options: Any = None, host: str | None = None) -> Prepared:
        """Read options (by default the environment's own), open the recording and plan.

        Raises:
            ReplayError: the run cannot be as asked.
        """
        chosen = self.environment.parsed_options if options is None else options
        self._preparing = True
        try:
            self.ready = prepare(read_settings(chosen, host or self.environment.host))
        finally:
            self._preparing = False
        return self.ready

    def announce(self, prepared: Prepared) -> None:
        """Show the plan before anything is sent."""
        _tell(plan_text(prepared.plan))

    @property
    def is_over(self) -> bool:
        """Whether the run has drained and its result is written, or there will be none; the next one may be ready by then."""
        if self.ready is not None and not self._signals:
            return False
        return self.conclusion is not None or self._failed or (self._signals > 0 and self.run is None)

    @property
    def is_busy(self) -> bool:
        """Whether a run is being prepared, or Locust has not done with the last one."""
        return self._preparing or self.environment.runner.shape_greenlet is not None

    # Locust's events

    def _on_start(self, **_: Any) -> None:
        self.run = self.conclusion = self._progress = None
        self._failed = False
        self._concluded.clear()
        self.environment.process_exit_code = None
        if self.ready is None:
            try:
                self.make_ready()
            except ReplayError as error:
                self._fail(error)

    def begin(self, user: Any) -> None:
        """The user has started: begin the run that is ready."""
        if self.run is not None or self.ready is None or self._signals:
            return
        prepared, self.ready = self.ready, None
        try:
            self._launch(prepared, user)
        except Exception as error:  # noqa: BLE001 - whatever it is, Locust must not wait for a run that is not there
            self._fail(error)

    def _launch(self, prepared: Prepared, user: Any) -> None:
        from replay_users.swarm.user import ReplayUser  # noqa: PLC0415 - it imports this module

        run_id = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + "-" + secrets.token_hex(2)
        self.run = run = Run(run_id, prepared, self.environment, Hooks(user, ReplayUser))
        if self.environment.web_ui is None:
            takes = describe_duration(prepared.plan.duration_ns)
            _tell(f"Run {run_id} has begun and takes {takes}; Ctrl-C stops it, and it still reports.")
            self._progress = Progress(run)
        run.begin()
        gevent.spawn(self._conclude, run)

    def look_after_user(self) -> None:
        """A user that broke down in its `on_start` will never begin, and Locust would wait for it."""
        runner = self.environment.runner
        if runner.state in _SPAWNED and self.run is None and not runner.user_greenlets and not self.is_over:
            self._fail(UsageError("the user ended before it began to replay: what Locust logged above says why"))

    def _conclude(self, run: Run) -> None:
        """Wait for the run to drain, then write what came of it."""
        run.done.wait()
        if self._progress is not None:
            self._progress.stop()
        try:
            conclusion = conclude_run(run)
        except Exception as error:  # noqa: BLE001 - as in `begin`
            self._fail(error)
            return
        if self.environment.web_ui is not None:
            _plain_logger.warning("\n%s", conclusion.summary)
        self._let_csv_catch_up()
        self.environment.process_exit_code = conclusion.exit_code
        self.conclusion = conclusion
        self._concluded.set()

    def _let_csv_catch_up(self) -> None:
        """Locust writes its CSV files every second, and closes them at the end without a last look."""
        if self.environment.parsed_options.csv_prefix:
            gevent.sleep(1.5 * CSV_STATS_INTERVAL_SEC)

    def _fail(self, error: Exception) -> None:
        """There will be no result: say why, and let Locust end."""
        if isinstance(error, ReplayError):
            _tell(f"replay-users: {error}")
        else:
            _logger.error("the replay broke down; this is a bug of replay_users, please report it", exc_info=error)
        if self._progress is not None:
            self._progress.stop()
        self.ready = None
        self.environment.process_exit_code = getattr(error, "exit_code", _TOOL_ERROR)
        self._failed = True
        self._concluded.set()

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
        cut_short = self.run is not None or (self._signals > 0 and self.environment.web_ui is None)
        if cut_short and self.environment.process_exit_code is None:
            self.environment.process_exit_code = STOPPED  # it did not begin, or could not be concluded in time

    def _on_quit(self, **_: Any) -> None:
        """Last of all, below Locust's tables: the summary."""
        if self.conclusion is not None and self.environment.web_ui is None:
            _tell("")
            sys.stdout.write(self.conclusion.summary)
            sys.stdout.flush()

    def _on_signal(self, number: signal.Signals) -> None:
        self._signals += 1
        if self._signals > 1:
            _tell("replay-users: second signal, exiting without a report")
            os._exit(STOPPED)
        awaited = "" if self.run is None or self.is_over else "; answers under way are awaited (again to exit at once)"
        _tell(f"replay-users: stopping{awaited}")
        if number == signal.SIGINT or self.environment.web_ui is None:
            gevent.spawn(self._end)

    def _end(self) -> None:
        """Stop; in the web UI end that too, which Locust does of itself at SIGTERM (twice would be once too much)."""
        self.stop("signal")
        if self.environment.web_ui is not None:
            self.environment.web_ui.stop()


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
