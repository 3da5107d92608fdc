"""The course of a run: each exchange in the slot it was sent in, however wide slots have become and whoever counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.model import Fault, Verdict
from replay_users.results.tally import Tally
from replay_users.results.timeline import MOST_SLOTS, Slot, Timeline
from tests.results.whole import state

if TYPE_CHECKING:
    from replay_users.model import Flight
    from tests.results.conftest import Land

SECOND = 1_000_000_000
MS = 1_000_000

rows = st.lists(
    st.fixed_dictionaries(
        {
            "due": st.integers(0, 3_000) | st.integers(0, 10**7),
            "lag": st.integers(-3, 2_000),
            "service": st.integers(-2, 3_000),
            "fault": st.none() | st.sampled_from([Fault.TIMEOUT, Fault.CONNECT]),
            "judged": st.sampled_from(Verdict),
        }
    ),
    max_size=30,
)


def counted(flights: list[Flight]) -> Timeline:
    """Count these one by one."""
    timeline = Timeline()
    timeline.count(flights)
    return timeline


def test_a_slot_says_what_happened_in_it(land: Land) -> None:
    """Sent, failed, mismatched, lag and service of what was sent in each second; a dropped exchange where it was due."""
    timeline = counted(
        [
            land(1, due=100, lag=3, service=10),
            land(2, due=990, lag=20, service=5_000, judged=Verdict.MISMATCHED),
            land(3, due=1_500, lag=1, fault=Fault.TIMEOUT),
        ]
    )
    timeline.drop(2_100 * MS)
    assert timeline.width == SECOND
    assert timeline.slots == [
        Slot(sent=1, lag_max=3 * MS, lag_sum=3 * MS, service_sum=10 * MS),
        Slot(sent=2, failed=1, mismatched=1, lag_max=20 * MS, lag_sum=21 * MS, service_sum=5_000 * MS),
        Slot(dropped=1),
    ]


@settings(max_examples=80)
@given(rows=rows, batch=st.integers(1, 8))
def test_batches_count_what_flights_do(land: Land, rows: list[dict[str, Any]], batch: int) -> None:
    """A tally that settles in batches has the timeline that counting one by one gives."""
    flights = [land(n, **row) for n, row in enumerate(rows)]
    tally = Tally(["GET /"])
    for at in range(0, len(flights), batch):
        tally.settle(flights[at : at + batch])
    assert state(tally.timeline) == state(counted(flights))


@settings(max_examples=80)
@given(rows=rows, cut=st.integers(0, 30))
def test_merging_is_counting_in_one_place(land: Land, rows: list[dict[str, Any]], cut: int) -> None:
    """Timelines of any widths merge, in either order, into that of the whole."""
    flights = [land(n, **row) for n, row in enumerate(rows)]
    left, right = counted(flights[:cut]), counted(flights[cut:])
    left.merge(right)
    right.merge(counted(flights[:cut]))
    assert state(left) == state(right) == state(counted(flights))


def test_slots_widen_and_keep_their_sums(land: Land) -> None:
    """A run of an hour has slots of eight seconds; there are never more than 600, and nothing is lost."""
    timeline = counted([land(n, due=1_000 * n, lag=n % 7) for n in range(3_600)])
    assert (timeline.width, len(timeline)) == (8 * SECOND, 450)
    assert {slot.sent for slot in timeline.slots} == {8}
    assert {slot.lag_max for slot in timeline.slots} == {6 * MS}
    assert sum(slot.lag_sum for slot in timeline.slots) == sum(n % 7 for n in range(3_600)) * MS


@pytest.mark.parametrize(("at", "width"), [(0, 1), (599, 1), (600, 2), (1_199, 2), (1_200, 4), (86_400 * 30, 8_192)])
def test_the_width_follows_the_run(at: int, width: int) -> None:
    """A second, doubled as often as the run needs."""
    timeline = Timeline()
    timeline.drop(at * SECOND)
    assert timeline.width == width * SECOND
    assert len(timeline) <= MOST_SLOTS
    assert sum(slot.dropped for slot in timeline.slots) == 1


def test_a_moment_before_the_start_is_in_the_first_slot(land: Land) -> None:
    """A clock's fault makes no slot of its own."""
    timeline = Timeline()
    timeline.drop(-5)
    timeline.drop(3 * SECOND)
    timeline.drop(-5 * SECOND)
    assert [slot.dropped for slot in timeline.slots] == [2, 0, 0, 1]
    tally = Tally(["GET /"])
    tally.settle([land(1, due=-20)])
    assert [slot.sent for slot in tally.timeline.slots] == [1]


def test_it_reaches_as_far_as_it_is_told_to(land: Land) -> None:
    """Widened to the plan's end it has slots until then; the one it came from stays as it was."""
    timeline = counted([land(1, due=500)])
    wide = timeline.widened(1_000 * SECOND)
    assert (wide.width, len(wide), wide.slots[0].sent) == (2 * SECOND, 500, 1)
    assert (timeline.width, len(timeline)) == (SECOND, 1)
    assert len(timeline.widened(0)) == 1
    assert len(Timeline().widened(0)) == 0


@settings(max_examples=40)
@given(rows=rows)
def test_it_comes_back_from_a_message(land: Land, rows: list[dict[str, Any]]) -> None:
    """Packed and unpacked it is the same."""
    timeline = counted([land(n, **row) for n, row in enumerate(rows)])
    assert state(Timeline.unpack(timeline.pack())) == state(timeline)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param([], id="nothing"),
        pytest.param([SECOND, 1], id="half a slot"),
        pytest.param([3 * SECOND], id="no doubled second"),
        pytest.param([SECOND // 2], id="less than a second"),
        pytest.param(["1"], id="no number"),
        pytest.param([SECOND, *[0] * 7 * 601], id="too many slots"),
    ],
)
def test_what_is_no_timeline_is_refused(data: list[Any]) -> None:
    """A message that holds none raises."""
    with pytest.raises(ValueError, match=r"not a timeline|not enough values"):
        Timeline.unpack(data)
