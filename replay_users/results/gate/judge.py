"""From a finished run to its verdict: the one way there is, at the end of a run and any time after.

Law: pure; the content of result.json, samples and settings in, a gate out. All that may be chance is collected first and settled
together; what decides nothing is settled apart and takes nothing from what does.
The subtle thing is the order of strength: a run that was stopped but already found mismatches has failed, and our own lag makes
checks of times worthless but no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from replay_users.errors import UsageError
from replay_users.results.gate.accepted import signatures, signatures_by_endpoint
from replay_users.results.gate.against import refuse_other_comparison, refuse_other_run
from replay_users.results.gate.answers import differing, differing_by_endpoint
from replay_users.results.gate.claims import Claim, settle
from replay_users.results.gate.errors import broken, broken_by_endpoint, unanswered_by_endpoint
from replay_users.results.gate.evidence import evidence_of
from replay_users.results.gate.hard import class_checks, hard_checks, unanswered
from replay_users.results.gate.idle import idle_check
from replay_users.results.gate.limits import limit_checks
from replay_users.results.gate.model import Check, Decision, Gate, decide, exit_code_of
from replay_users.results.gate.settings import GateSettings
from replay_users.results.gate.times import times
from replay_users.results.validity import CheckKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.results.baseline import Baseline
    from replay_users.results.gate.evidence import Evidence
    from replay_users.results.samples import Samples

__all__ = ["Yardstick", "checks_of", "judge_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """What a run is measured by: see `judge_run`."""

    settings: GateSettings = field(default_factory=GateSettings)
    baseline_run: tuple[Mapping[str, Any], Samples] | None = None
    accepted: Baseline | None = None


_RANK = {Decision.FAIL: 0, Decision.INCONCLUSIVE: 1, Decision.PASS: 2}


def judge_run(
    result: Mapping[str, Any],
    samples: Samples | None,
    settings: GateSettings,
    *,
    baseline_run: tuple[Mapping[str, Any], Samples] | None = None,
    accepted: Baseline | None = None,
) -> Gate:
    """Judge a run by the content of its result.json, whatever that says of a verdict.

    Args:
        result: all of result.json but its gate.
        samples: what lies beside it; without it, times are judged roughly, and only told.
        settings: how sure to be, and how much to let pass.
        baseline_run: result and samples of a run of the same against a build that was good: times are judged against it.
        accepted: what a team has accepted of what differs.

    Raises:
        UsageError: the result is damaged, or one of the baselines cannot stand beside it.
    """
    evidence = evidence_of(result)
    _refuse(result, samples, baseline_run, evidence, accepted)
    checks = checks_of(evidence, settings, samples=samples, baseline_run=baseline_run, accepted=accepted)
    return Gate(
        verdict=decide(checks),
        checks=checks,
        exit_code=exit_code_of(checks, tool_failed=evidence.tool_failed),
        about=_about(settings, baseline_run, accepted),
    )


def checks_of(
    evidence: Evidence,
    settings: GateSettings,
    *,
    samples: Samples | None = None,
    baseline_run: tuple[Mapping[str, Any], Samples] | None = None,
    accepted: Baseline | None = None,
) -> tuple[Check, ...]:
    """All checks, those of the whole run first, then those of endpoints, what failed before what passed."""
    families = (
        (1, list(_errors(evidence, settings, samples, accepted))),
        (1, list(differing_by_endpoint(evidence, settings, accepted))),
        (1, [] if accepted is None else list(signatures_by_endpoint(evidence, settings, accepted))),
        (3, [*times(evidence, settings.latency, samples, baseline_run), *limit_checks(evidence, settings.limits)]),
    )
    settled = _settled(families, settings.alpha)
    ends = [check for check in settled if check.endpoint is not None]
    whole = [check for check in settled if check.endpoint is None]
    run = (
        *hard_checks(evidence, settings),
        differing(evidence, settings, accepted, ends),
        None if accepted is None else signatures(evidence, accepted, ends),
        *(check for check in whole if check.kind is not CheckKind.LATENCY),
        unanswered(evidence, settings),
        *class_checks(evidence, settings),
        *(check for check in whole if check.kind is CheckKind.LATENCY),
        idle_check(evidence, settings),
    )
    return (*(check for check in run if check), *sorted(ends, key=lambda check: _RANK[check.verdict]))


def _refuse(
    result: Mapping[str, Any],
    samples: Samples | None,
    baseline_run: tuple[Mapping[str, Any], Samples] | None,
    evidence: Evidence,
    accepted: Baseline | None,
) -> None:
    """What would be compared with something else says nothing, and is not compared."""
    if accepted is not None:
        refuse_other_comparison(evidence.compared_with, accepted)
    if baseline_run is None:
        return
    refuse_other_run(result["run"], baseline_run[0], version=result["schema_version"])
    if samples is None:
        raise UsageError("this run kept no samples, so that nothing can be set beside a baseline run: replay it again")


def _errors(
    evidence: Evidence, settings: GateSettings, samples: Samples | None, accepted: Baseline | None
) -> Iterator[Check | Claim]:
    if (whole := broken(evidence, settings, accepted)) is not None:
        yield whole
    yield from broken_by_endpoint(evidence, settings, accepted)
    if samples is not None:
        yield from unanswered_by_endpoint(evidence, settings, samples.pairs)


def _settled(families: Sequence[tuple[int, Sequence[Check | Claim]]], alpha: float) -> list[Check]:
    """Each family's claims together, with its part of alpha by weight: many rare signatures must not hide a crash.

    Families without a claim that decides need no part, and claims that decide nothing take none.
    """
    whole = sum(weight for weight, family in families if any(_claims(family, advisory=False)))
    checks: list[Check] = []
    for weight, family in families:
        settled: dict[int, Check] = {}
        for advisory, part in ((False, alpha * weight / max(whole, 1)), (True, alpha)):
            claims = _claims(family, advisory=advisory)
            settled |= dict(zip(map(id, claims), settle(claims, part), strict=True))
        checks += [settled[id(each)] if isinstance(each, Claim) else each for each in family]
    return checks


def _claims(family: Sequence[Check | Claim], *, advisory: bool) -> list[Claim]:
    return [each for each in family if isinstance(each, Claim) and each.advisory is advisory]


def _about(
    settings: GateSettings, baseline_run: tuple[Mapping[str, Any], Samples] | None, accepted: Baseline | None
) -> dict[str, Any]:
    return {
        "settings": settings.to_data(),
        "baseline": None if accepted is None else {"runs": list(accepted.runs), "signatures": len(accepted.signatures)},
        "baseline_run": None if baseline_run is None else baseline_run[0]["run"]["id"],
    }
