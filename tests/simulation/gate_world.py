"""Two runs of one recording in a world made up from a seed: what the gate would be given, and what it should say.

Law: seeded; the same seed is the same world. Services answer in `base x heterogeneity x noise`, as in the simulations that the
thresholds were first taken from: heterogeneity (sigma 0.6) belongs to the exchange and is the same in every run of it, noise
(sigma 0.35, 1 % of answers ten times slower) does not. What else is wrong with a run stands in its `Side`.
The subtle thing: nothing that differs between two endpoints or two moments is the gate's to blame on the release, unless a
`Regression` put it there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log, sqrt
from random import Random
from typing import TYPE_CHECKING

from replay_users.results.pairs import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MS", "Exchange", "Regression", "Runs", "Side", "Traffic", "World"]

MS = 1_000_000
_OUTLIERS = 0.01
_HEAVY = 4_000_000_000
"""The session that asks more than others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What was recorded: endpoints, how often each is asked, and how long each takes."""

    endpoints: int = 40
    fewest: int = 60
    most: int = 1_000
    base_ms: tuple[float, float] = (2.0, 200.0)
    duration_s: float = 600.0
    per_session: int = 10
    heterogeneity: float = 0.6
    noise: float = 0.35
    first: tuple[int, float] | None = None
    """So many requests of the first endpoint, which takes so many ms."""
    fast_others: bool = False
    """Four fifths of the other endpoints take 1 ms."""
    burst: float = 1.0
    """Every fourth endpoint is only asked in this share of the run."""
    heavy: float = 0.0
    """One session asks this share of every endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What a run met beside the release under test."""

    factor: float = 1.0
    """Everything takes so many times as long."""
    hop_ms: float = 0.0
    """Each request takes so much longer on its way, and so does opening a connection."""
    unseen_hop_ms: float = 0.0
    """The same behind a load balancer: opening a connection does not see it."""
    stall: float = 0.0
    """For this share of the run nothing is answered: who comes meanwhile waits for its end."""
    cold: float = 1.0
    """In the first third of the run, half of the endpoints take so many times as long."""
    cache: float | None = None
    """This share of answers comes from a cache, 20 times faster, by chance."""
    requests_ar: float = 0.0
    """The noise of an endpoint's request is that of the one before to this degree."""
    time_ar: float = 0.0
    """The noise of each moment, common to all endpoints, fades in this share of the run."""
    spread: float = 0.0
    """Each endpoint is that much faster or slower in this run (sigma): other machines, other neighbours."""
    errors: float = 0.0
    """This share is answered by 503 at once."""
    heavy: float = 1.0
    """For the one heavy session, everything takes so many times as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """What the release did to the first endpoint."""

    factor: float = 1.0
    share: float = 1.0
    """Of its requests."""
    timeouts: float = 0.0
    """This share is never answered."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded exchange."""

    id: int
    session: int
    due_s: float
    work_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What `latency_checks` is given."""

    candidate: dict[str, list[Pair]]
    baseline: dict[str, list[Pair]]
    connect_ns: tuple[int, int]
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A recording, the two runs of it, and what the release did."""

    name: str
    traffic: Traffic = field(default_factory=Traffic)
    both: Side = field(default_factory=Side)
    """What both runs met."""
    candidate: Side | None = None
    """What the candidate run met instead."""
    regression: Regression | None = None

    def runs(self, seed: int) -> Runs:
        """The world of this seed."""
        random = Random(f"{self.name} {seed}")
        recorded = _recorded(self.traffic, random)
        sides = (self.candidate or self.both, self.both)
        candidate, baseline = (
            _Run(self.traffic, side, random, release if nth == 0 else None).pairs(recorded)
            for nth, (side, release) in enumerate(zip(sides, (self.regression, None), strict=True))
        )
        hops = [round((0.3 + side.hop_ms) * MS * random.gauss(1, 0.02)) for side in sides]
        return Runs(
            candidate=candidate,
            baseline=baseline,
            connect_ns=(hops[0], hops[1]),
            duration_ns=round(self.traffic.duration_s * 1e9),
        )


def _recorded(traffic: Traffic, random: Random) -> dict[str, list[Exchange]]:
    """The exchanges of each endpoint in the order in which they are due."""
    sizes = [round(_between(traffic.fewest, traffic.most, random)) for _ in range(traffic.endpoints)]
    bases = [_between(*traffic.base_ms, random) for _ in range(traffic.endpoints)]
    if traffic.fast_others:
        bases = [1.0 if random.random() < 0.8 else base for base in bases]
    if traffic.first:
        sizes[0], bases[0] = traffic.first
    sessions = max(3, sum(sizes) // traffic.per_session)
    begins = [random.random() * traffic.duration_s for _ in range(sessions)]
    names = [f"{'POST' if nth % 5 == 4 else 'GET'} /endpoint/{nth}" for nth in range(traffic.endpoints)]
    return {
        name: sorted(
            _exchanges(size, base, begins, traffic, random, burst=traffic.burst if nth % 4 == 3 else 1.0),
            key=lambda each: each.due_s,
        )
        for nth, (name, size, base) in enumerate(zip(names, sizes, bases, strict=True))
    }


def _exchanges(
    size: int, base: float, begins: list[float], traffic: Traffic, random: Random, *, burst: float
) -> Iterator[Exchange]:
    burst_at = random.random() * (1 - burst) * traffic.duration_s
    for _ in range(size):
        session = int(random.random() * len(begins))
        due = (begins[session] + random.random() * 30) % traffic.duration_s
        if burst < 1:
            due = burst_at + random.random() * burst * traffic.duration_s
        if random.random() < traffic.heavy:
            session, due = _HEAVY, random.random() * traffic.duration_s
        work = base * exp(random.gauss(0, traffic.heterogeneity))
        yield Exchange(random.getrandbits(32), session, due, work)


def _between(low: float, high: float, random: Random) -> float:
    return exp(random.uniform(log(low), log(high)))


class _Run:
    """One run: the same exchanges, with the luck of a side."""

    def __init__(self, traffic: Traffic, side: Side, random: Random, release: Regression | None) -> None:
        self.traffic, self.side, self.random, self.release = traffic, side, random, release
        self.stalls_at = random.random() * (1 - side.stall) * traffic.duration_s
        self.moments = self._moments()

    def _moments(self) -> list[float]:
        """The noise of a thousand moments, common to all endpoints."""
        if not self.side.time_ar:
            return []
        fades = exp(-1 / (1_000 * self.side.time_ar))
        return list(_correlated(1_001, fades, self.traffic.noise, self.random))

    def pairs(self, recorded: dict[str, list[Exchange]]) -> dict[str, list[Pair]]:
        """All endpoints."""
        return {
            name: list(self._endpoint(exchanges, self.release if nth == 0 else None, cold=nth % 2 == 0))
            for nth, (name, exchanges) in enumerate(recorded.items())
        }

    def _endpoint(self, exchanges: list[Exchange], release: Regression | None, *, cold: bool) -> Iterator[Pair]:
        side, random = self.side, self.random
        noises = _correlated(len(exchanges), side.requests_ar, self.traffic.noise, random)
        always = side.factor * exp(random.gauss(0, side.spread)) if side.spread else side.factor
        for exchange, noise in zip(exchanges, noises, strict=True):
            took = exchange.work_ms * always * exp(noise)
            if random.random() < _OUTLIERS:
                took *= 10
            if self.moments:
                took *= exp(self.moments[int(1_000 * exchange.due_s / self.traffic.duration_s)])
            if side.cache is not None and random.random() < side.cache:
                took /= 20
            if cold and exchange.due_s < self.traffic.duration_s / 3:
                took *= side.cold
            if exchange.session == _HEAVY:
                took *= side.heavy
            yield self._pair(exchange, self._released(took, release))

    def _released(self, took: float, release: Regression | None) -> float | None:
        if release is None:
            return took
        if release.timeouts and self.random.random() < release.timeouts:
            return None
        return took * release.factor if self.random.random() < release.share else took

    def _pair(self, exchange: Exchange, took: float | None) -> Pair:
        recorded, due = round(exchange.work_ms * MS), round(exchange.due_s * 1e9)
        if self.side.errors and self.random.random() < self.side.errors:
            return Pair(exchange.id, exchange.session, due, recorded, MS, 503)
        if took is None:
            return Pair(exchange.id, exchange.session, due, recorded, None, 0)
        hop = 0.3 + self.side.hop_ms + self.side.unseen_hop_ms
        took += hop * exp(self.random.gauss(0, 0.05)) + self._stalled(exchange.due_s)
        return Pair(exchange.id, exchange.session, due, recorded, round(took * MS), 200)

    def _stalled(self, due_s: float) -> float:
        """How long it waits for the stall's end, in ms; who waits too long is cut off by nobody here."""
        into = due_s - self.stalls_at
        lasts = self.side.stall * self.traffic.duration_s
        return 1_000 * (lasts - into) if 0 <= into < lasts else 0.0


def _correlated(count: int, degree: float, sigma: float, random: Random) -> Iterator[float]:
    """Normal noise, each the one before to a degree."""
    fresh, value = sqrt(1 - degree * degree), random.gauss(0, sigma)
    for _ in range(count):
        yield value
        value = degree * value + random.gauss(0, sigma) * fresh if degree else random.gauss(0, sigma)
