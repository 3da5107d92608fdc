"""The virtual run: a world around the engine's own schedule, exact and repeatable."""

from __future__ import annotations

from collections import Counter

import pytest

from replay_users.engine.schedule import Limits, Schedule
from replay_users.model import Drop, Fate, Fault, Flight, SkipReason
from replay_users.testing import VirtualClock, VirtualRun, VirtualTarget, make_flight

MS = 1_000_000
SECOND = 1_000 * MS


def flights(count: int, *, session: bytes | None = None) -> list[Flight]:
    """One every 10 ms."""
    return [make_flight(at=10 * MS * n, duration=MS, session=session, id=str(n)) for n in range(count)]


def test_the_clock_moves_only_forwards() -> None:
    """The clock shows what it was moved to, stands still otherwise, and refuses to go back."""
    clock = VirtualClock(5)
    clock.move_to(9)
    clock.move_to(9)
    assert (clock(), clock.now) == (9, 9)
    with pytest.raises(ValueError, match="cannot go back from 9 to 8"):
        clock.move_to(8)


def test_it_drives_the_engines_own_schedule() -> None:
    """What decides is the class that live runs use, not a model of it."""
    assert type(VirtualRun([]).schedule) is Schedule


def test_an_ordinary_run() -> None:
    """Each flight is sent when it is due, and answered after the service time, as recorded."""
    outcomes = VirtualRun(flights(3), VirtualTarget(service=4 * MS)).run()
    assert [(o.id, o.fate, o.picked, o.sent, o.done) for o in outcomes] == [
        (str(n), Fate.SENT, 10 * MS * n, 10 * MS * n, 10 * MS * n + 4 * MS) for n in range(3)
    ]
    assert {(o.answer_status, o.fault, o.recorded_status, o.recorded_duration) for o in outcomes} == {
        (200, None, 200, MS)
    }


def test_hours_pass_at_once() -> None:
    """A second, or a day, of virtual time costs nothing, and the clock ends where the run did."""
    run = VirtualRun([make_flight(due=86_400 * SECOND)], VirtualTarget(service=SECOND))
    run.run()
    assert run.clock.now == 86_401 * SECOND


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        pytest.param(7, [7, 7, 7], id="one for all"),
        pytest.param([1, 2], [1, 2, 1], id="in turn"),
        pytest.param(lambda flight: 100 + int(flight.id), [100, 101, 102], id="by flight"),
    ],
)
def test_service_times(service: object, expected: list[int]) -> None:
    """The target takes one time for all, times in turn, or what a function of the flight says."""
    outcomes = VirtualRun(flights(3), VirtualTarget(service=service)).run()  # type: ignore[arg-type]
    assert [outcome.done - outcome.sent for outcome in outcomes] == expected


def test_faults() -> None:
    """A flight that meets with a fault is sent, and has no answer."""
    target = VirtualTarget(fault=lambda flight: Fault.CONNECT if flight.id == "1" else None)
    outcomes = VirtualRun(flights(2), target).run()
    assert [(o.fate, o.fault, o.answer_status) for o in outcomes] == [
        (Fate.SENT, None, 200),
        (Fate.SENT, Fault.CONNECT, 0),
    ]


def test_limits_drop() -> None:
    """What the limits stop is dropped with its reason, at the time when that was decided."""
    limits = Limits(max_in_flight=1, max_wait=150 * MS)
    (first, second), other = flights(2, session=b"s"), make_flight(at=20 * MS, id="2")
    outcomes = VirtualRun([first, second, other], VirtualTarget(service=SECOND), limits=limits).run()
    assert [(o.id, o.fate, o.reason, o.done) for o in outcomes] == [
        ("2", Fate.DROPPED, Drop.IN_FLIGHT, 20 * MS),
        ("1", Fate.DROPPED, Drop.WAIT, 200 * MS),
        ("0", Fate.SENT, "", SECOND),
    ]


def test_stalls() -> None:
    """While the hub is stalled nothing is sent and no answer is seen, however the stalls join."""
    stalls = [(20 * MS, 30 * MS), (5 * MS, 20 * MS)]
    outcomes = VirtualRun(flights(3), VirtualTarget(service=9 * MS), stalls=stalls).run()
    assert [(o.picked, o.done) for o in outcomes] == [(0, 30 * MS), (30 * MS, 39 * MS), (30 * MS, 39 * MS)]


@pytest.mark.parametrize("ahead", [None, 2])
def test_stopping(ahead: int | None) -> None:
    """A stopped run sends nothing more, waits for what is under way, and accounts for the rest, loaded or not."""
    run = VirtualRun(flights(9), VirtualTarget(service=SECOND), ahead=ahead, stop_at=25 * MS)
    outcomes = run.run()
    assert Counter((o.fate, o.reason) for o in outcomes) == {(Fate.SENT, ""): 3, (Fate.SKIPPED, SkipReason.STOPPED): 6}
    assert {o.done for o in outcomes if o.fate is Fate.SKIPPED} == {25 * MS}
    assert [o.id for o in outcomes] == ["3", "4", "5", "6", "7", "8", "0", "1", "2"]


@pytest.mark.parametrize("ahead", [None, 1, 3])
def test_look_ahead_changes_nothing(ahead: int | None) -> None:
    """Loading a few flights at a time gives the outcomes of loading them all at once."""
    target = VirtualTarget(service=[30 * MS, MS])
    expected = VirtualRun(flights(20, session=b"s"), target).run()
    assert VirtualRun(flights(20, session=b"s"), target, ahead=ahead).run() == expected


def test_it_waits_without_causality_for_nothing() -> None:
    """Without causality the flights of a session do not wait for each other."""
    outcomes = VirtualRun(flights(3, session=b"s"), VirtualTarget(service=SECOND), causal=False).run()
    assert [outcome.ready - outcome.due for outcome in outcomes] == [0, 0, 0]


def test_what_nothing_can_free_is_an_error() -> None:
    """A schedule that would keep a flight for ever ends the run with an error instead of running for ever."""
    stuck = make_flight()
    stuck.pending = 1
    with pytest.raises(RuntimeError, match="stuck with 1 flights"):
        VirtualRun([stuck]).run()
