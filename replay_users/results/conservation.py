"""The law of conservation: every planned row has one end, every sent exchange one verdict.

    planned  = sent + dropped + skipped + unread + in_doubt
    sent     = compared + unchecked + failed
    compared = matched + mismatched
    mismatched = regressions + missing in staging + ... (mismatched_by)

Law: pure. `planned` is given by whoever read the manifest, never derived from the other counts: a sum that is compared
with itself is always right. A violation is our own bug, so it voids the whole result and the run ends as a tool error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.results.tally import Totals

__all__ = ["broken_laws"]


def broken_laws(planned: int, totals: Totals) -> tuple[str, ...]:
    """One sentence for each equation that does not hold, with its numbers; empty if all hold."""
    t = totals
    ends = {"sent": t.sent, "dropped": t.dropped, "skipped": t.skipped, "unread": t.unread, "in_doubt": t.in_doubt}
    verdicts = {"compared": t.compared, "unchecked": t.unchecked, "failed": t.failed}
    equations = (
        ("planned", planned, ends),
        ("sent", t.sent, verdicts),
        ("compared", t.compared, {"matched": t.matched, "mismatched": t.mismatched}),
        ("unchecked", t.unchecked, dict(t.unchecked_by)),
        ("mismatched", t.mismatched, dict(t.mismatched_by)),
    )
    return tuple(_broken(name, whole, parts) for name, whole, parts in equations if whole != sum(parts.values()))


def _broken(name: str, whole: int, parts: dict[str, int]) -> str:
    terms = " + ".join(f"{part} {count:,}" for part, count in parts.items())
    missing = whole - sum(parts.values())
    what = f"{abs(missing):,} {'lost' if missing > 0 else 'counted twice'}"
    return f"conservation is broken: {name} {whole:,} is not {terms or 'nothing'} ({what})"
