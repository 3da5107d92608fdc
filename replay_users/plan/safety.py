"""What is safe to send: writes, endpoint rules, requests that act though they are GETs, and never production.

Law: decisions per endpoint, from names alone. In order of strength:

1. the last rule of `--safety FILE` that matches: `safe` is sent, `skip` is not, `unsafe` is a write;
2. a GET, HEAD or OPTIONS whose path says it acts (`/logout`, `/orders/{id}/cancel`) is a write;
3. any other method than GET, HEAD and OPTIONS is a write.

Writes are sent with `--allow-writes` only. The subtle thing: a word counts only if it is a whole word of a literal segment
(`/log-out`, `/deleteAccount`, `/logout.php`), so `/deleted-items` and `/cancellations` are read as what they are; a parameter
(`{action}`) and a query hide their words, and want a rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from replay_users.errors import UsageError
from replay_users.model import SkipReason
from replay_users.plan.host import parse_host, split_authority

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.plan.selection import Pattern

__all__ = ["ACTING_WORDS", "READ_METHODS", "EndpointRule", "RuleKind", "Safety", "acts", "refuse_production"]

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that do not change anything where servers keep to the rules (RFC 9110 section 9.2.1, less TRACE)."""

ACTING_WORDS = frozenset(
    {
        "cancel",
        "deactivate",
        "delete",
        "destroy",
        "erase",
        "logoff",
        "logout",
        "optout",
        "purge",
        "reboot",
        "remove",
        "revoke",
        "shutdown",
        "signoff",
        "signout",
        "terminate",
        "unlink",
        "unsubscribe",
        "wipe",
    }
)
"""Words (or two neighbours read as one: `log-out`) that make a GET a write unless a rule says `safe`."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WEB_PORTS = (None, 80, 443)


class RuleKind(StrEnum):
    """What a rule says of an endpoint."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class EndpointRule:
    """A person's word on the endpoints that match; the reason is for the next reader."""

    pattern: Pattern
    kind: RuleKind
    reason: str


@dataclass(frozen=True, slots=True)
class Safety:
    """`--allow-writes` and the rules of `--safety FILE`, in the file's order."""

    allow_writes: bool = False
    rules: tuple[EndpointRule, ...] = ()

    def decide(self, endpoint: str) -> SkipReason | None:
        """Why exchanges of this endpoint (`GET /logout`) are not sent; `None` if they are.

        An endpoint without a method, where all beyond the cap are counted together, may hold writes and is one.
        """
        rule = next((r for r in reversed(self.rules) if r.pattern.matches(endpoint)), None)
        if rule is not None:
            return self._by_rule(rule.kind)
        method, _, template = endpoint.partition(" ")
        if self.allow_writes:
            return None
        if method not in READ_METHODS:
            return SkipReason.METHOD
        return SkipReason.ENDPOINT_RULE if acts(template) else None

    def _by_rule(self, kind: RuleKind) -> SkipReason | None:
        sent = kind is RuleKind.SAFE or (kind is RuleKind.UNSAFE and self.allow_writes)
        return None if sent else SkipReason.ENDPOINT_RULE


def acts(template: str) -> bool:
    """Whether a path or path template names an action: a GET on it is taken for a write."""
    literals = (s for s in template.partition("?")[0].split("/") if not s.startswith("{"))
    return any(_acting(segment) for segment in literals)


def _acting(segment: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(segment)]
    pairs = (a + b for a, b in pairwise(words))
    return not ACTING_WORDS.isdisjoint([*words, *pairs])


def refuse_production(host_url: str, recorded: Iterable[str]) -> None:
    """Refuse a target that the recording knows as production, given the authorities it was recorded from.

    A recorded authority does not say its scheme, so without a port it is production at 80 and at 443, and so is the other
    one of the two where either was recorded. Another port of the same host is another place.

    Raises:
        UsageError: the target was recorded, or is not a target.
    """
    host = parse_host(host_url)
    for authority in recorded:
        place = split_authority(authority)
        if place is not None and place[0] == host.name and _same_port(place[1], host.port):
            raise UsageError(
                f"{host.url} is where this was recorded ({authority}), and a replay never goes to"
                " production: give the staging host with --host"
            )


def _same_port(recorded: int | None, target: int) -> bool:
    return recorded == target or (recorded in _WEB_PORTS and target in _WEB_PORTS)
