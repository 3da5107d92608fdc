"""Real comparer processes to test with, good ones and bad ones, and a desk that hands pairs to them.

Law: nothing that is started here outlives its block.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
from gevent.hub import get_hub

from replay_users.compare.desk import Desk
from replay_users.compare.rules import Ignore, Rules
from replay_users.path import parse_path
from replay_users.results.tally import Tally
from replay_users.swarm.comparers import Comparers
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from replay_users.model import Flight

__all__ = ["ENDPOINTS", "Office", "bad", "differing", "office", "open_files", "pair", "wait_for"]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
RULES = Rules((Ignore(where=(parse_path("root['at']"),), reason="a time"),))
ENDPOINTS = ["GET /a", "GET /b"]
_WITHIN = 20.0
_PROGRAM = """
import os, sys, time
sys.path.append({root!r})
from replay_users.compare import comparer
from replay_users.compare.case import Judge
judge = Judge.judge
def misjudge(self, case, endpoint):
    if b'"bad"' in case.body:
        {doing}
    return judge(self, case, endpoint)
Judge.judge = misjudge
{first}
sys.exit(comparer.main(sys.argv[1:]))
"""


def bad(doing: str = "pass", first: str = "") -> tuple[str, ...]:
    """A comparer that does this (Python) at a pair that holds `"bad"`, and that first of all."""
    root = str(Path(__file__).parents[2])
    return (sys.executable, "-P", "-c", _PROGRAM.format(root=root, doing=doing, first=first))


def pair(recorded: bytes, answer: bytes, **marks: Any) -> Flight:
    """An answered flight."""
    marks = {"status": 200, "answer_status": 200, "answer_head": HEAD, "answer_size": len(answer), **marks}
    return make_flight(body=recorded, answer_body=answer, **marks)


def differing(count: int) -> list[Flight]:
    """Pairs that differ in a field that a rule ignores."""
    return [pair(b'{"at":%d}' % nth, b'{"at":"x"}', id=f"d{nth}") for nth in range(count)]


def open_files() -> dict[str, str]:
    """The descriptors of this process and what they are of."""
    found = {}
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found[path.name] = str(path.readlink())
    return found


class Office:
    """A desk with comparers behind it."""

    def __init__(self, count: int, **more: Any) -> None:
        self.told: list[str] = []
        self.wakes = 0
        self.endpoints = list(ENDPOINTS)
        self.tally = Tally(self.endpoints)
        self.crew = Comparers(
            get_hub().loop, count, RULES, self.endpoints, wake=self._wake, tell=self.told.append, **more
        )
        self.desk = Desk(RULES, self.endpoints, self.tally, time.monotonic_ns, crew=self.crew)

    def _wake(self) -> None:
        self.wakes += 1

    @property
    def pids(self) -> list[int]:
        """The processes at work."""
        return [seat._process.pid for seat in self.crew._seats if seat._process is not None]

    def judged(self, flights: Sequence[Flight]) -> list[Flight]:
        """Have these judged, all of them."""
        done = self.desk.receive(flights)
        self.work_until(lambda: not len(self.desk), done)
        self.tally.settle(done)
        return done

    def work_until(self, condition: Callable[[], bool], done: list[Flight] | None = None) -> None:
        """Let the desk work until something holds."""
        done = [] if done is None else done

        def work() -> bool:
            done.extend(self.desk.work(10**6))
            return condition()

        wait_for(work)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds; fails if it does not in time."""
    deadline = time.monotonic() + _WITHIN
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        gevent.sleep(0.005)


@contextmanager
def office(count: int = 1, **more: Any) -> Iterator[Office]:
    """A desk with up to so many comparers, gone at the end."""
    opened = Office(count, **more)
    try:
        yield opened
    finally:
        opened.crew.close()
