"""The session sketch: exact while small, close when large, the same however the work was shared."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.results.sessions import SessionCount, SessionSketch

names = st.lists(st.binary(min_size=1, max_size=6), max_size=80)


def sketch(sessions: list[bytes], k: int = 16) -> SessionSketch:
    """See these sessions."""
    seen = SessionSketch(k)
    for session in sessions:
        seen.see(session)
    return seen


@settings(max_examples=60)
@given(names, names)
def test_merging_is_seeing_both(first: list[bytes], second: list[bytes]) -> None:
    """Merging two sketches, either way round, equals one sketch that saw everything."""
    left, right = sketch(first), sketch(second)
    left.merge(right)
    right.merge(sketch(first))
    assert left == right == sketch(first + second)
    assert left.limit == right.limit == sketch(first + second).limit


def test_it_is_exact_below_k() -> None:
    """Fewer than k sessions are counted exactly, however often each is seen."""
    seen = sketch([b"%d" % (n % 15) for n in range(1_000)], k=16)
    assert seen.count == 15


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda n: b"session-%08d" % n, id="counter"),
        pytest.param(lambda n: b"%d" % (7 * n), id="decimal"),
        pytest.param(lambda n: random.Random(n).randbytes(16), id="random"),
        pytest.param(lambda n: n.to_bytes(8, "big"), id="big-endian"),
        pytest.param(lambda n: b"user%d@example.com/%x" % (n, n), id="cookie"),
    ],
)
def test_it_estimates_large_numbers(shape: object) -> None:
    """5,000 sessions are estimated within 20 %, three standard errors, whatever their names."""
    assert callable(shape)
    seen = sketch([shape(n) for n in range(5_000)] * 2, k=256)
    assert seen.count == pytest.approx(5_000, rel=0.2)


def test_it_survives_json_at_any_size() -> None:
    """A sketch read back from JSON counts on as if nothing had happened."""
    sessions = [b"%d" % n for n in range(100)]
    first = sketch(sessions[:50])
    read = SessionSketch(16, first.members)
    for session in sessions[50:]:
        read.see(session)
    assert read == sketch(sessions)


def test_its_memory_is_bounded() -> None:
    """A sketch never holds more than k hashes."""
    assert len(sketch([b"%d" % n for n in range(1_000)], k=16).members) == 16


@settings(max_examples=60)
@given(
    whole=st.sets(st.integers(0, 2**32 - 1), max_size=60),
    part=st.integers(0, 60),
    sizes=st.tuples(*[st.integers(2, 30)] * 2),
)
def test_a_share_is_of_sessions_that_both_know(whole: set[int], part: int, sizes: tuple[int, int]) -> None:
    """Below both limits every session is known to be in the part or not, so the share there is exact."""
    inside = set(list(whole)[:part])
    small, large = SessionSketch(sizes[0], inside), SessionSketch(sizes[1], whole)
    limit = min(small.limit, large.limit)
    assert small.share_of(large) == (sum(n < limit for n in inside), sum(n < limit for n in whole))


def test_something_seen_counts_with_its_sessions() -> None:
    """How often, and in how many sessions; counts add up, sessions meet."""
    one, other = SessionCount(), SessionCount()
    for number in (1, 1, 2):
        one.see_hash(number)
    other.see_hash(2)
    one.merge(other)
    assert (one.count, one.sessions.count) == (4, 2)
    assert SessionCount(4, one.sessions.members).sessions == one.sessions


def test_a_part_of_a_whole_is_never_more_than_it() -> None:
    """Of 128 sessions, 119 in a sketch of 64 are not estimated as 145: the larger sketch knows how many there are."""
    everyone = sketch([b"session-%d" % n for n in range(128)], k=256)
    for begin in range(0, 200, 10):
        sessions = [b"session-%d" % ((begin + n) % 128) for n in range(119)]
        part = sketch(sessions, k=64)
        assert 64 <= part.count_within(everyone) <= 128
        assert abs(part.count_within(everyone) - 119) <= 6
    assert sketch([b"session-%d" % n for n in range(50)], k=64).count_within(everyone) == 50
    assert sketch([b"session-%d" % n for n in range(128)], k=64).count_within(everyone) == 128
    assert part.count_within(SessionSketch()) == part.count
    exactly = sketch(sessions, k=256)
    assert part.count_within(exactly, everyone) == 119
    assert part.count_within(sketch(sessions[10:], k=256), exactly) == 119
