"""What the checks say of times.

Law: pure. Against a baseline run they decide, against the recording they are told, unless somebody asked for more. The subtle
thing: where the replay itself was late, in this run or in the one it stands beside, what was found is said, and what would
have decided is inconclusive.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from replay_users.results.gate.against import has_other_exchanges
from replay_users.results.gate.claims import Claim
from replay_users.results.gate.evidence import evidence_of
from replay_users.results.gate.latency import latency_checks
from replay_users.results.gate.model import Check, Decision
from replay_users.results.slow import Speed
from replay_users.results.validity import CheckKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from replay_users.results.gate.evidence import Evidence
    from replay_users.results.gate.latency_finding import Finding
    from replay_users.results.gate.latency_settings import LatencySettings
    from replay_users.results.samples import Samples

__all__ = ["times"]

_LATE: Final = "; not to be trusted, because the run was late itself"
_LATE_THEN: Final = "; not to be trusted, because the baseline run was late itself"
_SHOWN: Final = 3
_CONNECTIONS: Final = 20
"""Fewer are mostly those of the run's start."""


def times(
    evidence: Evidence,
    settings: LatencySettings,
    samples: Samples | None,
    baseline_run: tuple[Mapping[str, Any], Samples] | None,
) -> Iterator[Check | Claim]:
    """All that can be said; without a baseline run the rule of thumb of `slow` too, which knows no environment."""
    if baseline_run is None:
        yield _slow_endpoints(evidence)
    if samples is None or (baseline_run is None and not any(samples.pairs.values())):
        return
    theirs = None if baseline_run is None else evidence_of(baseline_run[0])
    if baseline_run is not None and has_other_exchanges(samples, baseline_run[1]):
        yield _other_exchanges(baseline_run[0])
        baseline_run = theirs = None
    late = [_LATE] if _is_late(evidence) else []
    late += [_LATE_THEN] if theirs is not None and _is_late(theirs) else []
    for finding in latency_checks(
        samples.pairs,
        None if baseline_run is None else baseline_run[1].pairs,
        connect_ns=_connects(evidence, theirs),
        duration_ns=_duration(samples),
        settings=settings,
        seen=samples.seen,
    ):
        yield _doubted(finding, late[0]) if late else _said(finding)


def _connects(evidence: Evidence, theirs: Evidence | None) -> tuple[int | None, int | None]:
    """How long opening a connection took in both runs; of two not known if few were opened: the first are the slowest."""
    if theirs is None:
        return evidence.connect_ns, None
    if min(evidence.connections, theirs.connections) < _CONNECTIONS:
        return None, None
    return evidence.connect_ns, theirs.connect_ns


def _is_late(evidence: Evidence) -> bool:
    return CheckKind.LATENCY in evidence.validity.void


def _duration(samples: Samples) -> int:
    """From the run's start until its last request was due, as far as the sample knows."""
    return max((pair.due for pairs in samples.pairs.values() for pair in pairs), default=0)


def _said(finding: Finding) -> Check | Claim:
    if finding.p is None:
        return _check(finding)
    return Claim(
        name=finding.name,
        kind=CheckKind.LATENCY,
        endpoint=finding.endpoint,
        sentence=finding.sentence,
        p=finding.p,
        holds=finding.verdict is Decision.FAIL,
        value=finding.value,
        limit=finding.limit,
        advisory=finding.advisory,
        doubt=finding.doubt,
        numbers=finding.numbers,
    )


def _doubted(finding: Finding, why: str) -> Check:
    return replace(_check(finding), verdict=Decision.INCONCLUSIVE, sentence=finding.sentence + why)


def _check(finding: Finding) -> Check:
    return Check(
        name=finding.name,
        kind=CheckKind.LATENCY,
        verdict=finding.verdict,
        sentence=finding.sentence,
        value=finding.value,
        limit=finding.limit,
        advisory=finding.advisory,
        endpoint=finding.endpoint,
        p=finding.p,
        numbers=finding.numbers,
    )


def _other_exchanges(baseline: Mapping[str, Any]) -> Check:
    return Check(
        name="baseline run",
        kind=CheckKind.LATENCY,
        verdict=Decision.INCONCLUSIVE,
        sentence=(
            f"baseline run {baseline['run']['id']} has sent other exchanges, so that nothing can be set beside it: replay"
            " the same sample of the same recording"
        ),
    )


def _slow_endpoints(evidence: Evidence) -> Check:
    """The verdicts on speed of the endpoints themselves."""
    slow = [name for name, speed in evidence.speeds.items() if speed in {Speed.SLOW, Speed.FAILING}]
    told = ", ".join(slow[:_SHOWN]) + (f" and {len(slow) - _SHOWN:,} more" if len(slow) > _SHOWN else "")
    sentence = "no endpoint is much slower than recorded"
    if slow:
        are = "endpoint is" if len(slow) == 1 else "endpoints are"
        sentence = f"{len(slow):,} {are} much slower than recorded, or without an answer: {told}"
    is_late = _is_late(evidence)
    return Check(
        name="slow endpoints",
        kind=CheckKind.LATENCY,
        verdict=Decision.INCONCLUSIVE if is_late else Decision.FAIL if slow else Decision.PASS,
        sentence=sentence + _LATE * is_late,
        value=len(slow),
        limit=0,
        advisory=True,
    )
