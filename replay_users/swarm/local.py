"""The face of a Locust that is one process: its user's start begins the run, which this process sends.

Law: what only holds where user and run are in one process. The subtle thing: the run belongs to the face; a user lends it
its methods, and may be stopped and started again by Locust without the run's noticing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.errors import UsageError
from replay_users.swarm.face import Face, new_run_id
from replay_users.swarm.hooks import USER_ENDED, Hooks
from replay_users.swarm.run import Run
from replay_users.swarm.twice import Twice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.histogram import Histogram
    from replay_users.swarm.conclusion import Replay
    from replay_users.swarm.prepare import Prepared

__all__ = ["LocalFace"]

_SPAWNED = frozenset({"spawning", "running"})


class LocalFace(Face):
    """The replays of one process."""

    def begin(self, user: Any) -> None:
        """The user has started: begin the run that is ready."""
        if self.run is not None or self.ready is None or self.signals.count:
            return
        prepared, self.ready = self.ready, None
        try:
            self._launch(prepared, user)
        except Exception as error:  # noqa: BLE001 - whatever it is, Locust must not wait for a run that is not there
            self.fail(error)

    def _launch(self, prepared: Prepared, user: Any) -> None:
        from replay_users.swarm.user import ReplayUser  # noqa: PLC0415 - it imports this module

        kind = Twice if prepared.settings.twice else Run
        self.launch(kind(new_run_id(), prepared, self.environment, Hooks(user, ReplayUser)))

    def hubs(self, run: Replay) -> Iterable[Histogram]:
        """By how much the hub was late; in both passes of an A/A run, whose tally is that of the second."""
        return run.hubs() if isinstance(run, Twice) else super().hubs(run)

    def look_after(self) -> None:
        """A user that broke down in its `on_start` will never begin, and Locust would wait for it."""
        runner = self.environment.runner
        if runner.state in _SPAWNED and self.run is None and not runner.user_greenlets and not self.is_over:
            self.fail(UsageError(USER_ENDED))
