"""Publish how a run goes, where you want it: `progress`. Here: a line of JSON every five seconds, in a file.

    PROGRESS=progress.jsonl locust -f locustfiles/publisher.py --headless --recording DIR --host http://STAGING

What writes to InfluxDB is a listener like these, there only if it is asked for: without --influx-url, yours takes its place.
`progress` comes where the result is written: on the master, if there are workers. Read `tally`, and keep nothing of it.
In one process requests wait while you compute, so be quick; what takes its time (I/O) goes to a greenlet.
"""

import json
import os
from pathlib import Path
from typing import Any

from replay_users import ReplayShape, ReplayUser
from replay_users.events import events


def write(**facts: object) -> None:
    with Path(os.environ["PROGRESS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


@events.progress.add_listener
def progressed(run_id: str, at_s: float, tally: Any, workers: Any, **_: Any) -> None:
    totals, in_flight = tally.totals(), sum(each.in_flight for each in workers.values())
    write(run=run_id, at_s=round(at_s), sent=totals.sent, mismatched=totals.mismatched, in_flight=in_flight)


@events.run_finished.add_listener
def finished(summary: Any, **_: Any) -> None:
    write(run=summary["run"]["id"], verdict=summary["gate"]["verdict"])


class Replay(ReplayUser):
    """The stream of recorded exchanges."""


class Shape(ReplayShape):
    """One user per process, until the recording is through."""
