from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.swarm.clock import PINGS, ClockOffset, ClockRound
from replay_users.swarm.messages import Ping, Pong

S = 1_000_000_000
trips = st.tuples(st.integers(0, S), st.integers(0, S))


def _sent(ping: Ping | None) -> Ping:
    assert ping is not None
    return ping


def _answer(ping: Ping, offset: int, there: int) -> Pong:
    return Pong(nth=ping.nth, sent=ping.sent, monotonic=ping.sent + there + offset)


@settings(max_examples=60)
@given(offset=st.integers(-(10**18), 10**18), ways=st.lists(trips, min_size=1, max_size=PINGS))
def test_the_true_offset_is_within_the_error(offset: int, ways: list[tuple[int, int]]) -> None:
    """However lopsided the ways there and back are, the offset is as wrong as its error says, or less."""
    measured, now = ClockRound(), 0
    for there, back in ways:
        ping = _sent(measured.ping(now))
        now += there + back
        assert measured.take(_answer(ping, offset, there), now)
    found = measured.clock()
    assert found is not None
    assert abs(found.offset - offset) <= found.error
    assert measured.longest == max(there + back for there, back in ways)


def test_the_shortest_trip_is_kept() -> None:
    """One ping that found both sides free is worth more than all that did not."""
    measured, now = ClockRound(), 0
    for trip in (S, 1_000, S):
        ping = _sent(measured.ping(now))
        now += trip
        measured.take(_answer(ping, 77, trip), now)
    found = measured.clock()
    assert found is not None
    assert found.error < 1_000


def test_a_round_is_complete_after_eight_pongs() -> None:
    """Eight answers make a round, and nothing more is asked."""
    measured = ClockRound()
    for now in range(PINGS):
        assert not measured.is_complete
        assert measured.take(_answer(_sent(measured.ping(now)), 0, 0), now)
    assert measured.is_complete
    assert measured.ping(PINGS) is None
    assert not measured.is_under_way


def test_an_answer_counts_once_and_only_if_asked_for() -> None:
    """A pong that comes twice, or that answers a ping of another round, tells nothing."""
    measured = ClockRound()
    pong = _answer(_sent(measured.ping(5)), 0, 0)
    assert measured.take(pong, 6)
    assert not measured.take(pong, 7)
    assert not measured.take(Pong(nth=1, sent=5, monotonic=5), 7)


def test_an_unanswered_ping_is_sent_again_but_not_for_ever() -> None:
    """After a second without an answer another ping goes out; a program that never answers is left alone in the end."""
    measured = ClockRound()
    assert measured.retry(0) is None
    before = measured.is_asking
    measured.ping(0)
    assert (before, measured.is_asking) == (False, True)
    assert measured.retry(S - 1) is None
    asked = [measured.retry(second * S) for second in range(1, 40)]
    assert [ping is not None for ping in asked] == [True] * 11 + [False] * 28


def test_one_boot_is_one_clock() -> None:
    """With the same boot id, and pongs that agree, the clock is the master's own, without an error."""
    measured = ClockRound(shared=True)
    measured.take(_answer(_sent(measured.ping(0)), 0, 500), 1_000)
    assert measured.clock() == ClockOffset(offset=0, error=0, at=1_000)
    assert ClockOffset(offset=0, error=0, at=1_000).error_at(10**12) == 0


def test_pongs_know_better_than_a_boot_id() -> None:
    """A container with a clock of its own (a time namespace) is measured, whatever its boot id says."""
    measured = ClockRound(shared=True)
    measured.take(_answer(_sent(measured.ping(0)), 10**9, 500), 1_000)
    found = measured.clock()
    assert found is not None
    assert abs(found.offset - 10**9) <= found.error < 600


def test_a_measurement_gets_worse_with_time() -> None:
    """Two clocks drift apart by a millisecond a second at most, and the error says so, before and after."""
    found = ClockOffset(offset=5, error=100, at=10 * S)
    assert found.error_at(10 * S) == 100
    assert found.error_at(11 * S) == found.error_at(9 * S) == 100 + 1_000_000
