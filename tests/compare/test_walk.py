from __future__ import annotations

import copy
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from replay_users.compare.difference import Kind
from replay_users.compare.walk import MISSING, Found, walk

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

Steps: TypeAlias = tuple[str, ...]
NAN = float("nan")
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 0.5, 1e300]) | st.text("ab", max_size=2)
)
KEYS = st.sampled_from(["id", "name", "a", "b", "__typename", "é"])
TREES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(st.dictionaries(KEYS, inner, max_size=3), max_size=4)
    ),
    max_leaves=15,
)
SWAPPED = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}


def starred(found: Found) -> Steps:
    """The path of what was found, indices starred."""
    place, step = found[0], found[1]
    steps = [] if step is None else ["*" if isinstance(step, int) else step]
    while place is not None:
        step, place = place[1], place[0]
        steps += [] if step is None else ["*" if isinstance(step, int) else step]
    return tuple(reversed(steps))


def differences(recorded: Json, replayed: Json) -> Counter[tuple[Steps, Kind]]:
    """What the walk found, as paths and kinds, with how often."""
    return Counter((starred(found), found[2]) for found in walk(recorded, replayed))


def deep(levels: int, innermost: Json) -> Json:
    """A value inside so many lists."""
    tree = innermost
    for _ in range(levels):
        tree = [tree]
    return tree


@pytest.mark.parametrize(
    ("recorded", "replayed", "kind"),
    [
        pytest.param(1, 2, Kind.VALUE, id="number"),
        pytest.param("a", "b", Kind.VALUE, id="text"),
        pytest.param(True, False, Kind.VALUE, id="flag"),
        pytest.param(1, 1.0, None, id="int-is-its-float"),
        pytest.param(0.0, -0.0, None, id="zero-has-no-sign"),
        pytest.param(1, 1.5, Kind.VALUE, id="int-and-another-float"),
        pytest.param(2**53 + 1, float(2**53), Kind.VALUE, id="what-a-double-cannot-hold"),
        pytest.param(2**64, 2**64 + 1, Kind.VALUE, id="beyond-64-bits"),
        pytest.param(Decimal("1e400"), Decimal("1e401"), Kind.VALUE, id="beyond-doubles"),
        pytest.param(Decimal("1e400"), 10**400, None, id="one-number-written-twice"),
        pytest.param(1, True, Kind.TYPE, id="one-is-not-true"),
        pytest.param(0.0, False, Kind.TYPE, id="zero-is-not-false"),
        pytest.param("1", 1, Kind.TYPE, id="text-and-number"),
        pytest.param(None, "", Kind.TYPE, id="null-is-no-text"),
        pytest.param({}, [], Kind.TYPE, id="object-and-list"),
        pytest.param({}, None, Kind.TYPE, id="object-and-null"),
        pytest.param(NAN, float("nan"), None, id="nan-is-nan"),
        pytest.param(NAN, 1.0, Kind.VALUE, id="nan-and-number"),
        pytest.param([1, 1, 2], [1, 2], Kind.LENGTH, id="one-of-two-equal-items-gone"),
        pytest.param([1, 2, 3], [3, 1, 2], Kind.ORDER, id="another-order"),
        pytest.param([], [{}], Kind.LENGTH, id="first-item"),
    ],
)
def test_two_values_differ_in_their_kind(recorded: Json, replayed: Json, kind: Kind | None) -> None:
    """Numbers are compared by value, everything else by type and value, wherever it stands."""
    wanted = {kind: 1} if kind else {}
    assert Counter(found[2] for found in walk(recorded, replayed)) == wanted
    assert Counter(found[2] for found in walk({"a": {"b": recorded}}, {"a": {"b": replayed}})) == wanted


@pytest.mark.parametrize(
    ("recorded", "replayed", "wanted"),
    [
        pytest.param(
            {"__typename": "A"}, {"__typename": "B"}, [(("__typename",), Kind.VALUE)], id="private-looking-key"
        ),
        pytest.param({"a": 1}, {"b": 1}, [(("a",), Kind.REMOVED), (("b",), Kind.ADDED)], id="renamed-key"),
        pytest.param({"a": None}, {}, [(("a",), Kind.REMOVED)], id="null-is-not-missing"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, [], id="keys-have-no-order"),
        pytest.param([[1], [2]], [[1], [3]], [(("*", "*"), Kind.VALUE)], id="list-in-a-list"),
        pytest.param(
            [{"a": 1}, 5],
            [{"a": True}, 6],
            [(("*", "a"), Kind.TYPE), (("*",), Kind.VALUE)],
            id="flag-in-an-equal-looking-item",
        ),
        pytest.param(
            [[1], [2], [3]],
            [[3], [2.0], [True]],
            [(("*", "*"), Kind.VALUE), (("*", "*"), Kind.TYPE)],
            id="no-mere-reordering",
        ),
        pytest.param(
            [True, "a", "b"], [1, "b", "a"], [(("*",), Kind.TYPE), ((), Kind.ORDER)], id="flag-beside-a-reordering"
        ),
    ],
)
def test_differences_are_found_where_they_are(recorded: Json, replayed: Json, wanted: list[tuple[Steps, Kind]]) -> None:
    """Each difference has its own path, and there is none beside it."""
    assert differences(recorded, replayed) == Counter(wanted)


def test_a_record_inserted_at_the_head_is_one_difference() -> None:
    """Records with ids are compared with themselves, so that only the length and what changed in one are found."""
    recorded: list[Json] = [{"id": number, "price": number, "at": "x"} for number in range(50)]
    replayed: list[Json] = copy.deepcopy([{"id": 99, "price": 1, "at": "x"}, *recorded])
    replayed[20] = {"id": 19, "price": 1000, "at": "x"}
    assert differences(recorded, replayed) == {((), Kind.LENGTH): 1, (("*", "price"), Kind.VALUE): 1}


def test_a_row_inserted_among_noisy_ones_is_no_avalanche() -> None:
    """Rows without ids that are not alike are left to the difference in length."""
    recorded: list[Json] = [[number, f"name {number}", "a"] for number in range(50)]
    replayed: list[Json] = [[number, f"name {number}", "b"] for number in range(-1, 50)]
    assert differences(recorded, replayed) == {((), Kind.LENGTH): 1}


def test_both_values_are_handed_on() -> None:
    """What was found holds the values themselves, and says where there is none."""
    assert [found[3:] for found in walk({"a": 1, "b": [2]}, {"a": 3, "c": 4})] == [(MISSING, 4), (1, 3), ([2], MISSING)]


@pytest.mark.parametrize(
    "levels", [pytest.param(900, id="as-orjson-reads"), pytest.param(50_000, id="as-nobody-writes")]
)
def test_no_depth_breaks_the_walk(levels: int) -> None:
    """A difference is found however deep it lies."""
    assert differences(deep(levels, 1), deep(levels, 2)) == {(("*",) * levels, Kind.VALUE): 1}
    assert not walk(deep(levels, 1), deep(levels, 1))


def test_a_deep_tree_costs_no_more_than_its_size() -> None:
    """Looking for order does not compare a subtree again at each of a thousand levels."""
    recorded, replayed = 1, 2
    left: Json = recorded
    right: Json = replayed
    for _ in range(900):
        left, right = [list(range(60)), left], [list(range(60)), right]
    assert len(walk(left, right)) == 1


@given(TREES)
def test_a_tree_does_not_differ_from_itself(tree: Json) -> None:
    """Comparing anything with a copy of itself finds nothing."""
    assert not walk(tree, copy.deepcopy(tree))


@given(TREES, TREES)
def test_swapping_sides_swaps_added_and_removed(a: Json, b: Json) -> None:
    """The same is found from both sides, and nothing is found only where the trees are equal."""
    there = differences(a, b)
    assert Counter({(path, SWAPPED.get(kind, kind)): n for (path, kind), n in there.items()}) == differences(b, a)
    assert bool(there) or a == b


# --- a generator that knows what it changed


def places(tree: Json, path: Steps = ()) -> list[tuple[Steps, Json]]:
    """Every value of a tree with its starred path."""
    inner: list[tuple[Steps, Json]] = []
    if isinstance(tree, dict):
        inner = [place for key, value in tree.items() for place in places(value, (*path, key))]
    elif isinstance(tree, list):
        inner = [place for value in tree for place in places(value, (*path, "*"))]
    return [(path, tree), *inner]


def change_object(draw: st.DrawFn, there: dict[str, Json]) -> tuple[Steps, Kind]:
    """Add, remove, change or retype a member."""
    key = draw(st.sampled_from([*sorted(there), "new"]))
    if key not in there:
        there[key] = draw(TREES)
        return (key,), Kind.ADDED
    value = there[key]
    change = draw(st.sampled_from(["remove", "retype", "change"]))
    if change == "remove":
        del there[key]
        return (key,), Kind.REMOVED
    if change == "change" and isinstance(value, int | float | str) and not isinstance(value, bool):
        there[key] = f"{value}!" if isinstance(value, str) else -value + 7.25
        return (key,), Kind.VALUE
    there[key] = 1 if value is True else "text" if value is None or not isinstance(value, str) else None
    return (key,), Kind.TYPE


def change_list(draw: st.DrawFn, there: list[Json]) -> tuple[Steps, Kind]:
    """Insert, remove or swap items."""
    change = draw(st.sampled_from(["insert", "remove", "swap"]))
    if change == "insert" or not there:
        there.insert(draw(st.integers(0, len(there))), draw(TREES))
        return (), Kind.LENGTH
    first = draw(st.integers(0, len(there) - 1))
    if change == "remove":
        del there[first]
        return (), Kind.LENGTH
    second = draw(st.integers(0, len(there) - 1))
    # Equal for Python is not different enough: 1 and true look alike to whoever sorts them.
    assume(there[first] != there[second])
    there[first], there[second] = there[second], there[first]
    return (), Kind.ORDER


@st.composite
def changed(draw: st.DrawFn) -> tuple[Json, Json, tuple[Steps, Kind]]:
    """A tree, the tree with one change, and where and what that is."""
    tree = draw(TREES.filter(lambda tree: isinstance(tree, dict | list)))
    other = copy.deepcopy(tree)
    path, there = draw(st.sampled_from([place for place in places(other) if isinstance(place[1], dict | list)]))
    assert isinstance(there, dict | list)
    below, kind = change_object(draw, there) if isinstance(there, dict) else change_list(draw, there)
    return tree, other, ((*path, *below), kind)


@given(changed())
def test_every_change_is_found_and_nothing_else(case: tuple[Json, Json, tuple[Steps, Kind]]) -> None:
    """Whatever is changed anywhere in a tree is found once, at its path, as what it is."""
    recorded, replayed, (path, kind) = case
    assert differences(recorded, replayed) == {(path, kind): 1}
    assert differences(replayed, recorded) == {(path, SWAPPED.get(kind, kind)): 1}


@pytest.mark.parametrize(
    ("odd", "other", "expected"),
    [
        pytest.param({"n": 1}, {"n": 1.0}, {}, id="a-number-written-otherwise"),
        pytest.param({"n": 1}, {"n": True}, {(("*", "n"), Kind.TYPE): 1}, id="one-is-not-true"),
        pytest.param({"n": 1, "m": 2}, {"m": 2, "n": 1}, {}, id="another-order-of-keys"),
        pytest.param(deep(900, 1), deep(900, 2), {(("*",) * 901, Kind.VALUE): 1}, id="deeper-than-python-compares"),
        pytest.param(NAN, float("nan"), {}, id="nan-is-nan"),
    ],
)
def test_items_of_a_long_list_are_told_apart_one_by_one_if_one_is_odd(
    odd: Json, other: Json, expected: dict[tuple[Steps, Kind], int]
) -> None:
    """Equal items are passed over together, unless one of them only seems equal."""
    items: list[Json] = [{"n": str(number)} for number in range(20)]
    assert differences([*items, odd, "same"], [*copy.deepcopy(items), other, "same"]) == expected


def test_places_of_a_long_list_keep_their_order() -> None:
    """Whatever is passed over, the rest is found in the order of the list."""
    a: Json = [{"n": number} for number in range(30)]
    b: Json = [{"n": -number if number % 7 == 3 else number} for number in range(30)]
    assert [found[0][1] for found in walk(a, b) if found[0]] == [3, 10, 17, 24]
