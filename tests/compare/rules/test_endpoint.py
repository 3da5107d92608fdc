from __future__ import annotations

import pytest

from replay_users.compare.difference import Kind
from replay_users.compare.rules.endpoint import EndpointRules
from replay_users.compare.rules.model import ByKey, Normalise, Unordered
from replay_users.compare.rules.read import read_rules
from replay_users.compare.walk import MISSING
from replay_users.path_json import read_path


def compiled(rules: str) -> EndpointRules:
    """Rules, separated by semicolons, compiled."""
    return EndpointRules(read_rules("\n".join(f"- {{{line}, reason: x}}" for line in rules.split(";")), "rules.yaml"))


@pytest.mark.parametrize(
    ("path", "ignored"),
    [("$.a", True), ("$.a.b[3].c", True), ("$", False), ("$.b", False), ("$.x.etag", True), ("$.x.etag.y", True)],
)
def test_a_rule_holds_at_its_path_and_below(path: str, ignored: bool) -> None:
    """And nowhere else."""
    assert compiled("ignore: [$.a, $..etag]").ignores(read_path(path)) is ignored


@pytest.mark.parametrize(
    ("path", "pairing"),
    [("$.a", Unordered), ("$.b", ByKey), ("$.b[0].b", ByKey), ("$.c", Normalise), ("$.a[0]", None), ("$", None)],
)
def test_a_list_is_paired_where_its_rule_is_and_not_below(path: str, pairing: type | None) -> None:
    """A list in a list is a point or a row until somebody says that it is none."""
    rules = compiled("unordered: $.a; key: $..b, by: id; normalise: $.c, how: sort; ignore: $.z")
    held = rules.at(rules.patterns.after(read_path(path)))
    assert (type(held.pairing) if held.pairing else None) is pairing
    assert rules.pairs_lists


def test_the_more_specific_pairing_is_taken() -> None:
    """Of two rules for a list."""
    rules = compiled("key: $.a, by: id; unordered: $..")
    assert isinstance(rules.at(rules.patterns.after(read_path("$.a"))).pairing, ByKey)
    assert isinstance(rules.at(rules.patterns.after(read_path("$.b"))).pairing, Unordered)


def test_without_rules_there_is_nothing_to_ask() -> None:
    """The automaton is dead from the start, and no list is paired."""
    assert EndpointRules().patterns.start.dead
    assert not EndpointRules().pairs_lists
    assert not compiled("ignore: $.a").pairs_lists
    assert EndpointRules().settled_by(read_path("$.a"), Kind.VALUE, 1, 2) is None


def test_a_difference_is_settled_at_its_path() -> None:
    """The last step says whether it is an item of a list."""
    rules = compiled("type_only: $.a; within: $.a.n, absolute: 1")
    assert rules.settled_by(read_path("$.a[0]"), Kind.ADDED, MISSING, 1) is not None
    assert rules.settled_by(read_path("$.a.k"), Kind.ADDED, MISSING, 1) is None
    assert rules.settled_by(read_path("$.a.n"), Kind.VALUE, 1, 3) is None


@pytest.mark.parametrize(
    ("kind", "name", "x", "y", "settled"),
    [
        pytest.param(Kind.HEADER, "x-build", "1", "2", True, id="ignored"),
        pytest.param(Kind.HEADER, "x-build", "1", MISSING, True, id="ignored-and-gone"),
        pytest.param(Kind.TRAILER, "x-build", "1", "2", False, id="a-trailer-is-no-header"),
        pytest.param(Kind.TRAILER, "x-sum", "1", "2", True, id="trailer"),
        pytest.param(Kind.HEADER, "x-rate-left", "1", "2", True, id="glob"),
        pytest.param(Kind.HEADER, "x-rate-day", "1", "x", False, id="shape"),
        pytest.param(Kind.HEADER, "x-rate-day", "1", "2", True, id="the-name-before-the-glob"),
        pytest.param(Kind.HEADER, "x-rate-day", "1", MISSING, False, id="shape-and-gone"),
        pytest.param(Kind.HEADER, "x-any", "1", "x", True, id="any-value"),
        pytest.param(Kind.HEADER, "x-any", "1", MISSING, False, id="any-value-but-one"),
        pytest.param(Kind.HEADER, "location", "http://p/x", "http://s/x", True, id="host"),
        pytest.param(Kind.HEADER, "vary", "a", "b", False, id="another"),
    ],
)
def test_headers_have_rules_by_name(kind: Kind, name: str, x: str, y: str, settled: bool) -> None:
    """With stars, and apart from trailers."""
    rules = compiled(
        "ignore: ['header:x-build', 'header:x-rate-*', 'trailer:x-sum']; match: 'header:x-rate-day', shape: int;"
        "normalise: 'header:location', host: p=s; match: 'header:x-any', shape: any"
    )
    assert (rules.field(kind, name).settled_by(kind, None, x, y) is not None) is settled
    assert rules.field(kind, name) is rules.field(kind, name)


def test_names_of_headers_do_not_fill_the_memory() -> None:
    """They are the peer's."""
    rules = EndpointRules()
    for number in range(3000):
        rules.field(Kind.HEADER, f"x-{number}")
    assert len(rules._held_fields) == 1000


@pytest.mark.parametrize(
    ("recorded", "replayed", "settled"),
    [(200, 201, True), (200, 204, True), (201, 200, False), (200, 500, False), (404, 410, True)],
)
def test_a_status_may_stand_for_another(recorded: int, replayed: int, settled: bool) -> None:
    """In one direction, as the rule says."""
    rules = compiled("ignore: status, from: 200, to: [201, 204]; ignore: status, from: 404, to: 410; ignore: $")
    assert (rules.status_settled_by(recorded, replayed) is not None) is settled
