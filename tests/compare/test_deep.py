from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.deep import TooDeep, read_deep

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

TREES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def read(text: str, depth: int = 100) -> Json:
    """The tree of a text."""
    return read_deep(text, depth, int, float)[0]


def plainly(text: str) -> str:
    """What `json` makes of a text, or that it makes nothing of it."""
    try:
        return repr(json.loads(text))
    except ValueError:
        return "not JSON"


@given(TREES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_it_reads_what_json_writes(tree: Json, indent: int | str | None, ascii_only: bool) -> None:
    """Any tree, however it is spaced and escaped, is the same from either reader."""
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    assert repr(read(text)) == plainly(text)


@given(st.text('[]{},:"\\u0123e.-+tfnNI \n\t' + "rue", max_size=12) | st.sampled_from(["01", "1.", "-", "[1 2]"]))
def test_it_refuses_what_json_refuses(text: str) -> None:
    """No text is JSON for one reader and none for the other."""
    try:
        value = repr(read(text))
    except ValueError:
        value = "not JSON"
    assert value == plainly(text)


@pytest.mark.parametrize("text", ["[" * 5 + "]" * 5, '{"a":' * 4 + "[1]" + "}" * 4])
def test_it_goes_as_deep_as_it_may(text: str) -> None:
    """One level more than the limit is too deep; an empty container is no level of its own."""
    assert repr(read(text, 5)) == plainly(text)
    with pytest.raises(TooDeep):
        read(text, 3)


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        pytest.param('{"a":1,"b":[{"a":2}]}', False, id="once-each"),
        pytest.param('[{"a":1,"a":1}]', True, id="twice"),
        pytest.param('{"a":1,"\\u0061":{}}', True, id="twice-written-differently"),
    ],
)
def test_a_key_that_is_there_twice_is_told(text: str, repeats: bool) -> None:
    """Of two values under one key the last one stands, and that there were two is known."""
    assert read_deep(text, 9, int, float) == (json.loads(text), repeats)
