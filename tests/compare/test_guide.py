from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import pytest
from deepdiff import DeepDiff
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Differences, Kind, Match
from replay_users.compare.guide import guide
from replay_users.compare.rules import (
    ByKey,
    EndpointRules,
    How,
    Ignore,
    Matching,
    Normalise,
    Rule,
    Rules,
    TypeOnly,
    Unordered,
    Within,
    parse_shape,
)
from replay_users.compare.sift import sift
from replay_users.compare.walk import walk
from replay_users.path import Any, Deep, Key, Path, format_path

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

Told: TypeAlias = Counter[tuple[str, Kind]]
SCALARS: st.SearchStrategy[Json] = st.sampled_from(
    [None, True, False, 0, 1, 1.0, 2, 2.5, -1, float("nan"), "", "a", "A", " a", "b", "1", "2.5", "2026-01-02"]
)
KEYS = st.sampled_from(["id", "a", "b", "n"])


def trees(scalars: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """Small trees with lists of every sort."""
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(KEYS, inner, max_size=3)
            | st.lists(st.dictionaries(KEYS, inner, max_size=3), max_size=4)
        ),
        max_leaves=10,
    )


TREES = trees(SCALARS)
LISTS: st.SearchStrategy[list[Json]] = st.lists(TREES, max_size=5)
STEPS = st.just(Any()) | st.just(Deep()) | st.builds(Key, KEYS)
WHERE = st.lists(STEPS, max_size=3).map(lambda steps: (tuple(steps),))
REASON = st.just("noise")
KINDS = st.none() | st.frozensets(st.sampled_from([Kind.VALUE, Kind.TYPE, Kind.ADDED, Kind.REMOVED]), min_size=1)
VALUE_RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Ignore, where=WHERE, reason=REASON, kinds=KINDS),
    st.builds(Within, where=WHERE, reason=REASON, absolute=st.sampled_from([Decimal(1), Decimal("0.5")])),
    st.builds(
        Matching, where=WHERE, reason=REASON, shape=st.sampled_from(["int", "any", "regex:[aA]"]).map(parse_shape)
    ),
    st.builds(
        Normalise,
        where=WHERE,
        reason=REASON,
        how=st.frozensets(st.sampled_from([How.CASE, How.TRIM, How.NULL_IS_MISSING]), min_size=1),
    ),
    st.builds(TypeOnly, where=WHERE, reason=REASON),
)
LIST_RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Unordered, where=WHERE, reason=REASON),
    st.builds(ByKey, where=WHERE, reason=REASON, by=st.sampled_from([("id",), ("a", "b")])),
    st.builds(Normalise, where=WHERE, reason=REASON, how=st.just(frozenset({How.SORT}))),
)
RULES = st.lists(VALUE_RULES | LIST_RULES, max_size=4)
UNORDERED = Unordered(where=((),), reason="a set")


def judged(recorded: Json, replayed: Json, *rules: Rule) -> Match | Differences:
    """What two trees come to under rules."""
    compiled = EndpointRules(rules)
    return sift(walk(recorded, replayed, guide(compiled)), compiled, "GET /x")


def told(verdict: Match | Differences) -> Told:
    """Signature paths and kinds of what counts, with how often."""
    counted = verdict if isinstance(verdict, Differences) else ()
    return Counter((difference.signature.path_text, difference.kind) for difference in counted)


def written(text: str) -> tuple[Rule, ...]:
    """Rules as people write them, each with a reason."""
    return Rules.parse("\n".join(f"- {{{line}, reason: x}}" for line in text.split(";")), "rules.yaml").rules


def otherwise(tree: Json) -> Json:
    """An equal tree that is written in another way: floats for integers, keys in another order."""
    if isinstance(tree, dict):
        return {key: otherwise(tree[key]) for key in sorted(tree, reverse=True)}
    if isinstance(tree, list):
        return [otherwise(item) for item in tree]
    return float(tree) if isinstance(tree, int) and not isinstance(tree, bool) else tree


@pytest.mark.parametrize(
    ("rules", "recorded", "replayed", "wanted"),
    [
        pytest.param("unordered: root", [1, 2, 3], [3, 1, 2], {}, id="another-order"),
        pytest.param("unordered: root", [1, 1, 2], [1, 2], {("root[*]", "repeat"): 1}, id="once-less"),
        pytest.param("unordered: root", [1, 2], [1, 1, 1, 2], {("root[*]", "repeat"): 1}, id="twice-more"),
        pytest.param("unordered: root", [1, 2], [2, 3], {("root[*]", "removed"): 1, ("root[*]", "added"): 1}, id="other"),
        pytest.param("unordered: root", [1, True], [True, 1], {}, id="flags-are-no-numbers"),
        pytest.param("unordered: root", [1, True], [1, 1], {("root[*]", "repeat"): 1, ("root[*]", "removed"): 1}, id="one"),
        pytest.param("unordered: root", [None, float("nan")], [float("nan"), None], {}, id="nan-is-not-null"),
        pytest.param("unordered: root", [[1, 2], [3]], [[3], [2, 1]],
                     {("root[*]", "removed"): 1, ("root[*]", "added"): 1}, id="not-inside"),
        pytest.param("unordered: 'root[**]'", [[1, 2], [3]], [[3], [2, 1]], {}, id="inside-too"),
        pytest.param(
            "unordered: root", [{"id": 1, "p": 1}, {"id": 2, "p": 2}], [{"id": 2, "p": 3}, {"id": 1, "p": 1}],
            {("root[*]['p']", "value"): 1}, id="one-record-changed",
        ),
        pytest.param(
            "unordered: root", [{"x": 1, "y": 1}, {"x": 2, "y": 2}], [{"x": 2, "y": 3}, {"x": 1, "y": 1}],
            {("root[*]['y']", "value"): 1}, id="one-object-changed",
        ),
        pytest.param(
            "unordered: root; normalise: root, how: [case, trim]", ["A", "b "], ["B", "a"], {}, id="normalised-items"
        ),
        pytest.param(
            "unordered: root; ignore: '$[*].at'", [{"at": 1, "v": "x"}, {"at": 2, "v": "y"}],
            [{"at": 3, "v": "y"}, {"at": 4, "v": "x"}], {}, id="noise-in-items",
        ),
        pytest.param(
            "unordered: root; match: '$[*].k', shape: int", [{"k": "1", "v": 1}, {"k": "2", "v": 2}],
            [{"k": "9", "v": 2}, {"k": "8", "v": 1}], {}, id="shapes-in-items",
        ),
        pytest.param("unordered: root; within: root, absolute: 0.01", [1.0, 5.0], [5.01, 1.01], {}, id="near-ones"),
        pytest.param(
            "unordered: root; within: root, absolute: 0.01", [1.0, 5.0], [5.01],
            {("root[*]", "removed"): 1}, id="the-near-one-of-two",
        ),
        pytest.param(
            "unordered: root; within: root, absolute: 0.01", [1.0, 5.0, 7.0], [9.0, 1.01, 7.01],
            {("root[*]", "removed"): 1, ("root[*]", "added"): 1}, id="the-near-ones-of-three",
        ),
        pytest.param("unordered: root", [{"id": 1, "x": 1, "y": 1}], [{"id": 2, "x": 1, "y": 1}],
                     {("root[*]['id']", "value"): 1}, id="all-but-the-id-the-same"),
        pytest.param("key: root, by: k", [{"k": 1, "v": 1}, {"k": 2, "v": 1}], [{"k": 2, "v": 1}, {"k": 1, "v": 2}],
                     {("root[*]['v']", "value"): 1}, id="by-key"),
        pytest.param("key: root, by: [k, l]", [{"k": 1, "l": 1, "v": 1}, {"k": 1, "l": 2, "v": 2}],
                     [{"k": 1, "l": 2, "v": 2}, {"k": 1, "l": 1, "v": 1}], {}, id="by-two-keys"),
        pytest.param("key: root, by: k", [{"k": 1, "v": 1}], [{"k": 2, "v": 1}],
                     {("root[*]", "removed"): 1, ("root[*]", "added"): 1}, id="another-key-is-another-thing"),
        pytest.param("key: root, by: k", [{"k": 1, "v": 1}] * 2, [{"k": 1, "v": 1}], {("root[*]", "repeat"): 1},
                     id="same-key-twice"),
        pytest.param("key: root, by: k", [{"k": 1, "v": 1}, {"k": 1, "v": 2}], [{"k": 1, "v": 2}, {"k": 1, "v": 3}],
                     {("root[*]['v']", "value"): 1}, id="same-key-twice-and-one-changed"),
        pytest.param("key: root, by: k; normalise: '$[*].k', how: case", [{"k": "a"}, {"k": "b"}], [{"k": "B"}, {"k": "A"}],
                     {}, id="by-a-normalised-key"),
        pytest.param("key: root, by: k", [{"k": 1}, 7, {"v": 1}], [{"v": 1}, {"k": 1}, 7], {}, id="items-without-the-key"),
        pytest.param("normalise: root, how: sort", [3, 1, 2], [1, 2, 3], {}, id="sorted"),
        pytest.param("normalise: root, how: sort", [3, 1], [1, 4], {("root[*]", "value"): 1}, id="sorted-and-one-changed"),
        pytest.param("normalise: root, how: sort", [3, 1], [1, 3, 2], {("root", "length"): 1}, id="sorted-and-longer"),
        pytest.param("ignore: '$[1]'; unordered: $.x", [1, 2], [1, 3], {}, id="no-list-there"),
    ],
)  # fmt: skip
def test_lists_are_paired_as_rules_say(
    rules: str, recorded: Json, replayed: Json, wanted: dict[tuple[str, str], int]
) -> None:
    """Without order, by key or sorted: what is left differs in the way that it does."""
    assert told(judged(recorded, replayed, *written(rules))) == wanted


@pytest.mark.parametrize("order", [1, -1])
def test_a_guess_does_not_depend_on_the_order(order: int) -> None:
    """Of two items that are as much alike to a third, the same one is taken for it, wherever it stands."""
    recorded: list[Json] = [{"x": 1, "y": 1}, {"x": 2, "y": 2}]
    assert told(judged(recorded[::order], [{"x": 1, "y": 2}], UNORDERED)) == {
        ("root[*]['y']", Kind.VALUE): 1,
        ("root[*]", Kind.REMOVED): 1,
    }


def test_an_item_that_is_there_more_often_says_how_often() -> None:
    """The counts of both sides stand in the place of values."""
    (difference,) = judged(["x", "y", "x"], ["y", "x"], UNORDERED) or ()  # type: ignore[misc]
    assert format_path(difference.path) == "root[0]"
    assert (difference.recorded, difference.replayed) == ("2 times", "1 times")


def test_no_guide_where_no_rule_pairs_lists() -> None:
    """Nobody pays for what no rule asks for."""
    assert guide(EndpointRules([Ignore(where=((),), reason="x")])) is None


def test_a_list_beyond_all_depth_is_compared_in_order() -> None:
    """What cannot be looked through is still compared."""
    left: Json = 1
    for _ in range(3000):
        left = [left]
    assert told(judged([left, 1], [left, 2], UNORDERED)) == {("root[*]", Kind.VALUE): 1}


def test_many_items_without_ids_are_told_in_a_time() -> None:
    """Where there is too much to guess, items are gone and new."""
    recorded: list[Json] = [{"x": number, "y": 0} for number in range(100)]
    replayed: list[Json] = [{"x": number, "y": 1} for number in range(100)]
    verdict = judged(recorded, replayed, UNORDERED)
    assert told(verdict) == {("root[*]", Kind.REMOVED): 100, ("root[*]", Kind.ADDED): 100}


@given(TREES, RULES)
def test_a_tree_does_not_differ_from_itself(tree: Json, rules: list[Rule]) -> None:
    """Under no rules whatever, and nothing is ignored to reach it."""
    assert judged(tree, tree, *rules) == Match()


@given(TREES, RULES)
def test_a_rule_never_turns_a_match_into_a_mismatch(tree: Json, rules: list[Rule]) -> None:
    """What is equal without rules is equal with them, however it is written."""
    assert walk(tree, otherwise(tree)) == []
    assert isinstance(judged(tree, otherwise(tree), *rules), Match)


@given(TREES, TREES, st.lists(VALUE_RULES, max_size=4))
def test_rules_about_values_only_take_away(left: Json, right: Json, rules: list[Rule]) -> None:
    """What counts under rules counted without, and what does not is kept beside it."""
    before, after = judged(left, right), judged(left, right, *rules)
    assert told(after) <= told(before)
    assert told(before) == told(after) + Counter((each.signature.path_text, each.kind) for each in after.ignored)


@given(TREES, TREES, RULES)
def test_swapping_the_sides_swaps_added_and_removed(left: Json, right: Json, rules: list[Rule]) -> None:
    """Which side is called the recorded one makes no other difference."""
    swapped = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED}
    there, back = told(judged(left, right, *rules)), told(judged(right, left, *rules))
    if not any(isinstance(rule, Ignore) and rule.kinds for rule in rules):  # which names one of the two alone
        assert back == {(path, swapped.get(kind, kind)): count for (path, kind), count in there.items()}


@given(st.data(), LISTS, st.lists(VALUE_RULES, max_size=3))
def test_a_shuffled_list_without_order_matches(data: st.DataObject, items: list[Json], rules: list[Rule]) -> None:
    """Whatever else rules say."""
    assert isinstance(judged(items, data.draw(st.permutations(items)), UNORDERED, *rules), Match)


@given(st.data(), LISTS, LISTS, st.sampled_from(["unordered: root", "key: root, by: id", "normalise: root, how: sort"]))
def test_what_has_no_order_is_told_whatever_the_order(
    data: st.DataObject, left: list[Json], right: list[Json], rule: str
) -> None:
    """Differences do not depend on how either list was written."""
    rules = written(rule)
    shuffled = data.draw(st.permutations(left)), data.draw(st.permutations(right))
    assert told(judged(left, right, *rules)) == told(judged(*shuffled, *rules))


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_repetitions_count(left: list[Json], right: list[Json]) -> None:
    """A list without order is a multiset: it matches if and only if each item is there as often."""
    verdict = judged(left, right, UNORDERED)
    ours, theirs = Counter(left), Counter(right)
    wanted = Counter(
        Kind.REPEAT if ours[item] and theirs[item] else Kind.REMOVED if ours[item] else Kind.ADDED
        for item in {*left, *right}
        if ours[item] != theirs[item]
        for _ in range(1 if ours[item] and theirs[item] else ours[item] + theirs[item])
    )
    assert Counter(kind for (_, kind), count in told(verdict).items() for _ in range(count)) == wanted


@settings(deadline=None)
@given(trees(st.sampled_from([None, 0, 1, 2, "a", "b"])), trees(st.sampled_from([None, 0, 1, 2, "a", "b"])))
def test_deepdiff_agrees_that_there_is_a_difference(left: Json, right: Json) -> None:
    """With the options that make it count repetitions and look at every key, on trees of what both take for the same."""
    everywhere: Path = (Deep(),)
    diff = DeepDiff(
        left,
        right,
        ignore_order=True,
        report_repetition=True,
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
        cutoff_intersection_for_pairs=0,
    )
    assert bool(diff) is isinstance(judged(left, right, Unordered(where=(everywhere,), reason="x")), Differences)
    ordered = DeepDiff(left, right, ignore_private_variables=False, threshold_to_diff_deeper=0)
    assert bool(ordered) is isinstance(judged(left, right), Differences)
