"""Fields of a result, whatever state it is in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.html import reading

WRONG: tuple[Any, ...] = (None, 1, "x", True, [], {}, [1], ["x"], {"a": 1}, float("nan"))


@pytest.mark.parametrize("of", [None, {}, [], "x", 5, {"a": None}], ids=repr)
def test_what_is_not_there_is_nothing(of: Any) -> None:
    """A missing field, or one of an object that is none, reads as nothing of its sort."""
    assert reading.mapping(of, "a") == {}
    assert reading.rows(of, "a") == []
    assert reading.texts(of, "a") == []
    assert reading.text(of, "a") == ""
    assert reading.figure(of, "a") is None
    assert reading.number(of, "a") == 0
    assert reading.counts(of, "a") == {}
    assert reading.flag(of, "a") is False


def test_what_is_there_is_read() -> None:
    """Each reader gives what it is for, and skips what is not of its sort."""
    of = {"m": {"b": 1, "a": 3, "c": "x"}, "r": [{"x": 1}, 5], "t": ["a", None, 7], "n": 2.5, "o": "over", "f": True}
    assert reading.rows(of, "r") == [{"x": 1}]
    assert reading.texts(of, "t") == ["a", "7"]
    assert reading.counts(of, "m") == {"a": 3, "b": 1, "c": 0}
    assert (reading.figure(of, "n"), reading.figure(of, "o"), reading.figure(of, "f")) == (2.5, "over", None)
    assert (reading.number(of, "n"), reading.number(of, "o"), reading.flag(of, "f")) == (2, 0, True)


@given(st.sampled_from(WRONG))
def test_nothing_is_raised(value: Any) -> None:
    """Any value at a place reads as something of the right sort."""
    of = {"a": value}
    assert isinstance(reading.text(of, "a"), str)
    assert all(isinstance(count, int) for count in reading.counts(of, "a").values())
    assert all(isinstance(each, str) for each in reading.texts(of, "a"))
