"""What shown values look like."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.looks import look_of, look_of_pair
from replay_users.compare.show import show

LOOKS = [
    ("", "nothing"),
    ("null", "null"),
    ("true", "flag"),
    ("12", "int"),
    ("-1.5e3", "number"),
    ("1700000000", "timestamp"),
    ("1700000000123", "timestamp"),
    ('"2024-03-01T10:00:00Z"', "timestamp"),
    ('"Fri, 01 Mar 2024 10:00:00 GMT"', "timestamp"),
    ('"2024-03-01"', "date"),
    ('"3f2504e0-4f89-11d3-9a0c-0305e82c3301"', "uuid"),
    ('"[redacted:40]"', "token"),
    ("[redacted:4]", "token"),
    ('"9b74c9897bac"', "hex"),
    ('"17"', "int in quotes"),
    ('"1.5"', "number in quotes"),
    ('"/items/7"', "url"),
    ('"https://shop.example/x"', "url"),
    ('"deadbeef"', "text"),
    ('"hello"', "text"),
    ('""', "empty text"),
    ('{"a": 1}', "object"),
    ("[1]", "list"),
    ("3 items", "text"),
]


@pytest.mark.parametrize(("shown", "look"), LOOKS, ids=[look + "-" + str(n) for n, (_, look) in enumerate(LOOKS)])
def test_a_value_looks_like_something(shown: str, look: str) -> None:
    """One word for each."""
    assert look_of(shown) == look


def test_two_looks_are_told() -> None:
    """Both where they are not the same."""
    assert look_of_pair("1", "2") == "int"
    assert look_of_pair("1", '"a"') == "int -> text"


@settings(max_examples=200)
@given(st.text(max_size=200) | st.integers() | st.floats() | st.none() | st.booleans())
def test_no_value_is_in_its_look(value: str | float | None) -> None:
    """Whatever is shown, what is said of it is one of a few words."""
    words = {word for _, word in LOOKS}
    assert look_of(show(value)) in words
