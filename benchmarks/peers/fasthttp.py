"""Locust's FastHttpUser in a tight closed loop: what a Locust user has today, our unit of ratios.

Run by Locust itself (`locust -f benchmarks/peers/fasthttp.py --headless -u 32 -r 1000 -t 3s`);
prints one JSON line.
The subtle thing: the window opens a second after the start, when all users are connected, and
closes at `test_stopping`, before Locust tears them down.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import gevent
from locust import FastHttpUser, events, task

from benchmarks.peers.meter import Meter
from benchmarks.peers.request import HEADERS, HOST, PATHS, port, scheme

if TYPE_CHECKING:
    from locust.env import Environment

__all__ = ["ClosedLoop"]

WARM_UP_S = 1.0

path = itertools.cycle(PATHS).__next__
meter = Meter()


class ClosedLoop(FastHttpUser):
    """The next request as soon as the last one is answered."""

    host = f"{scheme()}://{HOST}:{port()}"
    concurrency = 1

    @task
    def ask(self) -> None:
        """One request, named as a Locust user would to keep the statistics small."""
        self.client.get(path(), headers=HEADERS, name="/api/items")


@events.test_start.add_listener  # type: ignore[untyped-decorator] # Locust types no listener
def _open_window(environment: Environment, **_: Any) -> None:
    gevent.spawn_later(WARM_UP_S, lambda: meter.start(environment.stats.total.num_requests))


@events.test_stopping.add_listener  # type: ignore[untyped-decorator] # Locust types no listener
def _close_window(environment: Environment, **_: Any) -> None:
    total = environment.stats.total
    print(meter.line(total.num_requests, failed=total.num_failures), flush=True)
