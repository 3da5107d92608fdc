"""What comparing costs: the hub's share of it, and the comparer's.

Law: measures CPU, since the machine is busy with other things; no target, no recording and no network. `--side hub` settles
flights at a desk with a real comparer process behind it, whose CPU is not counted; `--side comparer` judges in this process
what that would; `--side deepdiff` does with DeepDiff what people do without us, on bodies that are parsed already.
The subtle thing: bodies are made afresh for each pair, as they are off the wire: a pair that is met a second time would be
found equal by identity.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import time
from statistics import median
from typing import TYPE_CHECKING

import gevent
from gevent.hub import get_hub

from replay_users.compare.case import Judge, case_of
from replay_users.compare.desk import Desk
from replay_users.compare.rules import Rules
from replay_users.results.tally import Tally
from replay_users.swarm.comparers import Comparers
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.model import Flight

HEAD = (
    b"Server: tiny/1\r\nDate: Sun, 22 Nov 2026 21:44:%02d GMT\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n"
    b"Cache-Control: no-store\r\nVary: Accept-Encoding\r\nContent-Length: %d\r\n"
)
_ITEM = {"name": "item-61178", "price": 5.51, "tags": ["a", "b", "c"], "stock": 17, "seller": {"id": 9, "rating": 4.5}}
_ROUNDS = 7
_BATCH = 64  # as `Run` settles them


def body(size: int, nth: int, *, changed: bool = False) -> bytes:
    """JSON of about `size` bytes: a list of records, one of which differs in one field where it is `changed`."""
    count = max(1, size // 120)
    items = [{"id": nth + number, **_ITEM} for number in range(count)]
    if changed:
        items[count // 2]["price"] = 6.51
    return json.dumps({"total": count, "items": items}, separators=(",", ":")).encode()


def flights(count: int, size: int, *, changed: bool) -> list[Flight]:
    """Answered flights, fresh."""
    made = []
    for nth in range(count):
        recorded, answer = body(size, nth), body(size, nth, changed=changed)
        made.append(
            make_flight(
                status=200,
                response_head=HEAD % (3, len(recorded)),
                body=recorded,
                answer_status=200,
                answer_head=b"HTTP/1.1 200 OK\r\n" + HEAD % (nth % 60, len(answer)) + b"\r\n" + answer,
                answer_body=answer,
                answer_size=len(answer),
            )
        )
    return made


def _cpu_us() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


def hub(count: int, size: int, *, changed: bool) -> float:
    """Us of the hub for each flight, from its arrival at the desk to its verdict in the tally."""
    return _hub(count, size, changed=changed)[0]


def handed(count: int, size: int) -> float:
    """Us of the hub for handing a pair over: until it is in the comparer's pipe."""
    return _hub(count, size, changed=True)[1]


def _hub(count: int, size: int, *, changed: bool) -> tuple[float, float]:
    """Us for each flight, all of it and without what follows the handing over."""
    tally = Tally(["GET /x"])
    crew = Comparers(get_hub().loop, 1, Rules(), ["GET /x"], wake=lambda: None, tell=print)
    desk = Desk(Rules(), ["GET /x"], tally, time.monotonic_ns, crew=crew)
    for flight in flights(_BATCH, size, changed=False):  # heads become known, the process starts
        desk.receive([flight])
    while len(desk):
        desk.work(10**6)
        gevent.sleep(0.01)
    fresh = flights(count, size, changed=changed)
    gc.collect()
    gc.freeze()
    handing, hand_over = [0.0], crew.hand_over

    def timed() -> bool:
        before = _cpu_us()
        handed_over = hand_over()
        handing[0] += _cpu_us() - before
        return handed_over

    crew.hand_over = timed  # type: ignore[method-assign]
    began = _cpu_us()
    for start in range(0, count, _BATCH):
        before = _cpu_us()
        desk.receive(fresh[start : start + _BATCH])
        handing[0] += _cpu_us() - before
        desk.work(10**6)
        gevent.sleep(0)
    while len(desk):
        desk.work(10**6)
        gevent.sleep(0.002)
    spent = _cpu_us() - began
    crew.close()
    return spent / count, handing[0] / count


def comparer(count: int, size: int, *, changed: bool) -> float:
    """Us of a comparer for each pair."""
    judge = Judge(Rules())
    cases = [case_of(flight) for flight in flights(count, size, changed=changed)]
    judge.judge(cases[0], "GET /x")
    began = _cpu_us()
    for case in cases:
        judge.judge(case, "GET /x")
    return (_cpu_us() - began) / count


def deepdiff(count: int, size: int, *, changed: bool) -> float:
    """Us of DeepDiff for each pair, parsing left out."""
    from deepdiff import DeepDiff  # noqa: PLC0415 - a peer, and an extra of the package

    pairs = [(json.loads(body(size, nth)), json.loads(body(size, nth, changed=changed))) for nth in range(count)]
    began = _cpu_us()
    for recorded, answer in pairs:
        DeepDiff(recorded, answer)
    return (_cpu_us() - began) / count


_SIDES: dict[str, Callable[..., float]] = {"hub": hub, "comparer": comparer, "deepdiff": deepdiff}


def measured(side: Callable[..., float], asked: Sequence[tuple[int, bool]], count: int) -> dict[str, float]:
    """The median of some rounds by size and whether bodies differ."""
    return {
        f"{'differing' if changed else 'equal'}_{size}_us": median(
            [side(max(4, count // max(1, size // 1000)), size, changed=changed) for _ in range(_ROUNDS)]
        )
        for size, changed in asked
    }


def main() -> None:
    """Measure and print the JSON line."""
    parser = argparse.ArgumentParser(description="What comparing costs.")
    parser.add_argument("--side", choices=_SIDES, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--count", type=int, default=2000)
    asked = parser.parse_args()
    pairs = [(size, changed) for size in asked.sizes for changed in (False, True)]
    figures = measured(_SIDES[asked.side], pairs, asked.count)
    if asked.side == "hub":
        for size in asked.sizes:
            figures[f"handed_{size}_us"] = median([handed(asked.count, size) for _ in range(_ROUNDS)])
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
