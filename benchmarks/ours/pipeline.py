"""The whole product without a Locust process around it, from Parquet to the tally.

Law: the very `Run` that `replay-users run` makes, in a Locust environment with a local runner; all columns are read and
causality is on. `--pace` decides: at a rate above what one core can do it measures cost, at the recorded pace it
measures lag.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from types import SimpleNamespace
from typing import Any

import gevent
import locust  # noqa: F401 - first: it patches, as in production
from locust.env import Environment

from benchmarks.peers.meter import Meter
from benchmarks.peers.request import HOST, port
from replay_users.recording.schema import COLUMNS
from replay_users.swarm.hooks import Hooks
from replay_users.swarm.options import OPTIONS
from replay_users.swarm.prepare import prepare
from replay_users.swarm.run import Run
from replay_users.swarm.settings import read_settings
from replay_users.swarm.user import ReplayUser

WARM_UP_S = 1.0


def run_of(arguments: argparse.Namespace) -> Run:
    """A run that is ready to begin."""
    chosen: dict[str, Any] = {option.dest: option.default for option in OPTIONS}
    chosen |= {
        "recording": os.environ["_".join(filter(None, ("BENCH_RECORDING", arguments.recording.upper())))],
        "pace": arguments.pace,
        "max_lag": "1h",
        "max_wait": "1h",
        "max_in_flight": str(arguments.in_flight),
        "rules": _rules(arguments.ignore),
        "comparers": str(arguments.comparers),
    }
    settings = read_settings(SimpleNamespace(**chosen), f"http://{HOST}:{port()}")
    environment = Environment(user_classes=[])
    environment.create_local_runner()

    class Nobody(ReplayUser):
        """Overrides nothing."""

    return Run("bench", prepare(settings), environment, Hooks(Nobody(environment), ReplayUser), columns=COLUMNS)


def _rules(path: str) -> str:
    """A rules file that ignores one path, if there is one to ignore."""
    if not path:
        return ""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False, encoding="utf-8") as file:
        file.write(f'- ignore: "{path}"\n  reason: noise of a benchmark\n')
    return file.name


def measured(run: Run, window_s: float | None) -> str:
    """The JSON line of a window of the run, after its first second; of the whole run for `None`."""
    meter = Meter()
    run.begin()
    gevent.sleep(WARM_UP_S)
    meter.start(run.tally.totals().sent)
    run.done.wait(window_s)
    totals = run.tally.totals()
    lag, fidelity = run.tally.fidelity.lag.to_ms_summary(), run.tally.fidelity
    stretch = fidelity.stretch_percent
    more = {f"lag_{name}_ms": value for name, value in lag.items() if isinstance(value, float)}
    return meter.line(
        totals.sent,
        failed=totals.failed,
        dropped=totals.dropped,
        mismatched=totals.mismatched,
        unchecked=totals.unchecked,
        ignored=sum(totals.ignored_by.values()),
        queue_peak_mb=run.comparers["queue_peak_bytes"] / 1e6,
        stretch_percent=abs(stretch) if stretch is not None else 1e9,
        **more,
    )


def add_comparing(parser: argparse.ArgumentParser) -> None:
    """Options about how answers are compared."""
    parser.add_argument("--comparers", type=int, default=1)
    parser.add_argument("--recording", default="", help="which one, where a group has several")
    parser.add_argument("--ignore", default="", help="path of a difference that a rule ignores")


def main() -> None:
    """Measure and print the JSON line."""
    parser = argparse.ArgumentParser(description="The whole pipeline.")
    parser.add_argument("--pace", default="1x")
    parser.add_argument("--window", type=float, help="seconds; the whole run if left out")
    add_comparing(parser)
    parser.add_argument("--in-flight", type=int, default=2000)
    arguments = parser.parse_args()
    print(measured(run_of(arguments), arguments.window), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
