from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.swarm.division import divide

weights = st.dictionaries(st.integers(0, 30), st.integers(0, 50), min_size=1, max_size=9)


def _best(rows: list[int], shares: int) -> int:
    """The smallest largest share, by trying all cuts."""
    cuts = combinations(range(1, len(rows)), shares - 1)
    return min(max(sum(rows[a:b]) for a, b in pairwise((0, *cut, len(rows)))) for cut in cuts)


@settings(max_examples=150)
@given(weights=weights, workers=st.integers(1, 10))
def test_the_largest_share_is_as_small_as_can_be(weights: dict[int, int], workers: int) -> None:
    """Each partition is in one share, shares are neighbours in order, none is without rows, and the largest is smallest."""
    parts = divide(weights, workers)
    assert [each for part in parts for each in part] == sorted(weights)
    heavy = [weights[each] for each in sorted(weights) if weights[each]]
    assert len(parts) == max(1, min(workers, len(heavy)))
    if heavy:
        sizes = [sum(weights[each] for each in part) for part in parts]
        assert min(sizes) > 0
        assert max(sizes) == _best(heavy, len(parts))


@pytest.mark.parametrize(
    ("rows", "workers", "parts"),
    [
        pytest.param([1] * 8, 2, [(0, 1, 2, 3), (4, 5, 6, 7)], id="halves"),
        pytest.param([5, 1, 1, 1], 3, [(0,), (1,), (2, 3)], id="a heavy one leaves nobody idle"),
        pytest.param([3, 3], 5, [(0,), (1,)], id="more workers than partitions"),
        pytest.param([0, 3, 0, 3, 0], 2, [(0, 1, 2), (3, 4)], id="partitions without rows have an owner"),
        pytest.param([0, 0], 2, [(0, 1)], id="no rows at all"),
    ],
)
def test_divisions(rows: list[int], workers: int, parts: list[tuple[int, ...]]) -> None:
    """What comes out for a few recordings."""
    assert divide(dict(enumerate(rows)), workers) == parts


def test_equal_partitions_are_shared_evenly() -> None:
    """256 equal partitions on 100 workers: two or three for each."""
    assert {len(part) for part in divide(dict.fromkeys(range(256), 10), 100)} == {2, 3}
