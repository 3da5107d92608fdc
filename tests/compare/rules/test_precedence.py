from __future__ import annotations

import pytest

from replay_users.compare.difference import Kind
from replay_users.compare.rules.model import Header, Ignore, Place, Rule
from replay_users.compare.rules.precedence import conflict, name_of, rank, topics
from replay_users.compare.rules.read import read_rules
from replay_users.path_json import read_path


def rule(text: str) -> Rule:
    """One rule."""
    return read_rules(f"- {{{text}, reason: x}}", "rules.yaml")[0]


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        pytest.param(("GET /*", "$.a.b"), ("GET /users", "$"), id="endpoint-before-path"),
        pytest.param(("*", "$.a"), ("GET *", "$.a"), id="a-method"),
        pytest.param(("*", "$.a"), ("*", "$.a.b"), id="deeper-path"),
        pytest.param(("*", "$..price"), ("*", "$.items[*].price"), id="more-keys"),
        pytest.param(("*", "$..a"), ("*", "$[*].a"), id="one-step-before-any-number"),
        pytest.param(("*", "$[*]"), ("*", "$[0]"), id="an-index-is-a-key"),
        pytest.param(("*", "$..a.."), ("*", "$..a"), id="fewer-wildcards"),
        pytest.param(("*", "$.a"), ("*", "$..a[*]"), id="a-star-before-no-wildcards"),
    ],
)
def test_the_more_specific_rule_decides(weaker: tuple[str, str], stronger: tuple[str, str]) -> None:
    """First by endpoint, then by path, whatever the order in the file."""
    ranks = [
        rank(Ignore(endpoint=endpoint, where=((),), reason="x", line=line), read_path(path))
        for line, (endpoint, path) in ((2, weaker), (1, stronger))
    ]
    assert ranks[0] < ranks[1]


@pytest.mark.parametrize("place", [pytest.param(read_path("$.a"), id="path"), pytest.param(Header("x-a"), id="header")])
def test_of_equally_specific_rules_the_later_decides(place: Place) -> None:
    """So that a file can be read from top to bottom."""
    first, second = (Ignore(where=(place,), reason="x", line=line) for line in (1, 2))
    assert rank(first, place) < rank(second, place)
    assert rank(Ignore(where=(Header("x-*"),), reason="x", line=9), Header("x-*")) < rank(first, Header("x-ab"))


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        pytest.param("ignore: $.a", "within: $.a, absolute: 1", True, id="ignore-within"),
        pytest.param("unordered: $.a", "key: $.a, by: id", True, id="unordered-key"),
        pytest.param("key: $.a, by: id", "key: $.a, by: sku", True, id="two-keys"),
        pytest.param("unordered: $.a", "normalise: $.a, how: sort", True, id="unordered-sort"),
        pytest.param("ignore: $.a", "unordered: $.a", True, id="ignore-unordered"),
        pytest.param("ignore: $.a", "normalise: $.a, how: case", True, id="ignore-normalise"),
        pytest.param("within: $.a, absolute: 1", "within: $.a, absolute: 2", True, id="two-tolerances"),
        pytest.param("match: $.a, shape: int", "match: $.a, shape: uuid", True, id="two-shapes"),
        pytest.param("match: $.a, shape: int", "type_only: $.a", True, id="shape-or-type"),
        pytest.param("match: 'header:a', shape: int", "ignore: 'header:a'", True, id="header"),
        pytest.param("normalise: $.a, host: b=c", "normalise: $.a, host: b=d", True, id="two-hosts"),
        pytest.param("ignore: $.a", "ignore: '$[\"a\"]'", False, id="the-same-twice"),
        pytest.param("ignore: $.a, kinds: added", "within: $.a, absolute: 1", False, id="other-kinds"),
        pytest.param("ignore: $.a, kinds: added", "unordered: $.a", False, id="some-kinds-of-a-list"),
        pytest.param("ignore: $.a", "within: $.a.b, absolute: 1", False, id="another-path"),
        pytest.param("ignore: $.a", "endpoint: GET /x, within: $.a, absolute: 1", False, id="another-endpoint"),
        pytest.param("normalise: $.a, how: case", "normalise: $.a, how: trim", False, id="normalising-adds-up"),
        pytest.param("normalise: $.a, host: b=c", "normalise: $.a, host: d=e", False, id="hosts-add-up"),
        pytest.param("normalise: $.a, how: case", "match: $.a, shape: int", False, id="normalised-and-matched"),
        pytest.param("unordered: $.a", "type_only: $.a", False, id="list-and-values"),
        pytest.param("ignore: status, from: 200, to: 204", "ignore: root", False, id="status"),
    ],
)
def test_rules_of_one_place_may_contradict_each_other(one: str, other: str, clash: bool) -> None:
    """Where they answer one question in two ways, or one leaves the other nothing to say; in either order."""
    rules = rule(one), rule(other)
    for first, second in (rules, rules[::-1]):
        found = conflict([first, second])
        assert (found is not None) is clash
        assert found is None or (found.first is first and found.second is second)


@pytest.mark.parametrize(
    ("text", "name", "kind", "decides"),
    [
        pytest.param("ignore: $.a", "ignore", Kind.ORDER, True, id="ignore"),
        pytest.param("ignore: $.a, kinds: added", "ignore", Kind.VALUE, False, id="ignore-some"),
        pytest.param("within: $.a, absolute: 1", "within", Kind.TYPE, False, id="within"),
        pytest.param("match: $.a, shape: int", "match", Kind.REMOVED, True, id="match-asserts-presence"),
        pytest.param("type_only: $.a", "type_only", Kind.TYPE, True, id="type-only-asserts-types"),
        pytest.param("type_only: $.a", "type_only", Kind.ENCODING, False, id="type-only"),
        pytest.param("key: $.a, by: id", "key", Kind.VALUE, False, id="key"),
        pytest.param("ignore: status, from: 200, to: 204", "ignore", Kind.VALUE, False, id="status"),
    ],
)
def test_a_rule_decides_about_some_kinds(text: str, name: str, kind: Kind, decides: bool) -> None:
    """About others the next rule is asked."""
    made = rule(text)
    assert name_of(made) == name
    assert (kind in topics(made)) is decides
