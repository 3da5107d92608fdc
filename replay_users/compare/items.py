"""The items of one list under rules: what they are called, what they are grouped and sorted by, each worked out once.

Law: pure; only asked where rules pair the items of a list. The subtle thing: a name says "the same item" and may be
compared, an order only makes results independent of how the list was written.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from replay_users.compare.alike import class_of, text_of
from replay_users.compare.rules.holding import exact

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from replay_users.compare.rules.endpoint import EndpointRules
    from replay_users.compare.rules.holding import Tolerated
    from replay_users.compare.tree import Json
    from replay_users.path import State

__all__ = ["Items"]

_Order: TypeAlias = tuple[int, float | Decimal | str]
_NUMBERS, _TEXTS, _OTHERS = range(3)


class Items:
    """The items of a list by position; `state` is where the rules' automaton stands at each of them."""

    def __init__(self, items: list[Json], state: State, rules: EndpointRules) -> None:
        self._items = items
        self._state = state
        self._rules = rules
        self._texts: dict[int, str | None] = {}
        self._classes: dict[int, tuple[Hashable, list[Tolerated]]] = {}
        self._orders: dict[int, _Order] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, at: int) -> Json:
        return self._items[at]

    def texts(self, positions: Sequence[int]) -> list[str | None]:
        """The texts of several items."""
        known, items = self._texts, self._items
        for at in positions:
            if at not in known:
                known[at] = text_of(items[at])
        return [known[at] for at in positions]

    def text(self, at: int) -> str | None:
        """What only equal items share, None if there is no such text."""
        try:
            return self._texts[at]
        except KeyError:
            text = self._texts[at] = text_of(self._items[at])
            return text

    def class_at(self, at: int) -> Hashable:
        """What items share that rules let pass for each other, but for numbers under a tolerance."""
        return self._classed(at)[0]

    def tolerated_at(self, at: int) -> list[Tolerated]:
        """The numbers of an item that are under a tolerance."""
        return self._classed(at)[1]

    def numbers_at(self, at: int) -> tuple[Decimal, ...]:
        """The same, without their rules."""
        return tuple([number for number, _ in self._classed(at)[1]])

    def has_tolerated(self, positions: Iterable[int]) -> bool:
        """Whether these items are known to have numbers under a tolerance."""
        return any(at in self._classes and self._classes[at][1] for at in positions)

    def name_at(self, at: int) -> Hashable:
        """What only items share that are the same under rules."""
        name, tolerated = self._classed(at)
        return name, tuple([number for number, _ in tolerated])

    def counted(self) -> Counter[Hashable]:
        """How often each item is there, by its name."""
        return Counter(map(self.name_at, range(len(self))))

    def first(self, name: Hashable) -> int:
        """The first item of this name."""
        return self._firsts[name]

    def order(self, at: int) -> _Order:
        """Numbers by value, then texts by the alphabet, then all else."""
        if at not in self._orders:
            self._orders[at] = self._order(self._items[at], at)
        return self._orders[at]

    def in_order(self, positions: list[int]) -> list[int]:
        """These positions in the order of their items."""
        return sorted(positions, key=self.order) if len(positions) > 1 else positions

    def objects(self, positions: Iterable[int]) -> dict[int, Json]:
        """Those of these items that are objects."""
        return {at: self._items[at] for at in positions if isinstance(self._items[at], dict)}

    def grouped_by(self, by: tuple[str, ...]) -> dict[Hashable, list[int]]:
        """Positions by what these members are, None for what has not all of them as scalars."""
        states = [(name, self._rules.at(self._state.after(name))) for name in by]
        groups: defaultdict[Hashable, list[int]] = defaultdict(list)
        for at, item in enumerate(self._items):
            key: Hashable = None
            if isinstance(item, dict) and all(not isinstance(item.get(name, []), dict | list) for name in by):
                key = tuple([exact(held.normal(item[name])) for name, held in states])
            groups[key].append(at)
        return groups

    @cached_property
    def _firsts(self) -> dict[Hashable, int]:
        return {self.name_at(at): at for at in reversed(range(len(self)))}

    def _classed(self, at: int) -> tuple[Hashable, list[Tolerated]]:
        if at not in self._classes:
            tolerated: list[Tolerated] = []
            self._classes[at] = class_of(self._items[at], self._state, self._rules, tolerated), tolerated
        return self._classes[at]

    def _order(self, item: Json, at: int) -> _Order:
        if isinstance(item, str):
            return _TEXTS, str(self._rules.at(self._state).normal(item))
        if isinstance(item, int | float | Decimal) and not isinstance(item, bool) and item == item:  # noqa: PLR0124 - NaN
            return _NUMBERS, item
        text = self.text(at)
        return _OTHERS, json.dumps(item, sort_keys=True, default=str) if text is None else text
