"""Which of several rules decides, and which cannot stand beside each other.

Law: pure; rules in, an order or complaints out. Of the rules that say something about a difference one decides: the one
with the more specific endpoint glob (more characters that are no wildcards), then with the more specific path (more keys
and indices, then more `[*]`, then fewer `[**]`), then the later in the file. The subtle thing: normalising is no decision
but comes before all, so such rules add up and conflict with nothing but another way of pairing the same list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from replay_users.compare.difference import Kind
from replay_users.compare.rules.hosts import HostMap
from replay_users.compare.rules.model import (
    ByKey,
    How,
    Ignore,
    IgnoreStatus,
    Matching,
    Normalise,
    TypeOnly,
    Unordered,
    Within,
    format_place,
)
from replay_users.errors import UsageError
from replay_users.path import Any, Deep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.compare.rules.model import Place, PlacedRule, Rule

__all__ = ["Conflict", "conflict", "name_of", "rank", "topics"]

_NAMES: dict[type[Rule], str] = {
    Ignore: "ignore",
    IgnoreStatus: "ignore",
    Unordered: "unordered",
    ByKey: "key",
    Within: "within",
    Matching: "match",
    Normalise: "normalise",
    TypeOnly: "type_only",
}
_ANY_KIND = frozenset(Kind) - {Kind.STATUS}
_TOPICS: dict[type[Rule], frozenset[Kind]] = {
    Ignore: _ANY_KIND,
    Within: frozenset({Kind.VALUE}),
    Matching: frozenset({Kind.VALUE, Kind.TYPE, Kind.ADDED, Kind.REMOVED, Kind.HEADER, Kind.TRAILER}),
    TypeOnly: _ANY_KIND - {Kind.HEADER, Kind.TRAILER, Kind.ENCODING},
}


class Conflict(NamedTuple):
    """Two rules that say different things of one place; `second` is the later one."""

    first: Rule
    second: Rule
    place: str


def name_of(rule: Rule) -> str:
    """What files call this kind of rule."""
    return _NAMES[type(rule)]


def topics(rule: Rule) -> frozenset[Kind]:
    """The kinds of difference a rule decides about, be it that they count; none for what only pairs or normalises."""
    kinds = rule.kinds if isinstance(rule, Ignore | Matching | TypeOnly) else None
    about = _TOPICS.get(type(rule), frozenset())
    return about if kinds is None else about & kinds


def rank(rule: Rule, place: Place) -> tuple[int, int, int, int, int]:
    """Larger for what decides; the line comes last."""
    literal = sum(char not in "*?" for char in rule.endpoint)
    if not isinstance(place, tuple):
        return literal, sum(char not in "*?" for char in place.glob), 0, 0, rule.line
    wild = sum(isinstance(step, Any) for step in place)
    deep = sum(isinstance(step, Deep) for step in place)
    return literal, len(place) - wild - deep, wild, -deep, rule.line


def conflict(rules: Iterable[Rule]) -> Conflict | None:
    """The first two rules of one endpoint glob and place that cannot both hold."""
    seen: dict[tuple[str, Place], list[PlacedRule]] = {}
    for rule in rules:
        if isinstance(rule, IgnoreStatus):
            continue
        for place in rule.where:
            others = seen.setdefault((rule.endpoint, place), [])
            for other in others:
                if _clash(other, rule):
                    return Conflict(other, rule, format_place(place))
            others.append(rule)
    return None


def _clash(one: PlacedRule, other: PlacedRule) -> bool:
    """Whether two rules of one place answer one question in different ways, or one leaves the other nothing to say."""
    if topics(one) & topics(other):
        return _decision(one) != _decision(other)
    if isinstance(one, Normalise) and isinstance(other, Normalise) and not _agree(one, other):
        return True
    ways = _pairing(one), _pairing(other)
    return (None not in ways and ways[0] != ways[1]) or _buries(one, other) or _buries(other, one)


def _decision(rule: PlacedRule) -> tuple[object, ...]:
    """What makes a difference count or not."""
    if isinstance(rule, Within):
        return rule.absolute, rule.relative
    return (type(rule), rule.shape) if isinstance(rule, Matching) else (type(rule),)


def _pairing(rule: PlacedRule) -> tuple[str, ...] | None:
    """How a rule pairs the items of a list, if it does."""
    if isinstance(rule, ByKey):
        return ("key", *rule.by)
    if isinstance(rule, Unordered):
        return ("unordered",)
    return ("sort",) if isinstance(rule, Normalise) and How.SORT in rule.how else None


def _buries(one: PlacedRule, other: PlacedRule) -> bool:
    """Whether everything that the other rule could change is ignored."""
    return isinstance(one, Ignore) and one.kinds is None and not topics(other)


def _agree(one: Normalise, other: Normalise) -> bool:
    if one.hosts is None or other.hosts is None:
        return True
    try:
        HostMap.parse([*one.hosts.texts(), *other.hosts.texts()])
    except UsageError:
        return False
    return True
