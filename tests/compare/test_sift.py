from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.compare.difference import MAX_DIFFERENCES, Differences, Kind, Match
from replay_users.compare.rules import EndpointRules, Ignore
from replay_users.compare.sift import sift
from replay_users.compare.walk import walk
from replay_users.path import format_path, parse_path

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

HEX = "9b74c9897bac770ffc029102a200c5de"


def ignoring(*paths: str) -> EndpointRules:
    """Rules that ignore these paths."""
    return EndpointRules((Ignore(where=tuple(map(parse_path, paths)), reason="noise"),))


def judged(recorded: Json, replayed: Json, *ignored: str) -> Match | Differences:
    """What two trees come to under rules that ignore these paths."""
    return sift(walk(recorded, replayed), ignoring(*ignored), "GET /x")


@pytest.mark.parametrize(
    ("recorded", "replayed", "path", "signature", "kind", "shown"),
    [
        pytest.param(1, "a", "root", "root", Kind.TYPE, ("1", '"a"'), id="the-root-itself"),
        pytest.param(
            {"a": [{"b": 1}]},
            {"a": [{"b": 2}]},
            "root['a'][0]['b']",
            "root['a'][*]['b']",
            Kind.VALUE,
            ("1", "2"),
            id="value",
        ),
        pytest.param({"a": 1}, {}, "root['a']", "root['a']", Kind.REMOVED, ("1", ""), id="removed"),
        pytest.param({}, {"a": {"b": 1}}, "root['a']", "root['a']", Kind.ADDED, ("", '{"b": 1}'), id="added"),
        pytest.param(
            {"a": []}, {"a": [7, 8]}, "root['a']", "root['a']", Kind.LENGTH, ("0 items", "2 items"), id="length"
        ),
        pytest.param(
            {"a": [1, 2]}, {"a": [2, 1]}, "root['a']", "root['a']", Kind.ORDER, ("[1, 2]", "[2, 1]"), id="order"
        ),
    ],
)
def test_what_was_found_becomes_a_difference(
    recorded: Json, replayed: Json, path: str, signature: str, kind: Kind, shown: tuple[str, str]
) -> None:
    """A difference says where, in what way and with which values, and its signature stars the indices."""
    differences = judged(recorded, replayed)
    assert isinstance(differences, Differences)
    (difference,) = differences
    assert (format_path(difference.path), difference.kind) == (path, kind)
    assert difference.signature.path_text == signature
    assert difference.endpoint == "GET /x"
    assert (difference.recorded, difference.replayed) == shown


@pytest.mark.parametrize(
    ("tree", "signature"),
    [
        pytest.param({str(number): 1 for number in range(10)}, "root[*]", id="keys-of-digits"),
        pytest.param({"a3f": 1, "04G": 1, "1B9": 1}, "root[*]", id="most-keys-begin-with-a-digit"),
        pytest.param({f"k{number}": 1 for number in range(51)}, "root[*]", id="more-than-50-keys"),
        pytest.param({f"k{number}": 1 for number in range(50)}, "root['k0']", id="50-keys"),
        pytest.param({"a": 1, "b": 1, "2fa": 1}, "root['a']", id="one-odd-key-in-a-record"),
        pytest.param({"2fa": 1, "a": 1, "b": 1}, "root[*]", id="the-odd-key-itself"),
        pytest.param({"word " * 21: 1}, "root[*]", id="a-long-key"),
        pytest.param({HEX[:24]: 1, "a": 1, "b": 1}, "root[*]", id="a-key-like-a-token"),
        pytest.param({"ab0e8400-e29b-41d4-a716-446655440000": 1}, "root[*]", id="a-uuid-that-begins-with-a-letter"),
        pytest.param({"ann@example.org": 1, "bob@example.org": 1}, "root[*]", id="addresses"),
        pytest.param({"abc123def456": 1}, "root[*]", id="hex"),
        pytest.param(
            {"response_time_p99_of_last_30_days": 1}, "root['response_time_p99_of_last_30_days']", id="a-name"
        ),
        pytest.param({"line-2": 1, "content-type": 1}, "root['line-2']", id="names-with-hyphens"),
    ],
)
def test_keys_that_are_data_are_starred_in_signatures(tree: dict[str, int], signature: str) -> None:
    """Ids in the place of keys do not make a signature each."""
    first = next(iter(tree))
    differences = judged({**tree}, {**tree, first: 2})
    assert isinstance(differences, Differences)
    assert [difference.signature.path_text for difference in differences] == [signature]


def test_a_map_on_one_side_is_a_map() -> None:
    """Which side holds more than 50 keys makes no difference to a signature."""
    wide: Json = {f"k{number}": 1 for number in range(51)}
    for sides in (({"k0": 1}, wide), (wide, {"k0": 1})):
        differences = judged(*sides)
        assert isinstance(differences, Differences)
        assert {difference.signature.path_text for difference in differences} == {"root[*]"}


def test_no_secret_is_shown_in_values_or_paths() -> None:
    """Neither the value under a secret's name, nor what lies below it, nor a key that is a token, is kept."""
    recorded: Json = {"user": {"sessionToken": {"value": "abc"}}, "sessions": {HEX: {"seen": 1}}, "note": "x"}
    replayed: Json = {"user": {"sessionToken": {"value": "abcd"}}, "sessions": {HEX: {"seen": 23}}, "note": HEX}
    differences = judged(recorded, replayed)
    assert isinstance(differences, Differences)
    assert {(format_path(each.path), each.recorded, each.replayed) for each in differences} == {
        ("root['user']['sessionToken']['value']", '"[redacted:3]"', '"[redacted:4]"'),
        ("root['sessions']['[redacted:32]']['seen']", "[redacted:1]", "[redacted:2]"),
        ("root['note']", '"x"', '"[redacted:32]"'),
    }


def test_a_value_that_another_member_names_is_not_shown() -> None:
    """Variables, fields of a form and headers come as lists of names and values; what is called something else is shown."""
    recorded: Json = {"env": [{"name": "DB_PASSWORD", "value": "abc"}, {"name": "MODE", "value": "abc"}]}
    replayed: Json = {"env": [{"name": "DB_PASSWORD", "value": "ab"}, {"name": "MODE", "value": "ab"}]}
    differences = judged(recorded, replayed)
    assert isinstance(differences, Differences)
    assert [(each.recorded, each.replayed) for each in differences] == [
        ('"[redacted:3]"', '"[redacted:2]"'),
        ('"abc"', '"ab"'),
    ]


@pytest.mark.parametrize(
    ("rule", "counting"),
    [
        pytest.param("root['a']", ["root['b'][0]['etag']", "root['b'][1]['x']"], id="one-member"),
        pytest.param("root['b']", ["root['a']"], id="all-that-lies-below"),
        pytest.param("root['b'][*]['etag']", ["root['a']", "root['b'][1]['x']"], id="in-every-item"),
        pytest.param("root['b'][1]", ["root['a']", "root['b'][0]['etag']"], id="in-one-item"),
        pytest.param("root[**]['etag']", ["root['a']", "root['b'][1]['x']"], id="anywhere"),
        pytest.param("root", [], id="everything"),
        pytest.param("root['c']", ["root['a']", "root['b'][0]['etag']", "root['b'][1]['x']"], id="nothing"),
    ],
)
def test_a_rule_takes_differences_from_those_that_count(rule: str, counting: list[str]) -> None:
    """What a rule covers is kept beside what counts; where nothing counts it is a match."""
    recorded: Json = {"a": 1, "b": [{"etag": 1}, {"x": 1}]}
    replayed: Json = {"a": 2, "b": [{"etag": 2}, {"x": 2}]}
    verdict = judged(recorded, replayed, rule)
    counted = verdict if isinstance(verdict, Differences) else ()
    assert [format_path(difference.path) for difference in counted] == counting
    assert len(verdict.ignored) + len(counting) == 3
    assert isinstance(verdict, Match) is (not counting)


def test_a_rule_for_a_list_covers_its_length_and_order() -> None:
    """What concerns a list as a whole lies at the list's own path."""
    assert isinstance(judged({"a": [1]}, {"a": [1, 2]}, "root['a']"), Match)
    assert isinstance(judged({"a": [1, 2]}, {"a": [2, 1]}, "root['a']"), Match)
    assert isinstance(judged({"a": [1]}, {"a": [1, 2]}, "root['a'][*]"), Differences)


def test_no_more_than_200_are_kept_and_the_rest_is_counted() -> None:
    """A body that differs everywhere neither floods nor loses anything."""
    differences = judged(list(range(300)), list(range(1000, 1300)))
    assert isinstance(differences, Differences)
    assert (len(differences), differences.capped) == (MAX_DIFFERENCES, 100)
    match = judged(list(range(300)), list(range(1000, 1300)), "root[*]")
    assert isinstance(match, Match)
    assert (len(match.ignored), match.capped) == (MAX_DIFFERENCES, 100)


def test_ignored_differences_cannot_hide_one_that_counts() -> None:
    """Rules are asked before the cap."""
    recorded: Json = {"noise": list(range(1000)), "z": {"y": {"x": 1}}}
    replayed: Json = {"noise": list(range(5000, 6000)), "z": {"y": {"x": 2}}}
    differences = judged(recorded, replayed, "root['noise']")
    assert isinstance(differences, Differences)
    assert [format_path(difference.path) for difference in differences] == ["root['z']['y']['x']"]
    assert (len(differences.ignored), differences.capped) == (MAX_DIFFERENCES, 800)


def test_a_difference_a_thousand_levels_down_has_its_path() -> None:
    """No depth breaks the way back up."""
    left: Json = 1
    right: Json = 2
    for _ in range(3000):
        left, right = [left], [right]
    differences = judged(left, right, "root[**]['x']")
    assert isinstance(differences, Differences)
    assert len(differences[0].path) == 3000
