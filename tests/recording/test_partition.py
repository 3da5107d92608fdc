"""Whose share a session is, and which sessions are too large for one share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.recording.partition import (
    SAMPLE_BUCKETS,
    SessionRows,
    partition_of,
    sample_bucket,
    share_key,
    shared_threshold,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSIONS = [b"session-%d" % nth for nth in range(20_000)]


@pytest.mark.parametrize(
    ("session", "partitions", "expected"),
    [
        pytest.param(b"session-1", 16, 12, id="sixteen"),
        pytest.param(b"session-1", 256, 172, id="a-wide-recording"),
        pytest.param(b"", 16, 4, id="no-session"),
    ],
)
def test_a_partition_is_the_same_for_ever(session: bytes, partitions: int, expected: int) -> None:
    """The hash is part of the format: a later ingest, on another machine, puts a session where the first one did."""
    assert partition_of(session, partitions) == expected


def test_a_sample_bucket_is_the_same_for_ever() -> None:
    """The sample's hash is part of the format too."""
    assert [sample_bucket(b"session-%d" % nth) for nth in range(4)] == [666, 585, 478, 340]


@given(st.binary(), st.integers(1, 256))
def test_every_session_has_one_share_and_one_bucket(session: bytes, partitions: int) -> None:
    """Partitions run from 0 to P - 1, sample buckets from 0 to 999."""
    assert 0 <= partition_of(session, partitions) < partitions
    assert 0 <= sample_bucket(session) < SAMPLE_BUCKETS


def test_shares_are_even() -> None:
    """20,000 sessions fall into 16 partitions with no share more than a tenth off."""
    shares = Counter(partition_of(session, 16) for session in SESSIONS)
    assert all(abs(shares[nth] - 1250) < 125 for nth in range(16))


@pytest.mark.parametrize("partition", range(0, 16, 5))
def test_a_sample_is_the_same_share_of_every_partition(partition: int) -> None:
    """A 10 % sample is 10 % of each partition: the two hashes have nothing to do with each other."""
    owned = [session for session in SESSIONS if partition_of(session, 16) == partition]
    sampled = sum(sample_bucket(session) < 100 for session in owned)
    assert 0.07 < sampled / len(owned) < 0.13


def test_the_largest_partition_count_does_not_tie_buckets_to_partitions() -> None:
    """Even with as many partitions as sample buckets, a bucket's sessions lie in many partitions."""
    partitions = {partition_of(session, 1000) for session in SESSIONS if sample_bucket(session) == 7}
    assert len(partitions) > 10


def test_a_shared_session_is_split_by_connection() -> None:
    """Only a shared session's key knows the connection, and none is a connection too."""
    keys = {share_key(b"token", connection, shared=True) for connection in (None, "c1", "c2")}
    assert len(keys) == 3
    assert share_key(b"token", "c1", shared=False) == share_key(b"token", "c2", shared=False) == b"token"


@pytest.mark.parametrize(
    ("rows", "partitions", "most"),
    [
        pytest.param(100, 16, 2_000, id="small-recordings-are-not-worth-it"),
        pytest.param(128_000, 16, 2_000, id="at-the-floor"),
        pytest.param(1_280_000, 16, 20_000, id="a-quarter-of-a-share"),
        pytest.param(1_280_000, 256, 2_000, id="narrow-shares"),
    ],
)
def test_a_session_may_have_a_quarter_of_a_share(rows: int, partitions: int, most: int) -> None:
    """The most rows of an unshared session are a quarter of an even share, and 2,000 in any case."""
    assert shared_threshold(rows, partitions) == most


@given(st.lists(st.sampled_from([b"%d" % nth for nth in range(30)]), max_size=200), st.integers(1, 8))
def test_large_sessions_are_found_in_bounded_memory(rows: Sequence[bytes], tracked: int) -> None:
    """No session is counted too high, nor short of more than rows / tracked, whatever their order."""
    counted = SessionRows(tracked)
    counted.add(rows)
    slack = len(rows) / tracked
    assert counted.total == len(rows)
    for session, count in Counter(rows).items():
        assert session not in counted.above(count)
        assert session in counted.above(int(count - slack - 1)) or count - slack - 1 < 0
    assert len(counted.above(-1)) <= 2 * tracked


def test_few_sessions_are_counted_exactly() -> None:
    """As long as no more than twice the tracked sessions come, the limit is exact."""
    counted = SessionRows(2)
    counted.add([b"a"] * 5 + [b"b"] * 4 + [b"c"] * 3 + [b"d"])
    assert counted.above(3) == {b"a", b"b"}
    assert counted.above(4) == {b"a"}
