"""Where an excess is: in how many stretches of time, and seen by how many sessions.

Law: pure. An endpoint with few exchanges is given fewer stretches, so that each holds some ten; but however few it has, five
of the twenty parts of a run must show the excess, or it might as well be one stall.
The subtle thing: half of the stretches show a little more than nothing by chance. So an excess must also remain without the
stretches in which it is worst, or a cold cache in the first third would look like a slow release (measured: in 1.6 % of runs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.results.gate.latency_blocks import STRETCHES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.latency_blocks import Span
    from replay_users.results.gate.latency_pairs import Matched

__all__ = ["Presence", "presence_of"]

_PER_STRETCH = 10
_FEWEST_STRETCHES = 4
_APART = 5
"""Of 20 stretches: a stall of 5 % of the run touches two."""
_WORST = 0.4
"""Of the stretches: without these, an excess must remain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """In how many of the stretches in which the endpoint was asked, and for how many of its sessions, the excess is there."""

    stretches: int
    of_stretches: int
    worst: int
    """How many of the stretches are left out to see whether it lasts."""
    lasts: bool
    """Whether an excess remains without these."""
    apart: int
    """Parts of 20 that show it."""
    of_apart: int
    """Parts of 20 in which the endpoint was asked."""
    sessions: int
    of_sessions: int

    @property
    def is_everywhere(self) -> bool:
        """In at least half of the stretches, in enough parts of the run, and not only where it is worst."""
        return 2 * self.stretches >= self.of_stretches and self.apart >= _APART and self.lasts

    @property
    def is_brief(self) -> bool:
        """Whenever the endpoint was asked, which was in too few parts of the run to tell a regression from an event."""
        return self.lasts and self.stretches == self.of_stretches and self.apart == self.of_apart < _APART

    def sessions_suffice(self, at_least: int) -> bool:
        """Seen by so many sessions, or by all if there were fewer."""
        return self.sessions >= min(at_least, self.of_sessions)

    def told(self, at_least: int) -> str:
        """Why it is no regression, though large."""
        if not self.is_everywhere:
            most = self.stretches if self.lasts else self.worst
            return f"; but only in {most} of {self.of_stretches} stretches of time: an event, no regression"
        if not self.sessions_suffice(at_least):
            return f"; but seen by {self.sessions} of {self.of_sessions:,} sessions only"
        return ""


def presence_of(matched: Matched, scores: Sequence[float], span: Span) -> Presence:
    """Where scores add up to more than nothing."""
    parts = max(_FEWEST_STRETCHES, min(STRETCHES, len(matched) // _PER_STRETCH))
    by_part: dict[int, float] = {}
    by_twentieth: dict[int, float] = {}
    by_session: dict[int, float] = {}
    for due, session, score in zip(matched.due, matched.sessions, scores, strict=True):
        for where, key in (
            (by_part, span.part(due, parts)),
            (by_twentieth, span.part(due, STRETCHES)),
            (by_session, session),
        ):
            where[key] = where.get(key, 0.0) + score
    rising = sorted(by_part.values())
    worst = int(_WORST * len(rising))
    return Presence(
        stretches=_above(by_part),
        of_stretches=len(by_part),
        worst=worst,
        lasts=sum(rising[: len(rising) - worst]) > 0,
        apart=_above(by_twentieth),
        of_apart=len(by_twentieth),
        sessions=_above(by_session),
        of_sessions=len(by_session),
    )


def _above(sums: dict[int, float]) -> int:
    return sum(each > 0 for each in sums.values())
