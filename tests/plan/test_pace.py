from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from replay_users.plan.duration import SECOND
from replay_users.plan.pace import AsRecorded, Pace, Rates, Stage, clip
from replay_users.plan.pace_text import parse_pace
from replay_users.plan.warp import Scaled

speeds = st.fractions(Fraction(1, 100), Fraction(100), max_denominator=1000)
rates = st.fractions(Fraction(1, 10), Fraction(1000), max_denominator=100)
curves = st.lists(st.integers(0, 60), min_size=1, max_size=15)
leads = st.integers(0, SECOND - 1)
timed = st.builds(Stage, rates, rates, st.integers(1, 60).map(lambda s: s * SECOND))
holds = rates.map(lambda rate: Stage(rate, rate, None))
staged = st.builds(
    lambda stages, last: Rates((*stages, *last)), st.lists(timed, max_size=3), st.lists(holds, min_size=1, max_size=1)
)
paces = st.one_of(
    st.builds(AsRecorded, speeds), st.builds(AsRecorded, speeds, rates), staged, st.builds(clip, staged, rates)
)


def sent_by(pace: Rates, due: int) -> Fraction:
    """The integral of the rate, exactly."""
    total, left, rate = Fraction(0), Fraction(due, SECOND), Fraction(0)
    for stage in pace.stages:
        seconds = left if stage.duration is None else min(left, Fraction(stage.duration, SECOND))
        whole = seconds if stage.duration is None else Fraction(stage.duration, SECOND)
        rate = stage.end
        reached = stage.start + (stage.end - stage.start) * seconds / whole if whole else stage.start
        total += (stage.start + reached) / 2 * seconds
        left -= seconds
    return total + rate * left


def evenly(curve: list[int], lead: int) -> list[int]:
    """Offsets of rows that lie evenly in their seconds."""
    offsets = []
    for second, rows in enumerate(curve):
        begin = max(second * SECOND - lead, 0)
        width = (second + 1) * SECOND - lead - begin
        offsets += [begin + row * width // rows for row in range(rows)]
    return offsets


@given(paces, curves, leads, st.data())
@settings(max_examples=100, deadline=None)
def test_due_never_decreases(pace: Pace, curve: list[int], lead: int, data: st.DataObject) -> None:
    """Whatever the pace and the curve, a later exchange is never due sooner, and the first instant is due at 0."""
    warp = pace.warp(curve, lead)
    end = len(curve) * SECOND
    offsets = data.draw(st.lists(st.integers(0, end + SECOND), max_size=40))
    dues = [warp(offset) for offset in sorted(offsets)]
    assert dues == sorted(dues)
    assert warp(0) == 0


def test_the_first_instant_is_due_at_once_in_a_window_of_a_few_ns() -> None:
    """Rates that change within the little that a window has of its first second leave its beginning at 0."""
    tenth = Fraction(1, 10)
    pace = Rates((Stage(tenth, tenth, SECOND), Stage(tenth, tenth, None)))
    warp = pace.warp([1], SECOND - 9)
    assert [warp(0), warp(9)] == [0, 10 * SECOND]


@given(speeds, curves, st.integers(0, 86_400 * SECOND))
@settings(max_examples=50, deadline=None)
def test_as_recorded_divides_every_offset(speed: Fraction, curve: list[int], offset: int) -> None:
    """`2.5x` divides offsets by 2.5, exactly, whatever the curve: every window has the same gaps."""
    assert AsRecorded(speed).warp(curve)(offset) == offset / speed // 1


@given(staged, curves, st.integers(0, SECOND * 9 // 10))
@settings(max_examples=100, deadline=None)
def test_arrivals_equal_the_integral_of_the_rate(pace: Rates, curve: list[int], lead: int) -> None:
    """The k-th exchange is due when the integral of the rate reaches k, ramps and stage changes included."""
    warp = pace.warp(curve, lead)
    for nth, offset in enumerate(evenly(curve, lead)):
        assert abs(sent_by(pace, warp(offset)) - nth) < Fraction(3, 10)


@given(staged, curves, leads)
@settings(max_examples=50, deadline=None)
def test_the_run_lasts_until_the_rate_has_sent_all(pace: Rates, curve: list[int], lead: int) -> None:
    """At the end of the curve as many are due as the integral says, bursts or not."""
    end = len(curve) * SECOND - lead
    assert abs(sent_by(pace, pace.warp(curve, lead).duration(end)) - sum(curve)) < Fraction(1, 100)


@given(rates, curves, st.data())
@settings(max_examples=50, deadline=None)
def test_a_constant_rate_has_the_same_gaps_in_every_window(
    rate: Fraction, curve: list[int], data: st.DataObject
) -> None:
    """Two instants are as far apart in the run whether the window begins here or there."""
    pace = Rates((Stage(rate, rate, None),))
    skipped = data.draw(st.integers(0, len(curve) - 1))
    end = (len(curve) - skipped) * SECOND
    one, two = data.draw(st.tuples(st.integers(0, end), st.integers(0, end)))
    whole, part = pace.warp(curve), pace.warp(curve[skipped:])
    gap = whole(two + skipped * SECOND) - whole(one + skipped * SECOND)
    assert gap == pytest.approx(part(two) - part(one), abs=4)


@pytest.mark.parametrize("text", ["10/s", "1/s->19/s:20s"])
def test_empty_seconds_take_no_run_time(text: str) -> None:
    """Under a rate, a second in which nothing is sent is passed over."""
    pace = parse_pace(text)
    assert pace.warp([5, 0, 0, 0, 5]).duration(5 * SECOND) == pace.warp([5, 5]).duration(2 * SECOND)


def test_bursts_stay_inside_their_second() -> None:
    """A rate scales a recorded second as a whole: what came in one instant still does."""
    warp = parse_pace("10/s").warp([20, 20])
    assert [warp(x * SECOND // 10) for x in (0, 1, 9, 10, 11)] == [x * SECOND // 5 for x in (0, 1, 9, 10, 11)]


def test_a_window_that_starts_inside_a_second_starts_at_once() -> None:
    """The rows of a short first second share the time that its count is worth, from the origin on."""
    warp = parse_pace("10/s").warp([10, 10], lead=SECOND * 3 // 4)
    assert [warp(x) for x in (0, SECOND // 8, SECOND // 4, SECOND // 4 + SECOND)] == [
        0,
        SECOND // 2,
        SECOND,
        2 * SECOND,
    ]


@given(speeds, rates, curves, leads)
@settings(max_examples=100, deadline=None)
def test_a_clipped_recording_stays_under_the_ceiling(
    speed: Fraction, ceiling: Fraction, curve: list[int], lead: int
) -> None:
    """No recorded second is replayed faster than the ceiling, and one that was slow enough keeps its length."""
    warp = AsRecorded(speed, ceiling).warp(curve, lead)
    for second, rows in enumerate(curve):
        begin, end = max(second * SECOND - lead, 0), (second + 1) * SECOND - lead
        length = warp(end) - warp(begin)
        if rows * speed > ceiling:
            assert length == pytest.approx(float(rows * SECOND / ceiling), rel=1e-9, abs=2)
        else:
            assert length == pytest.approx(float((end - begin) / speed), abs=2)


def test_a_clip_that_is_not_needed_changes_nothing() -> None:
    """A recording below the ceiling keeps its exact timing."""
    assert AsRecorded(Fraction(2), Fraction(20)).warp([10, 10]) == Scaled(2, 1)


@given(staged, rates, st.integers(0, 300 * SECOND))
@settings(max_examples=50, deadline=None)
def test_clipped_rates_are_the_lower_of_rate_and_ceiling(pace: Rates, ceiling: Fraction, due: int) -> None:
    """A ramp that crosses the ceiling holds there, for as long as it would have been above."""
    clipped = clip(pace, ceiling)
    assert isinstance(clipped, Rates)
    step = SECOND // 10
    now = sent_by(pace, due + step) - sent_by(pace, due)
    held = sent_by(clipped, due + step) - sent_by(clipped, due)
    assert held <= min(now, ceiling * step / SECOND) + Fraction(1, 10**5)
    assume(max(stage.start for stage in pace.stages) <= ceiling and max(s.end for s in pace.stages) <= ceiling)
    assert clipped == pace


def test_a_ramp_across_the_ceiling_becomes_a_ramp_and_a_hold() -> None:
    """Up and down, the part below the ceiling keeps its slope."""
    up, down = (clip(parse_pace(text), Fraction(300)) for text in ("100/s->500/s:4m,9/s", "500/s->100/s:4m"))
    assert up.describe() == "100/s->300/s:2m,300/s:2m,9/s"
    assert down.describe() == "300/s:2m,300/s->100/s:2m"


@pytest.mark.parametrize(
    ("text", "curve", "peak"),
    [
        pytest.param("1x", [3, 9, 0], 9, id="the busiest recorded second"),
        pytest.param("2.5x", [3, 8], 20, id="times the speed"),
        pytest.param("1x", [], 0, id="nothing recorded"),
        pytest.param("500/s", [3], 500, id="the rate"),
        pytest.param("100/s->500/s:10s", [3000], 500, id="the end of a ramp that is reached"),
        pytest.param("100/s->500/s:10s,9/s", [1200], 325.576, id="as far up the ramp as the rows last"),
        pytest.param("500/s->100/s:10s", [100], 500, id="the start of a ramp down"),
        pytest.param("10/s:10s,900/s", [50], 10, id="a stage that is never reached does not count"),
        pytest.param("10/s:10s,900/s", [101], 900, id="a stage that is reached does"),
        pytest.param("10/s:10s,900/s", [0], 10, id="nothing sent"),
    ],
)
def test_peak_rate(text: str, curve: list[int], peak: float) -> None:
    """The ceiling is checked against the highest rate the run comes to."""
    assert parse_pace(text).peak_rate(curve) == pytest.approx(peak, abs=0.001)


def test_the_ceiling_is_part_of_the_pace() -> None:
    """A clipped pace says so, and its peak is the ceiling."""
    pace = clip(AsRecorded(Fraction(2)), Fraction(15))
    assert pace.describe() == "2x, at most 15/s"
    assert pace.peak_rate([10]) == 15
    assert pace.peak_rate([5]) == 10


def test_a_day_at_a_rate_does_not_drift() -> None:
    """The last exchange of 24 hours is due to the microsecond when its number says."""
    curve = [1000, 999] * 43_200
    dues = parse_pace("777/s").warp(curve)
    assert dues.duration(86_400 * SECOND) == pytest.approx(sum(curve) * SECOND / 777, abs=1000)


def test_knots_follow_a_ramp_from_zero() -> None:
    """A ramp that begins at nothing starts slowly, also within its first recorded second."""
    warp = parse_pace("0/s->100/s:100s").warp([200])
    gaps = [warp((nth + 1) * SECOND // 200) - warp(nth * SECOND // 200) for nth in range(0, 200, 50)]
    assert all(late < early for early, late in pairwise(gaps))
