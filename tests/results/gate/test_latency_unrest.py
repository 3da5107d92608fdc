"""How much endpoints differ by themselves."""

from __future__ import annotations

from math import exp
from random import Random
from typing import TYPE_CHECKING

import pytest

from replay_users.results.gate.environment import Environment, log_ratios
from replay_users.results.gate.latency_blocks import blocks_of
from replay_users.results.gate.latency_shift import Shift, shift_of
from replay_users.results.gate.latency_unrest import unrest_of
from tests.results.gate.paired import SPAN, matched, noisy

if TYPE_CHECKING:
    from collections.abc import Sequence

AS_IS = Environment(factor=1.0, extra_ns=0.0, voters=())


def shifts(factors: Sequence[float], count: int = 100) -> list[Shift]:
    """Endpoints that take so many times as long."""
    found = []
    for nth, factor in enumerate(factors):
        ours = [factor * each for each in noisy(count, seed=nth)]
        pairs = matched(ours, noisy(count, seed=1_000 + nth))
        found.append(shift_of(pairs, log_ratios(pairs, AS_IS), blocks_of(pairs, SPAN)))
    return found


def uneven(sigma: float, count: int = 40) -> list[float]:
    """Factors of so much unrest."""
    random = Random(7)
    return [exp(random.gauss(0, sigma)) for _ in range(count)]


@pytest.mark.parametrize("sigma", [0.1, 0.2, 0.5])
def test_unrest_is_measured(sigma: float) -> None:
    """Beyond the noise of the requests."""
    assert unrest_of(shifts(uneven(sigma)), 0.0) == pytest.approx(sigma, rel=0.35)


def test_noise_is_no_unrest() -> None:
    """Whether endpoints have few requests or many."""
    assert unrest_of(shifts([1.0] * 40, 30), 0.0) == 0
    assert unrest_of(shifts([1.0] * 40, 300), 0.0) == 0


def test_regressions_are_no_unrest() -> None:
    """A fourth of the endpoints is 3x slower, and cannot hide in the distance that this makes: it counts for less than 10 %."""
    assert unrest_of(shifts([3.0] * 10 + [1.0] * 30), 0.0) < 0.1


def test_few_endpoints_cannot_tell() -> None:
    """Nine of them, or none."""
    assert unrest_of(shifts(uneven(0.5, 9)), 0.0) == 0
    assert unrest_of([], 0.0) == 0
