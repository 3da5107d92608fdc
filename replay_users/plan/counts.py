"""How many rows of a plan are sent, and how many are not, by reason.

Law: sums over the count index's cells by the decisions of the run; exact, and each row counted once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from replay_users.recording.traits import Trait

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.model import SkipReason
    from replay_users.plan.decisions import Decisions

__all__ = ["Cell", "Counts", "PlannedEndpoint", "count"]

Cell: TypeAlias = tuple[int, int]
"""An endpoint's index in the manifest, and a set of traits."""


@dataclass(frozen=True, slots=True)
class PlannedEndpoint:
    """An endpoint's part of a plan: `planned` = `will_send` + the sum of `skipped_by`, which has the commonest first."""

    name: str
    planned: int
    will_send: int
    skipped_by: Mapping[SkipReason, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The rows of a plan: `planned` = `will_send` + the sum of `skipped_by`.

    Attributes:
        sent: the cells whose rows are sent.
        headers_left_out: rows sent without a header that capture redacted.
        methods: rows sent by method, most first.
        endpoints: those with planned rows, most first.
    """

    planned: int
    will_send: int
    skipped_by: Mapping[SkipReason, int]
    sent: frozenset[Cell]
    headers_left_out: int
    methods: Mapping[str, int]
    endpoints: tuple[PlannedEndpoint, ...]


def count(names: Sequence[str], decisions: Decisions, totals: Mapping[Cell, int]) -> Counts:
    """Count by the names of the manifest's endpoints, in its order."""
    skipped: Counter[SkipReason] = Counter()
    sent: dict[Cell, int] = {}
    for cell, rows in totals.items():
        reason = decisions.skip_reason(*cell)
        if reason is None:
            sent[cell] = rows
        else:
            skipped[reason] += rows
    return Counts(
        planned=sum(totals.values()),
        will_send=sum(sent.values()),
        skipped_by=dict(skipped.most_common()),
        sent=frozenset(sent),
        headers_left_out=sum(n for (_, t), n in sent.items() if t & Trait.REDACTED_HEADER),
        methods=_by_method(names, sent),
        endpoints=_by_endpoint(names, decisions, totals),
    )


def _by_method(names: Sequence[str], sent: Mapping[Cell, int]) -> dict[str, int]:
    rows: Counter[str] = Counter()
    for (endpoint, _), n in sent.items():
        rows[names[endpoint].partition(" ")[0]] += n
    return dict(rows.most_common())


def _by_endpoint(names: Sequence[str], decisions: Decisions, totals: Mapping[Cell, int]) -> tuple[PlannedEndpoint, ...]:
    fates: dict[int, Counter[SkipReason | None]] = defaultdict(Counter)
    for (endpoint, traits), rows in totals.items():
        fates[endpoint][decisions.skip_reason(endpoint, traits)] += rows
    found = [_endpoint(names[nth], fate) for nth, fate in fates.items()]
    return tuple(sorted(found, key=lambda endpoint: (-endpoint.planned, endpoint.name)))


def _endpoint(name: str, fate: Counter[SkipReason | None]) -> PlannedEndpoint:
    skipped = {reason: rows for reason, rows in fate.most_common() if reason is not None}
    return PlannedEndpoint(name, fate.total(), fate[None], skipped)
