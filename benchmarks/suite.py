"""What `make bench` measures: contenders, the groups they run in, rows with goals and floors.

Law: declarations only; a new contender or row is added here and nowhere else. The peers' commands
are functions because groups run them against different targets and recordings.
The subtle thing: a peer is compared only with contenders of its own group, which saw the same
target, body size and minute.
"""

from __future__ import annotations

import sys

from benchmarks.harness import Contender, Group, Ratio
from benchmarks.peers.request import CONNECTIONS

__all__ = ["busy_loop", "fasthttp", "groups", "naive", "wrk"]

WINDOW_S = 2
WARM_UP_S = 1
ROWS_PER_USER_S = 10
"""How many requests per second one greenlet of the naive replay is meant for."""


def _locust(locustfile: str, *, users: int, seconds: float) -> tuple[str, ...]:
    return (
        sys.executable, "-m", "locust", "-f", f"benchmarks/peers/{locustfile}", "--headless",
        "-u", str(users), "-r", "1000", "-t", f"{seconds:.0f}s", "--only-summary",
    )  # fmt: skip


def fasthttp(name: str = "FastHttpUser") -> Contender:
    """Locust's FastHttpUser, closed loop, 32 users."""
    command = _locust("fasthttp.py", users=CONNECTIONS, seconds=WARM_UP_S + WINDOW_S)
    return Contender(name=name, command=command)


def wrk(name: str = "wrk") -> Contender:
    """Wrk with one thread and 32 connections; skips itself where it is not installed."""
    command = (sys.executable, "-m", "benchmarks.peers.wrk")
    return Contender(name=name, command=command, env={"BENCH_SECONDS": str(WINDOW_S)})


def busy_loop(name: str = "busy loop", *, rate: float, seconds: float = 4) -> Contender:
    """The machine's own lag at `rate` due times per second."""
    command = (
        sys.executable, "-m", "benchmarks.peers.floor", "--rate", str(rate),
        "--seconds", str(seconds),
    )  # fmt: skip
    return Contender(name=name, command=command)


def naive(name: str = "naive", *, rate: float | None = None, seconds: float = 4) -> Contender:
    """The naive Locust replay of BENCH_RECORDING (set by the group's `prepare`).

    With `rate`, the recording's, at its own timing with a user per 10 requests/s; without, flat
    out with 32 users.
    """
    users = round(rate / ROWS_PER_USER_S) if rate else CONNECTIONS
    command = _locust("naive/locustfile.py", users=max(1, users), seconds=seconds + 2 * WARM_UP_S)
    env = {"BENCH_PACE": "recorded" if rate else "flat-out"}
    return Contender(name=name, command=command, env=env)


def groups() -> tuple[Group, ...]:
    """All groups, in the order of the table."""
    return (
        Group(
            name="transport",
            contenders=(fasthttp(), wrk()),
            rows=(
                Ratio(
                    name="FastHttpUser vs wrk, requests per CPU second",
                    of="FastHttpUser",
                    over="wrk",
                    unit="%",
                ),
            ),
        ),
    )
