"""A candidate run beside a baseline run: what is found, in what order, and what it amounts to."""

from __future__ import annotations

from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.results.gate.latency import decide_latency, latency_checks
from replay_users.results.gate.latency_finding import Finding
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.model import Decision
from tests.results.gate.paired import MS, S, noisy, pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.pairs import Pair

RUN = 600 * S
Runs = dict[str, list["Pair"]]


def run(seed: int, *, sizes: Mapping[str, int], times: float = 1.0, slow: str = "") -> Runs:
    """A run with as many exchanges of each endpoint; `slow` takes so many `times` as long."""
    return {
        name: pairs([each * (times if name == slow else 1) for each in noisy(size, 40, seed=seed + nth)])
        for nth, (name, size) in enumerate(sizes.items())
    }


SIZES = {f"GET /{nth}": 100 for nth in range(6)}
SMALL = {**SIZES, "GET /small/a": 12, "GET /small/b": 14, "POST /small": 9}


def checks(
    candidate: Runs, baseline: Runs | None, *, connect: tuple[int | None, int | None] = (MS, MS), **changes: object
) -> Sequence[Finding]:
    """All findings."""
    seen = changes.pop("seen", None)
    settings = LatencySettings(**changes)  # type: ignore[arg-type]
    return latency_checks(candidate, baseline, connect_ns=connect, duration_ns=RUN, settings=settings, seen=seen)  # type: ignore[arg-type]


def one(found: Sequence[Finding], name: str, endpoint: str | None = None) -> Finding:
    """The finding of this name."""
    (match,) = [each for each in found if each.name == name and each.endpoint == endpoint]
    return match


def test_a_slow_endpoint_fails_against_a_baseline_run() -> None:
    """It alone, and by the name of the check."""
    found = checks(run(1, sizes=SIZES, times=2.2, slow="GET /3"), run(50, sizes=SIZES))
    assert [each.endpoint for each in found if each.verdict is Decision.FAIL] == ["GET /3"]
    assert decide_latency(found) is Decision.FAIL


def test_an_unchanged_run_passes() -> None:
    """Every endpoint has its finding all the same, those of the whole run come first."""
    found = checks(run(1, sizes=SIZES), run(50, sizes=SIZES))
    assert decide_latency(found) is Decision.PASS
    assert [each.name for each in found[:2]] == ["latency evidence", "latency of all"]
    assert [each.endpoint for each in found if each.name == "latency"] == list(SIZES)
    assert [each.endpoint for each in found if each.name == "latency tail"] == list(SIZES)
    assert not any(each.advisory for each in found)


def test_against_production_it_advises() -> None:
    """The recorded times are the other side; nothing decides unless somebody asked for it."""
    slow = run(1, sizes=SIZES, times=8, slow="GET /3")
    found = checks({name: [replace(each, recorded=40 * MS) for each in rows] for name, rows in slow.items()}, None)
    assert all(each.advisory for each in found)
    assert "as long as recorded" in one(found, "latency", "GET /3").sentence
    assert one(found, "latency", "GET /3").verdict is Decision.FAIL
    assert decide_latency(found) is Decision.PASS
    asked = checks(slow, None, against_recording=True)
    assert not any(each.advisory for each in asked)


def test_the_hop_is_taken_off_both_sides() -> None:
    """A candidate run 30 ms further away is not slower; if a hop is not known, none is taken off."""
    near, far = run(50, sizes={"GET /a": 200}), run(1, sizes={"GET /a": 200})
    further = {
        name: [replace(each, service=(each.service or 0) + 30 * MS) for each in rows] for name, rows in far.items()
    }
    assert one(checks(further, near, connect=(31 * MS, MS)), "latency of all").value == pytest.approx(1, abs=0.1)
    assert one(checks(further, near, connect=(31 * MS, None)), "latency of all").value == pytest.approx(1.8, abs=0.15)


def test_small_endpoints_are_asked_together() -> None:
    """By method; those that are too few even then are not asked, and it is said how much of the traffic they are."""
    found = checks(run(1, sizes=SMALL), run(50, sizes=SMALL))
    pooled = one(found, "latency", "GET (pool of 2 small endpoints)")
    assert pooled.numbers["pairs"] == 24
    assert pooled.sentence.endswith("; the pool is GET /small/a, GET /small/b")
    assert not [each for each in found if each.endpoint == "POST /small"]
    evidence = one(found, "latency evidence")
    assert evidence.value == pytest.approx(9 / 635, abs=1e-3)
    assert decide_latency(found) is Decision.PASS


def test_too_much_untested_traffic_is_inconclusive() -> None:
    """What counts is what was sent, not what the sample kept of it."""
    found = checks(run(1, sizes=SMALL), run(50, sizes=SMALL), seen={**SMALL, "POST /small": 100})
    assert one(found, "latency evidence").verdict is Decision.INCONCLUSIVE
    assert decide_latency(found) is Decision.INCONCLUSIVE


@pytest.mark.parametrize(
    ("candidate", "baseline"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"GET /a": []}, {"GET /a": []}, id="no-pairs"),
        pytest.param(run(1, sizes=SIZES), {}, id="an-empty-baseline"),
        pytest.param(run(1, sizes={"GET /a": 1}), run(1, sizes={"GET /a": 1}), id="one-pair"),
    ],
)
def test_nothing_to_compare_is_inconclusive(candidate: Runs, baseline: Runs) -> None:
    """It never passes."""
    assert decide_latency(checks(candidate, baseline)) is Decision.INCONCLUSIVE


def test_what_was_left_out_is_said() -> None:
    """Warm-up, other classes and what the other run did not have, with their numbers."""
    candidate, baseline = run(1, sizes=SIZES), run(50, sizes=SIZES)
    candidate["GET /0"] = [replace(each, status=503) if each.id < 20 else each for each in candidate["GET /0"]]
    baseline["GET /1"] = baseline["GET /1"][:90]
    evidence = one(checks(candidate, baseline), "latency evidence")
    assert evidence.sentence == (
        "545 pairs set side by side (left out: 30 in warm up, 15 of another status class, 10 not in the other run);"
        " endpoints with 0.0 % of the traffic have too few pairs to judge their times, the limit is 5 %"
    )


def test_a_short_run_leaves_a_tenth_of_itself_out() -> None:
    """Not 30 s, which might be all of it."""
    found = latency_checks(
        {"GET /a": pairs(noisy(100), over_s=50)},
        {"GET /a": pairs(noisy(100, seed=2), over_s=50)},
        connect_ns=(None, None),
        duration_ns=50 * S,
        settings=LatencySettings(),
    )
    assert one(found, "latency evidence").numbers["in_warm_up"] == 10


def claim(p: float | None, verdict: Decision = Decision.FAIL, **more: Any) -> Finding:
    """A finding of this kind."""
    given = {"advisory": False, **more}
    return Finding(name="latency", endpoint="GET /a", p=p, verdict=verdict, value=2, limit=1.5, sentence="", **given)


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        pytest.param([], Decision.PASS, id="none"),
        pytest.param([claim(0.009)], Decision.FAIL, id="sure"),
        pytest.param([claim(0.009), claim(0.5)], Decision.PASS, id="not-sure-among-two"),
        pytest.param([claim(0.004), claim(0.5)], Decision.FAIL, id="sure-among-two"),
        pytest.param([claim(1e-9, Decision.PASS)], Decision.PASS, id="sure-but-small"),
        pytest.param([claim(1e-9, advisory=True)], Decision.PASS, id="advice"),
        pytest.param([claim(0.5, doubt="; few")], Decision.INCONCLUSIVE, id="not-sure-and-doubtful"),
        pytest.param([claim(0.009, doubt="; few")], Decision.FAIL, id="sure-and-without-doubt"),
        pytest.param(
            [claim(1e-9, Decision.PASS, doubt="; a burst")], Decision.INCONCLUSIVE, id="sure-that-it-is-doubtful"
        ),
        pytest.param([claim(0.5, doubt="; few", advisory=True)], Decision.PASS, id="doubtful-advice"),
        pytest.param([claim(None, Decision.INCONCLUSIVE), claim(0.5)], Decision.INCONCLUSIVE, id="untested"),
        pytest.param([claim(None, Decision.INCONCLUSIVE), claim(1e-9)], Decision.FAIL, id="found-though-untested"),
    ],
)
def test_claims_are_believed_together(findings: list[Finding], verdict: Decision) -> None:
    """Holm over those that decide; a failure outweighs what is not known."""
    assert decide_latency(findings, 0.01) is verdict


def test_a_baseline_run_that_stood_still_half_the_time_makes_no_pass() -> None:
    """Six times slower beside the rest of it, which nobody can be sure of: inconclusive, and the sentence says what to do."""
    stood_still = [600 - 14 * (nth - 8) if 8 <= nth < 50 else 10.0 for nth in range(120)]
    found = latency_checks(
        {"GET /a": pairs([60.0] * 120)},
        {"GET /a": pairs(stood_still)},
        connect_ns=(None, None),
        duration_ns=600 * S,
        settings=LatencySettings(),
    )
    whole = one(found, "latency of all")
    assert whole.value == pytest.approx(6, rel=0.01)
    assert decide_latency(found) is Decision.INCONCLUSIVE
    assert whole.doubt.endswith("replay more of them, or the baseline run again")


def test_a_quiet_run_six_times_slower_fails() -> None:
    """However its times drift by a thousandth: of 40 such runs of a real target, one in ten passed before."""
    found = latency_checks(
        {"GET /a": pairs([60 + nth / 2_000 for nth in range(120)])},
        {"GET /a": pairs([10 + nth / 10_000 for nth in range(120)])},
        connect_ns=(None, None),
        duration_ns=600 * S,
        settings=LatencySettings(),
    )
    assert decide_latency(found, 0.005) is Decision.FAIL


def test_the_same_runs_are_judged_alike() -> None:
    """There is no chance in it, not even in the order in which pairs come."""
    candidate, baseline = run(1, sizes=SIZES, times=1.6, slow="GET /2"), run(50, sizes=SIZES)
    shuffled = {name: rows[::-1] for name, rows in candidate.items()}
    assert checks(candidate, baseline) == checks(shuffled, baseline)


def test_a_large_run_is_judged_at_once() -> None:
    """40 endpoints of 1,000 pairs in well under a second (0.25 s when measured; twice that on a busy machine)."""
    sizes = {f"GET /{nth}": 1_000 for nth in range(40)}
    candidate, baseline = run(1, sizes=sizes), run(99, sizes=sizes)
    before = process_time()
    checks(candidate, baseline)
    assert process_time() - before < 1.5
