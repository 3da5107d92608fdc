"""What a gate is asked to be: how sure it must be, how much it lets pass, and what is only told.

Law: values only; `read` makes them of a gate file. The defaults are those of a run without one. Shares are parts of 1.
The subtle thing: a person who asks for an absolute limit on what differs means that limit, so that the rule that no answer
may differ only advises then, unless it is asked for by name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from replay_users.plan.selection import Pattern
from replay_users.results.gate.latency_settings import LatencySettings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ADVISORY", "DECIDES", "GateSettings", "Limits", "Mismatches"]

DECIDES, ADVISORY = "decides", "advisory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatches:
    """How many sessions may see an answer that differs.

    An endpoint fails where more than `max_rate` of its sessions do, in at least `min_sessions`; `endpoints` are other rates
    by glob, of which the first that covers an endpoint holds.
    """

    max_rate: float = 0.0
    min_sessions: int = 3
    endpoints: tuple[tuple[str, float], ...] = ()
    decides: bool = True

    def rate_of(self, endpoint: str) -> float:
        """What is allowed on one endpoint."""
        return next((rate for glob, rate in self.endpoints if Pattern(glob).matches(endpoint)), self.max_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Absolute limits, for those who want them; `None` is none.

    `max_issues` is of the article: answers with another status, and those that took more than half longer than recorded.
    `p95_ms` is by glob over endpoints, of service time.
    """

    max_issues: int | None = None
    max_failed_percent: float = 1.0
    max_mismatch_percent: float | None = None
    p95_ms: tuple[tuple[str, float], ...] = ()

    def p95_of(self, endpoint: str) -> float | None:
        """The limit of one endpoint: the first glob's that covers it."""
        return next((limit for glob, limit in self.p95_ms if Pattern(glob).matches(endpoint)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """All of it.

    `alpha` is how often a run in which nothing changed may fail by chance. `coverage` is the share that must be compared,
    `upstream` the share of answers that may be 502, 503 or 504, `apart` that which may differ for what staging lacks.
    """

    alpha: float = 0.01
    coverage: float = 0.95
    upstream: float = 0.01
    apart: float = 0.5
    noise_decides: bool = False
    mismatches: Mismatches = field(default_factory=Mismatches)
    min_error_sessions: int = 3
    latency: LatencySettings = field(default_factory=LatencySettings)
    limits: Limits = field(default_factory=Limits)

    def to_data(self) -> dict[str, Any]:
        """As a gate file has it, every key written out: the settings in result.json, and what `parse_gate` reads again."""
        return {
            "alpha": self.alpha,
            "coverage": self.coverage,
            "upstream": self.upstream,
            "apart": self.apart,
            "noise": _word(decides=self.noise_decides),
            "mismatches": {
                "max_rate": self.mismatches.max_rate,
                "min_sessions": self.mismatches.min_sessions,
                "verdict": _word(decides=self.mismatches.decides),
                "endpoints": dict(self.mismatches.endpoints),
            },
            "server_errors": {"min_sessions": self.min_error_sessions},
            "latency": {**asdict(self.latency), "against_recording": _word(decides=self.latency.against_recording)},
            "limits": _limits(self.limits),
        }


def _limits(limits: Limits) -> Mapping[str, Any]:
    given = {
        "max_issues": limits.max_issues,
        "max_failed_percent": limits.max_failed_percent,
        "max_mismatch_percent": limits.max_mismatch_percent,
        "p95_ms": dict(limits.p95_ms),
    }
    return {name: value for name, value in given.items() if value is not None}


def _word(*, decides: bool) -> str:
    return DECIDES if decides else ADVISORY
