"""How late this machine is by itself: a busy loop that does nothing but watch the clock.

Law: no I/O, no gevent, no sleeping; a generator cannot be less late than this on the same core in
the same minute.
The subtle thing: its lag is not zero. Neighbours steal the core for milliseconds (measured p99.9
of 0.1-1.8 ms), and that share of a generator's lag is not the generator's.
"""

from __future__ import annotations

import argparse
import random
import time

from benchmarks.peers.meter import Meter, lag_percentiles_ms

__all__ = ["lags_s"]

MOST_REQUESTS = 1_000_000


def _dues_s(rate: float, seconds: float, seed: int) -> list[float]:
    rnd, at, dues = random.Random(seed), 0.0, list[float]()
    for _ in range(MOST_REQUESTS):
        at += rnd.expovariate(rate)
        if at > seconds:
            break
        dues.append(at)
    return dues


def lags_s(rate: float, seconds: float, seed: int = 7) -> list[float]:
    """The lag in seconds of each due time of a Poisson schedule at `rate` per second."""
    clock, lags = time.perf_counter, list[float]()
    start = clock() + 0.05
    for due in _dues_s(rate, seconds, seed):
        at = start + due
        while (now := clock()) < at:
            pass
        lags.append(now - at)
    return lags


def main() -> None:
    """Measure at `--rate` for `--seconds` and print the JSON line."""
    parser = argparse.ArgumentParser(description="The machine's own lag, by a busy loop.")
    parser.add_argument("--rate", type=float, required=True, help="due times per second")
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    meter = Meter()
    lags = lags_s(asked.rate, asked.seconds)
    print(meter.line(len(lags), **lag_percentiles_ms(lags)), flush=True)


if __name__ == "__main__":
    main()
