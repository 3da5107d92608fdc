"""Whole runs in a few words: the tally of made-up exchanges, concluded as a run is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.model import Fault, Verdict
from replay_users.path import Key
from replay_users.results.result import RunFacts, RunResult, conclude
from replay_users.results.tally import Tally
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.model import Flight

__all__ = ["FACTS", "NAMES", "concluded", "tally_of"]

MS = 1_000_000
NAMES = [f"GET /{n}" for n in range(8)]
FACTS = RunFacts(
    id="r1",
    started="2026-03-01T12:00:00Z",
    recording="recordings/shop",
    manifest=2,
    target="http://staging:8000",
    pace="1x",
    version="0.1.0",
    window_ns=(0, 600_000_000_000),
)


def tally_of(
    rows: int = 1_600,
    *,
    slower: Callable[[int, int], float] = lambda _endpoint, _row: 1.0,
    differs: Callable[[int, int], str] = lambda _endpoint, _row: "",
    status: Callable[[int, int], int] = lambda _endpoint, _row: 200,
    fault: Callable[[int, int], Fault | None] = lambda _endpoint, _row: None,
    seed: int = 1,
    lag_ms: float = 0.1,
) -> Tally:
    """So many exchanges over ten minutes, in turns on eight endpoints, ten of each session; `seed` is the runs' own noise."""
    fixed, chance, tally = random.Random(0), random.Random(seed), Tally(NAMES)
    for row in range(rows):
        endpoint = row % len(NAMES)
        recorded = (5 + 12 * endpoint) * MS * fixed.lognormvariate(0, 0.5)
        took = recorded * slower(endpoint, row) * chance.lognormvariate(0, 0.2)
        flight = make_flight(
            id=f"id-{row}",
            session=b"s%d" % (row // 10),
            endpoint=endpoint,
            duration=round(recorded),
            due=round(row * 600e9 / rows),
            status=200,
            answer_status=status(endpoint, row),
        )
        _land(flight, round(took), lag_ms, fault(endpoint, row))
        _judge(tally, flight, differs(endpoint, row))
    return tally


def _land(flight: Flight, took: int, lag_ms: float, fault: Fault | None) -> None:
    flight.ready = flight.due
    flight.picked = flight.sent = flight.due + round(lag_ms * MS)
    flight.done = flight.sent + took
    flight.fault = fault


def _judge(tally: Tally, flight: Flight, field: str) -> None:
    name = NAMES[flight.endpoint]
    found = []
    if flight.status != flight.answer_status:
        found = [Difference(name, (), Kind.STATUS, str(flight.status), str(flight.answer_status))]
    elif field:
        found = [Difference(name, (Key(field),), Kind.VALUE, "1", "2")]
    if flight.fault is None:
        flight.judged = Verdict.MISMATCHED if found else Verdict.MATCHED
        if found:
            tally.differences(flight, Differences(found))
    tally.settle([flight])


def concluded(tally: Tally, planned: int = 1_600, **more: Any) -> RunResult:
    """The run of this tally."""
    facts = more.pop("facts", FACTS)
    return conclude(facts, tally, planned, **more)
