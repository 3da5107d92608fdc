"""The face: what Locust's events mean for a run, headless and in the web UI.

Law: translates. Locust says test_start, test_stopping, quitting; here that becomes prepare, begin, stop, exit code.
Nothing here knows a request, nor who sends it: this process (`local`) or the workers of a master (`master`). Whatever goes
wrong here ends the run, since Locust would wait for ever. The subtle thing: Locust stops at once when it stops, so what is
under way is waited for inside its `test_stopping`.
"""

from __future__ import annotations

import logging
import secrets
import signal
import sys
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gevent
from gevent.event import Event
from locust.stats import CSV_STATS_INTERVAL_SEC

from replay_users.errors import ReplayError
from replay_users.plan.duration import describe_duration
from replay_users.plan.render import plan_text
from replay_users.swarm.conclusion import Conclusion, conclude_run
from replay_users.swarm.prepare import prepare
from replay_users.swarm.progress import Progress
from replay_users.swarm.publisher import publish
from replay_users.swarm.settings import read_settings
from replay_users.swarm.signals import STOPPED, Signals
from replay_users.swarm.telling import tell
from replay_users.swarm.ticker import Ticker
from replay_users.swarm.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import ClassVar

    from replay_users.histogram import Histogram
    from replay_users.swarm.conclusion import Replay
    from replay_users.swarm.prepare import Prepared

__all__ = ["Face", "add_face", "face_of", "new_run_id"]

_TOOL_ERROR = 1
_DRAIN_SLACK_S = 10.0

_logger = logging.getLogger(__name__)
_plain_logger = logging.getLogger("locust.stats_logger")
"""Where Locust writes its tables: as they are on stderr, and on the web UI's page of logs."""

_faces: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def face_of(environment: Any) -> Any:
    """The face of an environment: a `Face`, or a `WorkerFace`."""
    return _faces[environment]


def add_face(environment: Any, face: Any) -> None:
    """Give an environment its face, for its user and its shape to find."""
    _faces[environment] = face


class Face:
    """One environment's replays, one after the other."""

    sends: ClassVar[bool] = True
    """Whether this process sends requests itself."""

    def __init__(self, environment: Any) -> None:
        """Nothing happens before `listen`."""
        self.environment = environment
        self.ready: Prepared | None = None
        self.run: Replay | None = None
        self.conclusion: Conclusion | None = None
        self.signals = Signals(self._on_signal)
        self._progress: Progress | None = None
        self._preparing = self._failed = False
        self._concluded = Event()

    def listen(self) -> None:
        """Take Locust's events and signals from now on."""
        events = self.environment.events
        events.test_start.add_listener(self._on_start)
        events.test_stopping.add_listener(self._on_stopping)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        self.signals.listen()

    def make_ready(self, options: Any = None, host: str | None = None) -> Prepared:
        """Read options (by default the environment's own), open the recording and plan.

        Raises:
            ReplayError: the run cannot be as asked.
        """
        chosen = self.environment.parsed_options if options is None else options
        self._preparing = True
        try:
            self.ready = self._prepare(chosen, host or self.environment.host)
        finally:
            self._preparing = False
        return self.ready

    def _prepare(self, options: Any, host: str | None) -> Prepared:
        return prepare(read_settings(options, host))

    def announce(self, prepared: Prepared) -> None:
        """Show the plan before anything is sent."""
        tell(plan_text(prepared.plan))

    @property
    def is_over(self) -> bool:
        """Whether the run has drained and its result is written, or there will be none; the next one may be ready by then."""
        if self.ready is not None and not self.signals.count:
            return False
        return self.conclusion is not None or self._failed or (self.signals.count > 0 and self.run is None)

    @property
    def is_busy(self) -> bool:
        """Whether a run is being prepared, or Locust has not done with the last one."""
        return self._preparing or self.environment.runner.shape_greenlet is not None

    @property
    def users(self) -> int:
        """How many users Locust is to have while a run lasts: one for each process that sends."""
        return 1

    def look_after(self) -> None:
        """Called each second of a test: end what Locust would wait for in vain."""

    def refuse_start(self) -> None:
        """Say why no run can be started now.

        Raises:
            UsageError: something is missing.
        """

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
                self.fail(error)

    def launch(self, run: Replay) -> None:
        """Begin a run; its end is its conclusion."""
        self.run = run
        if self.environment.web_ui is None:
            takes = describe_duration(run.plan.duration_ns)
            tell(f"Run {run.id} has begun and takes {takes}; Ctrl-C stops it, and it still reports.")
            self._progress = Progress(run)
        publish(run)
        run.begin()
        Watch(run, lambda: self.hubs(run), reported=not self.sends)
        gevent.spawn(self._conclude, run, Ticker(run))

    def hubs(self, run: Replay) -> Iterable[Histogram]:
        """By how much the hubs of all that send in a run were late so far."""
        return [run.tally.fidelity.hub]

    def _conclude(self, run: Replay, ticker: Ticker) -> None:
        """Wait for the run to drain, then write what came of it."""
        run.done.wait()
        ticker.finish()
        if self._progress is not None:
            self._progress.stop()
        try:
            conclusion = self._judge(run)
        except Exception as error:  # noqa: BLE001 - whatever it is, Locust must not wait for a result that is not there
            self.fail(error)
            return
        if self.environment.web_ui is not None:
            _plain_logger.warning("\n%s", conclusion.summary)
        self._let_csv_catch_up()
        self.environment.process_exit_code = conclusion.exit_code
        self.conclusion = conclusion
        self._concluded.set()

    def _judge(self, run: Replay) -> Conclusion:
        return conclude_run(run)

    def _let_csv_catch_up(self) -> None:
        """Locust writes its CSV files every second, and closes them at the end without a last look."""
        if self.environment.parsed_options.csv_prefix:
            gevent.sleep(1.5 * CSV_STATS_INTERVAL_SEC)

    def fail(self, error: Exception) -> None:
        """There will be no result: say why, and let Locust end."""
        if isinstance(error, ReplayError):
            tell(f"replay-users: {error}")
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
        self.stop("signal" if self.signals.count else "person")
        cut_short = self.run is not None or (self.signals.count > 0 and self.environment.web_ui is None)
        if cut_short and self.environment.process_exit_code is None:
            self.environment.process_exit_code = STOPPED  # it did not begin, or could not be concluded in time

    def _on_quit(self, **_: Any) -> None:
        """Last of all, below Locust's tables: the summary."""
        if self.conclusion is not None and self.environment.web_ui is None:
            tell("")
            sys.stdout.write(self.conclusion.summary)
            sys.stdout.flush()

    def _on_signal(self, number: signal.Signals) -> None:
        awaited = "" if self.run is None or self.is_over else "; answers under way are awaited (again to exit at once)"
        tell(f"replay-users: stopping{awaited}")
        if number == signal.SIGINT or self.environment.web_ui is None:
            gevent.spawn(self._end)

    def _end(self) -> None:
        """Stop; in the web UI end that too, which Locust does of itself at SIGTERM (twice would be once too much)."""
        self.stop("signal")
        if self.environment.web_ui is not None:
            self.environment.web_ui.stop()


def new_run_id() -> str:
    """A name for a run that sorts by time."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + "-" + secrets.token_hex(2)
