"""Fidelity: lag is ours, wait is the target's, and what was not sent is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.histogram import OVER, Histogram
from replay_users.model import Drop
from replay_users.results.fidelity import Fidelity
from tests.results.whole import state

if TYPE_CHECKING:
    from replay_users.model import Flight
    from tests.results.conftest import Land

marks = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 50), st.integers(-2, 50)), max_size=20)


def landed(land: Land, rows: list[tuple[int, int, int]]) -> list[Flight]:
    """Flights of these due times, waits and lags."""
    return [land(due=due, wait=wait, lag=lag) for due, wait, lag in rows]


def counted(flights: list[Flight]) -> Fidelity:
    """Count these flights."""
    fidelity = Fidelity()
    fidelity.count(flights)
    return fidelity


@settings(max_examples=40)
@given(rows=marks)
def test_the_inlined_arithmetic_is_that_of_add(land: Land, rows: list[tuple[int, int, int]]) -> None:
    """The hot pass counts exactly what Histogram.add would."""
    flights = landed(land, rows)
    lag, wait = Histogram(), Histogram()
    for flight in flights:
        lag.add(flight.picked - flight.ready)
        wait.add(flight.ready - flight.due)
    assert (counted(flights).lag, counted(flights).wait) == (lag, wait)


@settings(max_examples=40)
@given(first=marks, second=marks)
def test_merging_is_counting_both(
    land: Land, first: list[tuple[int, int, int]], second: list[tuple[int, int, int]]
) -> None:
    """Merging equals counting everything in one place."""
    merged = counted(landed(land, first))
    merged.merge(counted(landed(land, second)))
    assert state(merged) == state(counted(landed(land, first + second)))


@pytest.mark.parametrize(
    ("reason", "lag_over", "wait_over"),
    [
        pytest.param(Drop.LAG, 1, 0, id="lag-is-ours"),
        pytest.param(Drop.LEASE_GAP, 1, 0, id="a-lost-lease-is-ours"),
        pytest.param(Drop.WAIT, 0, 1, id="wait-is-the-target's"),
        pytest.param(Drop.IN_FLIGHT, 0, 1, id="saturation-is-the-target's"),
    ],
)
def test_a_dropped_exchange_is_over(reason: Drop, lag_over: int, wait_over: int) -> None:
    """A drop is the largest lag if it was our lateness, else the largest wait."""
    fidelity = Fidelity()
    fidelity.drop(reason)
    assert (fidelity.lag.over, fidelity.wait.over) == (lag_over, wait_over)
    assert OVER in (fidelity.lag.maximum, fidelity.wait.maximum)


def test_stretch_compares_what_was_sent_with_its_due_span(land: Land) -> None:
    """Sending that took 1,010 ms for a span of 1,000 ms is stretched by 1 %, in any order."""
    flights = [land(due=1_000, lag=15), land(due=500), land(due=0, lag=5)]
    assert counted(flights).stretch_percent == pytest.approx(1.0)


def test_one_exchange_has_no_stretch(land: Land) -> None:
    """Without a span there is nothing to compare."""
    assert counted([land(due=5)]).stretch_percent is None
    assert Fidelity().stretch_percent is None


def test_counting_says_what_the_timeline_needs(land: Land) -> None:
    """When the first and the last of a batch were sent, and the largest and the sum of their lags."""
    flights = [land(due=500, lag=7), land(due=20, lag=-3), land(due=1_000, lag=2)]
    assert Fidelity().count(flights) == (17_000_000, 1_002_000_000, 7_000_000, 9_000_000)
