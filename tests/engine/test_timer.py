"""Timers that fire once, at an absolute time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event
from gevent.hub import get_hub

from replay_users.engine.timer import HubTimer, TimerFd, open_timer
from tests.engine.rig import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from replay_users.engine.timer import Timer

MS = 1_000_000


class Bell:
    """A timer of some kind, and when it has fired (monotonic ns)."""

    def __init__(self, kind: Callable[[Any, Callable[[], None]], Timer]) -> None:
        """The timer is in the test's own hub."""
        self.rung: list[int] = []
        self._ringing = Event()
        self.timer = kind(get_hub().loop, self._ring)

    def _ring(self) -> None:
        self.rung.append(time.monotonic_ns())
        self._ringing.set()

    def wait(self) -> None:
        """Until it has fired."""
        assert self._ringing.wait(5)
        self._ringing.clear()


@pytest.fixture(params=[TimerFd, HubTimer])
def bell(request: pytest.FixtureRequest) -> Iterator[Bell]:
    """A timer of each kind, which must leave no watcher and no descriptor."""
    before = resources()
    bell = Bell(request.param)
    yield bell
    bell.timer.close()
    assert resources() == before


def test_it_fires_at_its_time(bell: Bell) -> None:
    """A timer fires once, not before its time and soon after it."""
    at = time.monotonic_ns() + 10 * MS
    bell.timer.arm(at)
    bell.wait()
    gevent.sleep(0.005)
    (rung,) = bell.rung
    assert -MS <= rung - at < 5_000 * MS  # the hub's own timer rounds; a machine may stand still


@pytest.mark.parametrize("at", [0, 1, -5])
def test_the_past_fires_at_once(bell: Bell, at: int) -> None:
    """A time that has passed fires as soon as the hub is free, and never not at all."""
    bell.timer.arm(at)
    assert bell.rung == []
    bell.wait()
    assert len(bell.rung) == 1


@pytest.mark.parametrize(("first", "second"), [(5_000, 5), (5, 25)], ids=["sooner", "later"])
def test_it_can_be_moved(bell: Bell, first: int, second: int) -> None:
    """Setting another time takes the place of the first one."""
    now = time.monotonic_ns()
    bell.timer.arm(now + first * MS)
    bell.timer.arm(now + second * MS)
    bell.wait()
    gevent.sleep(0.005)
    assert len(bell.rung) == 1
    assert bell.rung[0] >= now + (second - 1) * MS


def test_it_can_be_set_again_when_it_fires(bell: Bell) -> None:
    """A timer may be set from its own callback, and fires again."""
    again = iter(range(2))
    ring = bell._ring

    def ring_and_set() -> None:
        ring()
        if next(again, None) is not None:
            bell.timer.arm(time.monotonic_ns() + MS)

    bell.timer._callback = ring_and_set  # type: ignore[attr-defined]
    bell.timer.arm(1)
    for _ in range(3):
        bell.wait()
    assert len(bell.rung) == 3


def test_a_closed_timer_is_silent(bell: Bell) -> None:
    """What was set when the timer was closed does not fire."""
    bell.timer.arm(time.monotonic_ns() + MS)
    bell.timer.close()
    gevent.sleep(0.005)
    assert bell.rung == []
    bell.timer = HubTimer(get_hub().loop, bell._ring)


def test_timerfd_does_not_round() -> None:
    """The best of ten waits is late by less than the millisecond to which the hub rounds its own timers."""
    bell = Bell(TimerFd)
    late = []
    for _ in range(10):
        at = time.monotonic_ns() + 2 * MS + 300_000
        bell.timer.arm(at)
        bell.wait()
        late.append(bell.rung[-1] - at)
    bell.timer.close()
    assert 0 <= min(late) < 400_000


@pytest.mark.parametrize(("platform", "kind"), [("linux", TimerFd), ("darwin", HubTimer)])
def test_each_system_gets_its_best(monkeypatch: pytest.MonkeyPatch, platform: str, kind: type) -> None:
    """Linux gets the exact timer, other systems the hub's."""
    monkeypatch.setattr("replay_users.engine.timer.sys.platform", platform)
    timer = open_timer(get_hub().loop, lambda: None)
    timer.close()
    assert isinstance(timer, kind)
