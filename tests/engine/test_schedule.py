"""What is sent when, what waits, and what is dropped, under a virtual clock."""

from __future__ import annotations

import weakref
from collections import Counter

import pytest

from replay_users.engine.schedule import Limits, Schedule
from replay_users.model import Drop, Fate, Flight
from replay_users.testing import VirtualRun, VirtualTarget, make_flight

MS = 1_000_000
SECOND = 1_000 * MS
S = b"session"


class Bench:
    """A schedule, and what it dropped."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Limits wide enough to be out of the way, unless given."""
        self.dropped: list[tuple[str, Drop]] = []
        self.schedule = Schedule(
            limits or Limits(max_lag=10**18, max_wait=10**18), lambda f, reason: self.dropped.append((f.id, reason))
        )

    def offer(self, *flights: Flight) -> None:
        """Load flights."""
        for flight in flights:
            self.schedule.offer(flight)

    def take_all(self, now: int) -> list[Flight]:
        """Everything there is to send now."""
        return list(iter(lambda: self.schedule.take(now), None))


def chain(count: int, *, session: bytes = S, gap: int = 10) -> list[Flight]:
    """Exchanges of a session, one after the other in the recording."""
    return [make_flight(at=gap * n, duration=gap // 2, session=session, id=str(n)) for n in range(count)]


def ids(flights: list[Flight]) -> list[str]:
    """Their ids."""
    return [flight.id for flight in flights]


# What is due


def test_nothing_is_taken_before_it_is_due() -> None:
    """A flight comes out at its due time, not 1 ns earlier, and its marks say when."""
    bench = Bench()
    bench.offer(make_flight(due=100))
    assert bench.schedule.next_at() == 100
    assert bench.schedule.take(99) is None
    flight = bench.schedule.take(103)
    assert flight is not None
    assert (flight.due, flight.ready, flight.picked) == (100, 100, 103)
    assert bench.schedule.take(103) is None


def test_counts_follow_a_flight_through_its_life() -> None:
    """Loaded, upcoming, waiting and in flight say at each moment where the flights are."""
    bench = Bench()
    schedule = bench.schedule
    counts: list[tuple[int, int, int, int]] = []

    def look() -> None:
        counts.append((schedule.loaded, schedule.upcoming, schedule.waiting, schedule.in_flight))

    bench.offer(*chain(2))
    look()
    (first,) = bench.take_all(10)
    look()
    schedule.answered(first, 12)
    look()
    (second,) = bench.take_all(12)
    look()
    schedule.answered(second, 13)
    look()
    assert counts == [(2, 2, 0, 0), (1, 0, 1, 1), (1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 0, 0)]
    assert schedule.idle


def test_next_at() -> None:
    """The next moment of interest is the first due time, at once if an answer has released something, never if all wait."""
    bench = Bench()
    assert bench.schedule.next_at() is None
    bench.offer(*chain(2))
    (first,) = bench.take_all(10)
    assert bench.schedule.next_at() is None
    bench.schedule.answered(first, 11)
    assert bench.schedule.next_at() == 0


# What waits


def test_an_exchange_waits_for_the_answer_before_it() -> None:
    """What waited is ready when the answer came: the target's slowness is its wait, and none of our lag."""
    first, second = chain(2)
    run = VirtualRun([first, second], VirtualTarget(service=5 * SECOND), limits=Limits(max_lag=0)).run()
    assert [outcome.fate for outcome in run] == [Fate.SENT, Fate.SENT]
    assert second.ready == second.picked == first.done == 5 * SECOND


def test_siblings_are_released_in_recorded_order() -> None:
    """Exchanges that wait for the same answer go out in the order in which they were recorded."""
    page, *images = [make_flight(at=at, duration=5, session=S, id=str(at)) for at in (0, 10, 11, 12, 13)]
    bench = Bench()
    bench.offer(page, *images)
    bench.take_all(20)
    bench.schedule.answered(page, 30)
    assert ids(bench.take_all(30)) == ["10", "11", "12", "13"]


def test_ready_first_goes_first() -> None:
    """Of a released exchange and one that is due, the one that has been ready longer goes first."""
    bench = Bench()
    first, second = chain(2)
    early, late = make_flight(due=14, id="early"), make_flight(due=40, id="late")
    bench.offer(first, second, early, late)
    assert ids(bench.take_all(12)) == ["0"]
    bench.schedule.answered(first, 20)
    assert ids(bench.take_all(50)) == ["early", "1", "late"]


@pytest.mark.parametrize("session", [None, b"other"])
def test_other_sessions_do_not_wait(session: bytes | None) -> None:
    """Exchanges of no session, or of another one, are not held up by an answer that does not come."""
    bench = Bench()
    bench.offer(*chain(2), make_flight(at=30, session=session, id="free"))
    assert ids(bench.take_all(40)) == ["0", "free"]


def test_order_none() -> None:
    """Without causality nothing waits."""
    outcomes = VirtualRun(chain(5), VirtualTarget(service=SECOND), causal=False).run()
    assert [outcome.picked for outcome in outcomes] == [0, 10, 20, 30, 40]


def test_sessions_with_many_at_once_do_not_wait() -> None:
    """A session that has nine exchanges under way at once is no person, and its later exchanges do not wait."""
    flights = [make_flight(at=n, duration=100, session=S) for n in range(9)]
    flights.append(make_flight(at=200, duration=1, session=S))
    VirtualRun(flights, VirtualTarget(service=SECOND)).run()
    assert [flight.ready for flight in flights] == [flight.due for flight in flights]


# What is dropped


@pytest.mark.parametrize(("late", "sent"), [(SECOND, True), (SECOND + 1, False)])
def test_max_lag(late: int, sent: bool) -> None:
    """A flight is sent up to exactly `max_lag` after it was ready, and dropped for lag after that."""
    bench = Bench(Limits(max_lag=SECOND))
    bench.offer(make_flight(id="x"))
    assert bool(bench.take_all(late)) is sent
    assert bench.dropped == ([] if sent else [("x", Drop.LAG)])
    assert bench.schedule.loaded == 0


def test_lag_of_what_waited_counts_from_its_release() -> None:
    """What was released late and is picked late after that is dropped for lag, not for wait."""
    bench = Bench(Limits(max_lag=SECOND))
    first, second = chain(2)
    bench.offer(first, second)
    bench.take_all(20)
    bench.schedule.answered(first, 5 * SECOND)
    assert bench.take_all(6 * SECOND + 1) == []
    assert bench.dropped == [("1", Drop.LAG)]


def test_in_flight_limit() -> None:
    """What is due while the limit is reached is dropped; an answer makes room again."""
    bench = Bench(Limits(max_in_flight=2))
    bench.offer(*[make_flight(due=n, id=str(n)) for n in range(4)])
    sent = bench.take_all(3)
    assert ids(sent) == ["0", "1"]
    assert bench.dropped == [("2", Drop.IN_FLIGHT), ("3", Drop.IN_FLIGHT)]
    bench.schedule.answered(sent[0], 4)
    bench.offer(make_flight(due=5, id="5"))
    assert ids(bench.take_all(5)) == ["5"]


def test_what_is_dropped_counts_as_answered() -> None:
    """What waits for a dropped exchange does not wait for ever."""
    bench = Bench(Limits(max_lag=SECOND))
    first, second = chain(2)
    second.due = 5 * SECOND
    bench.offer(first, second)
    assert ids(bench.take_all(5 * SECOND)) == ["1"]
    assert bench.dropped == [("0", Drop.LAG)]


@pytest.mark.parametrize(("waited", "kept"), [(30 * SECOND, True), (30 * SECOND + 1, False)])
def test_max_wait_at_release(waited: int, kept: bool) -> None:
    """An answer that comes after exactly `max_wait` still releases what waited for it, a later one does not."""
    bench = Bench(Limits(max_wait=30 * SECOND))
    first, second = chain(2)
    bench.offer(first, second)
    bench.take_all(20)
    bench.schedule.answered(first, second.due + waited)
    assert ids(bench.take_all(second.due + waited)) == (["1"] if kept else [])
    assert bench.dropped == ([] if kept else [("1", Drop.WAIT)])
    assert bench.schedule.loaded == 0


def test_expire() -> None:
    """Looking at what waits drops all of it that has waited too long, and only that."""
    bench = Bench(Limits(max_wait=SECOND))
    bench.offer(make_flight(session=S, id="0"), *[make_flight(at=20 * MS * n, session=S, id=str(n)) for n in (1, 2)])
    bench.take_all(50 * MS)
    bench.schedule.expire(SECOND + 20 * MS)
    assert bench.dropped == []
    bench.schedule.expire(SECOND + 20 * MS + 1)
    assert bench.dropped == [("1", Drop.WAIT)]
    assert (bench.schedule.waiting, bench.schedule.loaded) == (1, 1)


def test_a_ghost_passes_on_what_it_waited_for() -> None:
    """What waits for an exchange that was dropped while it waited, waits for the answers that one waited for."""
    bench = Bench(Limits(max_wait=SECOND))
    first, ghost, last = chain(3)
    last.due = 2 * SECOND
    bench.offer(first, ghost, last)
    bench.take_all(20)
    bench.schedule.expire(2 * SECOND)
    assert bench.dropped == [("1", Drop.WAIT)]
    assert bench.take_all(2 * SECOND) == []
    bench.schedule.answered(first, 2 * SECOND + 5)
    assert ids(bench.take_all(2 * SECOND + 5)) == ["2"]
    assert last.ready == 2 * SECOND + 5


def test_a_ghost_keeps_no_bytes() -> None:
    """An exchange that was dropped while it waited holds no request and no recorded answer in memory any more."""
    bench = Bench(Limits(max_wait=SECOND))
    _, ghost = flights = chain(2)
    bench.offer(*flights)
    bench.take_all(20)
    bench.schedule.expire(5 * SECOND)
    assert (ghost.wire, ghost.body, ghost.response_head) == (b"", None, b"")


def test_released_flights_are_not_kept() -> None:
    """An exchange that was released, sent and answered is not kept because an older one still waits."""
    bench = Bench()
    stuck = chain(2, session=b"stuck")
    bench.offer(*stuck, *[make_flight(at=40 + 10 * n, duration=1, session=b"brisk") for n in range(2)])
    _, brisk = bench.take_all(60)
    bench.schedule.answered(brisk, 70)
    (released,) = bench.take_all(70)
    bench.schedule.answered(released, 80)
    gone = [weakref.ref(_Witness(flight)) for flight in (brisk, released)]
    del brisk, released
    assert [ref() for ref in gone] == [None, None]
    assert bench.schedule.waiting == 1


class _Witness:
    """Hangs on a flight, which cannot be weakly referenced itself: alive as long as the flight is."""

    def __init__(self, flight: Flight) -> None:
        flight.differences = (self,)


def test_shed() -> None:
    """Shedding drops those that have waited longest, for the target is saturated, and no more than asked."""
    bench = Bench()
    bench.offer(*chain(5))
    bench.take_all(100)
    bench.schedule.shed(3, 100)
    assert bench.dropped == [(n, Drop.IN_FLIGHT) for n in ("1", "2", "3")]
    bench.schedule.shed(99, 100)
    assert [n for n, _ in bench.dropped] == ["1", "2", "3", "4"]
    assert (bench.schedule.loaded, bench.schedule.waiting, bench.schedule.in_flight) == (0, 0, 1)


def test_a_stalled_hub_is_lag() -> None:
    """What is due while the hub does something else lags until the hub is free, and does not wait."""
    (outcome,) = VirtualRun([make_flight(due=10 * MS)], stalls=[(5 * MS, 40 * MS)]).run()
    assert (outcome.ready - outcome.due, outcome.picked - outcome.ready) == (0, 30 * MS)


def test_what_a_standstill_held_up_lags() -> None:
    """An answer that is read after a standstill counts as of its begin: what waited for it is late by us."""
    bench = Bench(Limits(max_lag=SECOND, max_wait=SECOND))
    first, long_due, due = chain(3)
    due.due = 5 * SECOND
    bench.offer(first, long_due, due)
    bench.take_all(20)
    bench.schedule.stood_since = 100
    bench.take_all(5 * SECOND)
    bench.schedule.answered(first, 5 * SECOND)
    assert ids(bench.take_all(5 * SECOND)) == ["2"]
    assert bench.dropped == [("1", Drop.LAG)]


def test_what_waits_for_a_slow_target_waits_on_after_a_standstill() -> None:
    """Of a queue a standstill makes the one late whose answer lay there: the others had waited for the target before."""
    bench = Bench(Limits(max_lag=SECOND, max_wait=30 * SECOND))
    queue = chain(6)
    bench.offer(*queue)
    bench.take_all(100)
    bench.schedule.stood_since = 5 * SECOND
    bench.schedule.answered(queue[0], 8 * SECOND)
    assert ids(bench.take_all(8 * SECOND)) == ["2"]
    assert bench.dropped == [("1", Drop.LAG)]


def test_a_burst_after_a_standstill_is_our_lag() -> None:
    """Too many in flight are the target's doing where they were sent when due, and ours where they make up for lost time."""
    bench = Bench(Limits(max_in_flight=1))
    bench.offer(*[make_flight(due=n * 100 * MS, id=str(n)) for n in range(3)])
    assert ids(bench.take_all(250 * MS)) == ["0"]
    assert bench.dropped == [("1", Drop.LAG), ("2", Drop.IN_FLIGHT)]


# Stopping


def test_clear_gives_back_what_is_not_in_flight() -> None:
    """A stopped schedule gives back what waits, what was released and what is not due, once, and sends nothing more."""
    bench = Bench()
    page, image, style, after = [make_flight(at=at, duration=5, session=S, id=str(at)) for at in (0, 10, 11, 30)]
    other, waits = (make_flight(at=at, duration=5, session=b"other", id=str(at)) for at in (31, 50))
    later = make_flight(at=90, id="90")
    bench.offer(page, image, style, after, other, waits, later)
    assert ids(bench.take_all(60)) == ["0", "31"]
    bench.schedule.answered(page, 70)
    assert ids(bench.schedule.clear()) == ["30", "50", "10", "11", "90"]
    assert (bench.schedule.loaded, bench.schedule.in_flight, bench.schedule.next_at()) == (0, 1, None)
    bench.schedule.answered(other, 80)
    assert bench.take_all(10**15) == []
    assert bench.dropped == []
    assert bench.schedule.idle


# Long chains


def test_a_long_chain_of_ghosts_is_no_recursion() -> None:
    """Ten thousand exchanges that were dropped while they waited are settled at once by one answer."""
    bench = Bench(Limits(max_wait=SECOND))
    first, *rest = chain(10_000)
    last = make_flight(at=SECOND, due=10 * SECOND, session=S, id="last")
    bench.offer(first, *rest, last)
    bench.take_all(10**6)
    bench.schedule.expire(9 * SECOND)
    assert len(bench.dropped) == 9_999
    bench.schedule.answered(first, 10 * SECOND)
    assert (bench.schedule.loaded, last.pending) == (1, 0)
    bench.schedule.answered(bench.take_all(10 * SECOND)[0], 11 * SECOND)
    assert (bench.schedule.idle, len(bench.schedule._causality or "")) == (True, 0)


def test_a_long_chain_under_way() -> None:
    """A session of ten thousand exchanges is sent one by one, each as soon as the answer before it is there."""
    flights = chain(10_000)
    outcomes = VirtualRun(flights, VirtualTarget(service=100), ahead=50).run()
    assert Counter(outcome.fate for outcome in outcomes) == {Fate.SENT: 10_000}
    assert flights[-1].done == 1_000_000
