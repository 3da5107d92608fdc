"""What the checks say of times.

Law: pure. Against a baseline run they decide, against the recording they are told, unless somebody asked for more. The subtle
thing: where the replay itself was late, in this run or in the one it stands beside, what was found is said, and what would
have decided is inconclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from replay_users.results.gate.model import Check, Decision
from replay_users.results.slow import Speed
from replay_users.results.validity import CheckKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from replay_users.results.gate.claims import Claim
    from replay_users.results.gate.evidence import Evidence
    from replay_users.results.gate.latency_settings import LatencySettings
    from replay_users.results.samples import Samples

__all__ = ["times"]

_LATE: Final = "; not to be trusted, because the run was late itself"
_SHOWN: Final = 3


def times(
    evidence: Evidence,
    settings: LatencySettings,
    samples: Samples | None,
    baseline_run: tuple[Mapping[str, Any], Samples] | None,
) -> Iterator[Check | Claim]:
    """All that can be said."""
    del settings, samples, baseline_run
    yield _slow_endpoints(evidence)


def _slow_endpoints(evidence: Evidence) -> Check:
    """The rule of thumb of `slow`, where there is no more."""
    slow = [name for name, speed in evidence.speeds.items() if speed in {Speed.SLOW, Speed.FAILING}]
    told = ", ".join(slow[:_SHOWN]) + (f" and {len(slow) - _SHOWN:,} more" if len(slow) > _SHOWN else "")
    sentence = f"{len(slow):,} endpoints are slow or failing: {told}" if slow else "no endpoint is slow"
    is_late = CheckKind.LATENCY in evidence.validity.void
    return Check(
        name="slow endpoints",
        kind=CheckKind.LATENCY,
        verdict=Decision.INCONCLUSIVE if is_late else Decision.FAIL if slow else Decision.PASS,
        sentence=sentence + _LATE * is_late,
        value=len(slow),
        limit=0,
        advisory=True,
    )
