"""Histograms: within 2 %, exact where promised, the same however the work was shared out."""

from __future__ import annotations

import json
from math import ceil, comb
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.histogram import (
    OVER,
    Histogram,
    Over,
    RatioHistogram,
    _median_rank_99,
)

durations = st.integers(min_value=0, max_value=10**14)
many = st.lists(durations, max_size=60)
pairs = st.lists(st.tuples(durations, durations), max_size=60)


def histogram(values: list[int], over: int = 0) -> Histogram:
    """Count these values, and so many over."""
    counted = Histogram()
    for value in values:
        counted.add(value)
    counted.add_over(over)
    return counted


def ratios(values: list[tuple[int, int]], over: int = 0) -> RatioHistogram:
    """Count these pairs, and so many over."""
    counted = RatioHistogram()
    for recorded, replayed in values:
        counted.add(recorded, replayed)
    counted.add_over(over)
    return counted


@settings(max_examples=60)
@given(st.lists(durations, min_size=1, max_size=60), st.floats(min_value=0, max_value=1))
def test_a_quantile_is_within_two_percent_of_the_exact_one(values: list[int], q: float) -> None:
    """Any quantile differs from the value at its nearest rank by at most 2 %."""
    exact = sorted(values)[max(1, ceil(q * len(values))) - 1]
    found = histogram(values).quantile(q)
    assert isinstance(found, int)
    assert abs(found - exact) <= 0.02 * exact


@settings(max_examples=40)
@given(first=many, second=many, third=many, over=st.integers(0, 5))
def test_merging_is_adding(first: list[int], second: list[int], third: list[int], *, over: int) -> None:
    """Merging in any order and grouping equals one histogram that counted everything."""
    left = histogram(first)
    left.merge(histogram(second, over))
    left.merge(histogram(third))
    inner = histogram(third)
    inner.merge(histogram(first))
    right = histogram(second, over)
    right.merge(inner)
    assert left == right == histogram(first + second + third, over)


@settings(max_examples=40)
@given(many, st.integers(0, 5))
def test_a_histogram_survives_json(values: list[int], over: int) -> None:
    """What was written as JSON reads back as the same histogram."""
    written = histogram(values, over)
    assert Histogram.from_dict(json.loads(json.dumps(written.to_dict()))) == written


@given(st.lists(durations, min_size=1, max_size=30))
def test_count_mean_and_maximum_are_exact(values: list[int]) -> None:
    """Count, mean and maximum carry no bucket error."""
    counted = histogram(values)
    assert counted.count == len(values)
    assert counted.maximum == max(values)
    assert counted.mean == sum(values) / len(values)


@given(many, durations)
def test_what_lies_above_is_counted_to_two_percent(values: list[int], limit: int) -> None:
    """All that are surely larger are among them, and none that is surely not."""
    counted = histogram(values, over=3).count_above(limit)
    surely = sum(value > 1.02 * limit + 1 for value in values)
    assert surely <= counted <= sum(value > limit for value in values)


def test_an_empty_histogram_knows_nothing() -> None:
    """Nothing counted is None, never 0."""
    empty = Histogram()
    assert (empty.count, empty.quantile(0.5), empty.maximum, empty.mean) == (0, None, None, None)
    assert set(empty.to_ms_summary().values()) == {None}


def test_a_negative_duration_counts_as_zero() -> None:
    """A duration below 0 is a clock's fault and counts as 0."""
    assert histogram([-5]) == histogram([0])


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        pytest.param(0.5, 1_000_000, id="median-of-those-observed"),
        pytest.param(0.9, 1_000_000, id="last-rank-observed"),
        pytest.param(0.91, OVER, id="first-rank-over"),
        pytest.param(1.0, OVER, id="the-largest-is-over"),
    ],
)
def test_a_percentile_among_the_unobserved_is_over(q: float, expected: int | Over) -> None:
    """With one of ten values over, the percentiles above 90 % are over and the others are not."""
    found = histogram([1_000_000] * 9, over=1).quantile(q)
    assert found == (OVER if expected is OVER else pytest.approx(expected, rel=0.01))


def test_one_value_over_makes_maximum_and_mean_over() -> None:
    """Neither the maximum nor the mean describes survivors only."""
    counted = histogram([1, 2], over=1)
    assert counted.maximum is OVER
    assert counted.mean is OVER


def test_the_summary_is_in_ms_and_says_over() -> None:
    """The ms summary has the figures of result.json, as JSON writes them."""
    counted = histogram([1_500_000] * 98, over=2)
    assert json.loads(json.dumps(counted.to_ms_summary())) == {
        "p50": 1.5,
        "p90": 1.5,
        "p95": 1.5,
        "p99": "over",
        "p999": "over",
        "max": "over",
    }


@pytest.mark.parametrize("q", [-0.1, 1.1])
def test_a_quantile_outside_of_0_to_1_is_refused(q: float) -> None:
    """A quantile given as percent is an error, not a number."""
    with pytest.raises(ValueError, match=r"within 0\.\.1"):
        Histogram().quantile(q)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="empty"),
        pytest.param({"buckets": [], "over": 0, "total_ns": 0, "max_ns": 0}, id="list"),
        pytest.param({"buckets": {"x": 1}, "over": 0, "total_ns": 0, "max_ns": 0}, id="bucket"),
        pytest.param({"buckets": {"1": -1}, "over": 0, "total_ns": 0, "max_ns": 0}, id="negative"),
        pytest.param({"buckets": {}, "over": 0.5, "total_ns": 0, "max_ns": 0}, id="fraction"),
    ],
)
def test_what_is_no_histogram_is_refused(data: dict[str, object]) -> None:
    """Damaged JSON is a ValueError that says what it is not."""
    with pytest.raises(ValueError, match="not a histogram of durations"):
        Histogram.from_dict(data)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(10**4, 10**12), st.integers(10**4, 10**12)), min_size=1, max_size=60))
def test_the_median_ratio_is_within_one_percent(values: list[tuple[int, int]]) -> None:
    """The median ratio is within 1 % of the exact one, whatever its size."""
    exact = sorted(replayed / recorded for recorded, replayed in values)[ceil(len(values) / 2) - 1]
    assert ratios(values).median == pytest.approx(exact, rel=0.01)


def test_equal_durations_have_a_ratio_of_exactly_one() -> None:
    """A service that takes as long as recorded has ratio 1, not a bucket's edge."""
    counted = ratios([(123_456, 123_456)] * 10)
    assert counted.median == 1.0
    assert counted.bounds() == (1.0, 1.0)


@settings(max_examples=40)
@given(pairs, pairs, st.integers(0, 5))
def test_merging_ratios_is_adding(first: list[tuple[int, int]], second: list[tuple[int, int]], over: int) -> None:
    """Merging ratio histograms equals counting all pairs in one, either way round."""
    left, right = ratios(first), ratios(second, over)
    left.merge(right)
    right.merge(ratios(first))
    assert left == right == ratios(first + second, over)


@pytest.mark.parametrize(
    ("pairs_seen", "bounded"), [pytest.param(6, False, id="six"), pytest.param(7, True, id="seven")]
)
def test_few_pairs_bound_nothing(pairs_seen: int, *, bounded: bool) -> None:
    """Below seven pairs no order statistic holds at 99 %, so there is no bound."""
    lower, upper = ratios([(10**6, 10**6)] * pairs_seen).bounds()
    assert (lower is not None, upper is not None) == (bounded, bounded)


@given(st.lists(st.integers(10**4, 10**10), min_size=7, max_size=60))
def test_the_bounds_enclose_the_median(replayed: list[int]) -> None:
    """The lower bound is at most the median and the upper at least."""
    counted = ratios([(10**6, value) for value in replayed])
    lower, upper = counted.bounds()
    assert isinstance(lower, float)
    assert isinstance(upper, float)
    assert lower <= 1.01 * median(replayed) / 10**6
    assert upper >= 0.99 * median(replayed) / 10**6


@settings(max_examples=40)
@given(pairs, st.integers(0, 5))
def test_ratios_survive_json(values: list[tuple[int, int]], over: int) -> None:
    """A histogram of ratios comes back from JSON, and what is none is refused."""
    counted = ratios(values, over)
    assert RatioHistogram.from_dict(json.loads(json.dumps(counted.to_dict()))) == counted
    with pytest.raises(ValueError, match="not a histogram of ratios"):
        RatioHistogram.from_dict({**counted.to_dict(), "over": -1})
    with pytest.raises(ValueError, match="not a histogram of ratios"):
        RatioHistogram.from_dict({"over": 0, "buckets": {"x": 1}})


def test_pairs_without_an_answer_are_above_every_ratio() -> None:
    """Where most pairs failed the median is over, and no pair is left out of the ranks."""
    assert ratios([(1, 1)] * 4, over=5).median is OVER
    assert ratios([(1, 1)] * 5, over=4).median == 1.0
    assert ratios([(1, 1)] * 50, over=40).bounds()[1] is OVER


@pytest.mark.parametrize("n", [7, 20, 50, 200, 1_000, 1_001, 5_000])
def test_the_rank_is_the_highest_that_holds_at_99_percent(n: int) -> None:
    """The rank's binomial tail is within 1 %, and the next rank's is not (+-1 above 1,000)."""
    rank = _median_rank_99(n)
    assert 100 * sum(comb(n, k) for k in range(rank - (n > 1_000))) <= 2**n
    assert 100 * sum(comb(n, k) for k in range(rank + 1 + (n > 1_000))) > 2**n
