"""Work for when the hub is free, and a little of it when it never is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from gevent.event import Event
from gevent.hub import get_hub

from replay_users.engine.chores import TICK, Chores
from replay_users.testing import VirtualClock
from tests.engine.rig import resources

if TYPE_CHECKING:
    from collections.abc import Callable

MS = 1_000_000


class Watcher:
    """A watcher of a loop that never turns by itself: the test calls it."""

    def __init__(self) -> None:
        """Not started."""
        self.callback: Callable[[], None] | None = None
        self.closed = False

    def start(self, callback: Callable[[], None]) -> None:
        """Watch."""
        assert not self.closed
        self.callback = callback

    def stop(self) -> None:
        """Watch no more."""
        self.callback = None

    def close(self) -> None:
        """For good."""
        self.closed = True


class Still:
    """Chores on such a loop, under a virtual clock, and what they did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *work: int, cost: int = 200_000) -> None:
        """Chores named 0, 1, ... with so many pieces of work each; a piece takes `cost` ns."""
        self.clock = VirtualClock(10**9)
        monkeypatch.setattr("replay_users.engine.chores.time.monotonic_ns", self.clock)
        self.work = list(work)
        self.cost = cost
        self.done: list[int] = []
        self.stalls: list[int] = []
        self.on_idle, self.on_tick = Watcher(), Watcher()
        pieces = [lambda nth=nth: self._piece(nth) for nth in range(len(work))]
        self.chores = Chores(self, pieces, self.stalls.append)
        self.chores.start()

    def _piece(self, nth: int) -> bool:
        if not self.work[nth]:
            return False
        self.work[nth] -= 1
        self.done.append(nth)
        self.clock.move_to(self.clock.now + self.cost)
        return True

    # The loop that Chores sees

    def idle(self, **_: int) -> Watcher:
        """For when there is nothing else to do."""
        return self.on_idle

    def timer(self, *_: float, **__: float) -> Watcher:
        """For the tick."""
        return self.on_tick

    # What the test makes it do

    def be_idle(self) -> bool:
        """The hub has a free moment; whether anybody wanted it."""
        if self.on_idle.callback is None:
            return False
        self.on_idle.callback()
        return True

    def tick(self, late: int = 0) -> None:
        """The next tick, so many ns late."""
        assert self.on_tick.callback is not None
        self.clock.move_to(self.clock.now + TICK + late)
        self.on_tick.callback()


def test_one_piece_per_free_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A free moment of the hub gets one piece of work, of the first chore that has any."""
    still = Still(monkeypatch, 1, 2, 1)
    still.chores.wake()
    done = []
    while still.be_idle():
        done.append(list(still.done))
    assert done == [[0], [0, 1], [0, 1, 1], [0, 1, 1, 2], [0, 1, 1, 2]]


def test_they_sleep_until_they_are_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without work the hub is left in peace, and waking brings the chores back."""
    still = Still(monkeypatch, 0)
    assert not still.be_idle()
    still.chores.wake()
    assert (still.be_idle(), still.be_idle()) == (True, False)
    still.work[0] = 1
    still.chores.wake()
    assert still.be_idle()
    assert still.done == [0]


def test_a_busy_hub_gives_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub with no free moment still gives the chores half a millisecond per tick of five, and not more."""
    still = Still(monkeypatch, 1000, cost=100_000)
    still.chores.wake()
    for _ in range(10):
        still.tick()
    assert len(still.done) == 10 * 5


def test_a_hub_with_free_moments_gives_nothing_on_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where free moments come anyway, a tick takes no time from what is due."""
    still = Still(monkeypatch, 1000, cost=1000)
    still.chores.wake()
    still.be_idle()
    still.clock.now -= TICK
    still.tick()
    assert len(still.done) == 1


def test_work_that_nobody_announced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick looks for work of which no one was told."""
    still = Still(monkeypatch, 0)
    still.chores.wake()
    still.be_idle()
    still.work[0] = 1
    still.tick()
    assert still.done == [0]


def test_stalls_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tick tells how late it was, which is how long the hub was held."""
    still = Still(monkeypatch, 0)
    for late in (0, 7 * MS, 0, MS):
        still.tick(late)
    assert still.stalls == [0, 7 * MS, 0, MS]


def test_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed chores do nothing any more; answers that arrive afterwards may still wake them."""
    still = Still(monkeypatch, 5)
    still.chores.close()
    still.chores.wake()
    assert not still.be_idle()
    assert (still.on_idle.closed, still.on_tick.closed, still.on_tick.callback) == (True, True, None)


@pytest.mark.parametrize("busy", [False, True])
def test_on_a_real_hub(busy: bool) -> None:
    """Work is done on a real hub, whether it is idle or has a socket that is always ready, and leaves no watcher."""
    loop: Any = get_hub().loop
    before = resources()
    left, finished = [30], Event()

    def piece() -> bool:
        left[0] -= 1
        if not left[0]:
            finished.set()
        return left[0] > 0

    chores = Chores(loop, [piece], lambda _: None)
    reader, writer = os.pipe()
    os.write(writer, b"x")
    always = loop.io(reader, 1)
    if busy:
        always.start(lambda: None)
    chores.start()
    chores.wake()
    assert finished.wait(5)
    chores.close()
    always.stop()
    always.close()
    os.close(reader)
    os.close(writer)
    assert resources() == before
