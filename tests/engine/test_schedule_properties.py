"""What holds for every schedule, whatever arrives, however long answers take, and however tight the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.engine.causality import Causality
from replay_users.engine.schedule import Limits
from replay_users.model import Drop, Fate
from replay_users.testing import VirtualRun, VirtualTarget, make_flight

if TYPE_CHECKING:
    from replay_users.model import Flight, Outcome

MS = 1_000_000
SECOND = 1_000 * MS

_flights = st.lists(
    st.tuples(
        st.integers(0, 40),  # ms since the one before
        st.one_of(st.none(), st.integers(0, 120)),  # recorded duration, ms
        st.sampled_from([None, b"a", b"b"]),
    ),
    min_size=1,
    max_size=30,
)
_services = st.lists(st.integers(0, 400), min_size=1, max_size=6).map(lambda ms: [MS * n for n in ms])
_limits = st.builds(
    Limits,
    max_lag=st.sampled_from([0, 5 * MS, SECOND]),
    max_wait=st.sampled_from([50 * MS, 300 * MS, 30 * SECOND]),
    max_in_flight=st.sampled_from([1, 3, 2000]),
)
_stalls = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 200)), max_size=2).map(
    lambda pairs: [(MS * at, MS * (at + length)) for at, length in pairs]
)


def recorded(rows: list[tuple[int, int | None, bytes | None]], speed: int = 1) -> list[Flight]:
    """Flights recorded at these times and replayed `speed` times as fast."""
    at = 0
    flights = []
    for nth, (gap, duration, session) in enumerate(rows):
        at += gap * MS
        ns = None if duration is None else duration * MS
        flights.append(make_flight(at=at, due=at // speed, duration=ns, session=session, id=str(nth)))
    return flights


@settings(max_examples=250, deadline=None)
@given(_flights, _services, _limits, _stalls, st.sampled_from([1, 4]), st.sampled_from([None, 1, 5]))
def test_every_flight_ends_in_exactly_one_way(
    rows: list[tuple[int, int | None, bytes | None]],
    services: list[int],
    limits: Limits,
    stalls: list[tuple[int, int]],
    speed: int,
    ahead: int | None,
) -> None:
    """Under any arrivals, services and limits each flight is sent or dropped once, in time, and in order."""
    flights = recorded(rows, speed)
    run = VirtualRun(flights, VirtualTarget(service=services), limits=limits, stalls=stalls, ahead=ahead)
    outcomes = run.run()
    assert len(run.schedule._causality or "") == 0
    assert sorted(int(outcome.id) for outcome in outcomes) == list(range(len(flights)))
    for outcome in outcomes:
        if outcome.fate is Fate.SENT:
            assert outcome.due <= outcome.ready <= outcome.picked <= outcome.ready + limits.max_lag
            assert outcome.ready - outcome.due <= limits.max_wait
    assert most_at_once(outcomes) <= limits.max_in_flight
    assert_order(flights, outcomes)


def most_at_once(outcomes: list[Outcome]) -> int:
    """The largest number of exchanges in flight; what ends at a moment makes room for what begins at it."""
    marks = [(o.picked, 1, 1) for o in outcomes if o.fate is Fate.SENT and o.done > o.picked]
    marks += [(o.done, 0, -1) for o in outcomes if o.fate is Fate.SENT and o.done > o.picked]
    most = now = 0
    for _, _, step in sorted(marks):
        now += step
        most = max(most, now)
    return most


def assert_order(flights: list[Flight], outcomes: list[Outcome]) -> None:
    """Nothing was picked before the answers of what had ended before it in its session: by the recording alone."""
    by_id = {outcome.id: outcome for outcome in outcomes}
    for nth, later in enumerate(flights):
        if later.session is None or by_id[later.id].fate is not Fate.SENT:
            continue
        for earlier in flights[:nth]:
            if earlier.session == later.session and earlier.ended <= later.at:
                end = by_id[earlier.id]
                assert end.fate is Fate.DROPPED or end.done <= later.picked


@settings(max_examples=150, deadline=None)
@given(_flights, _services, _limits)
def test_lag_is_ours_alone(
    rows: list[tuple[int, int | None, bytes | None]], services: list[int], limits: Limits
) -> None:
    """However slow the target, a hub that is free picks everything the moment it is ready: lag is 0 and never dropped for."""
    outcomes = VirtualRun(recorded(rows), VirtualTarget(service=services), limits=limits).run()
    assert {outcome.picked - outcome.ready for outcome in outcomes if outcome.fate is Fate.SENT} <= {0}
    assert Drop.LAG not in {outcome.reason for outcome in outcomes}


class BruteForce(Causality):
    """Waits for each exchange that had ended before, one edge for every pair."""

    __slots__ = ("_all",)

    def __init__(self) -> None:
        super().__init__()
        self._all: dict[bytes, list[Flight]] = {}

    def link(self, flight: Flight, session: bytes) -> None:
        """Add an edge from everything unanswered that had ended."""
        lane = self._all.setdefault(session, [])
        for other in lane:
            if other.ended <= flight.at:
                flight.pending += 1
                other.dependents = [*(other.dependents or []), flight]
        lane.append(flight)

    def answered(self, flight: Flight, session: bytes) -> None:
        """Forget the flight."""
        self._all[session].remove(flight)


_few_at_once = st.lists(st.tuples(st.integers(10, 40), st.integers(0, 75), st.sampled_from([b"a", b"b"])), max_size=30)


@settings(max_examples=250, deadline=None)
@given(
    _few_at_once, _services, st.sampled_from([60 * MS, 400 * MS, 30 * SECOND]), _stalls, st.sampled_from([None, 1, 5])
)
def test_the_frontier_is_as_good_as_every_pair(
    rows: list[tuple[int, int, bytes]],
    services: list[int],
    max_wait: int,
    stalls: list[tuple[int, int]],
    ahead: int | None,
) -> None:
    """Keeping only the frontier of a session sends and drops exactly what waiting for every single exchange would."""
    results = []
    for causality in (Causality(), BruteForce()):
        run = VirtualRun(
            recorded([*rows]),
            VirtualTarget(service=lambda flight: services[int(flight.id) % len(services)]),
            limits=Limits(max_wait=max_wait, max_lag=10 * MS),
            stalls=stalls,
            ahead=ahead,
        )
        run.schedule._causality = causality
        results.append({o.id: (o.fate, o.reason, o.ready, o.picked, o.done) for o in run.run()})
    assert results[0] == results[1]
