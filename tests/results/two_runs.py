"""Two runs of one recording, as they lie in their directories: what `compare` reads.

Law: no test here. The same exchanges in both, by their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.model import Verdict
from replay_users.path import Key
from replay_users.results.samples import samples_of
from replay_users.results.tally import Tally
from tests.results.reported import flights, told

if TYPE_CHECKING:
    from replay_users.results.samples import Samples

__all__ = ["ITEM", "SEARCH", "run"]

ITEM, SEARCH = "GET /items/{id}", "GET /search"


def run(
    name: str,
    *,
    service: int = 11,
    search: int = 20,
    odd: dict[str, int] | None = None,
    broken: int = 0,
    count: int = 400,
    endpoints: tuple[str, str] = (ITEM, SEARCH),
    **facts: Any,
) -> tuple[dict[str, Any], Samples]:
    """A run's result and samples.

    Args:
        name: its id.
        service: how long its first endpoint takes, in ms; 10 are recorded.
        search: how long its second one takes, a third as often; 20 are recorded.
        odd: fields of the first endpoint's answers that differ, and in how many answers.
        broken: answers of the second endpoint that are 500 now.
        count: exchanges of the first endpoint.
        endpoints: their names.
        facts: of the run.
    """
    tally = Tally(endpoints)
    made = flights(tally, 0, count, service=service)
    for field, often in (odd or {}).items():
        difference = Difference(endpoints[0], (Key(field),), Kind.VALUE, "1", "2")
        for flight in made[:often]:
            flight.judged, flight.differences = Verdict.MISMATCHED, Differences([difference])
            tally.differences(flight, Differences([difference]))
    tally.settle(made)
    asked = flights(tally, 1, count // 3, recorded=20, service=search)
    fault = Difference(endpoints[1], (), Kind.STATUS, "200", "500")
    for flight in asked[:broken]:
        flight.judged, flight.answer_status, flight.differences = Verdict.MISMATCHED, 500, Differences([fault])
        tally.differences(flight, Differences([fault]))
    tally.settle(asked)
    result = told(tally, len(made) + len(asked), id=name, **{"window_ns": (0, 10**12), **facts})
    return result, samples_of(tally)
