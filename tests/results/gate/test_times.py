"""Findings of times as checks and claims; without any, the verdicts on speed of the endpoints themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from replay_users.results.gate.claims import Claim
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.times import times
from replay_users.results.result import result_json
from replay_users.results.samples import samples_of
from replay_users.results.slow import Speed
from replay_users.results.validity import CheckKind, Validity
from tests.results.gate.made import end, run
from tests.results.gate.paired import MS
from tests.results.gate.runs import concluded, tally_of

if TYPE_CHECKING:
    from replay_users.results.gate.evidence import Evidence

LATE = Validity(valid=True, reasons=("lag",), void=(CheckKind.LATENCY,))
SETTINGS = LatencySettings()


def said(evidence: Evidence) -> Check:
    """The one check of a run without samples."""
    [check] = times(evidence, SETTINGS, None, None)
    assert isinstance(check, Check)
    return check


def test_slow_endpoints_are_named_and_advisory() -> None:
    """The check names the slow and the failing, counts the rest, and decides nothing."""
    speeds = {f"GET /{n}": Speed.SLOW for n in range(5)} | {"GET /ok": Speed.OK, "GET /few": Speed.FEW}
    check = said(run(end(), speeds=speeds))
    assert (check.verdict, check.advisory, check.value) == (Decision.FAIL, True, 5)
    assert check.sentence == (
        "5 endpoints are much slower than recorded, or without an answer: GET /0, GET /1, GET /2 and 2 more"
    )
    one = said(run(end(), speeds={"GET /0": Speed.SLOW}))
    assert one.sentence == "1 endpoint is much slower than recorded, or without an answer: GET /0"
    assert said(run(end())).sentence == "no endpoint is much slower than recorded"


def test_speeds_of_a_late_run_are_inconclusive() -> None:
    """Where our lag voids latency, the check says so whatever it found."""
    check = said(run(end(), speeds={"GET /": Speed.SLOW}, validity=LATE))
    assert check.verdict is Decision.INCONCLUSIVE
    assert "not to be trusted" in check.sentence


def test_a_finding_with_a_probability_is_a_claim() -> None:
    """Which is settled with all others; one without is a check as it stands; against the recording both only advise."""
    found = list(times(run(end()), SETTINGS, samples_of(tally_of()), None))
    claims = [each for each in found if isinstance(each, Claim)]
    checks = [each for each in found if isinstance(each, Check)]
    assert {each.name for each in claims} >= {"latency", "latency of all"}
    assert {each.name for each in checks} >= {"slow endpoints", "latency evidence"}
    assert all(each.advisory and each.kind is CheckKind.LATENCY for each in found)
    assert all(each.numbers for each in claims)


def test_what_nobody_can_be_sure_of_is_doubted_where_it_decides() -> None:
    """Six in ten are slower and the others faster: a doubt beside a baseline run, advice beside the recording."""
    restless = samples_of(tally_of(slower=lambda _, row: 6.0 if row % 10 < 6 else 0.2))
    for baseline, is_doubted in (((result_json(concluded(tally_of())), samples_of(tally_of())), True), (None, False)):
        (whole,) = (each for each in times(run(end()), SETTINGS, restless, baseline) if each.name == "latency of all")
        assert isinstance(whole, Claim)
        assert bool(whole.doubt) is is_doubted


def test_findings_of_a_late_run_claim_nothing() -> None:
    """They are told, and each says that it is not to be trusted."""
    found = list(times(run(end(), validity=LATE), SETTINGS, samples_of(tally_of()), None))
    assert not any(isinstance(each, Claim) for each in found)
    assert {each.verdict for each in found if isinstance(each, Check)} == {Decision.INCONCLUSIVE}


def test_a_run_without_recorded_times_says_nothing_of_them() -> None:
    """Without a pair there is nothing to set side by side."""
    tally = tally_of(0)
    assert [each.name for each in times(run(end()), SETTINGS, samples_of(tally), None)] == ["slow endpoints"]


@pytest.mark.parametrize(
    ("opened", "factor"),
    [pytest.param((1, 1), 1, id="one"), pytest.param((40, 3), 1, id="a-few"), pytest.param((40, 40), 1.5, id="many")],
)
def test_a_few_connections_do_not_tell_how_far_it_is(opened: tuple[int, int], factor: float) -> None:
    """The first to a cold target took 5 ms, as long as a third of an answer: it is no way that answers went."""
    then = result_json(concluded(tally_of())) | {"connections": {"opened": opened[1], "connect_ms": {"p50": 5.0}}}
    samples = samples_of(tally_of(slower=lambda _endpoint, _row: 0.0))
    pairs = {name: [replace(pair, service=15 * MS) for pair in each] for name, each in samples.pairs.items()}
    same = replace(samples, pairs=pairs)
    evidence = run(end(), connect_ns=round(0.1 * MS), connections=opened[0])
    (whole,) = (each for each in times(evidence, SETTINGS, same, (then, same)) if each.name == "latency of all")
    assert whole.value == pytest.approx(factor, rel=0.02)
