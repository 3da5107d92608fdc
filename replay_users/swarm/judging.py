"""What compares the answers of one run: its desk, its comparers, and how long they may take.

Law: composition; what is judged where is the desk's, and how processes are kept the comparers'.
The subtle thing: judging goes on after the last answer, and has its time for that; what is not judged by then is unchecked,
so that every run ends.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from replay_users.compare.desk import Desk
from replay_users.swarm.comparers import Comparers
from replay_users.swarm.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.model import Flight
    from replay_users.results.tally import Tally
    from replay_users.swarm.first_pass import Against, Keeping
    from replay_users.swarm.settings import RunSettings

__all__ = ["Judging"]

_JUDGED_S = 60.0  # for what waits after the last answer: 12 MB take a comparer some seconds
_STOPPED_S = 3.0  # the same where somebody waits for the end: a worker has the drain timeout and five seconds


class Judging:
    """The desk of a run, and the processes behind it."""

    def __init__(
        self,
        loop: Any,
        settings: RunSettings,
        endpoints: Sequence[str],
        tally: Tally,
        *,
        left_out: Sequence[str],
        wake: Callable[[], None],
        tell: Callable[[str], None],
        aa: Keeping | Against | None = None,
    ) -> None:
        """No process is started before there is something to judge.

        `endpoints` are the names by index, `left_out` those whose writes are not replayed; `wake` is called when the desk has
        something to do, `tell` with what a person should know. `receive` takes answers as the desk does, and in an A/A run
        (`aa`) puts those of its first pass beside them.
        """
        self._crew: Comparers | None = None
        self.witness = Witness(tally, endpoints)
        self._wake = wake
        self._answered_at: float | None = None
        if settings.comparers:
            self._crew = Comparers(loop, settings.comparers, settings.rules, endpoints, wake=wake, tell=tell)
        self.desk = Desk(
            settings.rules,
            endpoints,
            self.witness,
            time.monotonic_ns,
            crew=self._crew,
            sampling=settings.sampling,
            left_out=() if aa else left_out,
        )
        self.receive = partial(self._receive, aa, tally) if aa else self.desk.receive
        for glob in settings.sampling.idle(endpoints):
            tell(f"--compare-sample {glob!r} matches no endpoint of the recording")

    def _receive(self, aa: Keeping | Against, tally: Tally, flights: list[Flight]) -> list[Flight]:
        """Take answers of a pass of an A/A run; gives back those that need no more judging."""
        compared, without = aa.take(flights, tally)
        return [*self.desk.receive(compared), *without]

    def counters(self) -> dict[str, int]:
        """What it took, for the result."""
        crew = {} if self._crew is None else self._crew.counters()
        return {**crew, "queue_peak_bytes": self.desk.peak_bytes}

    def hurry(self, *, stopped: bool) -> None:
        """All answers are there, and the run waits for nothing but this: it ends in time, whatever is left."""
        now = time.monotonic()
        self._answered_at = self._answered_at or now
        if now - self._answered_at > (_STOPPED_S if stopped else _JUDGED_S):
            self.desk.give_up()
            self._wake()

    def close(self) -> None:
        """End all processes."""
        if self._crew is not None:
            self._crew.close()
