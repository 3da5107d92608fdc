"""A tally in which every slot of every part holds something, and the state of one slot by slot, for those who must carry it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.model import Drop, Fault, SkipReason, Verdict
from replay_users.path import Key
from replay_users.results.pairs import PairSample
from replay_users.results.tally import Tally

if TYPE_CHECKING:
    from tests.results.conftest import Land

__all__ = ["filled", "state", "unfilled", "without_pairs"]

_DERIVED = frozenset({"_aside", "_held", "_indices", "_order", "_of_endpoint", "_largest_first", "_pairs_kept"})
"""Slots that follow from the others."""


def filled(land: Land) -> Tally:
    """Everything counted at least once, of the endpoint `GET /a`."""
    tally = Tally(["GET /a", "GET /untouched"])
    price = Difference("GET /a", (Key("7", in_map=True), Key("price")), Kind.VALUE, "1", "2")
    flights = [
        land(1, due=5, lag=2, wait=1),
        land(2, due=5, judged=Verdict.MISMATCHED, duration=None),
        land(3, due=5, judged=Verdict.UNCHECKED, resent=True),
        land(4, due=5, fault=Fault.TIMEOUT),
        land(5, due=5, service=40, answer=500, judged=Verdict.MISMATCHED),
        land(6, due=5, service=40, status=503, judged=Verdict.MISMATCHED),
        land(7, due=5, service=40),
    ]
    tally.settle(flights)
    tally.differences(flights[1], Differences([price], ignored=(price,), capped=3))
    tally.unchecked(flights[2], "size")
    tally.signatures.overflow["GET /a"] += 2
    for reason in Drop:
        tally.drop(flights[0], reason)
    tally.skip(0, SkipReason.METHOD, rows=3)
    tally.unread(2, "slice-a")
    tally.doubt(1)
    tally.stopped(4)
    tally.hub(1_000_000)
    for name in ("recorded", "service", "latency"):
        getattr(tally.endpoints["GET /a"], name).over += 1
    tally.endpoints["GET /a"].ratio.over += 1
    tally.fidelity.hub.over += 1
    return tally


def state(value: Any) -> Any:
    """All slots of a part and of its parts as they are now, but for those that follow from the others."""
    if isinstance(value, PairSample):
        value.rows()  # what is kept beyond them does not count
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, list):
        return [state(each) for each in value]
    if isinstance(value, Mapping):
        return {key: state(each) for key, each in value.items()}
    slots = _slots(value)
    return {name: state(getattr(value, name)) for name in slots} if slots else value


def without_pairs(whole: dict[str, Any]) -> dict[str, Any]:
    """A tally's state but for what only the last report carries."""
    endpoints = {name: {**mine, "pairs": None} for name, mine in whole["endpoints"].items()}
    return {**whole, "endpoints": endpoints}


def unfilled(value: Any, path: str = "") -> list[str]:
    """Slots that hold nothing, so that nobody would notice if they were lost."""
    if isinstance(value, Mapping):
        return [path] if not value else []
    slots = _slots(value)
    if not slots:
        return [] if value else [path]
    return [each for name in slots for each in unfilled(getattr(value, name), f"{path}.{name}")]


def _slots(value: Any) -> list[str]:
    if isinstance(value, tuple | str | int | set | list | bytes):
        return []
    names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return [name for name in names if name not in _DERIVED]
