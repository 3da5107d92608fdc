"""What compares the answers of one run: its desk, its comparers, and how long they may take.

Law: composition; what is judged where is the desk's, and how processes are kept the comparers'.
The subtle thing: judging goes on after the last answer, and has its time for that; what is not judged by then is unchecked,
so that every run ends.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from gevent.hub import get_hub

from replay_users.compare.desk import Desk
from replay_users.compare.rules import HostMap
from replay_users.swarm.comparers import Comparers
from replay_users.swarm.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from replay_users.model import Flight
    from replay_users.plan.route import Router
    from replay_users.results.tally import Tally
    from replay_users.swarm.first_pass import Against, Keeping
    from replay_users.swarm.settings import RunSettings

__all__ = ["Judging", "hosts_of"]

_JUDGED_S = 60.0  # for what waits after the last answer: 12 MB take a comparer some seconds
_STOPPED_S = 3.0  # the same where somebody waits for the end: a worker has the drain timeout and five seconds
_TURN_S = 1.0  # of that at most between two looks: while the hub stood still longer than that, it read no verdicts
_MOST_HOSTS = 32
"""Recorded hosts that are looked for in texts, those of most exchanges first: each costs time at each character."""


def hosts_of(router: Router, authorities: Iterable[str]) -> HostMap | None:
    """What stands at the targets for each recorded host, given most frequent first; None if nothing does.

    A host that is itself a target is not replaced: the target says it of itself. The targets of plain HTTP say `http:` where
    production said `https:`; the other way round, it would be the target's doing.
    """
    targets = {route.host.authority for route in router.targets}
    names = [authority.lower() for authority in islice(authorities, _MOST_HOSTS)]
    return HostMap.of(dict(pair for name in names if name not in targets for pair in _pairs(router, name)))


def _pairs(router: Router, name: str) -> Iterator[tuple[str, str]]:
    """What stands for a host in texts: with a scheme where that decides, or where the target has not that of production."""
    ways = {
        scheme: router.targets[nth].host for scheme in router.schemes if (nth := router.route(scheme, name)) is not None
    }
    if len(ways) < len(router.schemes) or len(set(ways.values())) > 1:
        yield from ((f"{scheme}://{name}", place.url) for scheme, place in ways.items())
        return
    place = next(iter(ways.values()))
    yield name, place.authority
    if place.scheme == "http":
        yield f"https://{name}", place.url


class Judging:
    """The desk of a run, and the processes behind it."""

    def __init__(
        self,
        settings: RunSettings,
        endpoints: Sequence[str],
        tally: Tally,
        *,
        left_out: Sequence[str],
        hosts: HostMap | None = None,
        wake: Callable[[], None],
        tell: Callable[[str], None],
        aa: Keeping | Against | None = None,
    ) -> None:
        """No process is started before there is something to judge.

        `endpoints` are the names by index, `left_out` those whose writes are not replayed, `hosts` what the target's hosts
        stand for; `wake` is called when the desk has something to do, `tell` with what a person should know. `receive`
        takes answers as the desk does, and in an A/A run (`aa`) puts those of its first pass beside them.
        """
        self._crew: Comparers | None = None
        self.witness = Witness(tally, endpoints)
        self._wake = wake
        self._waited = 0.0
        self._looked: float | None = None
        if settings.comparers:
            self._crew = Comparers(
                get_hub().loop, settings.comparers, settings.rules, endpoints, hosts=hosts, wake=wake, tell=tell
            )
        self.desk = Desk(
            settings.rules,
            endpoints,
            self.witness,
            time.monotonic_ns,
            crew=self._crew,
            sampling=settings.sampling,
            hosts=hosts,
            left_out=() if aa else left_out,
        )
        self.receive = partial(self._receive, aa, tally) if aa else self.desk.receive
        for glob in settings.sampling.idle(endpoints):
            tell(f"--compare-sample {glob!r} matches no endpoint of the recording")

    def _receive(self, aa: Keeping | Against, tally: Tally, flights: list[Flight]) -> list[Flight]:
        """Take answers of a pass of an A/A run; gives back those that need no more judging."""
        compared, without = aa.take(flights, tally)
        return [*self.desk.receive(compared), *without]

    def counters(self) -> dict[str, int]:
        """What it took, for the result."""
        crew = {} if self._crew is None else self._crew.counters()
        return {**crew, "queue_peak_bytes": self.desk.peak_bytes}

    def hurry(self, *, stopped: bool) -> None:
        """All answers are there, and the run waits for nothing but this: it ends in time, whatever is left.

        Called some ten times a second from then on; what the hub stood still between two calls does not count.
        """
        before, self._looked = self._looked, time.monotonic()
        self._waited += 0.0 if before is None else min(self._looked - before, _TURN_S)
        if self._waited > (_STOPPED_S if stopped else _JUDGED_S):
            self.desk.give_up()
            self._wake()

    def close(self) -> None:
        """End all processes."""
        if self._crew is not None:
            self._crew.close()
