"""Which items of two lists belong together where rules say that order means nothing: the same item, the same key, the most alike.

Law: pure; symmetric in its two lists and blind to the order of both. It never decides that items are equal: whatever is
paired is still walked, and every item ends in a pair or is told as gone, new, or there another number of times.
The subtle thing: what is equal to the byte is paired first, so that no rule can part what would have matched; then what
rules make alike; only then is guessed which of the rest is one thing that changed.

    1  equal items, byte by byte                      3  objects with the same id, lists and objects half of which is equal
    2  items that rules let pass for each other       4  the rest: more or fewer of an item that both have, gone, new
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from replay_users.compare.items import Items
from replay_users.compare.pairing import likeness, shared_ids
from replay_users.compare.rules.holding import is_close
from replay_users.compare.rules.model import ByKey, Normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from replay_users.compare.pairing import Pair
    from replay_users.compare.rules.endpoint import EndpointRules
    from replay_users.compare.rules.holding import ListRule
    from replay_users.compare.tree import Json
    from replay_users.path import State

__all__ = ["Bag", "pair_items"]

_MAX_GUESSES = 4096
"""Pairs of which it is asked how alike they are; beyond, what has no id is told as gone and new."""

_Rest: TypeAlias = tuple[list[int], list[int]]
"""The positions in either list that have no partner yet."""


@dataclass(slots=True)
class Bag:
    """What came of two lists: pairs to walk, and by position what only one has, or both in different numbers."""

    pairs: list[Pair] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    repeated: list[tuple[int, int, int]] = field(default_factory=list)
    """Where the item first is in the recorded list, and how often it is in each of the two."""


def pair_items(a: list[Json], b: list[Json], rule: ListRule, state: State, rules: EndpointRules) -> Bag:
    """Pair the items of a recorded and a replayed list that stand at this state.

    Raises:
        RecursionError: an item is nested deeper than Python goes.
    """
    below = state.after(None)
    pairing = _Pairing(Items(a, below, rules), Items(b, below, rules))
    if isinstance(rule, ByKey):
        pairing.by_key(rule.by)
    elif isinstance(rule, Normalise):
        pairing.sorted()
    else:
        pairing.unordered(list(range(len(a))), list(range(len(b))))
    pairing.bag.pairs.sort(key=itemgetter(0))
    return pairing.bag


class _Pairing:
    """Two lists on their way into a bag."""

    def __init__(self, a: Items, b: Items) -> None:
        self._a = a
        self._b = b
        self.bag = Bag()
        self._counts: tuple[Counter[Hashable], Counter[Hashable]] | None = None

    def unordered(self, left: list[int], right: list[int]) -> None:
        """Pair what is equal, then what is alike."""
        self._tell(*self._guess(*self._equal(left, right)))

    def by_key(self, by: tuple[str, ...]) -> None:
        """Pair what has the same key; what has none as if the list had no key."""
        ours, theirs = self._a.grouped_by(by), self._b.grouped_by(by)
        for key in dict.fromkeys([*ours, *theirs]):
            left, right = ours.get(key, []), theirs.get(key, [])
            if key is None:
                self.unordered(left, right)
            elif len(left) == len(right) == 1:
                self._pair(left[0], right[0])
            elif left and right:
                self._tell(*self._one_by_one(*self._equal(left, right)))
            else:
                self.bag.gone += left
                self.bag.new += right

    def sorted(self) -> None:
        """Pair what is equal, and the rest in the order of its values; how many are left shows in the lists' length."""
        self._one_by_one(*self._equal(list(range(len(self._a))), list(range(len(self._b)))))

    def _pair(self, i: int, j: int) -> None:
        self.bag.pairs.append((i, self._a[i], self._b[j]))

    def _equal(self, left: list[int], right: list[int]) -> _Rest:
        ours, theirs = self._a.texts(left), self._b.texts(right)
        if _tell_apart(ours) and _tell_apart(theirs):
            left, right = self._by_text(dict(zip(left, ours, strict=True)), dict(zip(theirs, right, strict=True)))
        else:
            left, right = self._same(left, right, self._a.text, self._b.text)
        if left and right:
            left, right = self._same(left, right, self._a.class_at, self._b.class_at)
        return left, right

    def _by_text(self, ours: dict[int, str | None], theirs: dict[str | None, int]) -> _Rest:
        """Pair equal items where none is there twice, as nearly always."""
        found = {i: theirs.pop(text) for i, text in ours.items() if text in theirs}
        self.bag.pairs += [(i, self._a[i], self._b[j]) for i, j in found.items()]
        return [i for i in ours if i not in found], list(theirs.values())

    def _same(
        self, left: list[int], right: list[int], ours: Callable[[int], Hashable], theirs: Callable[[int], Hashable]
    ) -> _Rest:
        """Pair what has the same name on both sides, None being no name."""
        groups: defaultdict[Hashable, _Rest] = defaultdict(lambda: ([], []))
        for i in left:
            groups[ours(i)][0].append(i)
        for j in right:
            groups[theirs(j)][1].append(j)
        rest: _Rest = [], []
        for name, (some, others) in groups.items():
            unpaired = self._near(some, others) if name is not None and some and others else (some, others)
            rest[0].extend(unpaired[0])
            rest[1].extend(unpaired[1])
        return rest

    def _near(self, left: list[int], right: list[int]) -> _Rest:
        """Pair items of one class: any two, but where they have numbers under a tolerance, those within it."""
        if not self._a.has_tolerated(left[:1]) and not self._b.has_tolerated(right[:1]):
            return self._zip(left, right)
        left, right = sorted(left, key=self._a.numbers_at), sorted(right, key=self._b.numbers_at)
        rest: _Rest = [], []
        while left and right:
            i, j = left[-1], right[-1]
            if self._are_close(i, j):
                self._pair(left.pop(), right.pop())
            elif self._a.numbers_at(i) > self._b.numbers_at(j):
                rest[0].append(left.pop())
            else:
                rest[1].append(right.pop())
        return rest[0] + left, rest[1] + right

    def _are_close(self, i: int, j: int) -> bool:
        ours, theirs = self._a.tolerated_at(i), self._b.tolerated_at(j)
        return all(is_close(rule, x, y) for (x, rule), (y, _) in zip(ours, theirs, strict=True))

    def _zip(self, left: list[int], right: list[int]) -> _Rest:
        """Pair the first with the first, as far as both go."""
        for i, j in zip(left, right, strict=False):
            self._pair(i, j)
        return left[len(right) :], right[len(left) :]

    def _one_by_one(self, left: list[int], right: list[int]) -> _Rest:
        """Pair in the order of the values."""
        return self._zip(self._a.in_order(left), self._b.in_order(right))

    def _guess(self, left: list[int], right: list[int]) -> _Rest:
        """Pair what is one thing that changed: in an order that the items give, not the lists."""
        if not left or not right:
            return left, right
        left, right = self._a.in_order(left), self._b.in_order(right)
        ours, theirs = self._a.objects(left), self._b.objects(right)
        ids = shared_ids(list(ours.values()), list(theirs.values()))
        if ids is None:
            return self._most_alike(left, right)
        known = self._joined(dict(zip(ours, ids[0], strict=True)), dict(zip(theirs, ids[1], strict=True)))
        rest = self._most_alike([i for i in left if i not in ours], [j for j in right if j not in theirs])
        return known[0] + rest[0], known[1] + rest[1]

    def _joined(self, ours: dict[int, str | int], theirs: dict[int, str | int]) -> _Rest:
        """Pair by id; what has another id is another thing, however alike."""
        places = {name: j for j, name in theirs.items()}
        found = {i: places.pop(name) for i, name in ours.items() if name in places}
        for i, j in found.items():
            self._pair(i, j)
        return [i for i in ours if i not in found], list(places.values())

    def _most_alike(self, left: list[int], right: list[int]) -> _Rest:
        """Pair the most alike first; both come in the order of their values."""
        if len(left) * len(right) > _MAX_GUESSES:
            return left, right
        places = [(i, j, likeness(self._a[i], self._b[j])) for i, j in product(left, right)]
        scored = [(-score, i, j) for i, j, score in places if score]
        free: tuple[set[int], set[int]] = set(left), set(right)
        for _, i, j in sorted(scored, key=itemgetter(0)):  # ties in the order of both: from either side the same pairs
            if i in free[0] and j in free[1]:
                free[0].remove(i)
                free[1].remove(j)
                self._pair(i, j)
        return [i for i in left if i in free[0]], [j for j in right if j in free[1]]

    def _tell(self, left: list[int], right: list[int]) -> None:
        """Say of what has no partner whether it is on one side only, or there more often than on the other.

        Whatever is equal was paired, so that of an item that both have one side has none left: how often it is there is
        how often it was paired, and what took part in a change is not counted again.
        """
        if not left and not right:
            return
        if self._counts is None:
            self._counts = self._a.counted(), self._b.counted()
        ours, theirs = self._counts
        names = Counter([self._a.name_at(i) for i in left]), Counter([self._b.name_at(j) for j in right])
        self.bag.gone += [i for i in sorted(left) if not theirs[self._a.name_at(i)]]
        self.bag.new += [j for j in sorted(right) if not ours[self._b.name_at(j)]]
        repeated = [(self._a.first(n), theirs[n] + more, theirs[n]) for n, more in names[0].items() if theirs[n]]
        repeated += [(self._a.first(n), ours[n], ours[n] + more) for n, more in names[1].items() if ours[n]]
        self.bag.repeated += sorted(repeated)


def _tell_apart(texts: list[str | None]) -> bool:
    """Whether each item has a text, and none has that of another."""
    distinct = set(texts)
    return len(distinct) == len(texts) and None not in distinct
