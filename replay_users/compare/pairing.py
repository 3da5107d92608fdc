"""Which items of two lists belong together, so that one inserted record is one difference and not a thousand.

Law: pure, symmetric in its two lists, and it never decides that items are equal: whatever is paired is still walked.
The subtle thing: Python's `==` takes `1` and `true` for equal. Where it is asked here it only chooses pairs.

    both as long, an id in each item    by id; what is left over in order
    both as long, no id                 by position, unless one is the other in another order
    not as long, a key tells items apart by that key; what is left over only where alike
    not as long, no such key            equal heads, equal tails; between them by position where alike
"""

from __future__ import annotations

from collections import Counter
from operator import eq, itemgetter
from typing import TYPE_CHECKING, TypeAlias

import orjson

from replay_users.compare.tree import Json, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Pair", "align", "by_position", "likeness", "shared_ids"]

Pair: TypeAlias = "tuple[int, Json, Json]"
"""The recorded item's position, the recorded item, the replayed item."""

_Ids: TypeAlias = "list[str | int]"
# In this order; then whatever ends like an id.
_ID_NAMES = ("id", "_id", "@id", "uuid", "guid", "key", "pk", "slug", "code", "sku", "name")
_ID_ENDINGS = ("_id", "Id", "ID", "_uuid", "_key")
_ID_TYPES = frozenset({str, int})
_PLAIN_TYPES = {str, int, float, type(None)}


def align(a: list[Json], b: list[Json]) -> tuple[Iterable[Pair], bool]:
    """Pair the items of a recorded and a replayed list.

    Returns:
        The pairs to walk, and whether what both hold stands in the same order.
    """
    if not a or not b:
        return (), True
    try:
        return _by_id(a, b) or _by_place(a, b)
    except RecursionError:  # == on items nested some hundred levels deep
        return by_position(a, b), True


def by_position(a: list[Json], b: list[Json]) -> Iterator[Pair]:
    """Pair the first with the first, and so on, as far as both go."""
    return zip(range(len(a)), a, b, strict=False)


def _by_id(a: list[Json], b: list[Json]) -> tuple[Iterable[Pair], bool] | None:
    """Pair objects by the first key that tells them apart and that at least half of the shorter list shares."""
    first, other = a[0], b[0]
    if not isinstance(first, dict) or not isinstance(other, dict):
        return None
    for name in _candidates(first, other, any_key=len(a) != len(b)):
        ids_a, ids_b = _ids(a, name), _ids(b, name)
        if ids_a is None or ids_b is None:
            continue
        if ids_a == ids_b:
            return by_position(a, b), True
        if 2 * len(set(ids_a).intersection(ids_b)) >= min(len(a), len(b)):
            return _joined(a, b, ids_a, ids_b)
    return None


def shared_ids(a: list[Json], b: list[Json]) -> tuple[_Ids, _Ids] | None:
    """The likeliest id of objects that tells them apart on either side and of which some are on both."""
    if not a or not b or not isinstance(a[0], dict) or not isinstance(b[0], dict):
        return None
    for name in _candidates(a[0], b[0], any_key=False):
        ids = _ids(a, name), _ids(b, name)
        if ids[0] is not None and ids[1] is not None and not set(ids[0]).isdisjoint(ids[1]):
            return ids[0], ids[1]
    return None


def _candidates(first: dict[str, Json], other: dict[str, Json], *, any_key: bool) -> Iterator[str]:
    """Keys that may be ids, the likeliest first, in an order that does not depend on the side."""
    for name in _ID_NAMES:
        if name in first and name in other:
            yield name
    shared = sorted(first.keys() & other.keys())
    yield from [name for name in shared if name.endswith(_ID_ENDINGS)]
    if any_key:
        yield from shared


def _ids(items: list[Json], name: str) -> _Ids | None:
    """The values under this key, or None if they do not tell all items apart."""
    try:
        ids = list(map(itemgetter(name), items))  # type: ignore[arg-type]
    except (KeyError, TypeError):  # an object without it, or no object
        return None
    return ids if _ID_TYPES.issuperset(map(type, ids)) and len(set(ids)) == len(ids) else None


def _joined(a: list[Json], b: list[Json], ids_a: _Ids, ids_b: _Ids) -> tuple[list[Pair], bool]:
    where = {name: place for place, name in enumerate(ids_b)}
    places = [(i, where.pop(name)) for i, name in enumerate(ids_a) if name in where]
    joined = {i for i, _ in places}
    rest = zip((i for i in range(len(a)) if i not in joined), where.values(), strict=False)
    pairs = [(i, a[i], b[j]) for i, j in places]
    pairs += [(i, a[i], b[j]) for i, j in rest if len(a) == len(b) or likeness(a[i], b[j])]
    order = [j for _, j in places]
    return pairs, order == sorted(order)


def _by_place(a: list[Json], b: list[Json]) -> tuple[Iterable[Pair], bool]:
    if len(a) != len(b):
        return _around_a_gap(a, b), True
    if _shuffled(a, b):
        return [pair for pair in by_position(a, b) if pair[1] == pair[2]], False
    return by_position(a, b), True


def _around_a_gap(a: list[Json], b: list[Json]) -> list[Pair]:
    """Equal heads and equal tails, and what stands between them where it is alike."""
    shorter = min(len(a), len(b))
    head = _run(zip(a, b, strict=False), shorter)
    tail = _run(zip(reversed(a), reversed(b), strict=False), shorter - head)
    pairs = list(zip(range(head), a, b, strict=False))
    pairs += [(i, a[i], b[i]) for i in range(head, shorter - tail) if likeness(a[i], b[i])]
    shift = len(b) - len(a)
    pairs += [(i, a[i], b[i + shift]) for i in range(len(a) - tail, len(a))]
    return pairs


def _run(pairs: Iterator[tuple[Json, Json]], limit: int) -> int:
    """How many pairs in a row are equal, up to a limit."""
    for count, (x, y) in enumerate(pairs):
        if count == limit or not same(x, y):
            return count
    return limit


def likeness(x: Json, y: Json) -> int:
    """How many members two items share, if they look like one record that changed: at least half are equal; else 0."""
    if isinstance(x, dict) and isinstance(y, dict):
        shared = sum(key in y and y[key] == value for key, value in x.items())
        return shared if 2 * shared >= max(len(x), len(y)) else 0
    if isinstance(x, list) and isinstance(y, list) and len(x) == len(y):
        shared = sum(map(eq, x, y))
        return shared if 2 * shared >= len(x) else 0
    return 0


def _shuffled(a: list[Json], b: list[Json]) -> bool:
    """Whether two lists of one length hold the same items in another order."""
    if a == b:
        return False
    apart = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    xs, ys = [x for x, _ in apart], [y for _, y in apart]
    # The cheap question first: values that drifted are nowhere in the other list.
    if len(apart) < 2 or xs[0] not in ys or ys[0] not in xs:  # noqa: PLR2004 - one item alone has no order
        return False
    if {*map(type, xs), *map(type, ys)} <= _PLAIN_TYPES:
        return Counter(xs) == Counter(ys)
    try:
        return Counter(map(_canonical, xs)) == Counter(map(_canonical, ys))
    except orjson.JSONEncodeError:  # too deep, or a number or text that it cannot write
        return False


def _canonical(item: Json) -> object:
    """Equal for equal items only: numbers by value, everything else as sorted text."""
    if isinstance(item, int | float) and not isinstance(item, bool):
        return item
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()  # orjson keeps a kilobyte for each text it gives
