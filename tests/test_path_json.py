from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.errors import UsageError
from replay_users.path import Any, Deep, Index, Key, Path, format_path
from replay_users.path_json import format_json_path, parse_json_path, read_path


def as_json_holds_it(name: str) -> str:
    """The text with surrogates that form a pair joined, as every JSON parser joins them."""
    return name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


NAMES = st.text(st.characters(codec=None), max_size=8).map(as_json_holds_it) | st.sampled_from(
    ["*", "**", "it's", 'say "hi"', "'\"", "a.b", "a\\b", "\\", "line\nbreak", "\ud800", "é", "0", "$", "]", "..", ""]
)
STEPS = st.one_of(st.builds(Key, NAMES), st.builds(Index, st.integers(0, 10**18 - 1)), st.just(Any()), st.just(Deep()))
PATHS = st.lists(STEPS, max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("$", (), id="the-root"),
        pytest.param("$.items[*].price", (Key("items"), Any(), Key("price")), id="any-index"),
        pytest.param("$..etag", (Deep(), Key("etag")), id="any-depth"),
        pytest.param("$['a b'][0]", (Key("a b"), Index(0)), id="quotes"),
        pytest.param("$..[3]", (Deep(), Index(3)), id="an-index-at-any-depth"),
        pytest.param("$..['a-b']", (Deep(), Key("a-b")), id="a-quoted-key-at-any-depth"),
        pytest.param("$['*']['a.b']['']", (Key("*"), Key("a.b"), Key("")), id="quoted-stars-and-dots-are-keys"),
        pytest.param("$['it\\'s']['\\\\']", (Key("it's"), Key("\\")), id="escapes"),
        pytest.param("$.größe", (Key("größe"),), id="letters-beyond-ascii"),
        pytest.param("$['\\ud800']", (Key("\ud800"),), id="half-a-character"),
        pytest.param("$['\\udb40\\udc01']", (Key("\U000e0001"),), id="what-cannot-be-printed"),
        pytest.param("$.a..", (Key("a"), Deep()), id="all-below"),
    ],
)
def test_a_json_path_names_the_same_places(text: str, path: Path) -> None:
    """Text and steps say the same, both ways."""
    assert parse_json_path(text) == path
    assert format_json_path(path) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param('$["a"]', "$.a", id="double-quotes"),
        pytest.param("$.*", "$[*]", id="dot-star"),
        pytest.param("$..*", "$..[*]", id="dots-star"),
        pytest.param("$[ 'a' ][ 0 ]", "$.a[0]", id="blanks"),
        pytest.param("$['\\u00e9\\/']", "$['é/']", id="escapes-of-json"),
    ],
)
def test_every_way_of_writing_is_read(text: str, written: str) -> None:
    """What may be written in several ways is written back in one."""
    assert format_json_path(parse_json_path(text)) == written


@given(PATHS)
def test_every_path_survives_a_round_trip(path: Path) -> None:
    """What is formatted is parsed back to the same steps, is one line, and can be encoded."""
    text = format_json_path(path)
    assert parse_json_path(text) == read_path(text) == path
    assert text.encode() == text.encode("utf-8", "ignore")
    assert len(text.splitlines()) == 1


@given(PATHS)
def test_both_syntaxes_are_told_apart(path: Path) -> None:
    """One reader takes either."""
    assert read_path(format_path(path)) == read_path(format_json_path(path)) == path


@pytest.mark.parametrize(
    ("text", "character", "cure"),
    [
        pytest.param("items", 1, "begins with $", id="no-root"),
        pytest.param("$items", 2, "a dot or [", id="glued"),
        pytest.param("$.my-key", 5, "a dot or [", id="dash"),
        pytest.param("$.a.", 4, "in quotes", id="trailing-dot"),
        pytest.param("$.2fa", 2, "in quotes", id="digit-first"),
        pytest.param("$[a]", 2, "a key in quotes", id="no-quotes"),
        pytest.param("$[-1]", 2, "counts from 0", id="negative-index"),
        pytest.param("$.a[1:2]", 4, "slices", id="slice"),
        pytest.param("$.a[0,1]", 4, "lists of indices", id="union"),
        pytest.param("$['a','b']", 2, "one key in quotes", id="two-keys"),
        pytest.param("$.a[?(@.b)]", 4, "filters", id="filter"),
        pytest.param("$['ab\\d']", 6, "written \\\\", id="unknown-escape"),
        pytest.param("$.a ", 4, "a dot or [", id="trailing-blank"),
    ],
)
def test_text_that_is_no_json_path_is_refused_where_it_goes_wrong(text: str, character: int, cure: str) -> None:
    """The message names the character and the cure."""
    with pytest.raises(UsageError) as refused:
        parse_json_path(text)
    assert f"character {character}: " in str(refused.value)
    assert cure in str(refused.value)


def test_a_path_of_neither_syntax_is_shown_both() -> None:
    """Whoever writes `.items[].price` learns how a path begins."""
    with pytest.raises(UsageError, match=r"begins with root or \$, as in root\['items'\]"):
        read_path(".items[].price")


@given(st.text(alphabet="$.[]'\"*\\ux0a", max_size=20))
def test_any_text_is_a_path_or_a_usage_error(text: str) -> None:
    """Reading text either gives a path or the one error that people are shown."""
    try:
        path = read_path(text)
    except UsageError:
        return
    assert read_path(format_json_path(path)) == path
