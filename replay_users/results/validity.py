"""Whether a run was faithful enough for each kind of check to mean anything.

Law: pure. Validity is per kind: our own lateness voids what is said about latency, never what is said about answers; a
broken account voids everything, and a lost worker leaves a run that nothing can be said for. Only `lag` is judged here,
because only lag is ours; the target's slowness is `wait`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from replay_users.histogram import OVER
from replay_users.model import Drop
from replay_users.results.conservation import broken_laws

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.results.fidelity import Fidelity
    from replay_users.results.tally import Totals

__all__ = ["CheckKind", "Validity", "says_of", "validate"]

MAX_LAG_P99 = 10_000_000
"""10 ms: the floor the whole pipeline must hold at 1,000/s; above it, our lateness distorts the target's load."""

MAX_LAG_DROPS = 0.001
"""Of the planned rows."""


class CheckKind(StrEnum):
    """What a check is about; the entries of `validity.void`."""

    COVERAGE = "coverage"
    MISMATCHES = "mismatches"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True)
class Validity:
    """`valid`: nothing that decides is untrustworthy. `void`: kinds of check that cannot be trusted, with reasons."""

    valid: bool
    reasons: tuple[str, ...] = ()
    void: tuple[CheckKind, ...] = ()


def validate(planned: int, totals: Totals, fidelity: Fidelity, lost: Sequence[str] = ()) -> Validity:
    """Judge a finished run's faithfulness; `lost` says of each lost worker what it left."""
    broken = broken_laws(planned, totals)
    if broken:
        return Validity(valid=False, reasons=broken, void=tuple(CheckKind))
    gone, unread, late = _doubt(totals, lost), _unread(totals, lost), _late(planned, totals, fidelity)
    reasons, void = gone + unread + late, (CheckKind.LATENCY,) if late else ()
    return Validity(valid=not gone and not unread, reasons=reasons, void=void)


def _doubt(totals: Totals, lost: Sequence[str]) -> tuple[str, ...]:
    if totals.in_doubt and not lost:
        return (f"{totals.in_doubt:,} planned rows are in doubt: nobody knows whether they were sent",)
    return tuple(lost)


def _unread(totals: Totals, lost: Sequence[str]) -> tuple[str, ...]:
    """What lost workers left unread is said of them already."""
    unread = {reason: rows for reason, rows in totals.unread_by.items() if not says_of(lost, reason)}
    if not unread:
        return ()
    reasons = ", ".join(f"{reason} ({rows:,})" for reason, rows in list(unread.items())[:3])
    return (f"{sum(unread.values()):,} planned rows could not be read: {reasons}",)


def says_of(lost: Iterable[str], reason: str) -> bool:
    """Whether one of the sentences about lost workers says what they left for this reason."""
    return any(sentence.startswith(f"{reason}:") for sentence in lost)


def _late(planned: int, totals: Totals, fidelity: Fidelity) -> tuple[str, ...]:
    reasons = []
    p99 = fidelity.lag.quantile(0.99)
    if p99 is OVER:
        reasons.append("lag p99 is over: more than 1 % of the exchanges came too late to be sent, by our own lag")
    elif p99 is not None and p99 > MAX_LAG_P99:
        reasons.append(f"lag p99 is {p99 / 1e6:,.1f} ms, above 10 ms: this machine was too busy to keep the pace")
    dropped = totals.dropped_by.get(Drop.LAG, 0) + totals.dropped_by.get(Drop.LEASE_GAP, 0)
    if dropped > MAX_LAG_DROPS * planned:
        reasons.append(f"{dropped:,} of {planned:,} planned were dropped for our own lag, above 0.1 %")
    return tuple(reasons)
