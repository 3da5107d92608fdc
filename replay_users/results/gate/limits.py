"""Absolute limits, for those who want them: numbers that somebody chose, whatever chance may do to a run.

Law: pure; evidence and limits in, checks out. They are always judged by what was counted, with no bounds.
The subtle thing: a percentile that falls among requests without an answer is above any limit, and one that was not measured is no
pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay_users.histogram import Over
from replay_users.results.gate.hard import by_status
from replay_users.results.gate.model import Check, Decision
from replay_users.results.validity import CheckKind
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay_users.results.gate.evidence import EndpointEvidence, Evidence
    from replay_users.results.gate.settings import Limits

__all__ = ["limit_checks"]

ISSUES: Final = "issues"


def limit_checks(evidence: Evidence, limits: Limits) -> Iterator[Check]:
    """Those that were asked for; the share of requests without an answer is a check of its own (`hard`)."""
    if limits.max_issues is not None:
        yield _issues(evidence, limits.max_issues)
    if limits.max_mismatch_percent is not None and evidence.totals.compared:
        yield _mismatched(evidence, limits.max_mismatch_percent)
    for each in evidence.endpoints:
        limit = limits.p95_of(each.name)
        if limit is not None and each.sent:
            yield _p95(each, limit, is_late=CheckKind.LATENCY in evidence.validity.void)


def _issues(evidence: Evidence, limit: int) -> Check:
    """What the article on traffic replay counts; answers that were slow in a run that was late itself fail nothing alone."""
    statuses = sum(each.status_mismatches for each in evidence.endpoints)
    slow = sum(each.slow_pairs for each in evidence.endpoints)
    is_late = CheckKind.LATENCY in evidence.validity.void and statuses <= limit < statuses + slow
    late = "; those that took longer are not to be trusted, because the run was late itself" if is_late else ""
    return Check(
        name=ISSUES,
        kind=CheckKind.MISMATCHES,
        verdict=Decision.INCONCLUSIVE if is_late else _verdict(fails=statuses + slow > limit),
        sentence=(
            f"{several(statuses + slow, 'issue')}: {several(statuses, 'answer')} with another status and {slow:,} that took"
            f" more than half longer than recorded; the limit is {limit:,}{late}"
        ),
        value=statuses + slow,
        limit=limit,
        numbers={"status_mismatches": statuses, "performance_issues": slow},
    )


def _mismatched(evidence: Evidence, limit: float) -> Check:
    totals = evidence.totals
    compared = totals.compared + by_status(totals)
    percent = 100 * totals.regressions / compared
    return Check(
        name="mismatch limit",
        kind=CheckKind.MISMATCHES,
        verdict=_verdict(fails=percent > limit),
        sentence=f"{totals.regressions:,} of {compared:,} compared answers differ ({percent:.3g} %), the limit is {limit:g} %",
        value=percent,
        limit=limit,
        numbers={"mismatched": totals.regressions, "compared": compared},
    )


def _p95(each: EndpointEvidence, limit: float, *, is_late: bool) -> Check:
    found = each.service_p95_ms
    told = f"{found:,.1f} ms" if isinstance(found, int | float) else "beyond all answers" if found else "not measured"
    verdict = _verdict(fails=isinstance(found, str | Over) or (found is not None and found > limit))
    if found is None or (is_late and verdict is Decision.FAIL):
        verdict = Decision.INCONCLUSIVE
    late = "; not to be trusted, because the run was late itself" if is_late else ""
    return Check(
        name="p95 limit",
        kind=CheckKind.LATENCY,
        verdict=verdict,
        sentence=f"p95 of {each.name} is {told}, the limit is {limit:g} ms{late}",
        value=float(found) if isinstance(found, int | float) else None,
        limit=limit,
        endpoint=each.name,
        numbers={"p95_ms": found if found is None or isinstance(found, int | float) else str(found)},
    )


def _verdict(*, fails: bool) -> Decision:
    return Decision.FAIL if fails else Decision.PASS
