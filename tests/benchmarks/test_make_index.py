from __future__ import annotations

from benchmarks.make_index import endpoint_names, hours
from benchmarks.make_recording import START
from replay_users.recording.index import CountIndex

HOUR = 3600 * 10**9


def test_the_hours_are_those_of_an_even_recording() -> None:
    """Each second has its rows; endpoints, partitions and buckets all occur, and rows hardly share an entry."""
    files = list(hours(count=2, rate=10, endpoints=7, partitions=16))
    index = CountIndex(lambda: files, {name: nth for nth, name in enumerate(endpoint_names(7))})
    totals = index.totals(START, START + 2 * HOUR, 1000)
    assert set(totals) == {(endpoint, traits) for endpoint in range(7) for traits in (0, 16)}
    assert index.curve(START, START + 2 * HOUR, 1000, totals) == [10] * 7200
    assert set(index.partition_rows(START, START + HOUR, 1000)) == set(range(16))
    assert 0.08 < sum(index.totals(START, START + HOUR, 100).values()) / 36_000 < 0.12
    assert len(index.slices(START, START + 2 * HOUR, 1000)) == 16


def test_the_same_hours_come_out_again() -> None:
    """Nothing in them is left to chance."""
    shape = {"count": 1, "rate": 5, "endpoints": 3, "partitions": 4}
    assert list(hours(**shape)) == list(hours(**shape))
