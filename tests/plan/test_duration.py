from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.errors import UsageError
from replay_users.plan.duration import SECOND, describe_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("2h5s", 7205), ("1h1m1s", 3661), ("90m", 5400)],
)
def test_hours_minutes_and_seconds_add_up(text: str, seconds: int) -> None:
    """Hours, minutes and seconds are read in that order, each of them optional."""
    assert parse_duration(text) == seconds * SECOND


@pytest.mark.parametrize(
    ("text", "ms"), [("100ms", 100), ("1.5s", 1500), ("0.25s", 250), ("1m0.5s", 60_500), ("1s100ms", 1100)]
)
def test_parts_of_a_second_are_read(text: str, ms: int) -> None:
    """Seconds may have a fraction, and milliseconds a unit of their own."""
    assert parse_duration(text) == ms * 1_000_000


@pytest.mark.parametrize(
    "text",
    ["", "5", "0s", "0h0m", "-5s", "5s5m", "1.5h", "0ms", ".5s", "1.s", "5ms5s", "nan", "inf", "5 m", "1d", "٣s x"],
)
def test_anything_else_names_the_forms(text: str) -> None:
    """What is not a length of time above zero is refused with the forms that are."""
    with pytest.raises(UsageError, match="100ms, 30s, 5m, 1h30m"):
        parse_duration(text)


def test_zero_is_a_time_where_it_has_a_meaning() -> None:
    """An offset may be zero; an empty text is none."""
    assert parse_duration("0s", zero=True) == 0
    with pytest.raises(UsageError):
        parse_duration("", zero=True)


@given(st.integers(1, 999_999))
@settings(max_examples=50, deadline=None)
def test_a_described_duration_is_read_back(seconds: int) -> None:
    """Whole seconds survive being written and read."""
    assert parse_duration(describe_duration(seconds * SECOND)) == seconds * SECOND


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0s"), (1, "<1s"), (SECOND, "1s"), (59_600_000_000, "1m"), (3_600 * SECOND, "1h"), (3_661 * SECOND, "1h1m1s")],
)
def test_durations_are_described_to_the_second(ns: int, text: str) -> None:
    """Parts of a second round, and less than one says so."""
    assert describe_duration(ns) == text
