"""The gate on answers, in worlds made up from seeds: how often it fails for nothing, and how often it finds something."""

from __future__ import annotations

import pytest

from replay_users.results.baseline import Baseline, accept
from replay_users.results.gate import Decision, GateSettings, checks_of
from tests.simulation.answer_world import World

SETTINGS = GateSettings()
RUNS = 300
LEARNT = (25,) * 40
"""1,000 pairs of 40 endpoints: what a baseline has seen."""
LONG = (2_500,) * 40
"""100,000 requests."""


def failed(world: World, seed: int, accepted: Baseline | None = None) -> bool:
    """Whether the gate fails one run in this world."""
    checks = checks_of(world.run(seed), SETTINGS, accepted=accepted)
    return any(check.verdict is Decision.FAIL and not check.advisory for check in checks)


def learnt(world: World, seed: int) -> Baseline:
    """What somebody has accepted of a run in this world."""
    return accept(Baseline(), world.run(seed), "before")


def share_of_failures(world: World, runs: int, *, before: World | None = None) -> float:
    """The share of runs that fail; `before` is the world of which each has a baseline of its own."""
    return sum(failed(world, n, None if before is None else learnt(before, 1_000_000 + n)) for n in range(runs)) / runs


@pytest.mark.parametrize("flaky", [pytest.param(1e-5, id="1e-5"), pytest.param(1e-3, id="1e-3")])
def test_a_flaky_service_fails_hardly_any_run(flaky: float) -> None:
    """1 request in 100,000 (or 100 of them) is answered by a 5xx, on either side: at most 1 % of runs of 100,000 fail."""
    assert share_of_failures(World(endpoints=LONG, flaky=flaky), RUNS) <= 0.01


@pytest.mark.parametrize(
    ("endpoints", "before"),
    [
        pytest.param((20_000,), (1_000,), id="of-one-endpoint"),
        pytest.param((500,) * 40, LEARNT, id="of-each-of-40"),
    ],
)
def test_rare_signatures_fail_hardly_any_run(endpoints: tuple[int, ...], before: tuple[int, ...]) -> None:
    """200 signatures at 1 in 10,000, learnt on 1,000 pairs: at most 1 % of runs of 20,000 requests fail."""
    signatures = 200 if len(endpoints) == 1 else 5
    world = World(endpoints=endpoints, rare=1e-4, signatures=signatures)
    assert share_of_failures(world, RUNS, before=World(endpoints=before, rare=1e-4, signatures=signatures)) <= 0.01


def test_a_release_that_breaks_2_percent_of_one_endpoint_is_found() -> None:
    """In at least 95 % of runs, among 39 other endpoints and rare errors."""
    assert share_of_failures(World(endpoints=(1_000,) * 40, flaky=1e-5, broken=0.02), RUNS) >= 0.95


def test_a_new_signature_in_2_percent_of_one_endpoint_is_found() -> None:
    """In at least 95 % of runs, among 200 rare ones that a baseline has hardly seen, and without a baseline at all."""
    before = World(endpoints=(1_000,) * 4, rare=1e-4)
    world = World(endpoints=(1_000,) * 4, rare=1e-4, changed=0.02)
    assert share_of_failures(world, RUNS, before=before) >= 0.95
    assert share_of_failures(World(endpoints=(1_000,) * 4, changed=0.02), RUNS) >= 0.95


def test_the_same_world_is_the_same_run() -> None:
    """A seed that was found to fail can be looked at again."""
    world = World(endpoints=(300, 300), rare=1e-3, flaky=1e-3)
    assert world.run(3) == world.run(3) != world.run(4)
