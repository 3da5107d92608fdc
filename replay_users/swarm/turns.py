"""Long work in the hub's own thread lets everything else have its turn: heartbeats, pings, signals.

Law: called between pieces of work, and costs next to nothing unless a turn is due. The subtle thing: `sleep(0)` only lets
greenlets run that are ready already; the hub looks at its sockets and timers when everybody waits, so a turn is a real wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Turns"]

_EVERY_S = 0.05  # Locust's heartbeats are a second apart
_TURN_S = 0.001


class Turns:
    """The turns that one piece of long work gives."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """`clock` gives seconds; `sleep` is the hub's."""
        self._clock = clock
        self._sleep = sleep
        self._last = clock()

    def pause(self) -> None:
        """Let everything else run, if it has not for a twentieth of a second."""
        if self._clock() - self._last >= _EVERY_S:
            self._sleep(_TURN_S)
            self._last = self._clock()
