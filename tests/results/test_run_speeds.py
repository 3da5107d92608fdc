"""How long endpoints took in two runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from replay_users.results.gate import Check, Decision
from replay_users.results.pairs import Pair
from replay_users.results.run_speeds import RunSpeed, run_speeds
from replay_users.results.samples import Samples
from replay_users.results.validity import CheckKind


def pairs(*services: float | None, status: int = 200) -> list[Pair]:
    """Pairs with these service times, in ms; 10 are recorded."""
    return [
        Pair(
            id=n, session=n, due=n, recorded=10_000_000, service=None if ms is None else round(ms * 1e6), status=status
        )
        for n, ms in enumerate(services)
    ]


def speed(theirs: list[Pair], ours: list[Pair], *checks: Check) -> RunSpeed:
    """The one endpoint's."""
    [found] = run_speeds(Samples(pairs={"GET /a": theirs}), Samples(pairs={"GET /a": ours}), checks)
    return found


def test_the_ratio_is_of_the_same_exchange() -> None:
    """One that takes longer in each run is no change."""
    found = speed(pairs(1, 10, 100), pairs(2, 20, 200))
    assert (found.pairs, found.ratio) == (3, 2.0)
    assert (found.baseline_p50_ms, found.candidate_p50_ms) == (10.0, 20.0)
    assert (found.baseline_p95_ms, found.candidate_p95_ms) == (100.0, 200.0)


def test_only_what_both_samples_hold_is_told() -> None:
    """And of that only what did the same work: an error is quicker than what it stands for."""
    ours = pairs(2, 20, 200)
    ours[0] = replace(ours[0], status=500)
    assert speed(pairs(1, 10), ours).pairs == 1
    assert not list(run_speeds(Samples(pairs={"GET /a": pairs(1)}), Samples(pairs={"GET /b": pairs(1)}), ()))


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        ((10, 10, 10), (None, None, 10), {"candidate_p50_ms": "over", "ratio": "over"}),
        ((None, None, 10), (10, 10, 10), {"baseline_p50_ms": "over", "ratio": 0.0}),
        ((None, None, 10), (None, None, 10), {"candidate_p50_ms": "over", "ratio": 1.0}),
        ((0, 0, 0), (0, 0, 0), {"candidate_p50_ms": 0.0, "ratio": 1.0}),
        ((0, 0, 0), (1, 1, 1), {"candidate_p50_ms": 1.0, "ratio": "over"}),
    ],
    ids=["died", "lives", "dead", "no time", "some time"],
)
def test_an_answer_that_never_came_is_longer_than_any_number(
    theirs: tuple[Any, ...], ours: tuple[Any, ...], told: dict[str, Any]
) -> None:
    """On whichever side, and nothing is divided by zero."""
    found = speed(pairs(*theirs, status=0), pairs(*ours, status=0))
    assert {name: getattr(found, name) for name in told} == told


def test_the_verdict_is_the_gates() -> None:
    """The strongest of its checks of the endpoint's times; none where it has none."""
    shift = Check(name="shift", kind=CheckKind.LATENCY, verdict=Decision.FAIL, sentence="", endpoint="GET /a")
    tail = replace(shift, name="tail", verdict=Decision.PASS)
    other = replace(shift, endpoint="GET /b")
    answers = replace(shift, kind=CheckKind.MISMATCHES)
    assert speed(pairs(1), pairs(1), tail, shift).verdict == "fail"
    assert speed(pairs(1), pairs(1), tail).verdict == "pass"
    assert speed(pairs(1), pairs(1), other, answers).verdict is None


def test_what_failed_comes_first_and_then_the_slowest() -> None:
    """An endpoint without answers is the slowest."""
    theirs = Samples(pairs={name: pairs(10) for name in "abcd"})
    ours = Samples(pairs={"a": pairs(20), "b": pairs(30), "c": pairs(None, status=0), "d": pairs(11)})
    check = Check(name="shift", kind=CheckKind.LATENCY, verdict=Decision.FAIL, sentence="", endpoint="d")
    assert [each.endpoint for each in run_speeds(theirs, ours, [check])] == ["d", "c", "b", "a"]
