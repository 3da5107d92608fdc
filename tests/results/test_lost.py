"""What a dead worker leaves: every row of its partitions has an end, is in doubt, or unread."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.plan import Scaled, parse_pace
from replay_users.results.lost import Lost, lost_rows

SECOND = 1_000_000_000

curves = st.lists(st.integers(0, 50), max_size=20)


@settings(max_examples=150)
@given(
    curve=curves,
    lead=st.integers(0, SECOND - 1),
    pace=st.sampled_from(["1x", "10x", "0.5x", "7/s", "1/s->9/s:10s"]),
    share=st.floats(0, 1),
    fence=st.integers(-SECOND, 40 * SECOND),
    more=st.integers(0, 40),
    data=st.data(),
)
def test_every_row_is_ended_in_doubt_or_unread(
    *, curve: list[int], lead: int, pace: str, share: float, fence: int, more: int, data: st.DataObject
) -> None:
    """The three add up to what was planned and none is below zero, whatever the pace, the fence and the last report."""
    planned = sum(curve) + more
    ended = int(planned * share)
    skipped = data.draw(st.integers(0, min(more, ended)))
    warp = parse_pace(pace).warp(curve, lead)
    lost = lost_rows(curve, lead, warp, ended=ended, fence=fence, planned=planned, skipped=skipped)
    assert lost.in_doubt + lost.unread + ended == planned
    assert lost.in_doubt >= 0
    assert lost.unread >= 0


@settings(max_examples=100)
@given(curve=curves, lead=st.integers(0, SECOND - 1), fence=st.integers(0, 25 * SECOND), data=st.data())
def test_nothing_that_may_have_been_sent_is_called_unread(
    *, curve: list[int], lead: int, fence: int, data: st.DataObject
) -> None:
    """Rows due by the fence that have no end are all in doubt, and no row of a second that was not yet due."""
    due = sum(rows for nth, rows in enumerate(curve) if max(nth * SECOND - lead, 0) <= fence)
    ended = data.draw(st.integers(0, due))
    lost = lost_rows(curve, lead, Scaled(1, 1), ended=ended, fence=fence)
    assert lost == Lost(in_doubt=due - ended, unread=sum(curve) - due)


@pytest.mark.parametrize(
    ("ended", "fence", "lost"),
    [
        pytest.param(0, -1, Lost(0, 30), id="died before the start"),
        pytest.param(0, 0, Lost(10, 20), id="at the start"),
        pytest.param(7, 0, Lost(3, 20), id="seven ended"),
        pytest.param(7, 2 * SECOND, Lost(23, 0), id="long after"),
        pytest.param(15, 0, Lost(0, 15), id="more ended than due"),
        pytest.param(30, 2 * SECOND, Lost(0, 0), id="all ended"),
        pytest.param(31, 2 * SECOND, Lost(0, 0), id="a report that cannot be"),
    ],
)
def test_the_fence_divides(ended: int, fence: int, lost: Lost) -> None:
    """What was due up to the fence is in doubt, what was not is unread."""
    assert lost_rows([10, 10, 10], 0, Scaled(1, 1), ended=ended, fence=fence) == lost


def test_the_pace_says_what_was_due() -> None:
    """At ten times the speed ten recorded seconds are due in one; the seconds count from the origin, not from the first."""
    assert lost_rows([1] * 20, 0, Scaled(10, 1), ended=0, fence=SECOND) == Lost(11, 9)
    half = SECOND // 2
    assert lost_rows([1, 1, 1], half, Scaled(1, 1), ended=0, fence=half) == Lost(2, 1)
    assert lost_rows([1, 1, 1], half, Scaled(1, 1), ended=0, fence=half - 1) == Lost(1, 2)


def test_rows_skipped_ahead_of_time_do_not_hide_those_in_doubt() -> None:
    """A worker that had loaded far ahead had skipped rows that were not due: they are no answers to those that were."""
    lost = lost_rows([10, 10], 0, Scaled(1, 1), ended=24, fence=0, planned=40, skipped=20)
    assert lost == Lost(in_doubt=6, unread=10)
