"""Which exchanges of two runs are set side by side, and which are left out and counted."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from replay_users.results.gate.latency_pairs import match_pairs, pool
from tests.results.gate.paired import MS, S, matched, pair, pairs


def test_an_exchange_meets_itself_in_the_other_run() -> None:
    """By id, in the order in which they were due, without the hops of either run."""
    ours = {"GET /a": [pair(2, 30), pair(1, 20)]}
    theirs = {"GET /a": [pair(1, 10), pair(2, 15)]}
    (found,) = match_pairs(ours, theirs, hops_ns=(5 * MS, 2 * MS), warm_up_ns=0)
    assert found.ours == [15 * MS, 25 * MS]
    assert found.theirs == [8 * MS, 13 * MS]
    assert found.due == [1 * S, 2 * S]
    assert found.sessions == [1, 2]


def test_without_another_run_the_recorded_times_stand_there() -> None:
    """They have no hop in them, whatever is said of it, and production answered all of them."""
    (found,) = match_pairs({"GET /a": [pair(1, 30), pair(2, None)]}, None, hops_ns=(5 * MS, 0), warm_up_ns=0)
    assert found.ours == [25 * MS, inf]
    assert found.theirs == [10 * MS, 10 * MS]


def test_what_was_never_answered_is_larger_than_any_number() -> None:
    """On either side, also where the other side answered with an error: it is not left out."""
    ours = {"GET /a": [pair(1, None), pair(2, 10), pair(3, None)]}
    theirs = {"GET /a": [pair(1, 10, status=500), pair(2, None), pair(3, None)]}
    (found,) = match_pairs(ours, theirs, hops_ns=(0, 0), warm_up_ns=0)
    assert found.ours == [inf, 10 * MS, inf]
    assert found.theirs == [10 * MS, inf, inf]
    assert found.other_work == 0


def test_what_is_left_out_is_counted() -> None:
    """Too early, another status class, not in the other run; another status of the same class is the same work."""
    ours = {"GET /a": [pair(1), pair(40), pair(50, status=503), pair(60, status=204)], "GET /new": [pair(70)]}
    theirs = {"GET /a": [pair(1), pair(50), pair(60)]}
    found, new = match_pairs(ours, theirs, hops_ns=(0, 0), warm_up_ns=30 * S)
    assert (found.warm_up, found.alone, found.other_work, len(found)) == (1, 1, 1, 1)
    assert (new.alone, len(new)) == (1, 0)


def test_a_hop_longer_than_the_answer_leaves_something() -> None:
    """A microsecond, so that it has a logarithm."""
    (found,) = match_pairs({"GET /a": [pair(1, 2)]}, None, hops_ns=(5 * MS, 0), warm_up_ns=0)
    assert found.ours == [1_000]


def test_a_pool_is_all_of_them_as_they_were_due() -> None:
    """With its members' names and what was left out of each."""
    one = replace(matched([10, 20], [1, 2], endpoint="GET /one"), warm_up=1, other_work=2, alone=3)
    two = replace(matched([30], [3], endpoint="GET /two"), warm_up=10)
    both = pool("GET", [one, two])
    assert both.members == ("GET /one", "GET /two")
    assert both.due == sorted(both.due)
    assert sorted(zip(both.ours, both.theirs, strict=True)) == [(10 * MS, MS), (20 * MS, 2 * MS), (30 * MS, 3 * MS)]
    assert (both.warm_up, both.other_work, both.alone) == (11, 2, 3)


def test_a_pool_says_what_is_in_it() -> None:
    """The first five by name, the others as a number; an endpoint that is no pool is named already."""
    ends = [matched([10], [1], endpoint=f"GET /{nth}") for nth in range(7)]
    assert ends[0].pooled == ""
    assert pool("GET", ends[:2]).pooled == "; the pool is GET /0, GET /1"
    assert pool("GET", ends).pooled == "; the pool is GET /0, GET /1, GET /2, GET /3, GET /4 and 2 more"


def test_a_pool_of_nothing_is_empty() -> None:
    """No endpoint, or endpoints without a pair."""
    assert len(pool("GET", [])) == len(pool("GET", [matched([], [])])) == 0


def test_pairs_are_spread_as_they_are_said_to_be() -> None:
    """The tests' own helper: evenly over the run."""
    assert [each.due for each in pairs([1, 2, 3], over_s=30)] == [0, 10 * S, 20 * S]
