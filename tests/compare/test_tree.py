from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.tree import Json, Tree, Unparsed, hides_a_key, parse, written_same

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        pytest.param(b'{"a": [1, 1.5, true, null, "\xc3\xa9"]}', {"a": [1, 1.5, True, None, "é"]}, id="plain"),
        pytest.param(b" 1 ", 1, id="a-bare-number"),
        pytest.param(b"18446744073709551617", 2**64 + 1, id="beyond-64-bits-exactly"),
        pytest.param(b"[-9223372036854775809]", [-(2**63) - 1], id="below-64-bits-exactly"),
        pytest.param(b"1e400", Decimal("1e400"), id="beyond-a-double"),
        pytest.param(b"9" * 5000, Decimal("9" * 5000), id="more-digits-than-int-takes"),
        pytest.param(b'"\\ud800"', "\ud800", id="lone-surrogate"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', {"a": 1}, id="byte-order-mark"),
        pytest.param('{"a":"é"}'.encode("utf-16"), {"a": "é"}, id="utf-16"),
        pytest.param(b'{"a":1,"a":2}', {"a": 2}, id="the-last-of-two-equal-keys"),
    ],
)
def test_json_is_read_exactly(text: bytes, root: Json) -> None:
    """What one parser rounds or refuses is read as it is written."""
    tree = parse(text)
    assert isinstance(tree, Tree)
    assert tree.root == root
    assert type(tree.root) is type(root)


def test_nan_is_read() -> None:
    """NaN, which JSON does not have and servers send, does not make a body unreadable."""
    tree = parse(b"[NaN, Infinity]")
    assert isinstance(tree, Tree)
    assert str(tree.root) == "[nan, inf]"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(b"", Unparsed.INVALID, id="empty"),
        pytest.param(b"<html>", Unparsed.INVALID, id="html"),
        pytest.param(b'{"a": 1', Unparsed.INVALID, id="cut"),
        pytest.param(b'"\xff"', Unparsed.INVALID, id="no-text"),
        pytest.param(b"[" * 2049 + b"1" + b"]" * 2049, Unparsed.TOO_DEEP, id="2049-levels-deep"),
        pytest.param(b"[" * 65536, Unparsed.TOO_DEEP, id="brackets-only"),
        pytest.param(b"[" * 2000 + b"]" * 1999, Unparsed.INVALID, id="deep-and-cut"),
        pytest.param(b"[" * 2000 + b"1e99999999999999999999" + b"]" * 2000, Unparsed.BEYOND, id="deep-and-too-large"),
        pytest.param(b"1e99999999999999999999", Unparsed.BEYOND, id="beyond-any-number"),
    ],
)
def test_what_cannot_be_read_is_a_value(text: bytes, why: Unparsed) -> None:
    """Bodies that are no JSON, or too much of it, come back with the reason and raise nothing."""
    assert parse(text) is why


@given(VALUES)
def test_whatever_json_writes_is_read_back(value: Json) -> None:
    """The two parsers together read all that a server can write."""
    tree = parse(json.dumps(value).encode())
    assert isinstance(tree, Tree)
    assert tree.root == value


@given(VALUES, st.booleans())
def test_no_key_is_said_to_be_hidden_where_none_is(value: Json, ascii_only: bool) -> None:
    """Escapes, colons in texts and any spacing are told from a repeated key."""
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    tree = parse(text)
    assert isinstance(tree, Tree)
    assert not hides_a_key(tree)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"a":1,"a":1}', id="side-by-side"),
        pytest.param(b'[{"b":{"a":1,"c":2,"a":3}}]', id="deep-inside"),
        pytest.param(b'{"a":"\\u003a","b":{"a":1,"a":2}}', id="an-escaped-colon-makes-up-for-it"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="written-differently"),
        pytest.param(b'{"a":"\\ud800","a":1}', id="beside-a-lone-surrogate"),
    ],
)
def test_a_hidden_key_is_noticed(text: bytes) -> None:
    """A key that an object holds twice leaves its first value out of the tree."""
    tree = parse(text)
    assert isinstance(tree, Tree)
    assert hides_a_key(tree)


@pytest.mark.parametrize("depth", [300, 1000, 1100, 2000, 2046])
def test_depth_is_no_reason_not_to_read(depth: int) -> None:
    """Bodies nested deeper than parsers that call themselves can go are read all the same."""
    tree = parse(b'[{"a":' * (depth // 2) + b"[1, 2]" + b"}]" * (depth // 2))
    assert isinstance(tree, Tree)
    value = tree.root
    while isinstance(value, dict) or (isinstance(value, list) and len(value) == 1):
        value = value["a"] if isinstance(value, dict) else value[0]
    assert value == [1, 2]


def test_a_key_hidden_far_down_is_noticed() -> None:
    """What is read without recursion knows whether a key was there twice."""
    hidden, plain = parse(b"[" * 1500 + b'{"a":1,"a":2}' + b"]" * 1500), parse(b"[" * 1500 + b'{"a":1}' + b"]" * 1500)
    assert isinstance(hidden, Tree)
    assert isinstance(plain, Tree)
    assert (hides_a_key(hidden), hides_a_key(plain)) == (True, False)


@pytest.mark.parametrize(
    ("x", "y", "same"),
    [
        pytest.param([1, {"a": None}], [1, {"a": None}], True, id="equal"),
        pytest.param([{"a": 1}], [{"a": True}], False, id="one-is-not-true"),
        pytest.param([2**70], [2**70], False, id="not-certain-as-it-cannot-be-written"),
    ],
)
def test_equal_trees_are_the_same_for_certain_if_they_are_written_alike(x: Json, y: Json, same: bool) -> None:
    """What Python takes for equal is told from what is."""
    assert x == y
    assert written_same(x, y) is same
