"""What came between two looks at a tally."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.histogram import Histogram, RatioHistogram
from replay_users.model import Drop, Fault, SkipReason, Verdict
from replay_users.results.endpoint_tally import EndpointTally
from replay_users.results.interval import Counted, Times, counted, times_of
from replay_users.results.tally import Tally

if TYPE_CHECKING:
    from tests.results.conftest import Land

DURATIONS = st.lists(st.integers(0, 10**11), max_size=40)
POINTS = (0.5, 0.9, 0.95, 0.99, 1.0)


def histogram(durations: list[int], over: int = 0) -> Histogram:
    """A histogram of these durations."""
    made = Histogram()
    for duration in durations:
        made.add(duration)
    made.over = over
    return made


@settings(max_examples=200)
@given(DURATIONS, DURATIONS, st.integers(0, 5), st.integers(0, 5))
def test_what_came_since_is_what_was_added(first: list[int], then: list[int], over: int, more: int) -> None:
    """Counts, overs and sums of an interval are those of its values alone, and its largest is theirs within 1 %."""
    before = times_of(histogram(first, over))
    new = times_of(histogram(first + then, over + more)).since(before)
    alone = times_of(histogram(then, more))
    assert (new.buckets, new.over, new.total, new.count) == (alone.buckets, more, sum(then), len(then))
    if then:
        assert abs(new.peak - max(then)) <= 0.0101 * max(then) + 1
    assert before.plus(new).buckets == times_of(histogram(first + then)).buckets


@given(DURATIONS, st.integers(0, 5))
def test_percentiles_are_those_of_a_histogram(durations: list[int], over: int) -> None:
    """Several percentiles in one pass are what the histogram says of each, what never came included."""
    made = histogram(durations, over)
    assert list(times_of(made).quantiles(*POINTS)) == [made.quantile(point) for point in POINTS]


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), max_size=20), st.integers(0, 3))
def test_the_median_ratio_is_that_of_a_histogram(pairs: list[tuple[int, int]], over: int) -> None:
    """Ratios have the same median in a mark as in their histogram."""
    made = RatioHistogram()
    for recorded, replayed in pairs:
        made.add(recorded, replayed)
    made.over = over
    assert times_of(made).median_ratio == made.median


def test_a_mark_stands_still() -> None:
    """Counting goes on without changing what was copied."""
    mine = EndpointTally()
    mine.sent, mine.statuses[200, 200] = 1, 1
    mine.service.add(5)
    mark = counted(mine)
    mine.sent, mine.statuses[200, 200] = 2, 2
    mine.service.add(5)
    assert (mark.ended, mark.statuses, mark.service.count) == (1, {(200, 200): 1}, 1)


def test_everything_of_an_endpoint_is_told_apart_by_interval(land: Land) -> None:
    """Counts of an interval are by name what happened in it."""
    tally = Tally(["GET /a"])
    tally.settle([land(1), land(2, fault=Fault.TIMEOUT)])
    mine = tally.endpoints["GET /a"]
    before = counted(mine)
    tally.settle([land(3, judged=Verdict.MISMATCHED, answer=503), land(4, judged=Verdict.UNCHECKED), land(5)])
    tally.drop(land(6), Drop.LAG)
    tally.skip(0, SkipReason.METHOD, rows=2)
    new = counted(mine).since(before)
    expected = {"sent": 3, "compared": 2, "matched": 1, "mismatched": 1, "regressions": 1, "unchecked": 1}
    assert new.counts == {**expected, "failed": 0, "dropped": 1, "skipped": 2, "broken": 1}
    assert (new.ended, new.statuses) == (6, {(200, 503): 1, (200, 200): 2})


def test_what_a_rule_settles_is_not_broken(land: Land) -> None:
    """A 503 that a rule expects is a status, and no more broken than in result.json."""
    tally = Tally(["GET /a"])
    tally.settle([land(1, answer=503), land(2, answer=503, judged=Verdict.MISMATCHED)])
    made = counted(tally.endpoints["GET /a"])
    assert made.statuses == {(200, 503): 2}
    assert made.counts["broken"] == tally.endpoints["GET /a"].broken.count == 1


def test_a_tally_that_began_again_is_taken_whole() -> None:
    """The second pass of an A/A run counts from nothing."""
    before = Counted(ended=10, counts={"sent": 10}, service=Times({1: 10}))
    now = Counted(ended=4, counts={"sent": 4}, service=Times({1: 4}))
    assert now.since(before) == now


def test_endpoints_add_up() -> None:
    """Two endpoints together have the counts of both."""
    one = Counted(ended=1, counts={"sent": 1}, statuses={(200, 200): 1}, recorded=Times({1: 1}, 0, 5, 5))
    two = Counted(ended=2, counts={"sent": 2}, statuses={(200, 500): 2}, recorded=Times({1: 2}, 1, 9, 6))
    both = one.plus(two)
    assert (both.ended, both.counts, both.statuses) == (3, {"sent": 3}, {(200, 200): 1, (200, 500): 2})
    assert both.recorded == Times({1: 3}, 1, 14, 6)
