"""The one way to a verdict: the same at the end of a run and any time after, against every yardstick."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.errors import UsageError
from replay_users.model import Fault
from replay_users.results.baseline import Baseline, accept
from replay_users.results.gate import GateSettings, Yardstick, evidence_of, judge_run, parse_gate
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.settings import Mismatches
from replay_users.results.result import result_json
from replay_users.results.sample_files import read_samples, write_samples
from replay_users.results.samples import samples_of
from tests.results.gate.runs import FACTS, concluded, tally_of

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.results.gate import Check
    from replay_users.results.samples import Samples

Written = tuple[dict[str, Any], "Samples"]


@pytest.fixture(scope="module")
def good() -> Written:
    """A run against the build before."""
    return written(seed=7, facts=replace(FACTS, id="before"))


def written(planned: int = 1_600, **how: Any) -> Written:
    """Result and samples of a run, as a reader has them."""
    about = {name: how.pop(name) for name in ("facts", "by", "more") if name in how}
    tally = tally_of(**how)
    return json.loads(json.dumps(result_json(concluded(tally, planned, **about)))), samples_of(tally)


def failing(gate: Any) -> set[tuple[str, str | None]]:
    """Names and endpoints of the checks that fail the run."""
    return {(each.name, each.endpoint) for each in gate.checks if each.verdict == "fail" and not each.advisory}


RUNS: dict[str, dict[str, Any]] = {
    "nothing-changed": {},
    "differing": {"differs": lambda endpoint, row: "price" if endpoint == 3 and row % 3 == 0 else ""},
    "broken": {"status": lambda endpoint, row: 500 if endpoint == 2 and row % 5 == 0 else 200},
    "slower": {"slower": lambda endpoint, _row: 2.5 if endpoint == 1 else 1.0},
    "unanswered": {"fault": lambda endpoint, row: Fault.TIMEOUT if endpoint == 5 and row % 3 == 0 else None},
    "late": {"lag_ms": 40.0},
    "an-account-that-is-wrong": {"planned": 1_601},
}


@pytest.mark.parametrize("name", RUNS)
def test_the_verdict_is_the_same_any_time_after(name: str, tmp_path: Path, good: Written) -> None:
    """Judged again from what lies on disk, a run has the gate that its result says, whatever it was measured by."""
    accepted = accept(Baseline(), evidence_of(good[0]), "before")
    by = Yardstick(settings=GateSettings(mismatches=Mismatches(max_rate=0.02)), baseline_run=good, accepted=accepted)
    more = {"connections": {"opened": 100, "connect_ms": {"p50": 1.25}}}
    result, samples = written(by=by, more=more, **RUNS[name])
    write_samples(tmp_path, samples)
    settings = parse_gate(json.dumps(result["gate"]["settings"]), "result.json")
    gate = judge_run(result, read_samples(tmp_path), settings, baseline_run=good, accepted=accepted)
    assert json.loads(json.dumps(gate.to_dict())) == result["gate"]
    assert gate.exit_code == result["exit_code"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("nothing-changed", set()),
        ("differing", {("mismatches", None), ("mismatches", "GET /3")}),
        ("broken", {("server errors", None), ("server errors", "GET /2")}),
        ("slower", {("latency", "GET /1")}),
        ("late", set()),
    ],
)
def test_what_is_found_is_what_changed(name: str, found: set[tuple[str, str | None]], good: Written) -> None:
    """Against a baseline run, a change of one endpoint fails its check and no other endpoint's."""
    result, samples = written(**RUNS[name])
    assert failing(judge_run(result, samples, GateSettings(), baseline_run=good)) == found


def test_an_endpoint_without_answers_is_found_in_its_times_and_by_itself(good: Written) -> None:
    """A third of an endpoint that got no answer fails it, with a baseline run and without."""
    result, samples = written(**RUNS["unanswered"])
    alone = judge_run(result, samples, GateSettings())
    beside = judge_run(result, samples, GateSettings(), baseline_run=good)
    assert ("failed", "GET /5") in failing(alone) & failing(beside)
    assert {endpoint for _, endpoint in failing(beside)} <= {"GET /5", None}


def test_against_the_recording_times_decide_only_if_asked() -> None:
    """Production was measured at another place; whoever knows better can say so."""
    result, samples = written(**RUNS["slower"])
    assert failing(judge_run(result, samples, GateSettings())) == set()
    asked = GateSettings(latency=LatencySettings(against_recording=True))
    assert ("latency", "GET /1") in failing(judge_run(result, samples, asked))


def latency(checks: tuple[Check, ...]) -> set[str]:
    """The verdicts of what decides of times."""
    return {str(check.verdict) for check in checks if check.kind == "latency" and not check.advisory}


def test_our_own_lag_makes_times_worthless_and_nothing_else(good: Written) -> None:
    """A late run that differs has failed; one that does not differ is inconclusive, since nothing can be said of times."""
    late, samples = written(**RUNS["late"])
    gate = judge_run(late, samples, GateSettings(), baseline_run=good)
    assert (gate.verdict, gate.exit_code, latency(gate.checks)) == ("inconclusive", 4, {"inconclusive"})
    assert all("the run was late itself" in each.sentence for each in gate.checks if each.kind == "latency")
    differing, samples = written(**RUNS["late"], **RUNS["differing"])
    assert judge_run(differing, samples, GateSettings(), baseline_run=good).verdict == "fail"
    assert judge_run(late, samples, GateSettings()).verdict == "pass", (
        "without a baseline run nothing was to be decided"
    )


def test_a_late_baseline_run_is_no_measure(good: Written) -> None:
    """What was measured late then is not held against this run."""
    late = written(**RUNS["late"])
    gate = judge_run(*written(**RUNS["slower"]), GateSettings(), baseline_run=late)
    assert latency(gate.checks) == {"inconclusive"}
    assert good


def test_a_run_without_samples_is_judged_by_its_answers(good: Written) -> None:
    """As those of older versions are; a baseline run cannot stand beside it."""
    result, _ = written(**RUNS["differing"])
    assert failing(judge_run(result, None, GateSettings())) == {("mismatches", None), ("mismatches", "GET /3")}
    with pytest.raises(UsageError, match="kept no samples"):
        judge_run(result, None, GateSettings(), baseline_run=good)


def test_a_baseline_run_that_sent_others_makes_times_inconclusive(good: Written) -> None:
    """Another sample of the same recording has none of its exchanges."""
    result, samples = written()
    other = replace(good[1], pairs={n: [replace(p, id=p.id ^ 1) for p in ps] for n, ps in good[1].pairs.items()})
    gate = judge_run(result, samples, GateSettings(), baseline_run=(good[0], other))
    assert gate.verdict == "inconclusive"
    assert [each.sentence for each in gate.checks if each.name == "baseline run"] == [
        (
            "baseline run before has sent other exchanges, so that nothing can be set beside it: replay the same sample of"
            " the same recording"
        )
    ]


def test_a_baseline_of_another_comparison_is_refused() -> None:
    """What differs between two passes is not what differs from the recording."""
    result, samples = written()
    with pytest.raises(UsageError, match="compared with the first pass, this run is compared with the recording"):
        judge_run(result, samples, GateSettings(), accepted=Baseline(runs=("r0",), compared_with="first_pass"))


def test_an_accepted_run_passes_from_then_on() -> None:
    """What failed by itself is no news once it was accepted."""
    result, samples = written(**RUNS["differing"])
    accepted = accept(Baseline(), evidence_of(result), "r1")
    assert judge_run(result, samples, GateSettings()).verdict == "fail"
    assert judge_run(result, samples, GateSettings(), accepted=accepted).verdict == "pass"


def test_what_a_run_was_judged_by_stands_in_its_gate(good: Written) -> None:
    """Settings as a gate file, runs of the baseline, and the baseline run's id."""
    accepted = accept(Baseline(), evidence_of(good[0]), "before")
    gate = judge_run(*written(), GateSettings(), baseline_run=good, accepted=accepted).to_dict()
    assert gate["settings"] == GateSettings().to_data()
    assert (gate["baseline"], gate["baseline_run"]) == ({"runs": ["before"], "signatures": 0}, "before")


def test_families_share_alpha(good: Written) -> None:
    """Each has its part of it where several have something to decide, so that the whole stays below; alone it has all."""
    result, samples = written(**RUNS["broken"])
    gate = judge_run(result, samples, GateSettings(alpha=0.02), baseline_run=good)
    alphas = {each.name: each.numbers["alpha"] for each in gate.checks if each.p is not None and not each.advisory}
    assert (alphas["server errors"], alphas["latency"]) == (0.005, 0.015)
    alone = judge_run(result, samples, GateSettings(alpha=0.02))
    assert {each.numbers["alpha"] for each in alone.checks if each.name == "server errors"} == {0.02}


def test_checks_of_the_whole_run_come_first_and_failures_of_endpoints_next() -> None:
    """Who reads the first lines knows the most."""
    checks = judge_run(*written(**RUNS["differing"]), GateSettings()).checks
    ends = [check.endpoint is not None for check in checks]
    assert ends == sorted(ends)
    verdicts = [check.verdict for check in checks if check.endpoint is not None]
    assert verdicts == sorted(verdicts, key=["fail", "inconclusive", "pass"].index)


@pytest.mark.parametrize("part", ["run", "totals", "validity", "endpoints", "signatures"])
def test_a_damaged_result_is_refused_in_a_sentence(part: str) -> None:
    """Whatever is missing of it."""
    result, samples = written()
    del result[part]
    with pytest.raises(UsageError, match=f"cannot be judged .KeyError.'{part}'.*damaged, replay again"):
        judge_run(result, samples, GateSettings())
