"""Two trees in, everything that differs out: where, in what way, and both values.

Law: pure and without recursion, so that no depth of a body can break it; it knows neither rules nor caps nor texts.
`1` and `1.0` are equal, `1` and `true` are not, NaN is equal to NaN, null is a type of its own.
The subtle thing: most of two bodies is equal, so equal subtrees are passed over at the speed of C. A place is a plain
tuple that points to the place above it; paths are made from it only for what is kept. The inner loop is written out for
its speed: 64 KB hold 3,000 values.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from itertools import compress, repeat
from operator import ne, not_
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from replay_users.compare.difference import Kind
from replay_users.compare.pairing import align, by_position
from replay_users.compare.tree import Json, written_same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.compare.pairing import Pair

__all__ = ["MISSING", "Found", "Guide", "Missing", "Place", "Side", "walk"]


class Missing(Enum):
    """What stands where a side has nothing."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
Side: TypeAlias = "Json | Missing"
Place: TypeAlias = "tuple[Place | None, str | int | None, Json, Json]"
"""The place above (None above the root), the step from there (None to the root), and the containers that stand here."""
Found: TypeAlias = "tuple[Place | None, str | int | None, Kind, Side, Side]"
"""The place it lies in, the step from there (None: the place itself), the kind, and both values."""

_Child: TypeAlias = "tuple[str | int | None, Json, Side]"
_FEW = 8  # of so many items, each is asked by itself
_WIDE = 50  # an object of so many members is a record, whose members are mostly scalars
_MAX_SHALLOW_DEPTH = 16
"""Whole subtrees are compared down to this depth only, as that repeats itself at each level; below, value by value."""


class Guide(Protocol):
    """Goes along with a walk and knows lists that are paired in another way."""

    def pairs(self, place: Place, found: list[Found]) -> Iterable[Pair] | None:
        """The items to compare in one place, None if nothing special is known of it; what concerns the list is noted."""


def walk(recorded: Json, replayed: Json, guide: Guide | None = None) -> list[Found]:
    """All differences of two trees, the shallow ones first."""
    found: list[Found] = []
    level: list[Place] = []
    _compare(None, ((None, recorded, replayed),), found, level, shallow=False)
    depth = 0
    while level:
        below: list[Place] = []
        shallow = depth < _MAX_SHALLOW_DEPTH
        for place in level:
            pairs = guide.pairs(place, found) if guide else None
            children = _children(place, found, shallow=shallow) if pairs is None else pairs
            if shallow and _is_long(place[2]):
                children = _apart(children)
            _compare(place, children, found, below, shallow=shallow)
        level, depth = below, depth + 1
    return found


def _compare(
    place: Place | None,
    pairs: Iterable[_Child],
    found: list[Found],
    below: list[Place],
    *,
    shallow: bool,
) -> None:
    """Compare what stands in one place; containers that may differ inside are left to the next level."""
    for step, x, y in pairs:
        if x is y:
            continue
        kind = type(x)
        if kind is not type(y):
            unlike = _unlike(x, y)
            if unlike is not None:
                found.append((place, step, unlike, x, y))
        elif kind is dict or kind is list:
            try:
                alike = shallow and x == y
            except RecursionError:  # too deep
                alike = False
            if (x or y) and not (alike and written_same(x, y)):
                below.append((place, step, x, y))
        elif x != y and (kind is not float or x == x or y == y):  # noqa: PLR0124 - NaN is unequal to itself
            found.append((place, step, Kind.VALUE, x, y))


def _is_long(container: Json) -> bool:
    return (
        len(container) > (_FEW if isinstance(container, list) else _WIDE)
        if isinstance(container, list | dict)
        else False
    )


def _apart(children: Iterable[_Child]) -> Iterable[_Child]:
    """The pairs that may differ, if the others are found to be the same all at once: a fifth of what asking each costs."""
    pairs = list(children)
    if not pairs:
        return pairs
    _, xs, ys = zip(*pairs, strict=True)
    try:
        differ = list(map(ne, xs, ys))
    except RecursionError:
        return pairs
    alike = list(map(not_, differ))
    if written_same(list(compress(xs, alike)), list(compress(ys, alike))):
        return compress(pairs, differ)
    return pairs


def _children(place: Place, found: list[Found], *, shallow: bool) -> Iterable[_Child]:
    """The pairs one level down; what concerns the containers themselves is noted here."""
    _, _, a, b = place
    if isinstance(a, dict) and isinstance(b, dict):
        if list(a) == list(b):  # the same keys in the same order, as nearly always
            return zip(a, a.values(), b.values(), strict=True)
        found.extend([(place, key, Kind.ADDED, MISSING, b[key]) for key in b if key not in a])
        return zip(a, a.values(), map(b.get, a, repeat(MISSING)), strict=False)
    if not isinstance(a, list) or not isinstance(b, list):
        raise AssertionError("a place holds two objects or two lists")  # noqa: TRY004
    pairs, ordered = align(a, b) if shallow else (by_position(a, b), True)
    if len(a) != len(b):
        found.append((place, None, Kind.LENGTH, a, b))
    if not ordered:
        found.append((place, None, Kind.ORDER, a, b))
    return pairs


def _unlike(x: Json, y: Side) -> Kind | None:
    """How two values of different Python types differ, if they do."""
    if y is MISSING:
        return Kind.REMOVED
    if isinstance(x, int | float | Decimal) and isinstance(y, int | float | Decimal):
        if isinstance(x, bool) or isinstance(y, bool):
            return Kind.TYPE
        return None if x == y else Kind.VALUE
    return Kind.TYPE
