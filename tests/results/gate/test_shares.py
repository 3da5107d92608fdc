"""Shares of sessions: bounds that allow for what was estimated, and how surprising a rise is."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.gate.shares import EXACT_SESSIONS, Share, is_everywhere, rise_p


@pytest.mark.parametrize(
    ("share", "enough"),
    [
        pytest.param(Share(0, 0), False, id="nothing"),
        pytest.param(Share(0, 2), False, id="none-of-two"),
        pytest.param(Share(1, 1), True, id="the-only-one"),
        pytest.param(Share(1, 2), False, id="one-of-two"),
        pytest.param(Share(2, 2), True, id="both"),
        pytest.param(Share(2, 3), False, id="two-of-three"),
        pytest.param(Share(3, 1_000), True, id="three-of-many"),
    ],
)
def test_three_sessions_are_enough_or_all_there_are(share: Share, enough: bool) -> None:
    """Fewer say something only where there are no more."""
    assert share.is_enough(3) is enough


def test_an_exact_number_is_better_than_a_sample() -> None:
    """As long as the sessions that differ were counted exactly, they are taken; beyond that, the sample is."""
    assert Share.of(255, 9_000, (9, 255)) == Share(255, 9_000)
    assert Share.of(256, 9_000, (9, 255)) == Share(9, 255)
    assert Share.of(64, 9_000, (9, 255), exact=63) == Share(9, 255)
    assert Share.of(5, 4, (4, 4)) == Share(5, 5)
    assert [Share.of(n, 9_000, (9, 255)).is_sample for n in (255, 256)] == [False, True]


def test_an_estimated_total_makes_bounds_wider() -> None:
    """A number of sessions that may be 15 % off must neither make a share of now larger nor one of before smaller."""
    exact, estimated = Share(20, EXACT_SESSIONS), Share(20, EXACT_SESSIONS + 1)
    assert estimated.low < exact.low * 0.9
    assert estimated.high > exact.high * 1.1
    assert Share(0, 0).high == 1.0


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60), st.integers(1, 60))
def test_a_rise_is_fishers_exact_test(x: int, y: int, n: int, m: int) -> None:
    """The probability is that of drawing so many of those that differ, or more, into the sessions of now; 1 without a rise."""
    x, y = min(x, n), min(y, m)
    both = x + y
    tail = sum(comb(n, k) * comb(m, both - k) for k in range(x, min(both, n) + 1) if both - k <= m)
    exact = tail / comb(n + m, both) if x * m > y * n else 1.0
    assert rise_p(Share(x, n), Share(y, m)) == pytest.approx(exact, rel=1e-6)


def test_a_rise_from_nothing_known_is_no_surprise() -> None:
    """Where nothing was looked at before, nothing is unlikely."""
    assert rise_p(Share(9, 9), Share(0, 0)) == 1.0


def test_a_rise_of_millions_is_quick_and_right() -> None:
    """Large numbers are no trouble, and equal shares no surprise."""
    assert rise_p(Share(500_000, 1_000_000), Share(500_000, 1_000_000)) == 1.0
    assert rise_p(Share(600_000, 1_000_000), Share(200_000, 1_000_000)) == 0.0


def test_estimates_that_are_off_seldom_look_like_a_rise() -> None:
    """Of runs in which nothing changed, fewer than 1 in 100 seem risen at the bounds, though both totals are estimates."""
    chance, risen = random.Random(4), 0
    for _ in range(1_000):
        shares = [
            Share(sum(chance.random() < 0.03 for _ in range(1_500)), round(1_500 * chance.gauss(1, 0.063)))
            for _ in "12"
        ]
        risen += shares[0].low > shares[1].high
    assert risen <= 10


@pytest.mark.parametrize(
    ("now", "before", "among", "is_so"),
    [
        pytest.param(Share(5, 5), Share(0, 5), 50, True, id="1 in 252, on any of 50"),
        pytest.param(Share(4, 4), Share(0, 4), 50, False, id="1 in 70, on any of 50"),
        pytest.param(Share(3, 3), Share(0, 3), 4, True, id="1 in 20, on any of 4"),
        pytest.param(Share(3, 3), Share(0, 3), 5, False, id="1 in 20, on any of 5"),
        pytest.param(Share(3, 3), Share(0, 200), 1_000, True, id="many before"),
        pytest.param(Share(5, 6), Share(0, 6), 1, False, id="not all"),
        pytest.param(Share(5, 5), Share(1, 5), 1, False, id="one before"),
        pytest.param(Share(2, 2), Share(0, 200), 1, False, id="fewer than asked for"),
    ],
)
def test_everywhere(now: Share, before: Share, among: int, *, is_so: bool) -> None:
    """All sessions see what none did before, and that this is chance on any endpoint is unlikely."""
    assert is_everywhere(now, before, least=3, among=among) is is_so
