"""What of what differed is noise: the decision per endpoint, path and kind, and when a known noise has become more.

Law: pure; counts and words in, decisions out, never a value. By itself only a scalar that got another value is accepted:
a field that comes or goes, another type, length, order, status or header is a change of the interface, which somebody has to
accept. The subtle thing is sessions: exchanges of one session may differ for one reason, so where sessions are counted, each
is worth one observation, whatever it sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeAlias

from replay_users.compare.difference import Class, Kind
from replay_users.path import Any, Index, Key, Path, parse_path

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Accepted",
    "Drift",
    "Rate",
    "Refusal",
    "Refused",
    "confidence_text",
    "decide",
    "rose",
    "unseen",
    "wilson",
]

_MIN_SEEN = 3
_MIN_RELATIVE, _MIN_ABSOLUTE = 0.20, 0.0003  # Diffy's thresholds: 20 % of both rates together, 0.03 % of all
_ALPHA = 0.01
_SMALL_Q = 0.01
_ANY_MEMBER = 9
"""So many members stand for any (`results.signatures.MEMBERS`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`seen` of `total` exchanges, of so many `sessions`; 0 sessions are not known."""

    seen: int
    total: int
    sessions: int = 0

    @property
    def share(self) -> float:
        """0 where nothing was looked at."""
        return self.seen / self.total if self.total else 0.0


class Refusal(StrEnum):
    """Why a difference is not taken for noise."""

    STRUCTURE = "structure"
    """Not the value of a scalar: somebody has to accept it."""
    ROOT = "root"
    """It is the whole body."""
    OVER_BROAD = "over_broad"
    """Its path also covers fields that did not differ."""
    CLASS = "class"
    """It is a sign of something else: what is missing there, or forbidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What differed at one place of one endpoint: a signature with its counts, `members` as it has them."""

    endpoint: str
    path_text: str
    kind: Kind
    rate: Rate
    found: Class = Class.REGRESSION
    looks: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is noise, at these paths: the signature's, or as precise as what was seen of it."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not, and why."""

    reason: Refusal


Decision: TypeAlias = Accepted | Refused


def decide(drift: Drift, accepts: Callable[[Drift], bool] = lambda _: False) -> Decision:
    """Whether what differed is noise; `accepts` knows what somebody has accepted."""
    if drift.found is not Class.REGRESSION:
        return Refused(Refusal.CLASS)
    if drift.kind in {Kind.STATUS, Kind.HEADER, Kind.TRAILER}:
        return Accepted(()) if accepts(drift) else Refused(Refusal.STRUCTURE)
    path = parse_path(drift.path_text)
    if accepts(drift):
        return Accepted((path,))
    if drift.kind is not Kind.VALUE:
        return Refused(Refusal.STRUCTURE)
    return _decide_value(drift, path)


def _decide_value(drift: Drift, path: Path) -> Decision:
    """Fields that a star would cover and that were not seen to differ stay out."""
    if not path:
        return Refused(Refusal.ROOT)
    if not drift.members:
        return Accepted((path,))
    if len(drift.members) < _ANY_MEMBER:
        return _as_seen(drift)
    return Refused(Refusal.OVER_BROAD) if _is_of_a_page(path) else Accepted((path,))


def _as_seen(drift: Drift) -> Decision:
    """The very fields that differed, unless a key among them is not shown whole."""
    if any("[redacted:" in member or "…" in member for member in drift.members):
        return Refused(Refusal.OVER_BROAD)
    return Accepted(tuple([parse_path(member) for member in sorted(drift.members)]))


def _is_of_a_page(path: Path) -> bool:
    """Whether a path leads to a line or an element: of so many, most say the same each time."""
    last = path[-1]
    return (isinstance(last, Key) and last.name[:1] in {"@", "#"}) or all(
        isinstance(step, Any | Index) for step in path
    )


# How sure it is


def unseen(q: float, total: int) -> float:
    """How likely noise at rate `q` shows in none of `total` exchanges."""
    return float((1.0 - q) ** total)


def confidence_text(total: int) -> str:
    """What a person should know before trusting that what was not learnt is no noise."""
    return f"unseen at 1 % rate: {100 * unseen(_SMALL_Q, total):.0f} % at n = {total}"


def wilson(rate: Rate, z: float) -> tuple[float, float]:
    """Wilson's bounds of a share; each session counts once, where sessions are known."""
    n = min(rate.total, rate.sessions) if rate.sessions else rate.total
    if not n:
        return 0.0, 1.0
    share, square = rate.share, z * z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = z * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def rose(learnt: Rate, now: Rate, *, checks: int = 1) -> bool:
    """Whether noise shows more often than when it was learnt, beyond what chance explains in a run of so many checks.

    Diffy's inequality (raw > noise, by 20 % of their sum and 0.03 % of all), and what it lacks: the lower bound of what is
    seen lies above the upper bound of what was learnt, at 1 % for all checks of the run together (Bonferroni), and it was
    seen thrice, in three sessions.
    """
    raw, noise = now.share, learnt.share
    if now.seen < _MIN_SEEN or raw <= noise or 0 < now.sessions < _MIN_SEEN:
        return False
    if raw - noise <= _MIN_RELATIVE * (raw + noise) or raw - noise <= _MIN_ABSOLUTE:
        return False
    z = NormalDist().inv_cdf(1 - _ALPHA / max(1, checks))
    return wilson(now, z)[0] > wilson(learnt, z)[1]
