"""What the checks say of answers that differ: how many sessions see one, on each endpoint and in the whole run.

Law: pure; evidence in, checks and claims out. Each endpoint is judged by itself, by its sessions.
The subtle thing: nothing that one session can bring about fails a run, however many requests it made, unless there was no other
session to look at. What became 5xx or is no longer 5xx is not counted here, but weighed up in `errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay_users.compare.difference import Class
from replay_users.results.gate.claims import Claim
from replay_users.results.gate.hard import by_status
from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.shares import EVERYWHERE, is_everywhere, rise_p
from replay_users.results.gate.statistics import wilson_p
from replay_users.results.learnable import FIRST_PASS
from replay_users.results.validity import CheckKind
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.results.baseline import Baseline
    from replay_users.results.gate.evidence import EndpointEvidence, Evidence
    from replay_users.results.gate.settings import GateSettings, Mismatches
    from replay_users.results.gate.shares import Share

__all__ = ["MISMATCHES", "differing", "differing_by_endpoint"]

MISMATCHES: Final = "mismatches"


def differing_by_endpoint(
    evidence: Evidence, settings: GateSettings, accepted: Baseline | None
) -> Iterator[Check | Claim]:
    """Of each endpoint of which anything was compared: what can be chance as a claim, the rest as a check."""
    rules = settings.mismatches
    for each in evidence.endpoints:
        if not each.share.seen:
            continue
        share, before = each.share, None if accepted is None else accepted.share(each.name)
        rate = rules.rate_of(each.name)
        if before is not None and share.differing:
            is_doubted = share.value > rate and _is_everywhere(evidence, share, before, rules)
            yield _risen(each, before, rate, rules, doubt=EVERYWHERE if is_doubted else "")
        elif rate and share.differing:
            yield _above(each, rate, rules)
        else:
            yield _none_may(each, rules)


def _is_everywhere(evidence: Evidence, share: Share, before: Share, rules: Mismatches) -> bool:
    """Whether all that an endpoint has is worse; of a run of one or two sessions nothing could be sure, so any doubt counts."""
    sessions = evidence.sessions.seen
    if sessions < rules.min_sessions:
        return is_everywhere(share, before, least=sessions, among=0)
    return is_everywhere(share, before, least=rules.min_sessions, among=len(evidence.endpoints))


def _none_may(each: EndpointEvidence, rules: Mismatches) -> Check:
    """Where no answer may differ there is no chance in it: it does, or it does not."""
    share = each.share
    failed = share.is_enough(rules.min_sessions)
    if not share.differing:
        sentence = f"no answer of {each.name} differs in {several(share.seen, 'session')}{_beside(each.mismatched)}"
    elif failed:
        sentence = f"answers of {each.name} differ in {_of(share)}, none may"
    else:
        sentence = (
            f"answers of {each.name} differ in {_of(share)}, fewer than {rules.min_sessions} sessions prove nothing"
        )
    return Check(
        name=MISMATCHES,
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL if failed else Decision.PASS,
        sentence=sentence,
        value=share.value,
        limit=0.0,
        advisory=not rules.decides,
        endpoint=each.name,
        numbers={"differing": share.differing, "sessions": share.seen},
    )


def _beside(mismatched: int) -> str:
    """Where answers differ that are none of this check's: between 2xx and 5xx, or for a reason that is not the release."""
    return f", beside {mismatched:,} as a server error or for a reason that stands apart" if mismatched else ""


def _above(each: EndpointEvidence, rate: float, rules: Mismatches) -> Claim:
    share = each.share
    return Claim(
        name=MISMATCHES,
        kind=CheckKind.MISMATCHES,
        endpoint=each.name,
        sentence=f"answers of {each.name} differ in {_of(share)} (at least {_percent(share.low)}), the limit is {_percent(rate)}",
        p=wilson_p(share.differing, share.most_seen, rate),
        holds=share.is_enough(rules.min_sessions) and share.low > rate,
        value=share.value,
        limit=rate,
        advisory=not rules.decides,
        numbers={"differing": share.differing, "sessions": share.seen, "low": share.low},
    )


def _risen(each: EndpointEvidence, before: Share, rate: float, rules: Mismatches, *, doubt: str) -> Claim:
    """Against what was accepted; a rate that is allowed besides must be exceeded too."""
    share = each.share
    allowed = max(before.high, rate)
    chance = wilson_p(share.differing, share.most_seen, rate) if rate else 0.0
    return Claim(
        name=MISMATCHES,
        kind=CheckKind.MISMATCHES,
        endpoint=each.name,
        sentence=(
            f"answers of {each.name} differ in {_of(share)} (at least {_percent(share.low)}); the baseline has"
            f" {before.differing:,} of {before.seen:,}, which allows {_percent(allowed)}"
        ),
        p=max(rise_p(share, before), chance),
        holds=share.is_enough(rules.min_sessions) and share.low > allowed,
        value=share.value,
        limit=allowed,
        advisory=not rules.decides,
        doubt=doubt,
        numbers={
            "differing": share.differing,
            "sessions": share.seen,
            "low": share.low,
            "baseline_differing": before.differing,
            "baseline_sessions": before.seen,
        },
    )


def differing(
    evidence: Evidence, settings: GateSettings, accepted: Baseline | None, endpoints: Sequence[Check]
) -> Check | None:
    """Of the whole run, once its `endpoints` are settled.

    Where no answer may differ at all, sessions count together wherever they see one.
    """
    totals, rules, share = evidence.totals, settings.mismatches, evidence.sessions
    compared = totals.compared + by_status(totals)
    if not compared:
        return None
    failed, unsure = (
        [check for check in endpoints if check.name == MISMATCHES and check.verdict is verdict]
        for verdict in (Decision.FAIL, Decision.INCONCLUSIVE)
    )
    none_may = not (accepted is not None or rules.max_rate or rules.endpoints)
    is_failed = bool(failed) or (none_may and share.is_enough(rules.min_sessions))
    against = "the first pass" if evidence.compared_with == FIRST_PASS else "the recording"
    sentence = f"{totals.regressions:,} of {compared:,} compared answers differ from {against}"
    sentence += _verdict(evidence, rules, failed, unsure, none_may=none_may, is_failed=is_failed)
    if apart := {name: count for name, count in totals.mismatched_by.items() if name != Class.REGRESSION}:
        told = ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in apart.items())
        sentence += f"; {sum(apart.values()):,} more for another reason ({told})"
    return Check(
        name=MISMATCHES,
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL if is_failed else Decision.INCONCLUSIVE if unsure else Decision.PASS,
        sentence=sentence,
        value=totals.regressions,
        limit=0 if none_may else None,
        advisory=not rules.decides,
        numbers={"differing": share.differing, "sessions": share.seen, "endpoints": len(failed)},
    )


def _verdict(
    evidence: Evidence,
    rules: Mismatches,
    failed: Sequence[Check],
    unsure: Sequence[Check],
    *,
    none_may: bool,
    is_failed: bool,
) -> str:
    """The rest of its sentence."""
    share = evidence.sessions
    if not share.differing and evidence.totals.regressions:
        return "; all of them are server errors, judged by themselves"
    if not share.differing:
        return ", none may" + _little(share, rules)
    where = f"{_turned(evidence)} in {_of(share)}"
    if none_may:
        return f"{where}, none may" if is_failed else f"{where}; fewer than {rules.min_sessions} sessions prove nothing"
    if not failed and unsure:
        return f"{where}; on {several(len(unsure), 'endpoint')} all of them, where the baseline has none: too few to be sure"
    if not failed:
        return f"{where}, no more than allowed"
    return f"{where}, more than allowed on {several(len(failed), 'endpoint')}"


def _little(share: Share, rules: Mismatches) -> str:
    """A run of one session passes if its answers are the same, and whoever reads that should know how little it is."""
    if not 0 < share.seen < rules.min_sessions:
        return ""
    return f"; they are all of {several(share.seen, 'session')}, so that this says little of other users"


def _turned(evidence: Evidence) -> str:
    """How many of them are none of these sessions' matter, if any are; among those that are may be some of a gateway."""
    turned = sum(each.broken.count + each.mended.count for each in evidence.endpoints)
    if not turned:
        return ","
    totals = evidence.totals
    exactly = turned < totals.regressions and not totals.mismatched_by.get(Class.UPSTREAM)
    return f", {f'{turned:,}' if exactly else 'some'} of them between 2xx and 5xx, the others"


def _of(share: Share) -> str:
    return f"{share.differing:,} of {'a sample of ' * share.is_sample}{several(share.seen, 'session')}"


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %"
