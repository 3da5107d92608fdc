"""The checks of a finished run that look at its totals, each with its numbers and one sentence.

Law: pure. A check never passes for want of evidence: nothing sent fails, and a broken account or a person's stop makes
the verdict inconclusive. Checks marked advisory are shown and decide nothing.
The subtle thing is the order of strength: a run that was stopped but already found mismatches has failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import floor
from typing import TYPE_CHECKING

from replay_users.compare.difference import Class, UncheckedReason
from replay_users.compare.sampling import SAMPLED
from replay_users.model import Fault
from replay_users.results.learnable import FIRST_PASS, RECORDING
from replay_users.results.slow import Speed
from replay_users.results.validity import CheckKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.noise import Noise
    from replay_users.results.tally import Totals
    from replay_users.results.validity import Validity

__all__ = ["Check", "Decision", "Evidence", "checks_of", "coverage", "decide"]

MIN_COVERAGE = 0.95
MAX_APART = 0.5
MAX_UPSTREAM = 0.01
"""Of the compared answers."""
AS_PLANNED = frozenset({None, "time"})
"""Ends of a run that were asked for: all sent, or its time limit. Any other leaves the rest unknown."""


class Decision(StrEnum):
    """The verdict of a check and of the whole gate."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what it is about, what was found, what is allowed, and a sentence for people."""

    name: str
    kind: CheckKind
    verdict: Decision
    sentence: str
    value: float | None = None
    limit: float | None = None
    advisory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the checks look at."""

    planned: int
    totals: Totals
    validity: Validity
    speeds: Mapping[str, Speed]
    stopped_by: str | None = None
    autostop: str | None = None
    lost: Sequence[str] = ()
    noise: Sequence[Noise] = ()
    noise_decides: bool = False
    compared_with: str = RECORDING


def checks_of(evidence: Evidence) -> tuple[Check, ...]:
    """All checks, those that decide first."""
    found = (
        _account(evidence),
        _autostop(evidence),
        _workers(evidence),
        _sent(evidence),
        _complete(evidence),
        _coverage(evidence),
        _mismatches(evidence),
        _upstream(evidence),
        _staging(evidence),
        _noise(evidence),
    )
    return (*(check for check in found if check is not None), _latency(evidence))


def decide(checks: Sequence[Check]) -> Decision:
    """The verdict of the run; a broken account outweighs what it may have counted."""
    verdicts = {check.verdict for check in checks if not check.advisory}
    if any(check.name == "conservation" for check in checks):
        return Decision.INCONCLUSIVE
    for decision in (Decision.FAIL, Decision.INCONCLUSIVE):
        if decision in verdicts:
            return decision
    return Decision.PASS


def coverage(planned: int, totals: Totals) -> float | None:
    """The compared share of what was not left out by choice; `None` if everything was.

    Exchanges of which capture saw the status only are compared as far as they can be: they count.
    """
    wanted = _wanted(planned, totals)
    return (totals.compared + _by_status(totals)) / wanted if wanted > 0 else None


def _by_status(totals: Totals) -> int:
    return totals.unchecked_by.get(UncheckedReason.STATUS_ONLY, 0)


def _wanted(planned: int, totals: Totals) -> int:
    """Exchanges that should have been compared: not those left out, nor those a stop did not wait for.

    Answers that `--compare-sample` leaves out are asked for by nobody, but where it leaves nothing: that is no evidence.
    """
    sampled_out = totals.unchecked_by.get(SAMPLED, 0) if totals.compared else 0
    return planned - totals.skipped - totals.failed_by.get(Fault.STOPPED, 0) - sampled_out


def _account(evidence: Evidence) -> Check | None:
    if CheckKind.COVERAGE not in evidence.validity.void:
        return None
    sentence = "; ".join(evidence.validity.reasons) + "; this is a bug of replay_users, please report it"
    return Check(name="conservation", kind=CheckKind.COVERAGE, verdict=Decision.INCONCLUSIVE, sentence=sentence)


def _workers(evidence: Evidence) -> Check | None:
    """A lost worker is no fault of the target, so it fails nothing; but what it left is not known either."""
    if not evidence.lost:
        return None
    left = evidence.totals.in_doubt + evidence.totals.unread
    sentence = "; ".join(evidence.lost)
    return Check(name="workers", kind=CheckKind.COVERAGE, verdict=Decision.INCONCLUSIVE, sentence=sentence, value=left)


def _sent(evidence: Evidence) -> Check | None:
    if evidence.totals.sent:
        return None
    verdict = _blame(evidence) if evidence.stopped_by in AS_PLANNED else Decision.INCONCLUSIVE
    left_out = ", ".join(f"{reason} {rows:,}" for reason, rows in evidence.totals.skipped_by.items())
    sentence = f"nothing was sent of {evidence.planned:,} planned" + (f" (skipped: {left_out})" if left_out else "")
    return Check(name="sent", kind=CheckKind.COVERAGE, verdict=verdict, sentence=sentence, value=0, limit=1)


def _autostop(evidence: Evidence) -> Check | None:
    """Somebody has said beforehand that a run like this has failed."""
    if evidence.autostop is None:
        return None
    return Check(
        name="autostop", kind=CheckKind.COVERAGE, verdict=Decision.FAIL, sentence=f"autostop {evidence.autostop}"
    )


def _complete(evidence: Evidence) -> Check | None:
    if evidence.stopped_by in AS_PLANNED or evidence.autostop is not None:
        return None
    left = evidence.totals.skipped_by.get("stopped", 0)
    sentence = (
        f"the run was stopped ({evidence.stopped_by}) with {left:,} of {evidence.planned:,} planned still to come"
    )
    return Check(name="complete", kind=CheckKind.COVERAGE, verdict=Decision.INCONCLUSIVE, sentence=sentence, value=left)


def _coverage(evidence: Evidence) -> Check | None:
    totals = evidence.totals
    share = coverage(evidence.planned, totals)
    if share is None or not totals.sent:
        return None
    failed = share < MIN_COVERAGE or totals.unread > 0
    wanted = _wanted(evidence.planned, totals)
    compared, by_status = totals.compared + _by_status(totals), _by_status(totals)
    sentence = f"{compared:,} of {wanted:,} exchanges were compared ({_rounded_down(share)}), at least 95 % must be"
    if by_status:
        sentence += f"; {by_status:,} by their status only, since the recording has no more of their answers"
    if sampled_out := totals.unchecked_by.get(SAMPLED, 0):
        sentence += f"; {sampled_out:,} more were left out by --compare-sample"
    if totals.unread:
        sentence += f", and none of them unread: {totals.unread:,} were"
    return Check(
        name="coverage",
        kind=CheckKind.COVERAGE,
        verdict=_blame(evidence) if failed else Decision.PASS,
        sentence=sentence,
        value=share,
        limit=MIN_COVERAGE,
    )


def _blame(evidence: Evidence) -> Decision:
    return Decision.INCONCLUSIVE if evidence.lost else Decision.FAIL


def _rounded_down(share: float) -> str:
    """A percentage that never looks better than it is: 94.96 % is not 95.0 %."""
    return f"{floor(share * 1_000) / 10:.1f} %"


def _mismatches(evidence: Evidence) -> Check | None:
    totals = evidence.totals
    compared = totals.compared + _by_status(totals)
    if not compared:
        return None
    against = "the first pass" if evidence.compared_with == FIRST_PASS else "the recording"
    sentence = f"{totals.regressions:,} of {compared:,} compared answers differ from {against}, none may"
    if apart := _apart(totals):
        told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in apart.items())
        sentence += f"; {sum(apart.values()):,} more for another reason ({told})"
    return Check(
        name="mismatches",
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL if totals.regressions else Decision.PASS,
        sentence=sentence,
        value=totals.regressions,
        limit=0,
    )


def _apart(totals: Totals) -> dict[str, int]:
    """Mismatches that are no regressions, by class."""
    return {name: count for name, count in totals.mismatched_by.items() if name != Class.REGRESSION}


def _staging(evidence: Evidence) -> Check | None:
    """Where most answers differ for what staging lacks, the others say little about the release."""
    totals = evidence.totals
    apart = sum(_apart(totals).values())
    if not apart:
        return None
    share = apart / totals.compared
    sentence = (
        f"{apart:,} of {totals.compared:,} answers differ for what staging lacks or lets nobody do, half may at most"
    )
    verdict = Decision.INCONCLUSIVE if share > MAX_APART else Decision.PASS
    return Check(
        name="staging", kind=CheckKind.MISMATCHES, verdict=verdict, sentence=sentence, value=share, limit=MAX_APART
    )


def _upstream(evidence: Evidence) -> Check | None:
    """A few answers of a gateway for a service that is away are no finding; a release that is often away is one."""
    totals = evidence.totals
    errors = totals.mismatched_by.get(Class.UPSTREAM, 0)
    if not errors:
        return None
    share = errors / totals.compared
    sentence = f"{errors:,} of {totals.compared:,} answers are 502, 503 or 504 and were none, 1 % may be"
    verdict = Decision.FAIL if share > MAX_UPSTREAM else Decision.PASS
    return Check(
        name="upstream", kind=CheckKind.MISMATCHES, verdict=verdict, sentence=sentence, value=share, limit=MAX_UPSTREAM
    )


def _noise(evidence: Evidence) -> Check | None:
    """A learnt field that differs more often than it did is a change, though each difference by itself is none."""
    if not evidence.noise:
        return None
    more = [each for each in evidence.noise if each.alarm]
    told = "; ".join([_risen(each) for each in more[:2]]) + (f" and {len(more) - 2:,} more" if len(more) > 2 else "")  # noqa: PLR2004 - shown ones
    sentence = f"{len(more):,} learnt fields differ more often than when they were learnt" + (
        f": {told}" if more else ""
    )
    return Check(
        name="noise",
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL if more else Decision.PASS,
        sentence=sentence,
        value=len(more),
        limit=0,
        advisory=not evidence.noise_decides,
    )


def _risen(noise: Noise) -> str:
    was, now = 100 * noise.learnt.share, 100 * noise.seen.share
    return f"{noise.path} on {noise.endpoint} {was:.1f} % -> {now:.1f} % of {noise.seen.total:,}"


def _latency(evidence: Evidence) -> Check:
    slow = [name for name, speed in evidence.speeds.items() if speed in {Speed.SLOW, Speed.FAILING}]
    verdict = Decision.FAIL if slow else Decision.PASS
    told = ", ".join(slow[:3]) + (f" and {len(slow) - 3:,} more" if len(slow) > 3 else "")  # noqa: PLR2004 - shown names
    sentence = f"{len(slow):,} endpoints are slow or failing: {told}" if slow else "no endpoint is slow"
    if CheckKind.LATENCY in evidence.validity.void:
        verdict, sentence = Decision.INCONCLUSIVE, f"{sentence}; not to be trusted, because the run was late itself"
    return Check(
        name="slow endpoints",
        kind=CheckKind.LATENCY,
        verdict=verdict,
        sentence=sentence,
        value=len(slow),
        limit=0,
        advisory=True,
    )
