"""Our schedule and connections at a rate, without a recording: how late they send by themselves.

Law: the product's own `Schedule`, `Engine` and `Chores` in a gevent hub patched by Locust; all flights are there before
the start, so that nothing but sending is measured.
"""

from __future__ import annotations

import argparse
import gc
import random
import time

import gevent
import locust  # noqa: F401 - first: it patches, as in production
from gevent.hub import get_hub

from benchmarks.ours.transport import wire
from benchmarks.peers.meter import Meter, lag_percentiles_ms
from benchmarks.peers.request import HOST, PATHS, port
from replay_users.engine.chores import Chores
from replay_users.engine.engine import Engine, Timeouts
from replay_users.engine.origin import Origin
from replay_users.engine.schedule import Limits, Schedule
from replay_users.engine.target import Target, resolve
from replay_users.model import Drop, Flight

MOST_REQUESTS = 200_000
SECOND = 1_000_000_000


def flights(rate: float, seconds: float, seed: int = 7) -> list[Flight]:
    """A Poisson schedule at `rate` per second, sessions of all kinds of length."""
    rnd, at, made = random.Random(seed), 0.0, list[Flight]()
    wires = [wire(path) for path in PATHS]
    while at < seconds and len(made) < MOST_REQUESTS:
        at += rnd.expovariate(rate)
        due, session = int(at * SECOND), b"%d" % rnd.randrange(200)
        made.append(Flight(due, due, session, 0, "GET", b"/", wires[len(made) % 1000], 200, b"", b"", 1000, ""))
    return made


class Probe:
    """Runs the flights and keeps what came back."""

    def __init__(self) -> None:
        self.dropped: list[Flight] = []
        self.done: list[Flight] = []
        self.schedule = Schedule(Limits(max_lag=60 * SECOND), self._drop)
        loop, target = get_hub().loop, Target(Origin(name=HOST, port=port()), resolve(HOST, port()))
        self.engine = Engine(loop, self.schedule, [target], timeouts=Timeouts(), wake=self._wake)
        self.chores = Chores(loop, (self._settle,), lambda ns: None)  # noqa: ARG005 - stalls are not looked at here

    def _drop(self, flight: Flight, reason: Drop) -> None:  # noqa: ARG002
        self.dropped.append(flight)

    def _wake(self) -> None:
        self.chores.wake()

    def _settle(self) -> bool:
        self.done += self.engine.finished
        self.engine.finished.clear()
        return False

    def run(self, planned: list[Flight]) -> None:
        """Send everything; at most five seconds longer than planned."""
        for flight in planned:
            self.schedule.offer(flight)
        gc.collect()
        gc.freeze()
        self.chores.start()
        self.engine.begin(time.monotonic_ns() + SECOND // 10)
        until = time.monotonic() + planned[-1].due / SECOND + 5
        while not self.schedule.idle and time.monotonic() < until:
            gevent.sleep(0.05)
        self._settle()


def main() -> None:
    """Measure at `--rate` for `--seconds` and print the JSON line."""
    parser = argparse.ArgumentParser(description="The engine's own lag.")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    planned, probe, meter = flights(asked.rate, asked.seconds), Probe(), Meter()
    meter.start(0)
    probe.run(planned)
    failed = len(planned) - sum(flight.answer_status == flight.status for flight in probe.done)
    lags = lag_percentiles_ms((flight.picked - flight.ready) / SECOND for flight in probe.done)
    print(meter.line(len(probe.done), failed=failed, **lags), flush=True)


if __name__ == "__main__":
    main()
