"""Names in a gate file that no endpoint has: a limit that is about nothing fails nothing, and most likely is mistyped.

Law: pure; settings and names in, sentences out. It is told and decides nothing, since one file may serve several recordings.
The subtle thing: an endpoint that was planned and not sent is there, so a run that was stopped early blames no spelling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.plan.selection import Pattern
from replay_users.results.gate.model import Check, Decision
from replay_users.results.validity import CheckKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from replay_users.results.gate.evidence import Evidence
    from replay_users.results.gate.settings import GateSettings

__all__ = ["idle_check", "idle_names"]


def idle_names(settings: GateSettings, endpoints: Sequence[str], of: str = "recording") -> Iterator[str]:
    """A sentence for each glob that matches none of the endpoints, which are all that a recording or a run has."""
    globs = (("mismatches.endpoints", settings.mismatches.endpoints), ("limits.p95_ms", settings.limits.p95_ms))
    for key, named in globs:
        for glob, _ in named:
            pattern = Pattern(glob)
            if not any(map(pattern.matches, endpoints)):
                near = pattern.nearest(endpoints)
                hint = f"; did you mean {near!r}?" if near else ""
                yield f"{key} of the gate names {glob!r}, which no endpoint of the {of} matches{hint}"


def idle_check(evidence: Evidence, settings: GateSettings) -> Check | None:
    """The same of a run, which may be of a part of its recording, as a check that decides nothing."""
    told = list(idle_names(settings, [each.name for each in evidence.endpoints], "run"))
    if not told:
        return None
    return Check(
        name="gate names",
        kind=CheckKind.COVERAGE,
        verdict=Decision.INCONCLUSIVE,
        sentence=told[0] if len(told) == 1 else f"{len(told):,} names in the gate are about nothing: {told[0]}",
        value=len(told),
        limit=0,
        advisory=True,
    )
