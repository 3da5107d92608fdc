from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.demo.expectations import MIN_PAIRS
from replay_users.demo.visits import arrivals, visit, watch

SEEDS = st.integers(0, 2**32)


@settings(max_examples=20)
@given(SEEDS, st.integers(1, 20))
def test_sessions_come_in_order_and_in_time(seed: int, seconds: int) -> None:
    """Sessions begin in order, within the time given."""
    starts = list(arrivals(Random(seed), seconds))
    assert starts == sorted(starts)
    assert 0 <= starts[0] <= starts[-1] < seconds


def test_sessions_come_in_bursts() -> None:
    """The fullest second has several times the sessions of the emptiest."""
    seconds = Counter(int(start) for start in arrivals(Random(1), 16)).values()
    assert max(seconds) >= 5 * min(seconds)


@settings(max_examples=20)
@given(SEEDS)
def test_a_session_begins_at_the_front_page_and_thinks_a_little(seed: int) -> None:
    """A session begins at once, at the front page, and never thinks for longer than 0.4 s."""
    first, *others = visit(Random(seed))
    assert (first.after, first.asks[0].target) == (0.0, "/")
    assert all(0 < step.after <= 0.4 for step in others)


def test_a_products_page_and_its_recommendations_are_asked_for_at_once() -> None:
    """Some steps have two requests, which overlap in the recording."""
    assert any(len(step.asks) == 2 and "recommendations" in step.asks[1].target for step in visit(Random(1)))


def test_there_is_enough_of_everything_that_is_planted() -> None:
    """Twelve seconds' load asks for each page with a planted change 100 times, and for more than 100 pages a second."""
    chance = Random(20)
    sessions = [visit(chance) for _ in arrivals(chance, 12)]
    targets = [ask.target for session in sessions for step in session for ask in step.asks]
    products = [target for target in targets if target.startswith("/products/") and target.count("/") == 2]
    for pages in (products, [t for t in targets if "recommend" in t], [t for t in targets if "sort=price" in t]):
        assert len(pages) >= MIN_PAIRS
    assert len(targets) > 12 * 120


def test_the_shops_health_is_asked_for_every_second() -> None:
    """Monitoring asks once a second for as long as it is told."""
    assert [(step.after, step.asks[0].target) for step in watch(3)] == [(1.0, "/health")] * 3
