"""What may be chance: claims with their probabilities, and which of them may be believed together.

Law: pure. Claims are settled in families (errors, sessions that differ, signatures, times), each of which has its part of alpha
and is corrected by Holm for all its claims, so that a run in which nothing changed fails with a probability of at most alpha,
whatever it holds. The subtle thing: what was asked is a claim even if it came out well; only what could not have come out
significant, whatever the release did, may be left out (Tarone 1990).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.results.gate.model import Check, Decision
from replay_users.results.gate.statistics import holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.validity import CheckKind

__all__ = ["Claim", "settle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That something is worse: `p` is how likely what was seen is if it is not.

    It fails the run if p stands the correction and all else `holds` that is asked for: enough sessions, a large enough effect.
    If it is not believed, it passes; with a `doubt` it is inconclusive then, and the doubt says why.
    """

    name: str
    kind: CheckKind
    endpoint: str | None
    sentence: str
    p: float
    holds: bool
    value: float | None = None
    limit: float | None = None
    advisory: bool = False
    doubt: str = ""
    numbers: Mapping[str, float | int | str | None] = field(default_factory=dict)


def settle(claims: Sequence[Claim], alpha: float) -> list[Check]:
    """One check for each claim of a family, in their order."""
    corrected = holm([claim.p for claim in claims])
    return [_check(claim, each, alpha, len(claims)) for claim, each in zip(claims, corrected, strict=True)]


def _check(claim: Claim, corrected: float, alpha: float, together: int) -> Check:
    """Its sentence is for people: probabilities stand beside it, in the numbers."""
    is_believed = claim.holds and corrected <= alpha
    doubt = claim.doubt or ("; this may be chance" if claim.holds else "")
    otherwise = Decision.INCONCLUSIVE if claim.doubt else Decision.PASS
    return Check(
        name=claim.name,
        kind=claim.kind,
        verdict=Decision.FAIL if is_believed else otherwise,
        sentence=claim.sentence if is_believed else claim.sentence + doubt,
        value=claim.value,
        limit=claim.limit,
        advisory=claim.advisory,
        endpoint=claim.endpoint,
        p=claim.p,
        numbers={**claim.numbers, "p_corrected": corrected, "together": together, "alpha": alpha},
    )
