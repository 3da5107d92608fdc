"""The few tests and bounds that the checks are made of.

Law: pure; counts and differences in, probabilities and bounds out; nothing here knows what is being tested. Tails are exact
where n is small (a p of 1e-5 decides, where a normal approximation may be wrong by a factor of ten), and the sign-flip test
always. The subtle thing: every p is one-sided and never too small, so that Holm's promise holds for all of them together.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb, exp, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["binomial_tail", "holm", "lower_rank", "mcnemar_p", "sign_flip_p", "wilson", "wilson_p"]

_NORMAL = NormalDist()
_EXACT = 500
"""Up to here a tail is added up term by term; above, it is a continued fraction (1e-9 of its value away at most)."""
_STEPS, _CLOSE, _TINY = 10_000, 1e-15, 1e-300


def wilson(seen: int, total: int, confidence: float = 0.99) -> tuple[float, float]:
    """Wilson's interval of the share `seen` of `total`, two-sided; all is possible where nothing was looked at."""
    if not total:
        return 0.0, 1.0
    square = _NORMAL.inv_cdf((1 + confidence) / 2) ** 2
    share = seen / total
    middle = share + square / (2 * total)
    half = sqrt(square * (share * (1 - share) / total + square / (4 * total * total)))
    low, high = (middle - half) / (1 + square / total), (middle + half) / (1 + square / total)
    return (max(0.0, low) if seen else 0.0), (min(1.0, high) if seen < total else 1.0)


def wilson_p(seen: int, total: int, limit: float) -> float:
    """How likely so many of `total` are, or more, if the true share is at most `limit`.

    The larger of two: Wilson's (below 0.01 exactly where the lower bound of his 98 % interval is above the limit), and
    the exact one, since his is far too sure of rare things: 1 of 100 at a limit of 0.0001 is 1 % likely, not 1e-22.
    """
    if not seen or limit >= 1:
        return 1.0
    if limit <= 0:
        return 0.0
    z = (seen - total * limit) / sqrt(total * limit * (1 - limit))
    return max(_NORMAL.cdf(-z), binomial_tail(seen, total, limit))


def mcnemar_p(broken: int, mended: int) -> float:
    """How likely so many of the changes are for the worse, if either way is as likely (exact)."""
    return binomial_tail(broken, broken + mended, 0.5)


def binomial_tail(at_least: int, total: int, share: float) -> float:
    """The probability of `at_least` successes or more in `total` trials."""
    if at_least <= 0:
        return 1.0
    if at_least > total or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    if total <= _EXACT:
        return _added_up(at_least, total, share)
    return _beta(share, at_least, total - at_least + 1)


def _added_up(at_least: int, total: int, share: float) -> float:
    terms = (comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(at_least, total + 1))
    return min(1.0, sum(terms))


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, which a binomial tail is (Numerical Recipes, 3rd edition, 6.4)."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return min(1.0, front * _fraction(x, a, b) / a)


def _fraction(x: float, a: float, b: float) -> float:
    """Its continued fraction, by Lentz's method."""
    upper, lower = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = lower
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for factor in (even, odd):
            lower, upper = 1 / _away(1 + factor * lower), _away(1 + factor / upper)
            value *= lower * upper
        if abs(lower * upper - 1) < _CLOSE:
            break
    return value


def _away(number: float) -> float:
    """Not zero."""
    return number if abs(number) > _TINY else _TINY


@lru_cache(maxsize=4096)
def lower_rank(total: int, quantile: float = 0.5, confidence: float = 0.99) -> int | None:
    """Which of `total` sorted values, counted from 0, lies at or below the true quantile with this confidence.

    `None` if they are too few for any to. By symmetry `total - 1 - rank` of the median is the upper bound.
    """
    low, high = 0, total  # the answer is the last rank whose probability of lying above is small enough
    while low < high:
        middle = (low + high + 1) // 2
        if 1 - binomial_tail(middle, total, quantile) <= 1 - confidence:
            low = middle
        else:
            high = middle - 1
    return low - 1 if low else None


def sign_flip_p(differences: Sequence[int], reached: float | None = None) -> float:
    """The share of all ways to exchange the two sides, pair by pair, whose sum is at least as large as the real one (exact).

    Each difference is that of one block of two runs that are exchangeable if nothing has changed; `reached` stands in for
    their sum. All 2^n sums are counted at once: digit `s` of one large number, in base 2^(n + 1), says how many are `s`
    above the smallest, and a block shifts a copy of it by twice its size and adds it.
    """
    sizes = [abs(each) for each in differences if each]
    target = sum(differences) if reached is None else reached
    below = int(-((-target - sum(sizes)) // 2))  # sums go in steps of two, from -sum(sizes)
    if below <= 0:
        return 1.0
    width = len(sizes) + 1
    counts = 1
    for size in sizes:
        counts += counts << (width * size)
    tail = counts >> (width * below)
    return (tail % ((1 << width) - 1)) / (1 << len(sizes))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p as it counts among all of these, in their order: those at most alpha may be believed together (Holm 1979)."""
    adjusted, largest = [0.0] * len(ps), 0.0
    for nth, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, ps[index] * (len(ps) - nth)))
        adjusted[index] = largest
    return adjusted
