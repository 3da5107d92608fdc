from __future__ import annotations

import pytest

from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.lift.ndjson import read_ndjson, read_part
from replay_users.compare.limits import LIMITS, Limits
from replay_users.compare.tree import Tree


@pytest.mark.parametrize(
    ("body", "values"),
    [
        pytest.param(b'{"a":1}\n[2]\n3\n', [{"a": 1}, [2], 3], id="lines"),
        pytest.param(b'{"a":1}\r\n\r\n  {"a":2}', [{"a": 1}, {"a": 2}], id="any-line-ends"),
        pytest.param(b'\x1e{"a":1}\n\x1e{"a":2}\n', [{"a": 1}, {"a": 2}], id="record-separators"),
        pytest.param(b'{"a":1}\n{"a":', [{"a": 1}, '{"a":'], id="cut"),
        pytest.param(b'{"a":18446744073709551617}', [{"a": 18446744073709551617}], id="as-exact-as-json"),
    ],
)
def test_each_line_is_a_value(body: bytes, values: list[object]) -> None:
    """In order, a line that is no JSON as text."""
    read = read_ndjson(body, LIMITS)
    assert read is not None
    assert read[0] == values
    assert [tree.root for tree in read[1]] == [value for value in values if not isinstance(value, str)]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"a\nb\n", id="text"),
        pytest.param(b"1\n2\n", id="numbers"),
        pytest.param(b"{}\n" + b"{\n" * 101, id="mostly-broken"),
    ],
)
def test_what_has_no_object_or_too_much_else_is_none(body: bytes) -> None:
    """Numbers in lines are a text as well."""
    assert read_ndjson(body, LIMITS) is None


def test_where_it_was_not_promised_every_line_has_to_be_json() -> None:
    """One line that is none, and it is a text."""
    assert read_ndjson(b"{}\nx", LIMITS) is not None
    assert read_ndjson(b"{}\nx", LIMITS, strict=True) is None
    assert read_ndjson(b"{}\n{}", LIMITS, strict=True) is not None


@pytest.mark.parametrize(
    ("body", "limits", "reason"),
    [
        pytest.param(b"{}\n" * 3, Limits(nodes=2), "nodes", id="lines"),
        pytest.param(b"{}\n" + b"[" * 2000 + b"1" + b"]" * 2000, Limits(depth=1500), "depth", id="levels"),
    ],
)
def test_limits_hold(body: bytes, limits: Limits, reason: str) -> None:
    """Too many lines, or one nested too deep, and there is no list."""
    with pytest.raises(Beyond) as beyond:
        read_ndjson(body, limits)
    assert beyond.value.reason == reason


def test_a_part_is_json_or_text() -> None:
    """What is no UTF-8 either is shown as far as it can be."""
    part = read_part(b"[1]", LIMITS)
    assert isinstance(part, Tree)
    assert read_part(b"[\xff", LIMITS) == "[\ufffd"
