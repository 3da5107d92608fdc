"""When everything is slower together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.results.gate.environment import Environment, log_ratios
from replay_users.results.gate.latency_blocks import blocks_of
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.latency_shift import shift_of
from replay_users.results.gate.latency_uniform import uniform_finding
from replay_users.results.gate.model import Decision
from tests.results.gate.paired import SPAN, matched, noisy

if TYPE_CHECKING:
    from replay_users.results.gate.latency_finding import Finding


def judged(factors: list[float], *, extra_ns: float = 0.0) -> Finding:
    """Endpoints that take so many times as long, in the environment that they make together."""
    factor = sorted(factors)[len(factors) // 2]
    names = tuple(f"GET /{nth}" for nth in range(len(factors)))
    environment = Environment(factor=factor, extra_ns=extra_ns, voters=names)
    shifts = []
    for nth, each in enumerate(factors):
        ours = [each * took + extra_ns / 1e6 for took in noisy(100, seed=nth)]
        pairs = matched(ours, noisy(100, seed=nth + 50), endpoint=names[nth])
        shifts.append(shift_of(pairs, log_ratios(pairs, environment), blocks_of(pairs, SPAN)))
    return uniform_finding(shifts, environment, LatencySettings(), run_likeness=0.0, other="in the baseline run")


@pytest.mark.parametrize(
    ("factors", "verdict", "is_sure"),
    [
        pytest.param([1.0] * 8, Decision.PASS, False, id="as-before"),
        pytest.param([1.4] * 8, Decision.PASS, False, id="within-what-may-be"),
        pytest.param([2.0] * 8, Decision.FAIL, True, id="twice"),
        pytest.param([1.55] * 8, Decision.FAIL, False, id="too-close-to-be-sure"),
        pytest.param([2.0], Decision.FAIL, True, id="the-only-endpoint"),
        pytest.param([2.0] * 4 + [1.0] * 4, Decision.FAIL, False, id="half-of-them"),
    ],
)
def test_it_must_be_sure_that_most_are_above_the_limit(factors: list[float], verdict: Decision, is_sure: bool) -> None:
    """Above the limit, and not only above one; what is above it and not sure is doubted, and passes nothing."""
    found = judged(factors)
    assert bool(found.doubt) is (verdict is Decision.FAIL)
    assert found.verdict is verdict
    assert found.p is not None
    assert (found.p < 1e-4) is is_sure


def test_a_factor_that_a_shorter_way_makes_up_for_is_no_finding() -> None:
    """Twice as long as 40 ms and 25 ms less are 55 ms, and nobody waits half as long again; 10 ms less are 70."""
    some, little = (judged([2.0] * 8, extra_ns=-ms * 1e6) for ms in (25, 10))
    assert (some.verdict, some.doubt) == (Decision.PASS, "")
    assert little.verdict is Decision.FAIL


def test_a_wait_that_all_share_is_told() -> None:
    """It decides nothing, but is in the sentence and in the numbers."""
    found = judged([1.0] * 8, extra_ns=6_000_000)
    assert found.sentence == (
        "all 8 endpoints together take 1.00x as long as in the baseline run, and 6.0 ms longer beyond what opening"
        " connections shows, the limit is 1.5x; each is judged beside the others"
    )
    assert found.numbers["extra_ms"] == 6
