"""A stall is told once, and blamed on nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.results.gate.environment import Environment, log_ratios
from replay_users.results.gate.latency_blocks import blocks_of
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.latency_shift import shift_of
from replay_users.results.gate.latency_stall import stall_finding
from replay_users.results.gate.latency_tail import Tail, tail_of
from replay_users.results.gate.model import Decision
from tests.results.gate.paired import SPAN, matched, noisy

if TYPE_CHECKING:
    from collections.abc import Callable

AS_IS = Environment(factor=1.0, extra_ns=0.0, voters=())


def tails(slow: Callable[[float], bool], count: int = 300) -> list[Tail]:
    """Three endpoints, a hundred times slower at these seconds of the run."""
    found = []
    for nth in range(3):
        ours = [each * (100 if slow(600 * at / count) else 1) for at, each in enumerate(noisy(count, seed=10 + nth))]
        pairs = matched(ours, noisy(count, seed=20 + nth), endpoint=f"GET /{nth}")
        shift = shift_of(pairs, log_ratios(pairs, AS_IS), blocks_of(pairs, SPAN))
        found.append(tail_of(shift, AS_IS, LatencySettings()))
    return found


def test_a_stall_is_told_with_its_time() -> None:
    """When, how many and of what; it decides nothing."""
    found = stall_finding(tails(lambda at: 200 <= at < 230), SPAN)
    assert found is not None
    assert found.sentence == (
        "a stall from 3:20 to 3:48 of the run: 45 of 57 pairs of 3 endpoints became far slower there;"
        " it is an event, no regression"
    )
    assert found.advisory
    assert (found.p, found.verdict) == (None, Decision.PASS)
    assert found.numbers["from_s"] == 200


def test_of_two_stalls_the_worse_is_told() -> None:
    """One sentence is enough to go and look."""
    found = stall_finding(tails(lambda at: 100 <= at < 110 or 400 <= at < 440), SPAN)
    assert found is not None
    assert found.numbers["from_s"] == 400


def test_no_stall_is_no_finding() -> None:
    """Nothing slow, or hardly anything."""
    assert stall_finding(tails(lambda _: False), SPAN) is None
    assert stall_finding(tails(lambda at: 200 <= at < 205), SPAN) is None
    assert stall_finding([], SPAN) is None


def test_a_slow_half_is_no_event() -> None:
    """That is what the checks of endpoints are for."""
    assert stall_finding(tails(lambda at: at < 280), SPAN) is None
