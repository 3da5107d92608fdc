from __future__ import annotations

from replay_users.compare.items import Items
from replay_users.compare.rules import EndpointRules, Rules


def items(*values: object, rules: str = "[]") -> Items:
    """The items of a list at the root."""
    made: EndpointRules = Rules.parse(rules, "rules.yaml").for_endpoint("GET /x")
    return Items(list(values), made.patterns.start.after(None), made)  # type: ignore[arg-type]


def test_items_have_an_order_of_their_own() -> None:
    """Numbers by value, texts by the alphabet, then the rest; not that of the list."""
    made = items("b", 10, None, 9.5, [2], "a", True, {"x": float("nan")}, float("nan"))
    ordered = sorted(range(len(made)), key=made.order)
    assert [made[at] for at in ordered[:4]] == [9.5, 10, "a", "b"]
    assert {repr(made[at]) for at in ordered[4:]} == {"None", "[2]", "True", "{'x': nan}", "nan"}


def test_items_are_grouped_by_what_identifies_them() -> None:
    """Those that lack a member, or hold more than a scalar there, belong to none."""
    made = items({"a": 1, "b": 2}, {"a": 1.0, "b": 2}, {"a": True, "b": 2}, {"a": 1}, {"a": [1], "b": 2}, 7)
    groups = made.grouped_by(("a", "b"))
    assert groups.pop(None) == [3, 4, 5]
    assert list(groups.values()) == [[0, 1], [2]]


def test_keys_are_normalised_first() -> None:
    """As they are when they are compared."""
    made = items({"a": "X"}, {"a": "x"}, rules="- {normalise: '$[*].a', how: case, reason: x}")
    assert list(made.grouped_by(("a",)).values()) == [[0, 1]]


def test_items_are_counted_by_name() -> None:
    """A name is what items share that are the same, numbers under a tolerance included."""
    made = items(1, 1.0, True, 2, rules="- {within: $, absolute: 1, reason: x}")
    assert sorted(made.counted().values()) == [1, 1, 2]
    assert made.first(made.name_at(1)) == 0
    assert made.class_at(0) == made.class_at(3)
    assert made.numbers_at(0) != made.numbers_at(3)


def test_objects_are_told_apart() -> None:
    """With their positions."""
    assert items(1, {"a": 1}, [2], {}).objects([0, 1, 3]) == {1: {"a": 1}, 3: {}}
