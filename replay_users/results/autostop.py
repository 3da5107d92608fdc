"""What stops a run early: criteria, and what each counts of an endpoint.

Law: pure; a tally to counts, counts to a sentence. How they are written is in `autostop_text`, what a window is in `windows`.
The subtle thing: each criterion comes down to two numbers that only ever grow, `hits` of so many `seen`, so that a window
is a difference of two readings, whoever counted. A percentile needs no more: the 95th is above 500 ms if more than 5 % took
longer, and of how many did, the histogram's upper buckets are the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from replay_users.compare.difference import Class
from replay_users.model import Fault
from replay_users.plan.duration import SECOND

if TYPE_CHECKING:
    from replay_users.plan.selection import Pattern
    from replay_users.results.endpoint_tally import EndpointTally

__all__ = [
    "MIN_SEEN",
    "Count",
    "Counted",
    "Criterion",
    "Faults",
    "Limit",
    "Mean",
    "Mismatches",
    "Percentile",
    "Share",
    "Slower",
    "Statuses",
    "Time",
]

_SHORT = 100_000_000  # ns that a hub may be held up without anybody being wrong about times
MIN_SEEN = 20
"""Requests in the window from which on a share, a mean or a percentile is judged: 1 of 1 stops no run."""


# What is counted


@dataclass(frozen=True, slots=True)
class Statuses:
    """Answers with these statuses, of all requests."""

    codes: str
    what: ClassVar[str] = "requests"

    @property
    def told(self) -> str:
        """What they did, for a sentence."""
        return f"were answered with {self.codes}"

    def read(self, mine: EndpointTally) -> tuple[int, int]:
        """Hits so far, and of how many."""
        wanted = self.codes.rstrip("x")
        statuses = ((status, n) for (_, status), n in mine.statuses.items() if isinstance(status, int))
        return sum(n for status, n in statuses if str(status).startswith(wanted)), _requests(mine)


@dataclass(frozen=True, slots=True)
class Faults:
    """Requests that got no answer, for one reason or for any."""

    fault: Fault | None
    what: ClassVar[str] = "requests"

    @property
    def told(self) -> str:
        """What they did, for a sentence."""
        return "got no answer" + (f" ({self.fault})" if self.fault else "")

    def read(self, mine: EndpointTally) -> tuple[int, int]:
        """Hits so far, and of how many."""
        return _failed(mine) if self.fault is None else mine.failed_by.get(self.fault, 0), _requests(mine)


@dataclass(frozen=True, slots=True)
class Mismatches:
    """Answers that differ for no reason but the release, of those compared."""

    what: ClassVar[str] = "compared answers"
    told: ClassVar[str] = "differ"

    def read(self, mine: EndpointTally) -> tuple[int, int]:
        """Hits so far, and of how many."""
        return mine.mismatched_by.get(Class.REGRESSION, 0), mine.matched + mine.mismatched


@dataclass(frozen=True, slots=True)
class Slower:
    """Requests that took longer, as far as buckets tell that, or got no answer."""

    than_ns: int
    what: ClassVar[str] = "requests"

    @property
    def told(self) -> str:
        """What they did, for a sentence."""
        return f"took longer than {_ms(self.than_ns)}"

    def read(self, mine: EndpointTally) -> tuple[int, int]:
        """Hits so far, and of how many."""
        return mine.service.count_above(self.than_ns) + _failed(mine), _requests(mine)


@dataclass(frozen=True, slots=True)
class Time:
    """The ns that answers took together."""

    what: ClassVar[str] = "answers"
    told: ClassVar[str] = "took"

    def read(self, mine: EndpointTally) -> tuple[int, int]:
        """Hits so far, and of how many."""
        return mine.service.total, mine.sent - mine.failed


Counted: TypeAlias = Statuses | Faults | Mismatches | Slower | Time


def _failed(mine: EndpointTally) -> int:
    return mine.failed - mine.failed_by.get(Fault.STOPPED, 0)


def _requests(mine: EndpointTally) -> int:
    """Those that came to an end, but for what a stop did not wait for."""
    return mine.sent - mine.failed_by.get(Fault.STOPPED, 0)


# How much of it is too much


@dataclass(frozen=True, slots=True)
class Share:
    """This percentage or more."""

    percent: float
    least: ClassVar[int] = MIN_SEEN

    def is_met(self, hits: int, seen: int) -> bool:
        """Whether that is too much."""
        return hits * 100 >= self.percent * seen

    def told(self, counted: Counted, hits: int, seen: int) -> str:
        """How much it is, and what the limit is."""
        share = f"{hits:,} of {seen:,} {counted.what} {counted.told} ({100 * hits / seen:.1f} %)"
        return f"{share}, {self.percent:g} % is the limit"


@dataclass(frozen=True, slots=True)
class Count:
    """So many or more."""

    count: int
    least: ClassVar[int] = 0

    def is_met(self, hits: int, seen: int) -> bool:  # noqa: ARG002 - one shape for all
        """Whether that is too much."""
        return hits >= self.count

    def told(self, counted: Counted, hits: int, seen: int) -> str:
        """How much it is, and what the limit is."""
        return f"{hits:,} of {seen:,} {counted.what} {counted.told}, {self.count:,} is the limit"


@dataclass(frozen=True, slots=True)
class Percentile:
    """So many beyond the limit that this percentile, at its nearest rank, lies there too."""

    percent: float
    least: ClassVar[int] = MIN_SEEN

    def is_met(self, hits: int, seen: int) -> bool:
        """Whether that is too much."""
        rank = ceil(round(self.percent * seen / 100, 9))  # 99.9 % of 1,000 are 999, whatever floats say
        return hits > seen - max(1, rank)

    def told(self, counted: Counted, hits: int, seen: int) -> str:
        """How much it is, and what the limit is."""
        share = f"{hits:,} of {seen:,} {counted.what} {counted.told} ({100 * hits / seen:.1f} %)"
        return f"{share}, {100 - self.percent:g} % is the limit"


@dataclass(frozen=True, slots=True)
class Mean:
    """Longer than this on average."""

    ns: int
    least: ClassVar[int] = MIN_SEEN

    def is_met(self, hits: int, seen: int) -> bool:
        """Whether that is too much."""
        return hits > self.ns * seen

    def told(self, counted: Counted, hits: int, seen: int) -> str:
        """How much it is, and what the limit is."""
        return f"{seen:,} {counted.what} {counted.told} {_ms(hits / seen)} on average, {_ms(self.ns)} is the limit"


Limit: TypeAlias = Share | Count | Percentile | Mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One reason to stop: too much of something within a window of run time (ns).

    With a `pattern` each endpoint that it covers is judged by itself, without one all of them together.
    """

    text: str
    counted: Counted
    limit: Limit
    window: int
    pattern: Pattern | None = None

    @property
    def is_share(self) -> bool:
        """Whether it is about a part of what was seen, so that a window that has only begun says little."""
        return self.limit.least > 0

    @property
    def standstill(self) -> int | None:
        """How long (ns) we may stand still before that makes answers late by what this judges; `None` if it judges no times."""
        if isinstance(self.counted, Slower):
            return max(self.counted.than_ns // 4, _SHORT)
        return max(self.limit.ns // 4, _SHORT) if isinstance(self.limit, Mean) else None

    def covers(self, endpoint: str) -> bool:
        """Whether it is about this endpoint."""
        return self.pattern is None or self.pattern.matches(endpoint)

    def read(self, mine: EndpointTally) -> tuple[int, int]:
        """The hits of an endpoint so far, and of how many."""
        return self.counted.read(mine)

    def is_met(self, hits: int, seen: int, busiest: int = 0) -> bool:
        """Whether so many in one window are too many; so many were seen in the busiest one, if more than in this."""
        return seen >= self.limit.least and seen > 0 and self.limit.is_met(hits, max(seen, busiest))

    def sentence(self, endpoint: str, hits: int, seen: int, window: int) -> str:
        """Why it stops the run, with its numbers; `endpoint` is empty where it is about all of them."""
        told = self.limit.told(self.counted, hits, seen)
        where = f" on {endpoint}" if endpoint else ""
        return f"{self.text}: within {window / SECOND:g} s{where}, {told}"


def _ms(ns: float) -> str:
    return f"{ns / 1e6:,.1f} ms".replace(".0 ms", " ms")
