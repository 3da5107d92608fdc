"""Listen to a run by its events (`progress`: publisher.py): off the hot path, in batches, harmless if a listener raises."""

import logging
from typing import Any

from replay_users import ReplayShape, ReplayUser
from replay_users.events import events

log = logging.getLogger(__name__)
slowest = [(0, "nothing")]
# Each listener takes `**_`, so that arguments may be added.


@events.run_started.add_listener
def started(run_id: str, to_send: int, **_: Any) -> None:
    log.warning("run %s: none of %d has been sent yet", run_id, to_send)


@events.outcomes.add_listener
def ended(outcomes: Any, **_: Any) -> None:
    slowest[0] = max(slowest[0], *((each.done - each.due, each.endpoint) for each in outcomes))


@events.mismatches.add_listener
def differed(mismatches: Any, **_: Any) -> None:
    log.warning("%s differs: %s", mismatches[0].outcome.id, mismatches[0].differences[0].kind)
    events.mismatches.remove_listener(differed)  # one is enough to know


@events.run_finished.add_listener
def finished(summary: Any, **_: Any) -> None:
    log.warning("%s; slowest: %s, %.1f ms", summary["gate"]["verdict"], slowest[0][1], slowest[0][0] / 1e6)


class Replay(ReplayUser):
    """The stream of recorded exchanges."""


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
