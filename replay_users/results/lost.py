"""What a dead worker leaves behind: rows it may have sent, and rows it cannot have sent.

Law: pure arithmetic on the plan and the worker's last report. Of the worker's planned rows, those with an end in its last
report are known; of the others, what was due while it may still have been sending is in doubt, and the rest is unread. So
the three add up to what was planned, whatever died when.
The subtle thing: the count index knows seconds, not rows, so a recorded second that had begun to be due counts as due as a
whole. And rows that the plan's table skips end when they are loaded, which is before they are due: counted among the rows
that were due they would hide as many that are in doubt. A caller that knows better says how many they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.plan.warp import Warp

__all__ = ["Lost", "lost_rows"]

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Lost:
    """Rows without an end: `in_doubt` may have been sent, `unread` were not."""

    in_doubt: int
    unread: int


def lost_rows(
    curve: Sequence[int],
    lead: int,
    warp: Warp,
    *,
    ended: int,
    fence: int,
    planned: int | None = None,
    skipped: int = 0,
) -> Lost:
    """What of a dead worker's rows is in doubt and what is unread.

    Args:
        curve: rows per recorded second of its partitions, from the window's first second on; best only those that the plan
            sends (`CountIndex.partition_curve` with `keep`).
        lead: ns from there to the window's origin.
        warp: recorded ns since the origin to due ns since the run's start.
        ended: rows of its last report that have an end.
        fence: ns since the run's start up to which it may have sent.
        planned: all planned rows of its partitions, where `curve` has only those that are sent.
        skipped: rows among `ended` that are not in `curve`: skipped by the plan's table.
    """
    everything = sum(curve) if planned is None else planned
    left = max(everything - ended, 0)
    in_doubt = min(max(_due(curve, lead, warp, fence) - (ended - skipped), 0), left)
    return Lost(in_doubt, left - in_doubt)


def _due(curve: Sequence[int], lead: int, warp: Warp, fence: int) -> int:
    """Rows of the recorded seconds that had begun to be due by the fence."""
    return sum(rows for nth, rows in enumerate(curve) if rows and warp(max(nth * _SECOND - lead, 0)) <= fence)
