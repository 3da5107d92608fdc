"""Evidence as the checks get it, for the tests of this folder: endpoints in a few words, and runs whose account is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.compare.difference import Class
from replay_users.results.gate.evidence import EndpointEvidence, Evidence, SignatureEvidence, Turned
from replay_users.results.gate.shares import Share
from replay_users.results.tally import Totals
from replay_users.results.validity import Validity

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["A", "B", "end", "run", "signature"]

A, B = "GET /a", "GET /b/{id}"


def end(
    name: str = A,
    *,
    sessions: int = 100,
    differing: int = 0,
    broken: int = 0,
    mended: int = 0,
    **more: Any,
) -> EndpointEvidence:
    """An endpoint of which each session sent one request; `differing`, `broken` and `mended` of them each saw one such answer."""
    turned = broken + mended
    facts = {"sent": sessions, "compared": sessions, "mismatched": differing + turned, "succeeded": sessions - mended}
    return EndpointEvidence(
        name=name,
        share=Share(differing, sessions),
        broken=Turned(broken, broken),
        mended=Turned(mended, mended),
        **(facts | more),
    )


def signature(path: str = "root['price']", *, of: str = A, differing: int, sessions: int = 100) -> SignatureEvidence:
    """A signature that so many sessions showed once each."""
    return SignatureEvidence(endpoint=of, path=path, kind="value", count=differing, share=Share(differing, sessions))


def run(*ends: EndpointEvidence, signatures: Sequence[SignatureEvidence] = (), **more: Any) -> Evidence:
    """A run of these endpoints, each with sessions of its own."""
    sent, mismatched, failed = (sum(getattr(each, name) for each in ends) for name in ("sent", "mismatched", "failed"))
    compared = sent - failed
    facts: dict[str, Any] = {
        "planned": sent,
        "totals": Totals(
            sent=sent,
            failed=failed,
            failed_by={"timeout": failed} if failed else {},
            compared=compared,
            matched=compared - mismatched,
            mismatched=mismatched,
            mismatched_by={str(Class.REGRESSION): mismatched} if mismatched else {},
        ),
        "validity": Validity(valid=True),
        "speeds": {},
        "sessions": Share(sum(each.share.differing for each in ends), sum(each.share.seen for each in ends)),
        "broken_sessions": sum(each.broken.sessions for each in ends),
        "mended_sessions": sum(each.mended.sessions for each in ends),
    }
    return Evidence(endpoints=ends, signatures=tuple(signatures), **(facts | more))
