from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.plan.warp import Pieces, Scaled, pieces

_DAY = 86_400_000_000_000

points = st.lists(st.tuples(st.integers(0, _DAY), st.integers(0, _DAY)), max_size=20).map(
    lambda p: [(0, 0), *sorted(p)]
)


@given(st.integers(0, _DAY), st.integers(1, 10**6), st.integers(1, 10**6))
@settings(max_examples=50, deadline=None)
def test_scaled_is_exact(offset: int, num: int, den: int) -> None:
    """A scaled offset is the fraction rounded down, at any size."""
    assert Scaled(num, den)(offset) * num <= offset * den < (Scaled(num, den)(offset) + 1) * num


@given(points, st.lists(st.integers(-5, 2 * _DAY), max_size=30))
@settings(max_examples=100, deadline=None)
def test_pieces_never_go_back(knots: list[tuple[int, int]], offsets: list[int]) -> None:
    """However the knots were rounded, a later offset is never due sooner."""
    warp = pieces(knots, (1, 1))
    dues = [warp(offset) for offset in sorted(offsets)]
    assert dues == sorted(dues)
    assert all(due >= 0 for due in dues)


def test_pieces_go_straight_between_knots_and_on_beyond() -> None:
    """Half way between two knots is half the time, and the slope after the last is the one given."""
    warp = pieces([(0, 0), (100, 10), (200, 210)], (3, 1))
    assert [warp(x) for x in (0, 50, 100, 150, 200, 201)] == [0, 5, 10, 110, 210, 213]
    assert warp.duration(150) == 110


def test_of_knots_at_one_offset_the_last_counts() -> None:
    """A jump takes effect at its offset, without dividing by the width it does not have."""
    warp = pieces([(0, 0), (100, 10), (100, 50), (200, 60)], (0, 1))
    assert [warp(x) for x in (99, 100, 200, 300)] == [9, 50, 60, 60]


def test_what_lies_before_the_origin_is_due_at_once() -> None:
    """A negative offset is no negative due time."""
    assert Scaled(1, 1)(-5) == 0
    assert pieces([(0, 0), (10, 10)], (1, 1))(-5) == 0


def test_one_point_is_a_warp() -> None:
    """An empty curve still has a warp."""
    assert pieces([(0, 0)], (0, 1)) == Pieces((0,), ((0, 0, 1),))
