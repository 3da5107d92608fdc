from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.difference import Kind
from replay_users.compare.rules.endpoint import EndpointRules
from replay_users.compare.rules.holding import Holding, exact, is_close, number_of
from replay_users.compare.rules.model import Within
from replay_users.compare.rules.read import read_rules
from replay_users.compare.walk import MISSING
from replay_users.path_json import read_path

if TYPE_CHECKING:
    from replay_users.compare.tree import Json
    from replay_users.compare.walk import Side

UUIDS = "0b0c1f0e-4c3a-4e52-9d2a-0a5a6a1f3c11", "7d1f30c2-1111-4e52-9d2a-0a5a6a1f3c99"


def holding(rules: str, path: str = "$.a") -> Holding:
    """What rules, separated by semicolons, say at a path."""
    text = "\n".join(f"- {{{line}, reason: x}}" for line in rules.split(";"))
    compiled = EndpointRules(read_rules(text, "rules.yaml"))
    return compiled.at(compiled.patterns.after(read_path(path)))


@pytest.mark.parametrize(
    ("rules", "kind", "x", "y", "settled"),
    [
        pytest.param("ignore: $.a", Kind.TYPE, 1, "x", True, id="ignore"),
        pytest.param("ignore: $.a, kinds: [value]", Kind.TYPE, 1, "x", False, id="ignore-other-kinds"),
        pytest.param("ignore: $.b", Kind.VALUE, 1, 2, False, id="ignore-elsewhere"),
        pytest.param("within: $.a, absolute: 0.01", Kind.VALUE, 1.0, 1.01, True, id="near-as-written"),
        pytest.param("within: $.a, absolute: 0.01", Kind.VALUE, 1.0, 1.011, False, id="not-near"),
        pytest.param("within: $.a, relative: 1%", Kind.VALUE, 99, 100, True, id="part-of-the-larger"),
        pytest.param("within: $.a, relative: 1%", Kind.VALUE, 98.9, 100, False, id="larger-part"),
        pytest.param("within: $.a, absolute: 1, relative: 1%", Kind.VALUE, 1000, 1009, True, id="either-is-enough"),
        pytest.param("within: $.a, absolute: 1", Kind.VALUE, "12.50", "13.1", True, id="numbers-in-texts"),
        pytest.param("within: $.a, absolute: 1", Kind.VALUE, "12.50", "x", False, id="number-and-text"),
        pytest.param("within: $.a, absolute: 1", Kind.TYPE, 1, "1", False, id="another-type"),
        pytest.param("within: $.a, absolute: 1", Kind.VALUE, 10**400, 10**400 + 2, False, id="beyond-all-digits"),
        pytest.param("within: $.a, absolute: 1", Kind.VALUE, float("nan"), 1, False, id="nan"),
        pytest.param("within: $.a, absolute: 1", Kind.TYPE, True, 1, False, id="flag"),
        pytest.param("match: $.a, shape: uuid", Kind.VALUE, *UUIDS, True, id="both-have-the-shape"),
        pytest.param("match: $.a, shape: uuid", Kind.VALUE, UUIDS[0], "x", False, id="one-has-not"),
        pytest.param("match: $.a, shape: int", Kind.TYPE, 1, "1", False, id="shapes-of-two-types"),
        pytest.param("match: $.a, shape: any", Kind.TYPE, 1, "1", True, id="any-type"),
        pytest.param("match: $.a, shape: any", Kind.REMOVED, 1, MISSING, False, id="any-but-there"),
        pytest.param("normalise: $.a, how: case", Kind.VALUE, "Ä", "ä", True, id="case"),
        pytest.param("normalise: $.a, how: case", Kind.VALUE, "Ä", " ä", False, id="case-not-blanks"),
        pytest.param("normalise: $.a, how: case; normalise: $, how: trim", Kind.VALUE, "Ä", " ä", True, id="adds-up"),
        pytest.param("normalise: $.a, host: p=s:1", Kind.VALUE, "//p/", "//s:1/", True, id="host"),
        pytest.param("normalise: $.a, how: null_is_missing", Kind.REMOVED, None, MISSING, True, id="null-removed"),
        pytest.param("normalise: $.a, how: null_is_missing", Kind.ADDED, MISSING, None, True, id="null-added"),
        pytest.param("normalise: $.a, how: null_is_missing", Kind.ADDED, MISSING, 0, False, id="zero-added"),
        pytest.param("normalise: $.a, how: null_is_missing", Kind.TYPE, None, 0, False, id="null-is-no-zero"),
        pytest.param(
            "normalise: $.a, how: trim; match: $.a, shape: int", Kind.VALUE, " 1", "2 ", True, id="then-matched"
        ),
        pytest.param("type_only: $.a", Kind.VALUE, 1, 2, True, id="type-only"),
        pytest.param("type_only: $.a", Kind.TYPE, 1, "2", False, id="type-only-asserts-types"),
        pytest.param("type_only: $.a", Kind.LENGTH, [], [1], True, id="type-only-any-length"),
        pytest.param("type_only: $.a", Kind.ADDED, MISSING, 1, False, id="type-only-asserts-keys"),
        pytest.param("ignore: $; match: $.a, shape: int", Kind.VALUE, "1", "x", False, id="the-narrower-asserts"),
        pytest.param("match: $.a, shape: int; ignore: $", Kind.VALUE, "1", "x", False, id="wherever-it-stands"),
        pytest.param("match: $, shape: int; ignore: $.a", Kind.VALUE, "1", "x", True, id="the-narrower-lets-pass"),
        pytest.param("ignore: $; within: $.a, absolute: 1", Kind.VALUE, "x", "y", True, id="about-numbers-only"),
        pytest.param("ignore: $..a; match: '$[*]', shape: int", Kind.VALUE, "1", "x", True, id="a-key-before-a-star"),
        pytest.param(
            "ignore: '$[*]'; match: '$[*]', shape: int, endpoint: GET *", Kind.VALUE, "1", "x", False, id="endpoint"
        ),
    ],
)
def test_one_rule_decides_about_a_difference(rules: str, kind: Kind, x: Side, y: Side, settled: bool) -> None:
    """After normalising, the most specific rule that says something about it."""
    assert (holding(rules).settled_by(kind, "a", x, y) is not None) is settled


def test_items_of_lists_may_come_and_go_where_types_alone_count() -> None:
    """As may the list's length."""
    assert holding("type_only: $.a", "$.a[0]").settled_by(Kind.ADDED, 0, MISSING, 1) is not None


def test_the_rule_that_settles_is_told() -> None:
    """So that it can be said which one it was."""
    held = holding("within: $.a, absolute: 1; normalise: $, how: case")
    assert [
        getattr(held.settled_by(Kind.VALUE, None, *pair), "line", None) for pair in ((1, 2), ("a", "A"), (1, 3))
    ] == [
        1,
        2,
        None,
    ]


@pytest.mark.parametrize(
    ("rules", "x", "y", "alike"),
    [
        pytest.param("ignore: $.a", 1, 2, True, id="ignored"),
        pytest.param("ignore: $.a", 1, "2", False, id="ignored-of-another-type"),
        pytest.param("match: $.a, shape: int", "1", "2", True, id="shape"),
        pytest.param("match: $.a, shape: int", "1", "x", False, id="no-shape"),
        pytest.param("normalise: $.a, how: case", "A", "a", True, id="normalised"),
        pytest.param("within: $.a, absolute: 1", 1, 9, True, id="numbers-under-a-tolerance"),
        pytest.param("within: $.a, absolute: 1", "x", "y", False, id="no-numbers"),
        pytest.param("unordered: $.a", 1, True, False, id="flags-are-no-numbers"),
        pytest.param("unordered: $.a", 1, 1.0, True, id="equal"),
    ],
)
def test_values_that_rules_let_pass_for_each_other_are_alike(rules: str, x: Json, y: Json, alike: bool) -> None:
    """Which chooses pairs in lists without order."""
    held = holding(rules)
    assert (held.alike(x, []) == held.alike(y, [])) is alike


def test_numbers_are_exact_as_written() -> None:
    """Not as binary floats have them; what is no finite number is none."""
    values: list[Side] = [1.1, "1.10", "1e3", True, None, "", "0x1", "nan", float("inf"), "1" * 50, MISSING]
    assert [number_of(value) for value in values] == [Decimal("1.1"), Decimal("1.10"), Decimal(1000), *[None] * 8]


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_nearness_knows_no_sides(x: float, y: float) -> None:
    """Whatever the numbers."""
    rule = Within(where=((),), reason="x", absolute=Decimal("0.5"), relative=Decimal("0.1"))
    one, other = Decimal(str(x)), Decimal(str(y))
    assert is_close(rule, one, other) is is_close(rule, other, one)
    assert is_close(rule, one, one)


def test_scalars_are_exact() -> None:
    """True is not 1, and NaN is itself."""
    assert exact(True) != exact(1) == exact(1.0) != exact("1")
    assert exact(float("nan")) == exact(float("nan"))
    with pytest.raises(AssertionError):
        exact([])
