"""What a person should be told of rules: what each does in a line, which are over, which are about nothing.

Law: pure; sentences and their cures. A rule that does nothing is no error: a recording may be a part of one, and an hour
without an endpoint is not a reason to change a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.compare.rules.model import (
    ByKey,
    Ignore,
    IgnoreStatus,
    Matching,
    Normalise,
    TypeOnly,
    Within,
    covers_endpoint,
    format_place,
)
from replay_users.compare.rules.nodes import listed
from replay_users.compare.rules.precedence import name_of
from replay_users.plan.selection import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from replay_users.compare.rules.model import Rule
    from replay_users.compare.rules.rules import Rules

__all__ = ["describe", "expired_notes", "idle_notes"]

_SHOWN_PLACES = 3


def describe(rule: Rule) -> str:
    """What a rule does and where, without its reason."""
    if isinstance(rule, IgnoreStatus):
        recorded, replayed = (listed([str(status) for status in side], "or") for side in (rule.recorded, rule.replayed))
        return f"ignore status {recorded} -> {replayed}"
    places = [format_place(place) for place in rule.where]
    more = len(places) - _SHOWN_PLACES
    shown = ", ".join(places[:_SHOWN_PLACES]) + (f" and {more} more" if more > 0 else "")
    detail = _detail(rule)
    return f"{name_of(rule)} {shown}" + (f" ({detail})" if detail else "")


def expired_notes(rules: Rules, today: date) -> Iterator[str]:
    """A sentence for each rule whose last day is over."""
    for rule in rules.expired(today):
        yield (
            f"the rule in line {rule.line}, {describe(rule)}, expired on {rule.expires} and is not applied; take it out, or "
            "give it another day"
        )


def idle_notes(rules: Rules, endpoints: Sequence[str]) -> Iterator[str]:
    """A sentence for each rule that is about no endpoint of a recording."""
    for rule in rules.rules:
        if not any(covers_endpoint(rule, endpoint) for endpoint in endpoints):
            near = Pattern(rule.endpoint).nearest(endpoints)
            hint = f"; did you mean {near!r}?" if near else ""
            yield f"the rule in line {rule.line} is for {rule.endpoint!r}, which no endpoint of the recording matches{hint}"


def _detail(rule: Rule) -> str:
    """What makes a rule of one kind differ from another of that kind."""
    details: Iterable[str] = ()
    match rule:
        case Ignore(kinds=kinds) | TypeOnly(kinds=kinds) if kinds is not None:
            details = [f"{listed(sorted(kinds))} only"]
        case ByKey():
            details = [f"by {listed(rule.by)}"]
        case Within():
            absolute = [] if rule.absolute is None else [f"{rule.absolute:f}"]
            details = [
                " or ".join(
                    [*absolute, *([] if rule.relative is None else [f"{(rule.relative * 100).normalize():f}%"])]
                )
            ]
        case Matching():
            details = [rule.shape.name, *([f"{listed(sorted(rule.kinds))} only"] if rule.kinds else [])]
        case Normalise():
            details = [*sorted(rule.how), *(rule.hosts.texts() if rule.hosts else [])]
        case _:
            pass
    return ", ".join(details)
