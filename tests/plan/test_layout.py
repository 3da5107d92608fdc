from __future__ import annotations

import pytest

from replay_users.histogram import OVER
from replay_users.plan.layout import (
    amounts,
    byte_size,
    columns,
    counted,
    labelled,
    listed,
    milliseconds,
    shown,
    sparkline,
)


def test_what_cannot_be_printed_is_shown_as_its_code() -> None:
    """A recorded name cannot act on the terminal that shows it."""
    assert shown("GET /\x1b[2J\r\n\u202e") == r"GET /\x1b[2J\r\n\u202e"


def test_a_long_name_is_cut_and_says_so() -> None:
    """Columns stay readable."""
    assert shown("x" * 61) == "x" * 59 + "…"
    assert shown("x" * 60) == "x" * 60


def test_amounts_list_five_and_count_the_rest() -> None:
    """Names keep their order."""
    assert amounts({"b": 1200, "a": 3}) == "b 1,200, a 3"
    assert amounts({str(n): 1 for n in range(7)}) == "0 1, 1 1, 2 1, 3 1, 4 1, 2 more"
    assert amounts({}) == "none"


def test_what_capture_could_not_tell_has_a_name() -> None:
    """An empty host or protocol would be seen as a mistake."""
    assert amounts({"": 4, "a": 2}) == "(not recorded) 4, a 2"


def test_three_names_are_listed_and_the_rest_counted() -> None:
    """Quoted and printable."""
    assert listed(["a", "\x1b"]) == r"'a', '\\x1b'"
    assert listed(["a", "b", "c"]) == "'a', 'b', 'c'"
    assert listed([f"h{n}" for n in range(1003)]) == "'h0', 'h1', 'h2' and 1,000 more"


def test_one_thing_is_not_many() -> None:
    """A noun follows its number."""
    assert [counted(n, "slice") for n in (0, 1, 2000)] == ["0 slices", "1 slice", "2,000 slices"]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (2_345_678, "2.35 MB"),
        (12_345_678_901, "12.3 GB"),
        (10**13, "10,000.0 GB"),
    ],
)
def test_sizes_have_the_unit_that_suits_them(size: int, text: str) -> None:
    """Powers of a thousand, three figures."""
    assert byte_size(size) == text


def test_durations_without_a_number_say_so() -> None:
    """Nothing counted is a dash, beyond what was observed is `over`."""
    assert [milliseconds(m) for m in (1_234_567_890, OVER, None)] == ["1,234.6 ms", "over", "-"]


def test_sparklines_are_relative_to_their_peak() -> None:
    """Zero is the lowest block and the peak the highest, of any scale."""
    assert sparkline([0, 35, 70]) == "▁▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""


def test_columns_are_aligned() -> None:
    """Text to the left, figures to the right, no trailing space."""
    assert columns([("endpoint", "rows", ""), ("GET /a", "1,234", "")]) == ["endpoint   rows", "GET /a    1,234"]


def test_labels_have_one_width() -> None:
    """What is said begins in one column."""
    assert labelled("pace", "1x") == "pace        1x"
