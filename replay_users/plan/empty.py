"""Refuses a plan of nothing: a run of it would begin only to say that it found nothing out.

Law: a sentence about a plan that is made already. A plan of which every exchange is skipped is not empty: that it sends
nothing is for its warnings, and for the verdict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.errors import UsageError
from replay_users.plan.window import describe_instant

if TYPE_CHECKING:
    from replay_users.plan.plan import Plan
    from replay_users.recording.manifest import Manifest

__all__ = ["refuse_empty"]

_ALL_BUCKETS = 1000


def refuse_empty(plan: Plan, manifest: Manifest) -> None:
    """Refuse a plan without an exchange.

    Raises:
        UsageError: nothing was recorded in the window, or no session of the sample was.
    """
    if plan.planned:
        return
    cure = "choose another --window" if plan.buckets >= _ALL_BUCKETS else "take a larger --sample or another --window"
    part = "" if plan.buckets >= _ALL_BUCKETS else f" in a sample of {plan.buckets / 10:g}%"
    raise UsageError(
        f"the window holds no exchange of this recording{part}: {plan.window.describe()} of"
        f" {describe_instant(manifest.first_at)}..{describe_instant(manifest.last_at)}; {cure}"
    )
