"""Tallies with any number of endpoints and signatures, for the tests of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.compare.difference import Kind
from replay_users.events import WorkerHealth
from replay_users.results.signatures import SignatureCount
from replay_users.results.tally import Tally

if TYPE_CHECKING:
    from random import Random

    from replay_users.results.endpoint_tally import EndpointTally

__all__ = ["big_tally", "count_more", "health"]

STATUSES = ((200, 200), (200, 500), (200, 404), (201, 201), (304, 200), (200, "timeout"))


def big_tally(endpoints: int = 200, signatures: int = 2_000) -> Tally:
    """A tally of so many endpoints and signatures, of which nothing is counted yet."""
    tally = Tally([f"GET /endpoint/{nth}/{{id}}" for nth in range(endpoints)])
    names = list(tally.endpoints)
    for nth in range(signatures):
        key = names[nth % endpoints], f"root['items'][*]['field {nth}']", str(list(Kind)[nth % 3]), "regression"
        tally.signatures.counts[key] = SignatureCount()
    return tally


def count_more(tally: Tally, random: Random, *, each: int = 20) -> None:
    """Count so many more exchanges of each endpoint, and some more of each signature."""
    for mine in tally.endpoints.values():
        for _ in range(each):
            _count(mine, random)
            tally.fidelity.lag.add(random.randrange(1, 2_000_000))
            tally.fidelity.wait.add(0)
    tally.hub(200_000)
    for count in tally.signatures.counts.values():
        if (more := random.randrange(20)) > 10:
            count.count += more
            count.sessions.see(str(random.random()).encode())


def _count(mine: EndpointTally, random: Random) -> None:
    status = random.choice(STATUSES)
    mine.sent += 1
    mine.statuses[status] += 1
    recorded = round(random.lognormvariate(17, 0.7))
    mine.recorded.add(recorded)
    if isinstance(status[1], str):
        mine.failed_by[status[1]] += 1
        mine.service.add_over()
        mine.ratio.add_over()
        return
    replayed = round(recorded * random.lognormvariate(0, 0.3))
    mine.service.add(replayed)
    mine.ratio.add(recorded, replayed)
    if status[0] == status[1]:
        mine.matched += 1
    else:
        mine.mismatched += 1
        mine.mismatched_by["regression"] += 1


def health(tally: Tally, *, queued: int = 3, in_flight: int = 7) -> WorkerHealth:
    """How a process is doing that has counted all of this."""
    fidelity = tally.fidelity
    sent = sum(mine.sent for mine in tally.endpoints.values())
    return WorkerHealth(
        sent=sent, lag=fidelity.lag, wait=fidelity.wait, hub=fidelity.hub, queued=queued, in_flight=in_flight
    )
