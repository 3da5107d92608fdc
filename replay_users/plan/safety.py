"""What is safe to send: writes, endpoint rules, requests that act though they are GETs, and never production.

Law: decisions per row, from its endpoint's name and its traits. In order of strength:

1. the last rule of `--safety FILE` that matches the endpoint: `safe` is sent, `skip` is not, `unsafe` is a write;
2. a GET, HEAD or OPTIONS whose own path or query says it acts (`/logout`, `/cart?action=delete`) is a write;
3. any other method than GET, HEAD and OPTIONS is a write.

Writes are sent with `--allow-writes` only. The subtle thing: rules are about endpoints, the rest about each row's own
method and target, as its traits say; so what a template folds away (`{*}`, `__other__`) is not sent by mistake. What a
user's `rewrite` makes of a row is judged again, as what it has become.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from replay_users.errors import UsageError
from replay_users.model import OTHER_ENDPOINT, SkipReason
from replay_users.plan.host import parse_host, split_authority
from replay_users.recording.traits import Trait, acting_traits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from replay_users.model import Request
    from replay_users.plan.selection import Pattern

__all__ = ["EndpointRule", "RuleKind", "Safety", "judge_rewritten", "refuse_production"]

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

    def decide(self, endpoint: str, traits: int = 0) -> SkipReason | None:
        """Why exchanges of this endpoint (`GET /logout`) with these traits are not sent; `None` if they are.

        A rule is about all of an endpoint; without one, each row's own method and target decide (`Trait.WRITE`, `Trait.ACTS`), so
        that a folded endpoint (`GET /account/{*}`) and `__other__` hide nothing.
        """
        rule = next((r for r in reversed(self.rules) if r.pattern.matches(endpoint)), None)
        if rule is not None:
            return self._by_rule(rule.kind)
        if self.allow_writes:
            return None
        if traits & Trait.WRITE:
            return SkipReason.METHOD
        return SkipReason.ENDPOINT_RULE if traits & Trait.ACTS else None

    def _by_rule(self, kind: RuleKind) -> SkipReason | None:
        sent = kind is RuleKind.SAFE or (kind is RuleKind.UNSAFE and self.allow_writes)
        return None if sent else SkipReason.ENDPOINT_RULE


def judge_rewritten(safety: Safety, endpoint: Callable[[str, bytes], str]) -> Callable[[Request], SkipReason | None]:
    """Says why a request that a user's code made is not sent, `None` if it is.

    `endpoint` gives the recording's endpoint of a method and a target. A rule that is about an endpoint the recording does
    not have (`POST /v2/search`) is found by the request's own path.
    """

    def judge(request: Request) -> SkipReason | None:
        name = endpoint(request.method, request.target)
        if name == OTHER_ENDPOINT:
            name = f"{request.method} {request.path}"
        return safety.decide(name, acting_traits(request.method, request.target))

    return judge


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
                " production: give a staging host with --host or --map"
            )


def _same_port(recorded: int | None, target: int) -> bool:
    return recorded == target or (recorded in _WEB_PORTS and target in _WEB_PORTS)
