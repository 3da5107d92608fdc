"""Which rows are sent, and the one reason why each other row is not.

Law: a table made before the run, looked up once per row by endpoint index and traits; the plan counts with the very
table the feed sends by, so they cannot disagree. A row has one reason, the first that holds: what the person asked for
(`method`, by `--methods`; `filter`, by `--endpoints`), then what is not safe (`method`, `endpoint_rule`), then what
cannot be sent as it was recorded (`protocol`, `redacted_target`, `not_whole`). So a choice is never reported as a fault
of the capture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.model import SkipReason
from replay_users.recording.traits import Trait

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.plan.safety import Safety
    from replay_users.plan.selection import EndpointFilter
    from replay_users.recording.manifest import EndpointInfo

__all__ = ["Decisions", "decide", "decide_all"]

_KNOWN_TRAITS = sum(Trait)

_BY_TRAIT = (
    (Trait.PROTOCOL, SkipReason.PROTOCOL),
    (Trait.REDACTED_TARGET, SkipReason.REDACTED_TARGET),
    (Trait.NOT_WHOLE, SkipReason.NOT_WHOLE),
)
"""In order of precedence: what can never be sent, what could with another capture, what another capture might have whole."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The table: `rows[endpoint][traits]` is the reason, `None` for rows that are sent."""

    rows: tuple[tuple[SkipReason | None, ...], ...]

    def skip_reason(self, endpoint: int, traits: int) -> SkipReason | None:
        """Why a row is not sent; `None` if it is. Trait bits unknown to this version are ignored."""
        return self.rows[endpoint][traits & _KNOWN_TRAITS]

    def left_out(self, endpoints: Iterable[EndpointInfo]) -> list[str]:
        """Those of the manifest's endpoints whose writes are not sent, but for those of which production refused all.

        What was refused has left nothing behind, so nothing is missing without it.
        """
        pairs = zip(endpoints, self.rows, strict=True)
        return [each.name for each, reasons in pairs if reasons[Trait.WRITE] is not None and each.refused != each.rows]


def decide_all(
    names: Iterable[str], methods: frozenset[str] | None, chosen: EndpointFilter, safety: Safety
) -> Decisions:
    """Decide for the endpoints of a manifest, in its order."""
    return Decisions(
        tuple(
            tuple(decide(name, traits, methods, chosen, safety) for traits in range(_KNOWN_TRAITS + 1))
            for name in names
        )
    )


def decide(
    name: str, traits: int, methods: frozenset[str] | None, chosen: EndpointFilter, safety: Safety
) -> SkipReason | None:
    """The reason that holds for rows of an endpoint with these traits; `methods` is `None` for all."""
    if methods is not None and name.partition(" ")[0] not in methods:
        return SkipReason.METHOD
    if not chosen.keeps(name):
        return SkipReason.FILTER
    return safety.decide(name, traits) or next((reason for trait, reason in _BY_TRAIT if traits & trait), None)
