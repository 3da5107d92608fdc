"""One absolute timer for the schedule, exact to some tens of microseconds.

Law: nothing but a timer. The subtle thing: libev and libuv round their own timers up to a millisecond, which alone
would make every exchange about 0.5 ms late (measured: p50 0.5, p99 1.1 ms, whatever the code does); a Linux timerfd on
an io watcher does not round (p50 0.05, p99 0.15 ms). Off Linux the hub's timer is used.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HubTimer", "Timer", "TimerFd", "open_timer"]

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_FLAGS = 0o4000 | 0o2000000  # TFD_NONBLOCK | TFD_CLOEXEC
_SECOND = 1_000_000_000


class Timer(Protocol):
    """Calls back once when an absolute `time.monotonic_ns()` time has come."""

    def arm(self, at: int) -> None:
        """Set or move the time; one in the past fires at once."""

    def close(self) -> None:
        """Stop for good."""


class _Spec(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class TimerFd:
    """A timerfd on a libev io watcher (through ctypes: Python has it only from 3.13 on)."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        """`loop` is a gevent loop; `callback` runs in the hub.

        Raises:
            OSError: the kernel gives no timer.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime = libc.timerfd_settime
        self._fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._spec = _Spec()
        self._reference = ctypes.byref(self._spec)
        self._callback = callback
        self._io = loop.io(self._fd, 1)
        self._io.start(self._fired)

    def arm(self, at: int) -> None:
        """Set or move the time (absolute monotonic ns)."""
        spec = self._spec
        spec.value_s, spec.value_ns = divmod(max(at, 1), _SECOND)
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._reference, None)

    def _fired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # moved between firing and being read
        self._callback()

    def close(self) -> None:
        """Stop and give the descriptor back."""
        self._io.stop()
        self._io.close()
        os.close(self._fd)


class HubTimer:
    """The hub's own timer, for systems without timerfd: late by up to a millisecond."""

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        """`loop` is a gevent loop; `callback` runs in the hub."""
        self._loop = loop
        self._callback = callback
        self._timer: Any = None

    def arm(self, at: int) -> None:
        """Set or move the time (absolute monotonic ns)."""
        self.close()
        self._loop.update_now()
        delay = max(0, at - time.monotonic_ns()) / _SECOND
        self._timer = self._loop.timer(delay)
        self._timer.start(self._callback)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None


def open_timer(loop: Any, callback: Callable[[], None]) -> Timer:
    """The best timer this system has."""
    return TimerFd(loop, callback) if sys.platform.startswith("linux") else HubTimer(loop, callback)
