from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.errors import UsageError
from replay_users.path import (
    Any,
    Deep,
    Index,
    Key,
    Path,
    Patterns,
    Step,
    format_path,
    format_signature,
    matches,
    parse_path,
    signature,
)

NAMES = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(
    ["*", "**", "it's", 'say "hi"', "'\"", "a.b", "a\\b", "\\", "line\nbreak", "\ud800", "é", "0", "root", "]", "['x']"]
)
CONCRETE = st.one_of(st.builds(Key, NAMES), st.builds(Index, st.integers(0, 10**18 - 1)))
STEPS = st.one_of(CONCRETE, st.just(Any()), st.just(Deep()))
PATHS = st.lists(STEPS, max_size=6).map(tuple)
# Few names, so that patterns and paths meet often.
SMALL_STEPS = st.one_of(st.builds(Key, st.sampled_from("ab")), st.builds(Index, st.integers(0, 1)))
SMALL_PATHS = st.lists(SMALL_STEPS, max_size=5).map(tuple)
SMALL_PATTERNS = st.lists(SMALL_STEPS | st.just(Any()) | st.just(Deep()), max_size=5).map(tuple)


def matches_by_definition(pattern: Path, path: Path) -> bool:
    """The meaning of a pattern, written as plainly as possible."""
    if not pattern:
        return not path
    first, rest = pattern[0], pattern[1:]
    if isinstance(first, Deep):
        return any(matches_by_definition(rest, path[taken:]) for taken in range(len(path) + 1))
    return bool(path) and (isinstance(first, Any) or first == path[0]) and matches_by_definition(rest, path[1:])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("root", (), id="the-root"),
        pytest.param("root['items'][*]['price']", (Key("items"), Any(), Key("price")), id="any-index"),
        pytest.param("root[**]['etag']", (Deep(), Key("etag")), id="any-depth"),
        pytest.param("root[0][12]", (Index(0), Index(12)), id="indices"),
        pytest.param('root["it\'s"]', (Key("it's"),), id="double-quotes-around-a-single-one"),
        pytest.param("root['say \"hi\"']", (Key('say "hi"'),), id="single-quotes-around-double-ones"),
        pytest.param("root['\\'\"']", (Key("'\""),), id="both-quotes"),
        pytest.param("root['*']['**']", (Key("*"), Key("**")), id="quoted-stars-are-keys"),
        pytest.param("root['a.b']['']", (Key("a.b"), Key("")), id="dots-and-nothing"),
        pytest.param("root['a\\\\b\\n\\u2028']", (Key("a\\b\n\u2028"),), id="escapes"),
        pytest.param("root['\\ud800\\U000e0001']", (Key("\ud800\U000e0001"),), id="what-cannot-be-printed"),
        pytest.param("root['größe']", (Key("größe"),), id="letters-beyond-ascii"),
        pytest.param("root['0']", (Key("0"),), id="a-key-of-digits"),
    ],
)
def test_a_path_is_written_as_deepdiff_writes_it(text: str, path: Path) -> None:
    """Text and steps say the same, both ways."""
    assert parse_path(text) == path
    assert format_path(path) == text


@given(PATHS)
def test_every_path_survives_a_round_trip(path: Path) -> None:
    """What is formatted is parsed back to the same steps, and is one line that can be encoded."""
    text = format_path(path)
    assert parse_path(text) == path
    assert text.encode() == text.encode("utf-8", "ignore")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "character", "cure"),
    [
        pytest.param("", 1, "begins with root", id="empty"),
        pytest.param("items", 1, "begins with root", id="no-root"),
        pytest.param("root.items", 5, "['name'], not .name", id="attribute"),
        pytest.param("rootitems", 5, "begins with [", id="glued"),
        pytest.param("root[items]", 5, "in quotes", id="no-quotes"),
        pytest.param("root[-1]", 5, "counts from 0", id="negative-index"),
        pytest.param("root['a'", 5, "no closing ']", id="open-bracket"),
        pytest.param("root['a][0]", 5, "no closing ']", id="open-quote"),
        pytest.param('root["a]', 5, 'no closing "]', id="open-double-quote"),
        pytest.param("root['a'][0", 10, "closed with ]", id="open-index"),
        pytest.param("root[***]", 5, "closed with ]", id="three-stars"),
        pytest.param("root['a'] ", 10, "begins with [", id="trailing-space"),
        pytest.param("root['ab\\d']", 9, "written \\\\", id="unknown-escape"),
        pytest.param("root['\\U00110000']", 7, "unknown escape", id="no-such-character"),
        pytest.param("root[" + "9" * 5000 + "]", 5, "closed with ]", id="endless-index"),
        pytest.param("root[\u0663]", 5, "closed with ]", id="digit-of-another-script"),
    ],
)
def test_text_that_is_no_path_is_refused_where_it_goes_wrong(text: str, character: int, cure: str) -> None:
    """The message names the character and the cure."""
    with pytest.raises(UsageError) as refused:
        parse_path(text)
    assert f"character {character}: " in str(refused.value)
    assert cure in str(refused.value)


@given(st.text(alphabet="root[]'\"*\\ux0.", max_size=20))
def test_any_text_is_a_path_or_a_usage_error(text: str) -> None:
    """Reading text either gives a path or the one error that people are shown."""
    try:
        path = parse_path(text)
    except UsageError:
        return
    assert parse_path(format_path(path)) == path


def test_a_signature_stars_indices_and_the_keys_of_maps() -> None:
    """What varies from one exchange to the next is starred, what names a field is not."""
    path: Path = (Key("users"), Key("42", in_map=True), Key("tags"), Index(3))
    assert format_path(signature(path)) == "root['users'][*]['tags'][*]"


@given(st.lists(STEPS | st.builds(Key, NAMES, st.booleans()), max_size=40).map(tuple))
def test_a_signature_is_written_as_its_path_is(path: Path) -> None:
    """The short way to a signature's text gives the same as the long one, whatever was asked before."""
    assert format_signature(path) == format_path(signature(path))


def test_being_in_a_map_is_no_part_of_a_keys_identity() -> None:
    """A path read from text equals the one that a walk made."""
    assert Key("42", in_map=True) == Key("42")
    assert hash(Key("42", in_map=True)) == hash(Key("42"))


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        pytest.param("root", "root", True, id="root-matches-root"),
        pytest.param("root", "root['a']", False, id="not-what-lies-below"),
        pytest.param("root[*]", "root['a']", True, id="star-matches-a-key"),
        pytest.param("root[*]", "root[7]", True, id="star-matches-an-index"),
        pytest.param("root[*]", "root", False, id="star-is-one-step"),
        pytest.param("root['*']", "root['a']", False, id="quoted-star-is-a-key"),
        pytest.param("root['0']", "root[0]", False, id="key-is-no-index"),
        pytest.param("root[**]['etag']", "root['etag']", True, id="deep-takes-no-step"),
        pytest.param("root[**]['etag']", "root['a'][0]['etag']", True, id="deep-takes-two-steps"),
        pytest.param("root[**]['etag']", "root['etag']['x']", False, id="deep-ends-at-its-key"),
        pytest.param("root['items'][*]['id']", "root['items'][*]['id']", True, id="a-signature-matches-itself"),
        pytest.param("root['items'][3]['id']", "root['items'][*]['id']", False, id="one-index-is-not-any"),
    ],
)
def test_a_pattern_matches_whole_paths(pattern: str, path: str, matched: bool) -> None:
    """Wildcards stand for steps of either sort, and a pattern for the whole path."""
    assert matches(parse_path(pattern), parse_path(path)) is matched


@given(SMALL_PATTERNS, SMALL_PATHS)
def test_the_automaton_agrees_with_the_definition(pattern: Path, path: Path) -> None:
    """Matching fast is matching."""
    assert matches(pattern, path) == matches_by_definition(pattern, path)


@given(st.lists(SMALL_PATTERNS, max_size=4), SMALL_PATHS)
def test_many_patterns_match_and_cover_as_each_alone_does(patterns: list[Path], path: Path) -> None:
    """A set of patterns covers a path where one of them matches it or something it lies in."""
    together = Patterns(patterns)
    above = [path[:length] for length in range(len(path) + 1)]
    assert together.matches(path) == any(matches_by_definition(pattern, path) for pattern in patterns)
    assert together.covers(path) == any(matches_by_definition(pattern, part) for pattern in patterns for part in above)


def test_no_patterns_lead_nowhere() -> None:
    """A caller can see that it need not ask."""
    assert Patterns(()).start.dead
    assert not Patterns([(Deep(), Key("a"))]).start.dead


def test_states_are_made_only_where_paths_lead() -> None:
    """Thirty deep patterns stay thirty-odd states, not two to the thirtieth."""
    patterns = Patterns([(Deep(), Key(f"k{number}"), Any(), Key("x")) for number in range(30)])
    path: list[Step] = [Key(f"k{number % 30}") for number in range(200)]
    assert not patterns.covers(tuple(path))
    assert len(patterns._states) < 2000
