"""Which answers an exchange waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.engine.causality import MAX_CONCURRENT, Causality
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from replay_users.model import Flight

S = b"session"


def spans(*pairs: tuple[int, int]) -> list[Flight]:
    """Flights recorded from `at` to `ended`, linked in order."""
    causality = Causality()
    flights = [make_flight(at=at, duration=end - at, id=str(nth)) for nth, (at, end) in enumerate(pairs)]
    for flight in flights:
        causality.link(flight, S)
    return flights


def waits(flights: list[Flight]) -> list[set[int]]:
    """For each flight, the numbers of those it waits for directly."""
    return [{int(f.id) for f in flights if later in (f.dependents or [])} for later in flights]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        pytest.param([(0, 5), (10, 15)], [set(), {0}], id="one after the other"),
        pytest.param([(0, 5), (5, 9)], [set(), {0}], id="ended as the next began"),
        pytest.param([(0, 6), (5, 9)], [set(), set()], id="overlapping"),
        pytest.param([(0, 5), (10, 15), (20, 25)], [set(), {0}, {1}], id="one edge each in a chain"),
        pytest.param([(0, 5), (0, 6), (10, 11)], [set(), set(), {0, 1}], id="two at once are both waited for"),
        pytest.param(
            [(0, 99), (1, 5), (10, 15), (20, 25)], [set(), set(), {1}, {2}], id="a long one under way throughout"
        ),
        pytest.param([(0, 30), (1, 5), (10, 15), (40, 45)], [set(), set(), {1}, {0, 2}], id="a long one ends at last"),
        pytest.param([(1, 1), (2, 2), (3, 3)], [set(), {0}, {1}], id="no duration: in order"),
        pytest.param([(1, 1), (1, 1), (1, 1), (2, 2)], [set(), {0}, {1}, {2}], id="no duration, same time: in order"),
        pytest.param([(1, 1), (1, 9), (1, 1), (10, 11)], [set(), {0}, {0}, {1, 2}], id="with and without duration"),
    ],
)
def test_edges(pairs: list[tuple[int, int]], expected: list[set[int]]) -> None:
    """An exchange waits for those that had ended before it began, less those that another one it waits for waits for."""
    flights = spans(*pairs)
    assert waits(flights) == expected
    assert [flight.pending for flight in flights] == [len(edges) for edges in expected]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=20))
def test_edges_reach_all_that_had_ended(timing: list[tuple[int, int]]) -> None:
    """Following the edges backwards reaches exactly the exchanges that had ended before, in sessions that are not free."""
    pairs = sorted((at, at + duration) for at, duration in timing)
    flights = spans(*pairs)
    direct = waits(flights)
    reached: list[set[int]] = []
    for edges in direct:
        reached.append(edges.union(*(reached[n] for n in edges)))
    bound = free_from(pairs)
    for nth, (at, _) in enumerate(pairs[:bound]):
        assert reached[nth] == {n for n in range(nth) if pairs[n][1] <= at}
    assert all(not edges for edges in direct[bound:])


def free_from(pairs: list[tuple[int, int]]) -> int:
    """The number of the first exchange that makes more than eight under way."""
    for nth, (at, _) in enumerate(pairs):
        if 1 + sum(end > at for _, end in pairs[:nth]) > MAX_CONCURRENT:
            return nth
    return len(pairs)


@pytest.mark.parametrize(("together", "edges"), [(8, 8), (9, 0)])
def test_more_than_eight_at_once_are_no_person(together: int, edges: int) -> None:
    """Order is kept with eight exchanges under way at once and given up with nine."""
    flights = spans(*[(n, 50) for n in range(together)], (60, 70), (80, 90))
    assert flights[together].pending == edges
    assert flights[together + 1].pending == (1 if edges else 0)


def test_a_free_session_keeps_no_flights() -> None:
    """A session whose order was given up holds none of its exchanges, so that a shared key does not hold thousands."""
    causality = Causality()
    flights = [make_flight(at=n, duration=1000) for n in range(100)]
    for flight in flights:
        causality.link(flight, S)
    (lane,) = causality._lanes.values()
    assert (lane.open, lane.frontier, lane.ends[MAX_CONCURRENT + 1 :]) == (100, [], [])


def test_what_is_answered_is_not_kept() -> None:
    """An answered exchange is forgotten at once, since it holds its answer, and is not waited for."""
    causality = Causality()
    first, second, third = (make_flight(at=at, duration=1) for at in (0, 10, 20))
    causality.link(first, S)
    causality.link(second, S)
    causality.answered(first, S)
    (lane,) = causality._lanes.values()
    assert first not in lane.frontier
    causality.answered(second, S)
    assert len(causality) == 0
    causality.link(third, S)
    assert third.pending == 0


def test_sessions_do_not_wait_for_each_other() -> None:
    """Exchanges of different sessions are never linked."""
    causality = Causality()
    flights = [make_flight(at=10 * n, duration=1) for n in range(4)]
    for nth, flight in enumerate(flights):
        causality.link(flight, b"%d" % nth)
    assert [flight.pending for flight in flights] == [0] * 4
    assert len(causality) == 4
