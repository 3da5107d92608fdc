"""Numbers as the report shows them."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.html import figures
from replay_users.results.html.figures import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.results.html.figures import Figure


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0.00"),
        (0.418, "0.42"),
        (3.54, "3.54"),
        (26.161, "26.2"),
        (261.4, "261"),
        (1_250.2, "1,250"),
        (-0.5, "-0.50"),
    ],
    ids=str,
)
def test_ms_have_three_digits(value: float, shown: str) -> None:
    """A duration has as many decimals as mean something."""
    assert figures.ms(value) == shown


@pytest.mark.parametrize("show", [figures.ms, figures.count, figures.times, figures.seconds, figures.probability])
@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, NOTHING), ("over", "over"), (nan, NOTHING), (inf, NOTHING), (True, NOTHING), ("x", NOTHING)],
    ids=str,
)
def test_what_is_no_number_is_none(show: Callable[[Figure], str], value: Figure, shown: str) -> None:
    """A missing figure is a dash, one beyond everything observed says so, neither becomes a number."""
    assert show(value) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 3, "33.3 %"),
        (1, 1e6, "<0.1 %"),
        (-1, 1e6, ">-0.1 %"),
        (999_999, 1e6, ">99.9 %"),
        (1, 0, NOTHING),
        (None, 5, NOTHING),
        (1, None, NOTHING),
    ],
    ids=str,
)
def test_shares(part: Figure, whole: Figure, shown: str) -> None:
    """A share is never rounded to nothing or to all of it."""
    assert figures.percent(part, whole) == shown


@given(part=st.integers(0, 10**9), whole=st.integers(1, 10**9))
def test_only_nothing_and_all_are_shown_as_such(part: int, whole: int) -> None:
    """`0 %` and `100 %` are exact."""
    shown = figures.percent(min(part, whole), whole)
    assert (shown == "0 %") == (part == 0)
    assert (shown == "100 %") == (part >= whole)


@pytest.mark.parametrize(
    ("value", "shown"), [(9.96, "10.0 s"), (12, "12 s"), (200, "3 min 20 s"), (3_720, "1 h 2 min")], ids=str
)
def test_lengths(value: float, shown: str) -> None:
    """A length of time has the two units that matter."""
    assert figures.seconds(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(-1, "0:00"), (7.9, "0:07"), (750, "12:30"), (3_723, "1:02:03")], ids=str)
def test_moments(value: float, shown: str) -> None:
    """A moment is read as on a clock."""
    assert figures.clock(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(1e-19, "<0.001"), (0.0123, "0.012"), (1, "1.000")], ids=str)
def test_probabilities(value: float, shown: str) -> None:
    """A tiny p says that it is tiny."""
    assert figures.probability(value) == shown


def test_ratios_and_counts() -> None:
    """A ratio has its sign, a count its thousands."""
    assert (figures.times(7.324), figures.count(1_874)) == ("7.32x", "1,874")
