from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.bag import Bag, pair_items
from replay_users.compare.rules import Rules

if TYPE_CHECKING:
    from replay_users.compare.rules.holding import ListRule
    from replay_users.compare.tree import Json

SCALARS: st.SearchStrategy[Json] = st.sampled_from([1, 2, True, None, "a", 1.0])
ITEMS: st.SearchStrategy[Json] = SCALARS | st.dictionaries(st.sampled_from(["id", "x", "y"]), SCALARS, max_size=3)
LISTS = st.lists(ITEMS, max_size=6)
WAYS = st.sampled_from(["unordered: $", "key: $, by: id", "normalise: $, how: sort"])


def paired(a: list[Json], b: list[Json], way: str) -> Bag:
    """What two lists come to under one rule."""
    rules = Rules.parse(f"- {{{way}, reason: x}}", "rules.yaml").for_endpoint("GET /x")
    rule: ListRule | None = rules.at(rules.patterns.start).pairing
    assert rule is not None
    return pair_items(a, b, rule, rules.patterns.start, rules)


@pytest.mark.parametrize(
    ("way", "a", "b", "bag"),
    [
        pytest.param("unordered: $", ["x", "y"], ["y", "x"], Bag([(0, "x", "x"), (1, "y", "y")]), id="equal"),
        pytest.param("unordered: $", ["x", "y"], ["z"], Bag([], [0, 1], [0]), id="other"),
        pytest.param("unordered: $", ["x", "x", "y"], ["y", "x"], Bag([(0, "x", "x"), (2, "y", "y")], repeated=[(0, 2, 1)]),
                     id="more-often"),
        pytest.param("unordered: $", [], ["x", "x"], Bag(new=[0, 1]), id="new"),
        pytest.param("unordered: $", [{"id": 1, "v": 1}, {"id": 2, "v": 1}], [{"id": 2, "v": 7}, {"id": 3, "v": 1}],
                     Bag([(1, {"id": 2, "v": 1}, {"id": 2, "v": 7})], [0], [1]), id="same-id-before-likeness"),
        pytest.param("unordered: $", [[1, 2, 3]], [[1, 2, 4], [1, 2, 3, 4]], Bag([(0, [1, 2, 3], [1, 2, 4])], [], [1]),
                     id="alike-lists"),
        pytest.param("unordered: $", [{"a": 1, "b": 1, "c": 1}], [{"a": 1, "b": 2, "c": 2}, {"a": 1, "b": 1, "c": 2}],
                     Bag([(0, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 2})], [], [0]), id="the-most-alike"),
        pytest.param("key: $, by: id", [{"id": 1}, {"id": 2}], [{"id": 3}, {"id": 1}],
                     Bag([(0, {"id": 1}, {"id": 1})], [1], [0]), id="by-key"),
        pytest.param("key: $, by: id", [{"id": 1, "v": 1}, {"id": 1, "v": 2}], [{"id": 1, "v": 2}, {"id": 1, "v": 3}],
                     Bag([(0, {"id": 1, "v": 1}, {"id": 1, "v": 3}), (1, {"id": 1, "v": 2}, {"id": 1, "v": 2})]),
                     id="by-a-key-that-two-have"),
        pytest.param("normalise: $, how: sort", [9, 1, 5], [1, 6, 10], Bag([(0, 9, 10), (1, 1, 1), (2, 5, 6)]), id="sorted"),
        pytest.param("normalise: $, how: sort", [9, 1], [1], Bag([(1, 1, 1)]), id="sorted-and-shorter"),
    ],
)  # fmt: skip
def test_items_are_paired(way: str, a: list[Json], b: list[Json], bag: Bag) -> None:
    """Equal ones first, then what is one thing that changed; the rest is gone, new or repeated."""
    assert paired(a, b, way) == bag


@given(LISTS, LISTS, WAYS)
def test_every_item_is_accounted_for(a: list[Json], b: list[Json], way: str) -> None:
    """In a pair, as gone or new, or among those that are there in different numbers; none twice."""
    bag = paired(a, b, way)
    assert len({place for place, _, _ in bag.pairs}) == len(bag.pairs)
    assert {place for place, _, _ in bag.pairs}.isdisjoint(bag.gone)
    if "sort" in way:
        assert len(bag.pairs) == min(len(a), len(b))
        return
    surplus = [max(0, ours - theirs) for _, ours, theirs in bag.repeated]
    missing = [max(0, theirs - ours) for _, ours, theirs in bag.repeated]
    assert len(bag.pairs) + len(bag.gone) + sum(surplus) == len(a)
    assert len(bag.pairs) + len(bag.new) + sum(missing) == len(b)
