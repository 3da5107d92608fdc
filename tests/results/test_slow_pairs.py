"""Exemplars of slow exchanges: few, redacted, and the same whoever saw them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.histogram import RatioHistogram
from replay_users.results.slow_pairs import SLOW_BUCKET, SlowPair, SlowPairs
from tests.results.whole import state

if TYPE_CHECKING:
    from tests.results.conftest import Land

MS = 1_000_000


def seen(land: Land, numbers: list[int], table: SlowPairs | None = None) -> SlowPairs:
    """A table that looked at the flights of these numbers."""
    table = table or SlowPairs()
    for number in numbers:
        flight = land(number, duration=10, service=20 + number)
        if (hashed := crc32(flight.id.encode())) <= table.limit:
            table.enter(hashed, flight)
    return table


def test_an_exemplar_says_what_a_person_needs(land: Land) -> None:
    """Id, method, target without secrets, and both times."""
    table = SlowPairs()
    table.enter(7, land(3, target=b"/items?token=abcdef0123456789abcdef0123456789", duration=10, service=20))
    [pair] = table.shown()
    assert (pair.id, pair.method, pair.recorded, pair.service) == ("id-3", "GET", 10 * MS, 20 * MS)
    assert pair.target.startswith("/items?token=")
    assert "abcdef0123456789" not in pair.target


def test_targets_are_cut(land: Land) -> None:
    """A target of any length has at most 500 characters here."""
    table = SlowPairs()
    table.enter(7, land(3, target=b"/" + b"a/" * 5_000))
    assert len(table.shown()[0].target) == 500


@settings(max_examples=60)
@given(numbers=st.lists(st.integers(0, 40), max_size=40), cut=st.integers(0, 40))
def test_any_division_among_workers_keeps_the_same(land: Land, numbers: list[int], cut: int) -> None:
    """The five with the smallest hashes are kept, merged from parts or seen in one place, in any order."""
    left, right, whole = seen(land, numbers[:cut]), seen(land, numbers[cut:]), seen(land, numbers[::-1])
    left.merge(right)
    assert state(left) == state(whole)
    smallest = sorted({crc32(b"id-%d" % n) for n in numbers})[:5]
    assert [number for number, _ in whole.kept] == smallest
    assert len(whole.shown()) == len(smallest)


def test_a_table_beside_another_takes_only_what_could_belong_in(land: Land) -> None:
    """Begun with the other's limit it keeps few, and merged it is as if all had been seen in the one."""
    one = seen(land, list(range(100)))
    beside = seen(land, list(range(100, 200)), SlowPairs(one.limit))
    assert len(beside.kept) < 5
    one.merge(beside)
    assert state(one) == state(seen(land, list(range(200))))


def test_slow_is_more_than_half_as_long_again() -> None:
    """The bucket from which on pairs are slow is the one that `count_above` counts from."""
    ratios = RatioHistogram()
    for replayed in (149, 150, 152, 300):
        ratios.add(100 * MS, replayed * MS)
    ratios.add_over()
    assert [bucket > SLOW_BUCKET for bucket in sorted(ratios.buckets)] == [False, False, True, True]
    assert ratios.count_above(1.5) == 2


def test_pairs_are_ordered_by_all_they_say() -> None:
    """Two with one hash have an order, so that the same one stays everywhere."""
    assert SlowPair("a", "GET", "/", 1, 2) < SlowPair("a", "GET", "/", 1, 3)
