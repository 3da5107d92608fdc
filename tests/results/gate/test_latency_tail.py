"""When some of an endpoint's requests are far slower, and most are not."""

from __future__ import annotations

from math import inf
from random import Random
from typing import TYPE_CHECKING

import pytest

from replay_users.results.gate.environment import Environment, log_ratios
from replay_users.results.gate.latency_blocks import blocks_of
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.latency_shift import shift_of
from replay_users.results.gate.latency_tail import Tail, tail_finding, tail_of
from replay_users.results.gate.model import Decision
from tests.results.gate.paired import SPAN, matched, noisy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.latency_finding import Finding

AS_IS = Environment(factor=1.0, extra_ns=0.0, voters=())
SETTINGS = LatencySettings()
MANY = 1_000


def tail(ours: Sequence[float], theirs: Sequence[float]) -> Tail:
    """An endpoint that took so long."""
    found = matched(ours, theirs)
    return tail_of(shift_of(found, log_ratios(found, AS_IS), blocks_of(found, SPAN)), AS_IS, SETTINGS)


def judged(found: Tail, endpoints: int = 40, settings: LatencySettings = SETTINGS) -> Finding:
    """What is said of it."""
    return tail_finding(found, SPAN, settings, run_likeness=0.0, endpoints=endpoints, other="in the baseline run")


def some(share: float, times: float, count: int = MANY, base_ms: float = 40.0) -> Tail:
    """A share of requests takes so many times as long."""
    random = Random(3)
    ours = [each * (times if random.random() < share else 1) for each in noisy(count, base_ms, seed=2)]
    return tail(ours, noisy(count, base_ms, seed=1))


def test_a_tail_is_found_and_said_in_words() -> None:
    """8 % of the requests take six times as long; the median and most of the requests are as they were."""
    found = judged(some(0.08, 6))
    assert found.verdict is Decision.FAIL
    assert found.p is not None
    assert found.p < 1e-9
    assert found.value == pytest.approx(0.08, abs=0.02)
    assert found.sentence == (
        "85 of 1,000 pairs of GET /a became far slower than in the baseline run (over 2.6x) and 10 far faster;"
        " the limit of the difference is 3 %"
    )
    assert float(str(found.numbers["p95_ms"])) > 1.5 * float(str(found.numbers["other_p95_ms"]))


def test_timeouts_are_a_tail() -> None:
    """A tenth is never answered: these are far slower than anything, and the sentence says so."""
    ours = [inf if nth % 10 == 0 else each for nth, each in enumerate(noisy(MANY, seed=2))]
    found = judged(tail(ours, noisy(MANY, seed=1)))
    assert found.verdict is Decision.FAIL
    assert "100 of them unanswered" in found.sentence
    assert found.numbers["p95_ms"] is None


def test_noise_without_measure_does_not_hide_timeouts() -> None:
    """45 % of the answers never come, and a number can still be told for what is far."""
    ours = [inf if nth % 20 < 9 else each for nth, each in enumerate(noisy(MANY, seed=2, sigma=3))]
    found = judged(tail(ours, noisy(MANY, seed=1, sigma=3)))
    assert found.verdict is Decision.FAIL
    assert float(str(found.numbers["times"])) < 1_100


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(some(0.0, 1), id="unchanged"),
        pytest.param(some(0.01, 6), id="less-than-may-be"),
        pytest.param(some(1.0, 3), id="all-of-it-is-a-shift"),
        pytest.param(some(0.2, 6, base_ms=0.5), id="less-than-5-ms"),
        pytest.param(tail([each / 3 for each in noisy(MANY, seed=2)], noisy(MANY, seed=1)), id="faster"),
        pytest.param(tail([inf] * MANY, [inf] * MANY), id="never-answered-in-either-run"),
        pytest.param(tail([inf] * MANY, noisy(MANY)), id="all-unanswered-is-a-shift"),
    ],
)
def test_what_is_no_tail(found: Tail) -> None:
    """It passes."""
    assert judged(found).verdict is Decision.PASS


def test_a_cache_makes_both() -> None:
    """Hits and misses by chance: as many became faster as slower."""
    random = Random(5)
    ours, theirs = (
        [each / (20 if random.random() < 0.3 else 1) for each in noisy(MANY, 100, seed=seed)] for seed in (1, 2)
    )
    found = judged(tail(ours, theirs))
    assert found.verdict is Decision.PASS
    assert found.p is None or found.p > 0.01


def test_a_stall_is_an_event() -> None:
    """All of the 5 % stand together."""
    ours = [each * (50 if 300 <= nth < 350 else 1) for nth, each in enumerate(noisy(MANY, seed=2))]
    found = judged(tail(ours, noisy(MANY, seed=1)))
    assert found.verdict is Decision.PASS
    assert "an event, no regression" in found.sentence


def test_an_unchanged_tail_is_not_blamed_where_most_became_faster() -> None:
    """90 % take half as long, a tenth as long as ever."""
    theirs = noisy(MANY, seed=1, sigma=0.1)
    ours = [each if nth % 10 == 0 else each / 2.5 for nth, each in enumerate(noisy(MANY, seed=2, sigma=0.1))]
    assert judged(tail(ours, theirs)).verdict is Decision.PASS


def test_what_cannot_be_believed_is_no_claim() -> None:
    """Where hardly anything differs, no arrangement of it could be significant among so many: it weakens no other claim."""
    found = some(0.2, 6, count=60)
    one, many = judged(found, endpoints=1), judged(found, endpoints=10_000)
    assert (one.p is None, one.verdict) == (False, Decision.FAIL)
    assert (many.p, many.verdict) == (None, Decision.PASS)


def test_it_must_be_sure_of_more_than_a_little() -> None:
    """14 slower and 3 faster of 350 are unlikely to be none at all, and yet maybe no more than a harmless percent."""
    ours = [each * (20 if nth % 25 == 0 else 1 / 20 if nth % 117 == 1 else 1) for nth, each in enumerate([40.0] * 350)]
    found = tail(ours, [40.0] * 350)
    ps = [judged(found, 1, LatencySettings(tail_bound_share=share)).p or 1.0 for share in (0, 0.01, 0.02)]
    assert ps[0] < 0.005 < ps[1] < ps[2]
    assert ps[2] > 10 * ps[0]
