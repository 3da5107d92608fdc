"""Tests and bounds against exact fractions, tables and brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.results.gate.statistics import (
    binomial_tail,
    holm,
    lower_rank,
    mcnemar_p,
    sign_flip_p,
    wilson,
    wilson_p,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PS = st.lists(st.floats(0, 1), max_size=30)


def exact_tails(total: int, share: Fraction) -> list[Fraction]:
    """The same in whole numbers: the probability of at least 0, 1, ... `total`, and of more."""
    yes, no = share.numerator, share.denominator - share.numerator
    tails = [0]
    for k in range(total, -1, -1):
        tails.append(tails[-1] + comb(total, k) * yes**k * no ** (total - k))
    return [Fraction(tail, share.denominator**total) for tail in reversed(tails)]


@given(st.integers(1, 900), st.data())
@settings(max_examples=60, deadline=None)
def test_a_binomial_tail_is_exact_by_either_way(total: int, data: st.DataObject) -> None:
    """Added up or as a continued fraction, it is the sum of the exact terms, also far out."""
    at_least = data.draw(st.integers(-1, total + 1))
    share = data.draw(st.sampled_from([0.5, 0.25, 0.0625, 0.9375, 2**-10]))
    exact = float(exact_tails(total, Fraction(share))[max(0, at_least)])
    assert binomial_tail(at_least, total, share) == pytest.approx(exact, rel=1e-8, abs=1e-150)


@pytest.mark.parametrize(
    ("at_least", "total", "share", "tail"),
    [
        pytest.param(0, 10, 0.3, 1, id="none"),
        pytest.param(11, 10, 0.3, 0, id="more-than-all"),
        pytest.param(3, 10, 0.0, 0, id="impossible"),
        pytest.param(3, 10, 1.0, 1, id="certain"),
        pytest.param(8, 10, 0.5, 56 / 1024, id="eight-of-ten-coins"),
        pytest.param(500_000, 1_000_000, 0.5, 0.500399, id="half-of-a-million"),
    ],
)
def test_known_binomial_tails(at_least: int, total: int, share: float, tail: float) -> None:
    """The edges, and values from tables."""
    assert binomial_tail(at_least, total, share) == pytest.approx(tail, abs=1e-6)


@pytest.mark.parametrize(
    ("seen", "total", "confidence", "interval"),
    [
        pytest.param(3, 20, 0.98, (0.0437, 0.4054), id="three-of-twenty"),
        pytest.param(10, 100, 0.95, (0.0552, 0.1744), id="ten-of-a-hundred"),
        pytest.param(0, 10, 0.95, (0, 0.2775), id="none"),
        pytest.param(10, 10, 0.95, (0.7225, 1), id="all"),
        pytest.param(0, 0, 0.95, (0, 1), id="nothing-looked-at"),
    ],
)
def test_known_wilson_intervals(seen: int, total: int, confidence: float, interval: tuple[float, float]) -> None:
    """As Wilson's formula is tabled elsewhere."""
    assert wilson(seen, total, confidence) == pytest.approx(interval, abs=5e-4)


@given(st.integers(1, 3000), st.data())
@settings(max_examples=60, deadline=None)
def test_a_small_wilson_p_is_a_bound_above_the_limit(total: int, data: st.DataObject) -> None:
    """Whatever p says is unlikely at 1 %, the 98 % interval lies above; and p is never smaller than the exact one."""
    seen = data.draw(st.integers(0, total))
    limit = data.draw(st.floats(0.0001, 0.9))
    p = wilson_p(seen, total, limit)
    assert p >= binomial_tail(seen, total, limit)
    if p < 0.00999:
        assert wilson(seen, total, 0.98)[0] > limit


@pytest.mark.parametrize(
    ("seen", "total", "limit", "p"),
    [
        pytest.param(1, 100, 0.0001, 0.00995, id="one-rare-thing"),
        pytest.param(0, 100, 0.0, 1, id="nothing-where-nothing-may"),
        pytest.param(1, 100, 0.0, 0, id="one-where-nothing-may"),
        pytest.param(100, 100, 1.0, 1, id="all-where-all-may"),
        pytest.param(0, 0, 0.5, 1, id="nothing-looked-at"),
    ],
)
def test_known_wilson_ps(seen: int, total: int, limit: float, p: float) -> None:
    """Rare things and the edges."""
    assert wilson_p(seen, total, limit) == pytest.approx(p, abs=1e-4)


@pytest.mark.parametrize(
    ("broken", "mended", "p"),
    [
        pytest.param(0, 0, 1, id="no-change"),
        pytest.param(1, 0, 0.5, id="one"),
        pytest.param(10, 0, 2**-10, id="ten"),
        pytest.param(8, 2, 56 / 1024, id="eight-against-two"),
        pytest.param(2, 8, 1013 / 1024, id="mended"),
    ],
)
def test_known_mcnemar_ps(broken: int, mended: int, p: float) -> None:
    """A coin for each answer that changed."""
    assert mcnemar_p(broken, mended) == pytest.approx(p)


@pytest.mark.parametrize(
    ("total", "quantile", "rank"),
    [
        pytest.param(6, 0.5, None, id="six-bound-nothing"),
        pytest.param(7, 0.5, 0, id="seven-by-the-smallest"),
        pytest.param(20, 0.5, 4, id="twenty"),
        pytest.param(50, 0.5, 16, id="fifty"),
        pytest.param(1000, 0.5, 462, id="a-thousand"),
        pytest.param(200, 0.95, 181, id="of-a-95th-percentile"),
        pytest.param(0, 0.5, None, id="none"),
    ],
)
def test_ranks_that_bound_a_quantile(total: int, quantile: float, rank: int | None) -> None:
    """The largest order statistic that lies below with 99 % confidence, as binomial tables have it."""
    assert lower_rank(total, quantile) == rank


@given(st.integers(1, 150), st.sampled_from([0.5, 0.875, 0.9375]))
@settings(max_examples=60, deadline=None)
def test_no_higher_rank_would_do(total: int, quantile: float) -> None:
    """The rank keeps its promise, and the next one would not."""
    rank = lower_rank(total, quantile)
    risk = [float(1 - tail) for tail in exact_tails(total, Fraction(quantile))[1:]][:total]
    good = [k for k in range(total) if risk[k] <= 0.01]
    assert rank == (max(good) if good else None)


def brute(differences: Sequence[int], reached: float) -> float:
    """All exchanges, one by one."""
    sums = [sum(sign * each for sign, each in zip(signs, differences, strict=True)) for signs in _signs(differences)]
    return sum(each >= reached for each in sums) / len(sums)


def _signs(differences: Sequence[int]) -> list[tuple[int, ...]]:
    return list(product((1, -1), repeat=len(differences)))


@given(st.lists(st.integers(-30, 30), max_size=9), st.sampled_from([0.3, 0.5, 1.0]))
def test_sign_flips_are_all_counted(differences: list[int], share: float) -> None:
    """The share is that of all exchanges tried one by one, for the real sum and for another in its stead."""
    assert sign_flip_p(differences) == brute(differences, sum(differences))
    reached = share * sum(differences)
    assert sign_flip_p(differences, reached) == brute(differences, reached)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_sign_flip(broken: int, mended: int) -> None:
    """Where each block is one answer, the two are one test, also where there are more ways than a float can count."""
    assert sign_flip_p([1] * broken + [-1] * mended) == pytest.approx(mcnemar_p(broken, mended), rel=1e-9)


@pytest.mark.parametrize(
    ("ps", "adjusted"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0.02], [0.02], id="one-is-left-alone"),
        pytest.param([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02], id="the-textbook"),
        pytest.param([0.9, 0.8], [1, 1], id="never-above-one"),
    ],
)
def test_known_holm_adjustments(ps: list[float], adjusted: list[float]) -> None:
    """In the order they came."""
    assert holm(ps) == pytest.approx(adjusted)


@given(PS)
def test_holm_rejects_what_stepping_down_rejects(ps: list[float]) -> None:
    """What is at most alpha afterwards is what Holm's procedure believes: from the smallest, as long as p <= alpha/left."""
    alpha, believed = 0.05, set()
    for nth, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        if ps[index] > alpha / (len(ps) - nth) + 1e-15:
            break
        believed.add(index)
    assert {index for index, p in enumerate(holm(ps)) if p <= alpha + 1e-13} == believed


def test_an_infinite_sum_is_reached_by_no_exchange() -> None:
    """A sum that cannot be is as unlikely as it gets."""
    assert sign_flip_p([3, 4], 100.0) == 0
    assert sign_flip_p([3, 4], -100.0) == 1
