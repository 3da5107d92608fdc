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

if TYPE_CHECKING:
    from collections.abc import Hashable

    from replay_users.compare.rules.endpoint import EndpointRules
    from replay_users.compare.rules.holding import Tolerated
    from replay_users.compare.tree import Json
    from replay_users.path import State

__all__ = ["class_of", "text_of"]


def class_of(value: Json, state: State, rules: EndpointRules, tolerated: list[Tolerated]) -> Hashable:
    """The class of a value that stands at this state of the rules' automaton; recursive, as deep as the value is.

    Raises:
        RecursionError: the value is nested deeper than Python goes.
    """
    if isinstance(value, dict):
        members = []
        for name in sorted(value):
            below, member = state.after(name), value[name]
            held = rules.at(below)
            if not held.ignores_all and not (held.null_is_missing and member is None):
                members.append((name, class_of(member, below, rules, tolerated)))
        return "object", frozenset(members)
    if isinstance(value, list):
        below = state.after(None)
        if rules.at(state).pairing is None:
            return "list", tuple([class_of(item, below, rules, tolerated) for item in value])
        inside: list[Tolerated] = []
        items = Counter([class_of(item, below, rules, inside) for item in value])
        tolerated += sorted(inside, key=itemgetter(0))
        return "bag", frozenset(items.items())
    return rules.at(state).alike(value, tolerated)


def text_of(item: Json) -> bytes | None:
    """A text that only equal items share, and None where there is none. Equal items may still have different ones."""
    try:
        text = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        if b"null" in text:  # which is also how NaN is written
            json.dumps(item, allow_nan=False)
    except (ValueError, TypeError, RecursionError):  # too deep, a number that JSON has not, or half a character
        return None
    return text
