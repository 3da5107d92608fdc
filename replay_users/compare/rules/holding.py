"""What the rules say at one place: which differences they settle there, and how its list is paired.

Law: pure and immutable; made once per state of an endpoint's automaton, asked once per difference. It is asked about
differences only, so that no rule can turn a match into a mismatch.
The subtle thing: values are normalised first; then, of the rules that say something about the difference, only the first
in precedence decides. So `match` inside an ignored object asserts what the wider rule lets pass.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from replay_users.compare.difference import Kind
from replay_users.compare.rules.model import ByKey, How, Ignore, Matching, Normalise, TypeOnly, Unordered, Within
from replay_users.compare.rules.precedence import topics
from replay_users.compare.walk import MISSING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from replay_users.compare.rules.model import PlacedRule
    from replay_users.compare.tree import Json
    from replay_users.compare.walk import Side

__all__ = ["Decider", "Holding", "ListRule", "Tolerated", "exact", "is_close", "number_of"]

Decider: TypeAlias = Ignore | Within | Matching | TypeOnly
ListRule: TypeAlias = Unordered | ByKey | Normalise
"""How a list is paired; a `Normalise` here is one that sorts."""

Tolerated: TypeAlias = tuple[Decimal, Within]
"""A number that may differ a little, and the rule that says how little."""

_Value = TypeVar("_Value", bound="Side")
_FREE_TYPE = frozenset({Kind.VALUE, Kind.TYPE, Kind.HEADER, Kind.TRAILER})
_FREE_VALUE = frozenset({Kind.VALUE, Kind.HEADER, Kind.TRAILER})
_OF_LISTS = frozenset({Kind.LENGTH, Kind.ORDER, Kind.REPEAT})
_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_EXACT = Context(prec=100, traps=[])
"""Differences of numbers as they are written: 1.01 and 1.00 are 0.01 apart, which binary floats are not."""


class Holding:
    """The rules that hold at one place; `pairing` is how a list that stands here is paired."""

    __slots__ = ("_deciders", "_normalisers", "ignores_all", "null_is_missing", "pairing")

    def __init__(self, ranked: Iterable[PlacedRule], pairing: ListRule | None = None) -> None:
        """`ranked`: the rules about values, what decides first."""
        rules = list(ranked)
        self._deciders = tuple([(rule, topics(rule)) for rule in rules if isinstance(rule, Decider)])
        self._normalisers = tuple([rule for rule in rules if isinstance(rule, Normalise)])
        self.pairing = pairing
        first = self._deciders[0][0] if self._deciders else None
        self.ignores_all = isinstance(first, Ignore) and first.kinds is None
        """Whether whatever stands here, and whether anything does, is ignored."""
        self.null_is_missing = any(How.NULL_IS_MISSING in rule.how for rule in self._normalisers)

    def settled_by(self, kind: Kind, step: str | int | None, x: Side, y: Side) -> PlacedRule | None:
        """The rule by which a difference does not count, if there is one; `step` is the last one of its path."""
        if self._normalisers:
            if self._is_normalised_away(x, y):
                return self._normalisers[0]
            x, y = self.normal(x), self.normal(y)
        for rule, kinds in self._deciders:
            if kind not in kinds:
                continue
            if isinstance(rule, Ignore):
                return rule
            if not (isinstance(rule, Within) and number_of(x) is None is number_of(y)):
                return rule if _settles(rule, kind, step, x, y) else None
        return None

    def normal(self, value: _Value) -> _Value | str:
        """A text as it is compared; anything else as it is."""
        if not isinstance(value, str) or not self._normalisers:
            return value
        text: str = value
        for rule in self._normalisers:
            text = rule.hosts.apply(text) if rule.hosts else text
        if any(How.TRIM in rule.how for rule in self._normalisers):
            text = text.strip()
        return text.casefold() if any(How.CASE in rule.how for rule in self._normalisers) else text

    def alike(self, value: Json, tolerated: list[Tolerated]) -> Hashable:
        """What a value has in common with those it does not differ from; what may differ a little goes to `tolerated`."""
        value = self.normal(value)
        for rule, kinds in self._deciders:
            if Kind.VALUE not in kinds:
                continue
            if isinstance(rule, Within):
                number = number_of(value)
                if number is None:
                    continue
                tolerated.append((number, rule))
            elif isinstance(rule, Matching) and not rule.shape.fits(value):
                break
            return "any", _type_name(value)
        return exact(value)

    def _is_normalised_away(self, x: Side, y: Side) -> bool:
        if isinstance(x, str) and isinstance(y, str):
            return self.normal(x) == self.normal(y)
        return self.null_is_missing and ((x is None and y is MISSING) or (x is MISSING and y is None))


def exact(value: Json) -> Hashable:
    """A scalar such that equal ones are equal, and no others: true is not 1, and NaN is NaN."""
    if isinstance(value, bool):
        return "flag", value
    if isinstance(value, dict | list):
        raise AssertionError("objects and lists are no scalars")  # noqa: TRY004
    return ("nan",) if value != value else value  # noqa: PLR0124 - only NaN is unequal to itself


def _type_name(value: Json) -> str:
    if isinstance(value, str):
        return "text"
    if value is None:
        return "null"
    return "flag" if isinstance(value, bool) else "number"


def is_close(rule: Within, x: Decimal, y: Decimal) -> bool:
    """Whether two numbers are within a rule's tolerance; either of two tolerances is enough."""
    apart = _EXACT.abs(_EXACT.subtract(x, y))
    if rule.absolute is not None and apart <= rule.absolute:
        return True
    larger = max(_EXACT.abs(x), _EXACT.abs(y))
    return rule.relative is not None and apart <= _EXACT.multiply(larger, rule.relative)


def number_of(value: Side) -> Decimal | None:
    """A number, or a text that is one, exactly as written; None for anything else, and for what is not finite."""
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


def _settles(rule: Within | Matching | TypeOnly, kind: Kind, step: str | int | None, x: Side, y: Side) -> bool:
    """Whether a rule that decides about a difference decides that it does not count."""
    if isinstance(rule, Within):
        one, other = number_of(x), number_of(y)
        return one is not None and other is not None and is_close(rule, one, other)
    if isinstance(rule, Matching):
        return _has_shape(rule, kind, x, y)
    return kind is Kind.VALUE or kind in _OF_LISTS or (kind is not Kind.TYPE and isinstance(step, int))


def _has_shape(rule: Matching, kind: Kind, x: Side, y: Side) -> bool:
    """Both sides, as values of one type; any values at all for `any`."""
    if x is MISSING or y is MISSING or kind not in (_FREE_TYPE if rule.shape.name == "any" else _FREE_VALUE):
        return False
    return rule.shape.fits(x) and rule.shape.fits(y)
