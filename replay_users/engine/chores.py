"""Work that must not delay a send: loading rows, settling answers, judging them, in small pieces when the hub is free.

Law: knows pieces of work only as functions that do a little and say whether there is more. They run on a libev idle
watcher, that is, when no socket and no timer wants the hub. The subtle thing: a hub that is never free would never get
to them, so a tick every 5 ms gives them a small share all the same; its lateness is also how long the hub was stalled.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Chores"]

TICK = 5_000_000
"""ns between two ticks."""

_SHARE = 500_000  # ns of chores per tick when the hub is never free: a tenth of it


class Chores:
    """Runs chores in the order given, the first that has work first."""

    def __init__(self, loop: Any, chores: Sequence[Callable[[], bool]], stalled: Callable[[int], None]) -> None:
        """Each chore does at most some 200 us of work and says whether more is left; `stalled` gets ns of each late tick."""
        self._chores = chores
        self._stalled = stalled
        self._idle = loop.idle(priority=-2)
        self._tick = loop.timer(TICK / 1e9, repeat=TICK / 1e9)
        self._awake = False
        self._last_tick = 0
        self._last_idle = 0

    def start(self) -> None:
        """Begin ticking."""
        self._last_tick = time.monotonic_ns()
        self._tick.start(self._on_tick)

    def wake(self) -> None:
        """There may be work now."""
        if not self._awake:
            self._awake = True
            self._idle.start(self._on_idle)

    def _on_idle(self) -> None:
        self._last_idle = time.monotonic_ns()
        if not self._one():
            self._awake = False
            self._idle.stop()

    def _one(self) -> bool:
        """A piece of the first chore that has work; whether there may be more."""
        return any(chore() for chore in self._chores)

    def _on_tick(self) -> None:
        now = time.monotonic_ns()
        self._stalled(max(0, now - self._last_tick - TICK))
        self._last_tick = now
        if now - self._last_idle < TICK:
            self.wake()
            return
        until = now + _SHARE
        while self._one() and time.monotonic_ns() < until:
            pass

    def close(self) -> None:
        """Stop for good; being woken does nothing any more."""
        self._awake = True
        for watcher in (self._idle, self._tick):
            watcher.stop()
            watcher.close()
