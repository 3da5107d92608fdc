from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.pairing import align

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 0.5]) | st.sampled_from("ab")
RECORDS = st.dictionaries(st.sampled_from(["id", "name", "n", "user_id"]), SCALARS, max_size=4)
ITEMS: st.SearchStrategy[Json] = st.one_of(SCALARS, RECORDS, st.lists(SCALARS, max_size=3))
LISTS = st.lists(ITEMS, max_size=6) | st.lists(RECORDS, max_size=6)


def positions(a: list[Json], b: list[Json]) -> tuple[list[tuple[int, int]], bool]:
    """Which positions are paired, told by identity."""
    pairs, in_order = align(a, b)
    where = {id(item): place for place, item in enumerate(b)}
    return [(i, where[id(y)]) for i, _, y in pairs], in_order


def records(ids: str, **more: Json) -> list[Json]:
    """A list of records with these ids, each a new object."""
    return [{"id": name, **more} for name in ids]


@pytest.mark.parametrize(
    ("a", "b", "paired", "in_order"),
    [
        pytest.param(records("abc"), records("abc"), [(0, 0), (1, 1), (2, 2)], True, id="same-ids"),
        pytest.param(records("abc"), records("xabc"), [(0, 1), (1, 2), (2, 3)], True, id="inserted-at-the-head"),
        pytest.param(records("abcd"), records("abd"), [(0, 0), (1, 1), (3, 2)], True, id="removed-inside"),
        pytest.param(records("abc"), records("cab"), [(0, 1), (1, 2), (2, 0)], False, id="another-order"),
        pytest.param(records("abc"), records("abx"), [(0, 0), (1, 1), (2, 2)], True, id="one-replaced"),
        pytest.param(records("abc"), records("xyz"), [(0, 0), (1, 1), (2, 2)], True, id="ids-are-noise"),
        pytest.param(records("aab"), records("baa"), [(1, 1)], False, id="ids-that-repeat-tell-nothing"),
        pytest.param(
            records("abc", n=1), records("abx", n=1) + records("y", n=2), [(0, 0), (1, 1), (2, 2)], True, id="alike"
        ),
        pytest.param(
            [{"id": True}, {"id": False}], [{"id": True}, {"id": False}], [(0, 0), (1, 1)], True, id="flags-are-no-ids"
        ),
        pytest.param(
            [{"day": "mo", "n": 1}, {"day": "tu", "n": 2}],
            [{"day": "su", "n": 2}, {"day": "mo", "n": 3}, {"day": "tu", "n": 4}],
            [(0, 1), (1, 2)],
            True,
            id="any-key-that-tells-apart",
        ),
        pytest.param([["x"], ["y"]], [["z"], ["x"], ["y"]], [(0, 1), (1, 2)], True, id="rows-with-equal-tails"),
        pytest.param([["x"], ["y"]], [["x"], ["y"], ["z"]], [(0, 0), (1, 1)], True, id="rows-with-equal-heads"),
        pytest.param(
            [["x", 1, 5], ["y"]], [["x", 1, 6], ["q"], ["y"]], [(0, 0), (1, 2)], True, id="rows-that-are-alike"
        ),
        pytest.param([["x"], ["y"]], [["p"], ["q"], ["r"]], [], True, id="nothing-in-common"),
        pytest.param([["x"], ["y"], ["z"]], [["z"], ["y"], ["x"]], [(1, 1)], False, id="rows-in-another-order"),
        pytest.param([["x"], ["y"]], [["y"], ["q"]], [(0, 0), (1, 1)], True, id="not-only-another-order"),
        pytest.param([[]], [], [], True, id="empty"),
    ],
)
def test_items_that_belong_together_are_paired(
    a: list[Json], b: list[Json], paired: list[tuple[int, int]], in_order: bool
) -> None:
    """Ids pair first, then equal ends, then positions; order is noticed apart from that."""
    assert positions(a, b) == (paired, in_order)


@pytest.mark.parametrize(
    ("a", "b", "shuffled"),
    [
        pytest.param([1, 2, 3], [3, 1, 2], True, id="numbers"),
        pytest.param([1, 2.0], [2, 1.0], True, id="numbers-by-value"),
        pytest.param([1, 1, 2], [1, 2, 2], False, id="another-count"),
        pytest.param([True, 0], [1, False], False, id="flags-are-no-numbers"),
        pytest.param([{"a": 1, "b": 2}, 3], [3, {"b": 2, "a": 1}], True, id="keys-in-any-order"),
        pytest.param([2**70, {}], [{}, 2**70], True, id="beyond-64-bits"),
        pytest.param(["a", "b"], ["b", "c"], False, id="one-in-common"),
    ],
)
def test_another_order_is_told_from_other_items(a: list[Json], b: list[Json], shuffled: bool) -> None:
    """Only the same items, each as often, are the same in another order."""
    assert align(a, b)[1] is not shuffled


def test_items_nested_too_deep_to_compare_are_paired_by_position() -> None:
    """No list is nested so deep that pairing breaks."""
    deep: list[Json] = []
    for _ in range(5000):
        deep = [deep]
    other: list[Json] = [[deep], [2]]
    pairs, in_order = align([[deep[0]], [1]], other)
    assert [i for i, _, _ in pairs] == [0, 1]
    assert in_order


@given(LISTS, LISTS)
def test_pairing_is_the_same_from_both_sides(a: list[Json], b: list[Json]) -> None:
    """Which side was recorded makes no difference to what is compared with what."""
    there, back = align(a, b), align(b, a)
    assert there[1] == back[1]
    assert sorted([repr((x, y)) for _, x, y in there[0]]) == sorted([repr((y, x)) for _, x, y in back[0]])


@given(LISTS)
def test_a_list_is_paired_with_itself_item_by_item(a: list[Json]) -> None:
    """Nothing is left out, nothing is out of order."""
    pairs, in_order = align(a, list(a))
    assert in_order
    assert [(i, x is y) for i, x, y in pairs] == [(i, True) for i in range(len(a))]
