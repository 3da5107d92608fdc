from __future__ import annotations

import pickle
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from replay_users.compare.rules.shapes import parse_shape, shapes_of
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from replay_users.compare.tree import Json

UUID = "0b0c1f0e-4c3a-4e52-9d2a-0a5a6a1f3c11"


@pytest.mark.parametrize(
    ("value", "shapes"),
    [
        pytest.param(UUID, ("uuid",), id="uuid"),
        pytest.param(UUID.upper().replace("-", ""), ("uuid",), id="uuid-without-dashes"),
        pytest.param(f"x{UUID}", (), id="more-than-a-uuid"),
        pytest.param("2026-01-02T03:04:05Z", ("timestamp",), id="rfc-3339"),
        pytest.param("2026-01-02 03:04:05.123456+01:00", ("timestamp",), id="with-a-blank"),
        pytest.param("2026-01-02", ("timestamp",), id="day"),
        pytest.param("2026-13-02", (), id="no-such-month"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", ("timestamp",), id="http-date"),
        pytest.param(1_767_323_045, ("timestamp", "int"), id="seconds"),
        pytest.param(1_767_323_045_123, ("timestamp", "int"), id="milliseconds"),
        pytest.param("1767323045", ("timestamp", "int"), id="seconds-as-text"),
        pytest.param(1_767_323_045.5, ("timestamp",), id="fractional-seconds"),
        pytest.param(17, ("int",), id="too-small-for-a-time"),
        pytest.param(1.0, ("int",), id="whole"),
        pytest.param(Decimal("1e400"), ("int",), id="whole-and-huge"),
        pytest.param(1.5, (), id="broken"),
        pytest.param(True, (), id="flag"),
        pytest.param("-12", ("int",), id="digits"),
        pytest.param("\u0663", (), id="digit-of-another-script"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", ("jwt",), id="jwt"),
        pytest.param("eyJ", (), id="no-jwt"),
        pytest.param(None, (), id="null"),
        pytest.param({"a": 1}, (), id="object"),
        pytest.param(float("nan"), (), id="nan"),
        pytest.param("9" * 5000, ("int",), id="long-digits"),
        pytest.param("9" * 20_000, (), id="longer-than-is-looked-at"),
    ],
)
def test_values_have_shapes(value: Json, shapes: tuple[str, ...]) -> None:
    """What a value looks like can be told without telling it."""
    assert shapes_of(value) == shapes
    assert all(parse_shape(name).fits(value) for name in ("any", *shapes))


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        pytest.param("[a-z]+", "abc", True, id="text"),
        pytest.param("[a-z]+", "abc1", False, id="all-of-it"),
        pytest.param("[0-9]+", 12, True, id="number"),
        pytest.param("[0-9]+", 12.0, True, id="number-however-written"),
        pytest.param(r"[0-9]\.[0-9]", 1.5, True, id="fraction"),
        pytest.param("true|false", True, True, id="flag"),
        pytest.param(".*", None, False, id="null"),
        pytest.param(".*", [1], False, id="list"),
        pytest.param("[[a]", "a", True, id="what-python-warns-of"),
    ],
)
def test_a_regular_expression_is_a_shape(pattern: str, value: Json, fits: bool) -> None:
    """It matches all of a text, or of a number or flag as JSON has it."""
    assert parse_shape(f"regex:{pattern}").fits(value) is fits


@pytest.mark.parametrize("text", ["", "guid", "regex:(", "regex:a{99999999999}"])
def test_what_is_no_shape_is_refused(text: str) -> None:
    """With those that there are, or with what is wrong with the pattern."""
    with pytest.raises(UsageError, match=r"there are uuid|is no regular expression"):
        parse_shape(text)


def test_a_shape_travels_to_other_processes() -> None:
    """Rules are sent to where pairs are judged."""
    shape = parse_shape("regex:a+")
    there = pickle.loads(pickle.dumps(shape))  # noqa: S301 - our own
    assert there == shape
    assert there.fits("aa")
