"""What two cores of this machine are worth: busy processes side by side, which share nothing.

Law: no I/O, no gevent; pure Python in so many processes. The subtle thing: two virtual cores of a busy host, or two threads
of one core, are worth less than two (measured: 1.0 to 1.5 with neighbours), and no program can do better than they do.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor

__all__ = ["rounds"]

_ROUND = 9000


def rounds(seconds: float) -> int:
    """How many rounds of arithmetic were done in so many seconds."""
    until, done, found = time.perf_counter() + seconds, 0, 0
    while time.perf_counter() < until:
        for nth in range(_ROUND):
            found = (found * 31 + nth) & 0xFFFFFFFF
        done += 1
    return done


def main() -> None:
    """Measure with `--processes` at once for `--seconds` and print the JSON line."""
    parser = argparse.ArgumentParser(description="Busy processes side by side.")
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.processes) as pool:
        list(pool.map(rounds, [0.1] * asked.processes))  # they are there before they are measured
        done = sum(pool.map(rounds, [asked.seconds] * asked.processes))
    print(json.dumps({"n": done, "rps": done / asked.seconds}), flush=True)


if __name__ == "__main__":
    main()
