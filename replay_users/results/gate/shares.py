"""Shares of sessions: how many of those compared showed something, how sure that is, and whether it is more than before.

Law: pure. Each session is one observation, whatever it sent. The subtle thing: up to 255 sessions are counted exactly; above, a
number of sessions is an estimate that is 6 % off on average, and whoever calls something more than before must allow for
that: a total that was estimated counts as larger where it makes a share of today smaller, and as smaller where it makes a
share of yesterday larger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, exp, lgamma
from typing import TYPE_CHECKING, Final

from replay_users.results.gate.statistics import wilson

if TYPE_CHECKING:
    from typing import Self

__all__ = ["EVERYWHERE", "EXACT_SESSIONS", "NO_SESSIONS", "Share", "is_everywhere", "rise_p"]

EXACT_SESSIONS = 255
"""Of an endpoint; a sketch keeps 256 (`results.sessions`)."""

_OFF = 0.15
"""By which an estimated number of sessions is off in 1 of 100 cases: 2.4 standard errors of 1/sqrt(254)."""

_BETWEEN = 0.98
"""So likely a share lies between both bounds, and 99 % on one side of either."""
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class Share:
    """`differing` of `seen` sessions, which may be a fair sample of those there were."""

    differing: int
    seen: int
    is_sample: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, differing: int, seen: int, sampled: tuple[int, int], *, exact: int = EXACT_SESSIONS) -> Self:
        """The better of two: the exact number of those that differ, where there are at most `exact`, or a fair sample."""
        if differing <= exact:
            return cls(differing, max(seen, differing))
        return cls(*sampled, is_sample=True)

    @property
    def value(self) -> float:
        """0 where nothing was looked at."""
        return self.differing / self.seen if self.seen else 0.0

    @property
    def most_seen(self) -> int:
        """At most so many sessions were looked at."""
        return self.seen if self.seen <= EXACT_SESSIONS else ceil(self.seen * (1 + _OFF))

    @property
    def fewest_seen(self) -> int:
        """At least so many sessions were looked at."""
        return self.seen if self.seen <= EXACT_SESSIONS else max(self.differing, int(self.seen * (1 - _OFF)))

    @property
    def low(self) -> float:
        """The lower bound of the share, by Wilson: with 99 % it is no lower."""
        return wilson(self.differing, self.most_seen, _BETWEEN)[0]

    @property
    def high(self) -> float:
        """The upper bound; all is possible where nothing was looked at."""
        return wilson(self.differing, self.fewest_seen, _BETWEEN)[1]

    def is_enough(self, sessions: int) -> bool:
        """Whether it was seen in so many sessions, or in each, where there were fewer."""
        return self.differing > 0 and self.differing >= min(sessions, self.seen)


NO_SESSIONS: Final = Share(0, 0)

EVERYWHERE: Final = "; that is all of them, where the baseline has none: too few to be sure, too many to pass"
"""What is said of it (`is_everywhere`)."""


_DOUBTFUL: Final = 0.2
"""How likely chance may be where there is doubt: of 50 endpoints with few sessions and much noise, one in many runs looks so."""


def is_everywhere(now: Share, before: Share, *, least: int, among: int) -> bool:
    """Whether all sessions, at least so many, show what none did before: 5 of 5 after 0 of 5 is not sure, but it is no pass.

    `among` so many endpoints one may look like this by chance; 0 where there are too few sessions to be sure of anything.
    """
    is_all = now.differing == now.seen >= least and not before.differing
    return is_all and rise_p(now, before) * among <= _DOUBTFUL


def rise_p(now: Share, before: Share) -> float:
    """How likely so many of those that differ are of now, if nothing has changed (Fisher's exact test); 1 if there is no rise."""
    n, m = now.most_seen, before.fewest_seen
    if now.differing * m <= before.differing * n:
        return 1.0
    return _upper_tail(now.differing, n, before.differing, m)


def _upper_tail(x: int, n: int, y: int, m: int) -> float:
    """The hypergeometric probability of `x` or more among `n`, where `x + y` are among `n + m`."""
    both = x + y
    term = exp(_log_choose(n, x) + _log_choose(m, both - x) - _log_choose(n + m, both))
    total = 0.0
    for k in range(x, min(both, n) + 1):
        total += term
        if term < _NEGLIGIBLE * total:
            break
        term *= (n - k) * (both - k) / ((k + 1) * (m - both + k + 1))
    return min(1.0, total)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
