"""Packed tallies: everything comes back as it was, and a field that is not carried is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.histogram import Histogram
from replay_users.results.endpoint_tally import EndpointTally
from replay_users.results.fidelity import Fidelity
from replay_users.results.packing import (
    pack_endpoint,
    pack_fidelity,
    pack_signature,
    unpack_answers,
    unpack_counts,
    unpack_endpoint,
    unpack_fidelity,
    unpack_signature,
)
from replay_users.results.signatures import Exemplar, SignatureCount
from tests.results.whole import filled, state, unfilled

if TYPE_CHECKING:
    from tests.results.conftest import Land


def test_an_endpoint_comes_back(land: Land) -> None:
    """Every slot of an endpoint's tally is packed and unpacked."""
    mine = filled(land).endpoints["GET /a"]
    assert unfilled(mine) == []
    assert state(unpack_endpoint(pack_endpoint(mine, pairs=True))) == state(mine)


def test_an_endpoint_comes_back_without_its_pairs(land: Land) -> None:
    """They may stay at home, and then nothing else does."""
    mine = filled(land).endpoints["GET /a"]
    back = unpack_endpoint(pack_endpoint(mine, pairs=False))
    assert (back.pairs.pairs(), len(mine.pairs.pairs())) == ([], 5)
    assert {**state(back), "pairs": None} == {**state(mine), "pairs": None}


def test_an_untouched_endpoint_comes_back() -> None:
    """So does one of which nothing was counted."""
    assert state(unpack_endpoint(pack_endpoint(EndpointTally(), pairs=True))) == state(EndpointTally())


def test_counts_alone_are_what_totals_need(land: Land) -> None:
    """Unpacked without times, statuses and sessions, an endpoint has all its counts and reasons."""
    mine = filled(land).endpoints["GET /a"]
    counts = unpack_counts(pack_endpoint(mine, pairs=False))
    assert counts.ended == mine.ended
    assert (counts.failed, counts.mismatched, counts.unchecked) == (mine.failed, mine.mismatched, mine.unchecked)
    assert not counts.service.buckets


def test_answers_alone_are_what_autostop_needs(land: Land) -> None:
    """Unpacked without the rest, an endpoint has its counts, statuses and service times."""
    mine = filled(land).endpoints["GET /a"]
    answers = unpack_answers(pack_endpoint(mine, pairs=False))
    assert (answers.ended, answers.failed, answers.mismatched_by) == (mine.ended, mine.failed, mine.mismatched_by)
    assert (answers.statuses, answers.service) == (mine.statuses, mine.service)
    assert not answers.latency.buckets


def test_fidelity_comes_back(land: Land) -> None:
    """Every slot of lag, wait, stalls and spans is packed and unpacked, those of a run without any too."""
    fidelity = filled(land).fidelity
    assert unfilled(fidelity) == []
    assert state(unpack_fidelity(pack_fidelity(fidelity))) == state(fidelity)
    assert state(unpack_fidelity(pack_fidelity(Fidelity()))) == state(Fidelity())


def test_a_signature_comes_back_with_its_exemplars(land: Land) -> None:
    """Every slot of a signature's count is packed; exemplars may stay at home when the other side has them."""
    (counted,) = filled(land).signatures.counts.values()
    assert unfilled(counted) == []
    traits = counted.looks, counted.members
    packed = pack_signature(counted.count, counted.sessions.members, traits, counted.exemplars.values())
    back = unpack_signature(packed, None)
    assert state(back) == state(counted)
    bare = pack_signature(counted.count, counted.sessions.members, traits, None)
    assert state(unpack_signature(bare, back)) == state(counted)
    assert unpack_signature(bare, None).exemplars == {}


def test_exemplars_are_copied_not_shared() -> None:
    """What one side adds to its exemplars is not added to those it was unpacked from."""
    known = SignatureCount()
    known.exemplars = {1: Exemplar("a", "GET", "/", "1", "2")}
    back = unpack_signature(pack_signature(1, (), ((), ()), None), known)
    back.exemplars.clear()
    assert known.exemplars


counts = st.integers(1, 2**64 - 1)


@settings(max_examples=80)
@given(
    buckets=st.dictionaries(st.integers(0, 2**16 - 1), counts, max_size=20),
    over=st.integers(0, 2**64 - 1),
    total=st.integers(0, 2**100),
    peak=st.integers(0, 2**64 - 1),
)
def test_histograms_of_any_size_come_back(buckets: dict[int, int], over: int, total: int, peak: int) -> None:
    """However many and however large its counts are, a histogram is exactly what it was."""
    fidelity = Fidelity()
    fidelity.lag = Histogram()
    fidelity.lag.buckets.update(buckets)
    fidelity.lag.over, fidelity.lag.total, fidelity.lag.peak = over, total, peak
    assert unpack_fidelity(pack_fidelity(fidelity)).lag == fidelity.lag


@pytest.mark.parametrize(
    ("largest", "size"),
    [
        pytest.param(255, 3, id="one byte"),
        pytest.param(256, 4, id="two"),
        pytest.param(1 << 16, 6, id="four"),
        pytest.param(1 << 32, 10, id="eight"),
    ],
)
def test_counts_are_as_narrow_as_they_may_be(largest: int, size: int) -> None:
    """A bucket takes two bytes and those its histogram's largest count needs."""
    fidelity = Fidelity()
    empty = len(pack_fidelity(fidelity)[1])
    fidelity.lag.buckets[7] = largest
    assert len(pack_fidelity(fidelity)[1]) - empty == size
