"""The sample of pairs: bounded, a fair one, and the same whoever counted which exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.results.pairs import PER_ENDPOINT, PER_RUN, Pair, PairSample, pairs_per_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

HASHES = st.integers(0, 2**32 - 1) | st.integers(0, 9)
TIMES = st.integers(0, 2**62)
PAIRS = st.builds(
    Pair, id=HASHES, session=HASHES, due=TIMES, recorded=TIMES, service=st.none() | TIMES, status=st.integers(0, 999)
)


def sample(pairs: Iterable[Pair], k: int = 5) -> PairSample:
    """A sample that was offered these."""
    made = PairSample(k)
    for pair in pairs:
        made.offer(pair)
    return made


def order(pair: Pair) -> tuple[int, ...]:
    """By id, and among those of one hash in some order that is always the same: the last is one whose answer never came."""
    service = 2**64 if pair.service is None else pair.service
    return pair.id, pair.session, pair.due, pair.recorded, service, pair.status


@settings(max_examples=100)
@given(pairs=st.lists(PAIRS, max_size=40))
def test_the_sample_is_the_pairs_with_the_smallest_hashes(pairs: list[Pair]) -> None:
    """However many were offered, those k are kept as they were."""
    assert sample(pairs).pairs() == sorted(pairs, key=order)[:5]


@settings(max_examples=100)
@given(
    pairs=st.lists(PAIRS, max_size=60), owners=st.lists(st.integers(0, 2), min_size=60, max_size=60), turn=st.randoms()
)
def test_any_division_among_workers_gives_the_same_sample(pairs: list[Pair], owners: list[int], turn: object) -> None:
    """Samples of parts, in any order, merge into the sample of the whole."""
    parts = [sample(p for p, owner in zip(pairs, owners, strict=False) if owner == nth) for nth in range(3)]
    turn.shuffle(parts)  # type: ignore[attr-defined]
    merged = PairSample(5)
    for part in parts:
        merged.merge(part)
    assert merged == sample(pairs) == sample(reversed(pairs))


@settings(max_examples=60)
@given(pairs=st.lists(PAIRS, max_size=40))
def test_a_sample_comes_back_from_its_bytes(pairs: list[Pair]) -> None:
    """Packed and unpacked it is the same, and goes on as the same."""
    back = PairSample.unpack(*sample(pairs).pack())
    assert back == sample(pairs)
    for pair in pairs:
        back.offer(pair)
    assert back == sample([*pairs, *pairs])


@pytest.mark.parametrize(("k", "rows"), [pytest.param(0, b"", id="no k"), pytest.param(1, b"xyz", id="rows")])
def test_what_is_no_sample_is_refused(k: int, rows: bytes) -> None:
    """Bytes that are no rows raise instead of being taken for some."""
    with pytest.raises(ValueError, match="not a sample of pairs"):
        PairSample.unpack(k, rows)


def test_a_sample_beside_another_takes_only_what_could_belong_in() -> None:
    """Begun with the other's limit it keeps few, and merged it is as if all had been offered to the one."""
    pairs = [Pair(crc32(b"%d" % n), n, n, n, n, 200) for n in range(600)]
    one = sample(pairs[:300])
    one.rows()
    beside = PairSample(5, one.limit)
    for pair in pairs[300:]:
        beside.offer(pair)
    assert len(beside.rows()) < 10
    one.merge(beside)
    assert one == sample(pairs)


def test_memory_is_bounded() -> None:
    """Twice the k rows are held at most, in whatever order hashes come."""
    falling = PairSample(10)
    for n in range(1_000, 0, -1):
        falling.offer(Pair(n, 0, 0, 0, 0, 0))
        assert len(falling._rows) < 20
    assert [pair.id for pair in falling.pairs()] == list(range(1, 11))


@pytest.mark.parametrize(
    ("endpoints", "k"),
    [(0, PER_ENDPOINT), (1, PER_ENDPOINT), (50, PER_ENDPOINT), (51, 1960), (200, 500), (200_000, 1)],
)
def test_all_endpoints_together_have_a_bound(endpoints: int, k: int) -> None:
    """Each may keep as many as all of them can afford, and at least one."""
    assert pairs_per_endpoint(endpoints) == k
    assert k * endpoints <= max(PER_RUN, endpoints)
