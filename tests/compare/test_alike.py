from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.compare.alike import class_of, text_of
from replay_users.compare.rules import EndpointRules, Rules

if TYPE_CHECKING:
    from replay_users.compare.rules.holding import Tolerated
    from replay_users.compare.tree import Json


def compiled(rules: str) -> EndpointRules:
    """Rules, separated by semicolons, compiled."""
    text = "\n".join(f"- {{{line}, reason: x}}" for line in rules.split(";") if line)
    return Rules.parse(text, "rules.yaml").for_endpoint("GET /x")


@pytest.mark.parametrize(
    ("rules", "x", "y", "alike"),
    [
        pytest.param("", {"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}, True, id="equal"),
        pytest.param("", {"a": 1}, {"a": True}, False, id="flag"),
        pytest.param("", [1, 2], [2, 1], False, id="order"),
        pytest.param("", {}, [], False, id="object-and-list"),
        pytest.param("", [["a", 1]], {"a": 1}, False, id="list-like-an-object"),
        pytest.param("unordered: $", [1, 2, 2], [2, 1, 2], True, id="no-order"),
        pytest.param("unordered: $", [1, 2, 2], [2, 1, 1], False, id="but-numbers"),
        pytest.param("ignore: $.a", {"a": 1, "b": 1}, {"b": 1}, True, id="ignored-member"),
        pytest.param("ignore: $.a, kinds: value", {"a": 1, "b": 1}, {"b": 1}, False, id="ignored-value"),
        pytest.param("normalise: $, how: null_is_missing", {"a": None}, {}, True, id="null-member"),
        pytest.param("match: $.a, shape: int", {"a": "1"}, {"a": "22"}, True, id="shape"),
        pytest.param("within: $.a, absolute: 1", {"a": 1}, {"a": 9}, True, id="tolerance"),
    ],
)
def test_items_are_of_one_class_where_rules_let_them_pass(rules: str, x: Json, y: Json, alike: bool) -> None:
    """However deep what differs lies."""
    made = compiled(rules)
    assert (class_of(x, made.patterns.start, made, []) == class_of(y, made.patterns.start, made, [])) is alike


def test_numbers_under_a_tolerance_come_beside_the_class() -> None:
    """In one order, whatever that of the members or of a list without one."""
    made = compiled("within: $, absolute: 1; unordered: $.l")
    beside: list[list[Tolerated]] = [[], []]
    class_of({"b": 2, "a": 1, "l": [4, 3]}, made.patterns.start, made, beside[0])
    class_of({"l": [3, 4], "a": 1, "b": 2}, made.patterns.start, made, beside[1])
    assert [[int(number) for number, _ in each] for each in beside] == [[1, 2, 3, 4]] * 2


@pytest.mark.parametrize(
    ("x", "y", "same"),
    [
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, id="keys-in-another-order"),
        pytest.param([None], [None], True, id="null"),
        pytest.param([1], [True], False, id="flag"),
        pytest.param({"1": 1}, {"1": "1"}, False, id="text"),
    ],
)
def test_items_with_one_text_are_equal(x: Json, y: Json, same: bool) -> None:
    """And are paired without another look."""
    assert (text_of(x) == text_of(y)) is same


@pytest.mark.parametrize("value", [[float("nan")], 10**30, "\ud800"], ids=["nan", "beyond-64-bits", "half-a-character"])
def test_what_cannot_be_written_has_no_text(value: Json) -> None:
    """Or NaN would be null."""
    assert text_of(value) is None
