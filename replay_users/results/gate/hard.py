"""The checks that need no statistics: was the account kept, was enough sent, compared and answered.

Law: pure. A check never passes for want of evidence: nothing sent fails, and a broken account or a person's stop makes
the verdict inconclusive. Checks marked advisory are shown and decide nothing.
The subtle thing: what a lost worker left undone, what we were too late to send and what we could not compare in time are no
faults of the target, so that what would fail for them is inconclusive.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, Final

from replay_users.compare.desk import COMPARER, QUEUE_FULL
from replay_users.compare.difference import Class, UncheckedReason
from replay_users.compare.sampling import SAMPLED
from replay_users.model import Drop, Fault
from replay_users.results.gate.model import CONSERVATION, Check, Decision
from replay_users.results.validity import CheckKind
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from replay_users.results.gate.evidence import Evidence
    from replay_users.results.gate.settings import GateSettings
    from replay_users.results.tally import Totals

__all__ = ["FAILED", "by_status", "class_checks", "coverage", "hard_checks", "unanswered"]

_TIME: Final = "time"
AS_PLANNED = frozenset({None, _TIME})
"""Ends of a run that were asked for: all sent, or its time limit. Any other leaves the rest unknown."""
FAILED: Final = "failed"
_STOPPERS: Final = {
    "signal": "a signal",
    "person": "a person",
    "worker": "a worker that left",
    "error": "an error",
    "overdue": "the master, because workers did not end in time,",
}
"""By whom, in words, after the reasons in result.json."""
_SHOWN = 2
_LATE: Final = (Drop.LAG, Drop.LEASE_GAP)
_NOT_IN_TIME: Final = (QUEUE_FULL, COMPARER)
"""Reasons in `unchecked_by` that say nothing of the pair."""


def hard_checks(evidence: Evidence, settings: GateSettings) -> tuple[Check, ...]:
    """Of the whole run: those of them that have something to say, in the order of what they would make worthless."""
    found = (
        _account(evidence),
        _autostop(evidence),
        _workers(evidence),
        _sent(evidence),
        _complete(evidence),
        _coverage(evidence, settings.coverage),
    )
    return tuple([check for check in found if check is not None])


def class_checks(evidence: Evidence, settings: GateSettings) -> tuple[Check, ...]:
    """Of answers that differ for no regression: for services that are away, for what staging lacks, or by noise."""
    found = (
        _upstream(evidence, settings.upstream),
        _staging(evidence, settings.apart),
        _noise(evidence, decides=settings.noise_decides),
    )
    return tuple([check for check in found if check is not None])


def coverage(planned: int, totals: Totals) -> float | None:
    """The compared share of what was not left out by choice; `None` if everything was.

    Exchanges of which capture saw the status only are compared as far as they can be: they count.
    """
    wanted = _wanted(planned, totals)
    return (totals.compared + by_status(totals)) / wanted if wanted > 0 else None


def by_status(totals: Totals) -> int:
    """Answers of which the recording has the status only, which was the same."""
    return totals.unchecked_by.get(UncheckedReason.STATUS_ONLY, 0)


def _is_complete(evidence: Evidence) -> bool:
    """Whether the run came to the end that was asked for."""
    return evidence.stopped_by in AS_PLANNED


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
    return Check(name=CONSERVATION, kind=CheckKind.COVERAGE, verdict=Decision.INCONCLUSIVE, sentence=sentence)


def _autostop(evidence: Evidence) -> Check | None:
    """Somebody has said beforehand that a run like this has failed."""
    if evidence.autostop is None:
        return None
    sentence = f"autostop {evidence.autostop}"
    return Check(name="autostop", kind=CheckKind.COVERAGE, verdict=Decision.FAIL, sentence=sentence)


def _workers(evidence: Evidence) -> Check | None:
    """A lost worker is no fault of the target, so it fails nothing; but what it left is not known either."""
    if not evidence.lost:
        return None
    left = evidence.totals.in_doubt + evidence.totals.unread
    sentence = "; ".join(evidence.lost)
    return Check(name="workers", kind=CheckKind.COVERAGE, verdict=Decision.INCONCLUSIVE, sentence=sentence, value=left)


def _sent(evidence: Evidence) -> Check | None:
    totals = evidence.totals
    if totals.sent:
        return None
    is_ours = evidence.lost or not _is_complete(evidence) or 0 < _wanted(evidence.planned, totals) <= _ours(totals)
    verdict = Decision.INCONCLUSIVE if is_ours else Decision.FAIL
    left_out = ", ".join(f"{reason} {rows:,}" for reason, rows in evidence.totals.skipped_by.items())
    sentence = f"nothing was sent of {evidence.planned:,} planned" + (f" (skipped: {left_out})" if left_out else "")
    return Check(name="sent", kind=CheckKind.COVERAGE, verdict=verdict, sentence=sentence, value=0, limit=1)


def _complete(evidence: Evidence) -> Check | None:
    if _is_complete(evidence) or evidence.autostop is not None:
        return None
    left = evidence.totals.skipped_by.get("stopped", 0)
    sentence = (
        f"the run was stopped by {_STOPPERS.get(str(evidence.stopped_by), evidence.stopped_by)} with {left:,} of"
        f" {several(evidence.planned, 'planned exchange')} still to come"
    )
    return Check(name="complete", kind=CheckKind.COVERAGE, verdict=Decision.INCONCLUSIVE, sentence=sentence, value=left)


def _coverage(evidence: Evidence, limit: float) -> Check | None:
    totals = evidence.totals
    share = coverage(evidence.planned, totals)
    if share is None or not totals.sent:
        return None
    wanted, status_only = _wanted(evidence.planned, totals), by_status(totals)
    compared = totals.compared + status_only
    were = f"{several(wanted, 'exchange')} {'was' if wanted == 1 else 'were'} compared"
    sentence = f"{compared:,} of {were} ({_rounded_down(share)}), at least {100 * limit:g} % must be"
    if status_only:
        sentence += f"; {status_only:,} by their status only, since the recording has no more of their answers"
    if sampled_out := totals.unchecked_by.get(SAMPLED, 0):
        sentence += f"; {sampled_out:,} more were left out by --compare-sample"
    if share < limit and _ours(totals):
        sentence += f"; for {_ours(totals):,} of them we were too late"
    if totals.unread:
        sentence += f"; {totals.unread:,} could not be read from the recording, and none may be missing"
    return Check(
        name="coverage",
        kind=CheckKind.COVERAGE,
        verdict=_blame(evidence, limit) if share < limit or totals.unread else Decision.PASS,
        sentence=sentence,
        value=share,
        limit=limit,
        numbers={"compared": compared, "wanted": wanted, "unread": totals.unread},
    )


def unanswered(evidence: Evidence, settings: GateSettings) -> Check | None:
    """Crashes and timeouts: what was sent and got no answer.

    Nobody knows what would have become of requests that a time limit cut off; but a target that hangs answers none of them, so
    that a run with many proves nothing.
    """
    limit = settings.limits.max_failed_percent / 100
    totals = evidence.totals
    stopped = totals.failed_by.get(Fault.STOPPED, 0)
    by_fault = {fault: n for fault, n in totals.failed_by.items() if fault != Fault.STOPPED}
    failed, awaited = sum(by_fault.values()), totals.sent - stopped
    cut_off = stopped if evidence.stopped_by == _TIME else 0
    if awaited <= 0 and not cut_off:
        return None
    share = failed / max(awaited, 1)
    told = f" ({', '.join(f'{fault} {n:,}' for fault, n in by_fault.items())})" if failed else ""
    sentence = f"{failed:,} of {awaited:,} requests got no answer{told}, the limit is {100 * limit:g} %"
    if cut_off:
        sentence += f"; {cut_off:,} more had none when the run's time and its drain timeout were over"
    left = Decision.INCONCLUSIVE if cut_off > limit * totals.sent else Decision.PASS
    return Check(
        name=FAILED,
        kind=CheckKind.COVERAGE,
        verdict=Decision.FAIL if share > limit else left,
        sentence=sentence,
        value=share,
        limit=limit,
        numbers={"failed": failed, "sent": awaited},
    )


def _blame(evidence: Evidence, limit: float) -> Decision:
    """Too little was compared: inconclusive where a worker was lost, or where it is enough of what we asked for in time."""
    totals = evidence.totals
    asked = _wanted(evidence.planned, totals) - _ours(totals)
    is_ours = asked <= 0 or (totals.compared + by_status(totals) >= limit * asked and not totals.unread)
    return Decision.INCONCLUSIVE if evidence.lost or is_ours else Decision.FAIL


def _ours(totals: Totals) -> int:
    """Exchanges that were not compared since we were late: in sending them, or in comparing their answers."""
    late = sum(totals.dropped_by.get(reason, 0) for reason in _LATE)
    return late + sum(totals.unchecked_by.get(reason, 0) for reason in _NOT_IN_TIME)


def _rounded_down(share: float) -> str:
    """A percentage that never looks better than it is: 94.96 % is not 95.0 %."""
    return f"{floor(share * 1_000) / 10:.1f} %"


def _staging(evidence: Evidence, limit: float) -> Check | None:
    """Where most answers differ for what staging lacks, the others say little about the release."""
    totals = evidence.totals
    apart = sum(count for name, count in totals.mismatched_by.items() if name != Class.REGRESSION)
    if not apart:
        return None
    share = apart / totals.compared
    return Check(
        name="staging",
        kind=CheckKind.MISMATCHES,
        verdict=Decision.INCONCLUSIVE if share > limit else Decision.PASS,
        sentence=(
            f"{apart:,} of {totals.compared:,} answers differ because of the target's data, logins or limits"
            f" ({100 * share:.3g} %), the limit is {100 * limit:g} %"
        ),
        value=share,
        limit=limit,
    )


def _upstream(evidence: Evidence, limit: float) -> Check | None:
    """A few answers of a gateway for a service that is away are no finding; a release that is often away is one."""
    totals = evidence.totals
    errors = totals.mismatched_by.get(Class.UPSTREAM, 0)
    if not errors:
        return None
    share = errors / totals.compared
    return Check(
        name="upstream",
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL if share > limit else Decision.PASS,
        sentence=f"{errors:,} of {totals.compared:,} answers became 502, 503 or 504, the limit is {100 * limit:g} %",
        value=share,
        limit=limit,
    )


def _noise(evidence: Evidence, *, decides: bool) -> Check | None:
    """A learnt field that differs more often than it did is a change, though each difference by itself is none."""
    if not evidence.noise:
        return None
    more = [each for each in evidence.noise if each["alarm"]]
    return Check(
        name="noise",
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL if more else Decision.PASS,
        sentence=_noisier(more),
        value=len(more),
        limit=0,
        advisory=not decides,
    )


def _noisier(more: list[Mapping[str, Any]]) -> str:
    if not more:
        return "no learnt field differs more often than when it was learnt"
    if len(more) == 1:
        return f"1 learnt field differs more often than when it was learnt: {_named(more)}"
    return f"{len(more):,} learnt fields differ more often than when they were learnt: {_named(more)}"


def _named(more: list[Mapping[str, Any]]) -> str:
    told = "; ".join(_risen(more[:_SHOWN]))
    return told + (f" and {len(more) - _SHOWN:,} more" if len(more) > _SHOWN else "")


def _risen(more: list[Mapping[str, Any]]) -> Iterator[str]:
    for each in more:
        was, now = 100 * each["learnt"]["rate"], 100 * each["seen"]["rate"]
        yield f"{each['path']} on {each['endpoint']} {was:.1f} % -> {now:.1f} % of {each['seen']['of']:,}"
