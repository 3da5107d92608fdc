"""What the items of a list have in common under rules: those that rules would let pass for each other are of one class.

Law: pure. A class is a hashable value made of the item alone, so that items that are equal are always of one class; it
only chooses pairs, and whatever is paired is still walked.
The subtle thing: a tolerance makes no classes (0 is near 1, 1 near 2, 0 not near 2), so numbers under one are left out
and handed on beside the class.
"""

from __future__ import annotations

import json
from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING

import orjson

from replay_users.compare.rules.holding import exact

if TYPE_CHECKING:
    from collections.abc import Hashable

    from replay_users.compare.rules.endpoint import EndpointRules
    from replay_users.compare.rules.holding import Tolerated
    from replay_users.compare.tree import Json
    from replay_users.path import State

__all__ = ["class_of", "text_of"]

_PLAIN = frozenset({str, int, type(None)})
_STRICT = json.JSONEncoder(allow_nan=False)


def class_of(value: Json, state: State, rules: EndpointRules, tolerated: list[Tolerated]) -> Hashable:
    """The class of a value that stands at this state of the rules' automaton; recursive, as deep as the value is.

    Raises:
        RecursionError: the value is nested deeper than Python goes.
    """
    if state.dead:
        return _plain(value)
    if isinstance(value, dict):
        return "object", frozenset(_members(value, state, rules, tolerated))
    if isinstance(value, list):
        below = state.after(None)
        if rules.at(state).pairing is None:
            return "list", tuple([class_of(item, below, rules, tolerated) for item in value])
        inside: list[Tolerated] = []
        items = Counter([class_of(item, below, rules, inside) for item in value])
        tolerated += sorted(inside, key=itemgetter(0))
        return "bag", frozenset(items.items())
    return rules.at(state).alike(value, tolerated)


def text_of(item: Json) -> str | None:
    """A text that only equal items share, and None where there is none. Equal items may still have different ones."""
    try:
        text = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        if b"null" in text and "nan" in repr(item):  # NaN is written as null, too
            _STRICT.encode(item)
    except (ValueError, TypeError, RecursionError):  # too deep, a number that JSON has not, or half a character
        return None
    return text.decode()  # orjson keeps a kilobyte for each text it gives


def _members(
    value: dict[str, Json], state: State, rules: EndpointRules, tolerated: list[Tolerated]
) -> list[tuple[str, Hashable]]:
    """The classes of an object's members, without those that do not matter."""
    members = []
    for name in sorted(value):
        below, member = state.after(name), value[name]
        if below.dead:
            members.append((name, _plain(member)))
            continue
        held = rules.at(below)
        if not held.ignores_all and not (held.null_is_missing and member is None):
            members.append((name, class_of(member, below, rules, tolerated)))
    return members


def _plain(value: Json) -> Hashable:
    """The class of a value that no rule is about: equal values alone share it."""
    kind = type(value)
    if kind in _PLAIN or (kind is float and value == value):  # noqa: PLR0124 - NaN
        return value  # type: ignore[return-value]
    if isinstance(value, dict):
        members = [(name, each if type(each) in _PLAIN else _plain(each)) for name, each in value.items()]
        return "object", frozenset(members)
    if isinstance(value, list):
        return "list", tuple([each if type(each) in _PLAIN else _plain(each) for each in value])
    return exact(value)
