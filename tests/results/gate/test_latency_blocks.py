"""Blocks of time, and what an exchange of the runs in them says."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.results.gate.latency_blocks import BLOCKS, Span, blocks_of, exchange_p, least_p, likeness, swayed
from tests.results.gate.paired import SPAN, matched

SUMS = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=60)


@pytest.mark.parametrize(("due", "part"), [(0, 0), (99, 0), (100, 0), (150, 2), (199, 4), (200, 4), (900, 4)])
def test_the_time_that_is_looked_at_has_equal_parts(due: int, part: int) -> None:
    """What was due outside belongs to the first or last."""
    assert Span(100, 200).part(due, 5) == part


def test_a_span_without_length_is_one_part() -> None:
    """A run of nothing."""
    assert Span(0, 0).part(7, 5) == 4


def test_a_session_has_one_vote_in_a_block() -> None:
    """However often it asks there; and a block's votes are added up."""
    busy = matched([1] * 800, [1] * 800, session=lambda nth: 0 if nth % 10 < 8 else nth)
    sums = blocks_of(busy, SPAN).sums([1.0] * 800)
    assert len(sums) == BLOCKS
    assert set(sums) == {3.0}


def test_few_exchanges_are_blocks_by_themselves() -> None:
    """Each session in each block, so that chance has enough to exchange."""
    few = matched([1] * 120, [1] * 120, session=lambda nth: nth // 2)
    assert len(blocks_of(few, SPAN).sums([1.0] * 120)) > BLOCKS / 2
    one_session = matched([1] * 120, [1] * 120, session=lambda _: 0)
    assert len(blocks_of(one_session, SPAN).sums([1.0] * 120)) == BLOCKS


def test_blocks_in_which_nothing_was_asked_are_none() -> None:
    """An endpoint that is asked in a tenth of the run has a tenth of the blocks."""
    burst = matched([1] * 400, [1] * 400, over_s=60)
    assert len(blocks_of(burst, SPAN).sums([1.0] * 400)) == BLOCKS // 10


@given(SUMS)
def test_nothing_is_as_unlikely_as_all_on_one_side(sums: list[float]) -> None:
    """The least p is reached where all point the same way, and nowhere undercut."""
    assert exchange_p([abs(each) for each in sums]) == pytest.approx(least_p(sums))
    assert exchange_p(sums) >= least_p(sums) * (1 - 1e-9)


@given(SUMS, st.floats(1, 30))
def test_what_wanders_is_never_surer(sums: list[float], sway: float) -> None:
    """The more a series sways, the larger p, wherever it says anything."""
    upwards = sums if sum(sums) >= 0 else [-each for each in sums]
    if exchange_p(upwards) < 0.4:
        assert exchange_p(upwards, sway) >= exchange_p(upwards)


def test_sums_of_nothing_are_no_evidence() -> None:
    """No block, or blocks without a difference."""
    assert exchange_p([]) == exchange_p([0.0, 0.0]) == least_p([0.0]) == 1


def series(like: float, length: int, seed: int) -> list[float]:
    """Each like the one before, to a degree."""
    random = Random(seed)
    found = [random.gauss(0, 1)]
    while len(found) < length:
        found.append(like * found[-1] + random.gauss(0, (1 - like * like) ** 0.5))
    return found


@pytest.mark.parametrize("like", [0.0, 0.5, 0.8])
def test_likeness_is_that_of_the_series(like: float) -> None:
    """Without the bias of short series: on the average of many it is right."""
    found = [likeness(series(like, 80, seed)) for seed in range(60)]
    assert sum(found) / len(found) == pytest.approx(like, abs=0.07)


def test_what_no_clock_can_see_is_like_nothing() -> None:
    """A drift of half of what is seen counts for a fifth of itself, and one that is much larger counts in full."""
    drift = [nth / 40 for nth in range(40)]
    seen = likeness(drift)
    square = sum((each - sum(drift) / 40) ** 2 for each in drift)
    assert likeness(drift, unseen=square) == pytest.approx(seen / 2)
    assert likeness(drift, unseen=4 * square) == pytest.approx(seen / 5)
    assert likeness(drift, unseen=square / 1e6) == pytest.approx(seen, rel=1e-5)
    assert likeness([2.0] * 40, unseen=1.0) == 0


def test_a_short_or_still_series_is_like_nothing() -> None:
    """There is nothing to see in it."""
    assert likeness([1.0, 2.0, 3.0]) == 0
    assert likeness([2.0] * 30) == pytest.approx(0, abs=0.05)


def test_independent_sums_do_not_sway_and_lasting_noise_does() -> None:
    """An endpoint's own likeness counts beyond its error, the run's in full, and no variance is blown up without end."""
    assert swayed(0.0, 0.0, 0) == 1
    assert swayed(-1.0, 0.0, 40) == 1
    assert swayed(likeness(series(0.9, 200, 1)), 0.0, 200) > 5
    assert swayed(0.6, 0.0, 100) == swayed(0.0, 0.5, 100) == swayed(0.7, 0.0, 100, errors=2.0) == pytest.approx(3)
    assert swayed(-1.0, 0.5, 40) == pytest.approx(3)
    assert swayed(0.9, 0.99, 80) == pytest.approx(39)
