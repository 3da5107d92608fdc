from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.errors import UsageError
from replay_users.plan.duration import SECOND
from replay_users.plan.window import Window, describe_instant, parse_window


def at(text: str, ns: int = 0) -> int:
    """UTC ns of an instant of November 2026."""
    return int(datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC).timestamp()) * SECOND + ns


FIRST, LAST = at("05T10:00:05", 300_000_000), at("05T10:59:59", 700_000_000)
MIDNIGHT = (at("05T23:50:00"), at("06T00:19:59"))


@pytest.mark.parametrize("text", ["", "  "])
def test_no_window_is_the_whole_recording(text: str) -> None:
    """It counts from the second of the first exchange, and its origin is that exchange."""
    window = parse_window(text, FIRST, LAST)
    assert window == Window(at("05T10:00:05"), at("05T11:00:00"), FIRST)
    assert (window.lead, window.seconds) == (300_000_000, 3595)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        pytest.param(
            "2026-11-05T10:10:00..2026-11-05T10:20:00", "05T10:10:00", "05T10:20:00", id="ISO, UTC by default"
        ),
        pytest.param("2026-11-05T10:10Z..2026-11-05T10:20Z", "05T10:10:00", "05T10:20:00", id="ISO with Z"),
        pytest.param(
            "2026-11-05T11:10+01:00..2026-11-05 11:20+01:00", "05T10:10:00", "05T10:20:00", id="ISO with a zone"
        ),
        pytest.param("10:10..10:20", "05T10:10:00", "05T10:20:00", id="clock times"),
        pytest.param("10:10:01..10:20:02", "05T10:10:01", "05T10:20:02", id="clock times with seconds"),
        pytest.param("11:10+01:00..10:20Z", "05T10:10:00", "05T10:20:00", id="clock times with a zone"),
        pytest.param("+30s..+90s", "05T10:00:35", "05T10:01:35", id="from the recording's first second"),
        pytest.param("+0s..+1m", "05T10:00:05", "05T10:01:05", id="from its very start"),
        pytest.param("10:10..", "05T10:10:00", "05T11:00:00", id="open end"),
        pytest.param("..10:20", "05T10:00:05", "05T10:20:00", id="open start"),
        pytest.param("+1m..10:20", "05T10:01:05", "05T10:20:00", id="mixed"),
        pytest.param("2026-11-05T10:10..10:20", "05T10:10:00", "05T10:20:00", id="a clock time on the start's day"),
        pytest.param("09:00..12:00", "05T10:00:05", "05T11:00:00", id="cut to the recording"),
        pytest.param("2026-11-01..2026-12-01", "05T10:00:05", "05T11:00:00", id="dates"),
        pytest.param(" 10:10 .. 10:20 ", "05T10:10:00", "05T10:20:00", id="spaces"),
    ],
)
def test_every_form_of_an_end_is_read(text: str, start: str, end: str) -> None:
    """ISO times, clock times, offsets and open ends, in any mixture."""
    window = parse_window(text, FIRST, LAST)
    assert (window.start, window.end) == (at(start), at(end))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("23:55..00:10", "05T23:55:00", "06T00:10:00"),
        ("00:05..00:10", "06T00:05:00", "06T00:10:00"),
        ("23:40..23:55", "05T23:50:00", "05T23:55:00"),
        ("..00:10", "05T23:50:00", "06T00:10:00"),
    ],
)
def test_clock_times_cross_midnight_with_the_recording(text: str, start: str, end: str) -> None:
    """A clock time is the one that lies in the recording, whichever day that is."""
    window = parse_window(text, *MIDNIGHT)
    assert (window.start, window.end) == (at(start), at(end))


def test_clock_times_are_refused_where_they_come_twice() -> None:
    """In a recording of more than a day, a clock time is several times."""
    with pytest.raises(UsageError, match="write the date too"):
        parse_window("10:00..11:00", at("05T10:00:00"), at("07T10:00:00"))


def test_the_origin_is_the_windows() -> None:
    """A run of a part of the recording starts with that part, not with the recording."""
    assert parse_window("10:10..10:20", FIRST, LAST).origin == at("05T10:10:00")
    assert parse_window("10:00..10:20", FIRST, LAST).origin == FIRST


@pytest.mark.parametrize(
    "text",
    ["11:00..12:00", "08:00..10:00:05", "9999-12-31T23:59:59..", "..2000-01-01", "+2h..+3h", "2025-01-01..2025-01-02"],
)
def test_an_empty_intersection_names_the_recordings_range(text: str) -> None:
    """A window beside the recording is refused, and the message says where the recording is."""
    with pytest.raises(UsageError, match=r"2026-11-05T10:00:05Z\.\.2026-11-05T11:00:00Z"):
        parse_window(text, FIRST, LAST)


@pytest.mark.parametrize("text", ["+5s..+5s", "+90s..+30s", "2026-11-06..2026-11-05", "+1h..2026-11-05T10:00"])
def test_a_window_that_ends_before_it_begins_is_refused(text: str) -> None:
    """The end lies after the start."""
    with pytest.raises(UsageError, match=r"ends before it begins: write A\.\.B"):
        parse_window(text, FIRST, LAST)


@pytest.mark.parametrize(
    "text",
    ["10:00", "..", "10:00-11:00", "yesterday..", "25:00..26:00", "+5..", "10:00:00.5..", "2026-13-01..", "9:00.."],
)
def test_anything_else_is_refused(text: str) -> None:
    """An unreadable window is a usage error, never the whole recording."""
    with pytest.raises(UsageError, match=r"window|length of time"):
        parse_window(text, FIRST, LAST)


def test_parts_of_a_second_are_refused() -> None:
    """The count index counts whole seconds, so a window cannot be finer."""
    for text in ("2026-11-05T10:10:00.5..", "+1.5s.."):
        with pytest.raises(UsageError, match="parts of a second"):
            parse_window(text, FIRST, LAST)


@given(st.integers(0, 3600), st.integers(1, 3600))
@settings(max_examples=50, deadline=None)
def test_a_described_window_is_read_back(offset: int, length: int) -> None:
    """What a plan shows can be given to `--window` again."""
    start = at("05T10:00:00") + offset * SECOND
    window = Window(start, start + length * SECOND, start)
    assert parse_window(window.describe(), at("05T00:00:00"), at("06T00:00:00")) == window


def test_an_instant_is_described_to_the_second_below() -> None:
    """Parts of a second are left out."""
    assert describe_instant(LAST) == "2026-11-05T10:59:59Z"
