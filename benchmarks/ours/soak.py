"""The whole pipeline for a long time, telling every few seconds how it is.

Law: the very `Run` that `replay-users run` makes; prints a line of JSON per sample while it runs and judges nothing. The
subtle thing: lag is that of the time since the last sample, from the difference of two histograms, so that a bad minute
cannot hide in a good hour.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.flatness import Sample
from benchmarks.ours.pipeline import add_comparing, run_of
from replay_users.histogram import Histogram

if TYPE_CHECKING:
    from replay_users.swarm.run import Run

__all__ = ["Watch"]


class Watch:
    """Looks at a run."""

    def __init__(self, run: Run) -> None:
        """The run begins now."""
        self._run = run
        self._before = Histogram()
        self._start = time.monotonic()

    def sample(self) -> Sample:
        """The run as it is, and its lag since the last call."""
        totals, lag = self._run.tally.totals(), self._lag().to_ms_summary()
        p50, p99, most = (_number(lag[name]) for name in ("p50", "p99", "max"))
        return Sample(
            at_s=round(time.monotonic() - self._start, 3),
            rss_mb=_rss_mb(),
            descriptors=len(list(Path("/proc/self/fd").iterdir())),
            sent=totals.sent,
            failed=totals.failed,
            lost=totals.dropped + totals.unread + totals.skipped,
            lag_p50_ms=p50,
            lag_p99_ms=p99,
            lag_max_ms=most,
        )

    def _lag(self) -> Histogram:
        """Of what was counted since the last call; its largest value is known only to its bucket."""
        now = Histogram.from_dict(self._run.tally.fidelity.lag.to_dict())
        fresh = Histogram()
        fresh.peak, fresh.over = now.peak, now.over - self._before.over
        for bucket, count in now.buckets.items():
            if count > self._before.buckets[bucket]:
                fresh.buckets[bucket] = count - self._before.buckets[bucket]
        self._before = now
        return fresh


def _number(value: float | str | None) -> float:
    """A lag in ms; over is the longest lag there can be, and nothing sent has none."""
    return value if isinstance(value, float) else 0.0 if value is None else 1e9


def _rss_mb() -> float:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1024


def main() -> None:
    """Run to the end, printing samples; the last line says what was planned, the lag of all, and how it was before and after."""
    parser = argparse.ArgumentParser(description="The whole pipeline for a long time.")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between samples")
    parser.add_argument("--pace", default="1x")
    add_comparing(parser)
    parser.add_argument("--in-flight", type=int, default=2000)
    asked = parser.parse_args()
    run = run_of(asked)
    watch = Watch(run)
    before = watch.sample()
    run.begin()
    while not run.done.wait(asked.every):
        print(json.dumps(asdict(watch.sample())), flush=True)
    lag = {f"lag_{name}_ms": value for name, value in run.tally.fidelity.lag.to_ms_summary().items()}
    both = {"before": asdict(before), "last": asdict(watch.sample())}
    print(json.dumps({"planned": run.plan.planned, **lag, **both}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
