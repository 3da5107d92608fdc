"""Signatures against what a team has accepted: which are new, or show more often than they did.

Law: pure; evidence and a baseline in, claims out, one for each endpoint. The subtle thing: a signature that a baseline of n
sessions does not know was seen in 0 of n, and its share then may have been anything up to the upper bound of that; 200 rare
ones of which most were not met when the baseline was made are no news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay_users.results.gate.claims import Claim
from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.shares import EVERYWHERE, is_everywhere, rise_p
from replay_users.results.validity import CheckKind
from replay_users.results.wording import several

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.results.baseline import Baseline
    from replay_users.results.gate.evidence import Evidence, SignatureEvidence
    from replay_users.results.gate.settings import GateSettings
    from replay_users.results.gate.shares import Share

__all__ = ["SIGNATURES", "signatures", "signatures_by_endpoint"]

SIGNATURES: Final = "signatures"
_SHOWN = 2


def signatures_by_endpoint(evidence: Evidence, settings: GateSettings, accepted: Baseline) -> Iterator[Claim]:
    """Of each endpoint that the baseline knows: its most surprising signature, corrected for how many it has."""
    least = settings.mismatches.min_sessions
    for endpoint, found in evidence.by_endpoint.items():
        known = [(each, before) for each in found if (before := accepted.signature(each.key)) is not None]
        tried = [(each, before) for each, before in known if each.share.differing + before.differing >= least]
        judged = sorted(((_p(each, before, least), each, before) for each, before in tried), key=lambda item: item[0])
        if judged:
            yield _claim(endpoint, judged, least=least, among=len(evidence.endpoints))


def _p(each: SignatureEvidence, before: Share, least: int) -> float:
    """1 for one that would fail nothing, however unlikely it is."""
    is_more = each.share.is_enough(least) and each.share.low > before.high
    return rise_p(each.share, before) if is_more else 1.0


def _claim(endpoint: str, judged: Sequence[tuple[float, SignatureEvidence, Share]], *, least: int, among: int) -> Claim:
    everywhere = [found for found in judged if is_everywhere(found[1].share, found[2], least=least, among=among)]
    p, worst, before = judged[0] if judged[0][0] < 1 or not everywhere else everywhere[0]
    more = [each for chance, each, _ in judged if chance < 1]
    share = worst.share
    others = f", and {len(more) - 1:,} more" if len(more) > 1 else ""
    was = f"{before.differing:,} of {'a sample of ' * before.is_sample}{before.seen:,}"
    is_more = bool(more or everywhere)
    how = "as frequent as it was" if not is_more else "more frequent" if before.differing else "new"
    return Claim(
        name=SIGNATURES,
        kind=CheckKind.MISMATCHES,
        endpoint=endpoint,
        sentence=(
            f"{worst.told} on {endpoint} is {how}: in {share.differing:,} of {'a sample of ' * share.is_sample}"
            f"{several(share.seen, 'session')} (at least {100 * share.low:.3g} %); the baseline has {was}, at most"
            f" {100 * before.high:.3g} %{others}"
        ),
        p=min(1.0, p * len(judged)),
        holds=True,
        value=share.value,
        limit=before.high,
        doubt=EVERYWHERE if everywhere else "",
        numbers={
            "path": worst.path,
            "signature_kind": worst.kind,
            "differing": share.differing,
            "sessions": share.seen,
            "low": share.low,
            "baseline_differing": before.differing,
            "baseline_sessions": before.seen,
            "signatures": len(more),
            "tried": len(judged),
        },
    )


def signatures(evidence: Evidence, accepted: Baseline, endpoints: Sequence[Check]) -> Check | None:
    """Of the whole run, once its `endpoints` are settled."""
    if not evidence.totals.compared:
        return None
    failed, unsure = (
        [check for check in endpoints if check.name == SIGNATURES and check.verdict is verdict]
        for verdict in (Decision.FAIL, Decision.INCONCLUSIVE)
    )
    known = sum(each.key in accepted.signatures for each in evidence.signatures)
    sentence = f"{several(len(evidence.signatures), 'signature')}, {known:,} accepted; "
    if failed:
        sentence += f"new or more frequent than accepted on {_places(failed)}"
    elif unsure:
        sentence += f"one that the baseline has not is in all sessions of {_places(unsure)}, too few to be sure"
    else:
        sentence += "none is surely new or more frequent"
    return Check(
        name=SIGNATURES,
        kind=CheckKind.MISMATCHES,
        verdict=Decision.FAIL if failed else Decision.INCONCLUSIVE if unsure else Decision.PASS,
        sentence=sentence,
        value=len(failed),
        limit=0,
        numbers={"signatures": len(evidence.signatures), "accepted": known, "endpoints": len(failed)},
    )


def _places(checks: Sequence[Check]) -> str:
    told = ", ".join(str(check.endpoint) for check in checks[:_SHOWN])
    return told + (f" and {len(checks) - _SHOWN:,} more" if len(checks) > _SHOWN else "")
