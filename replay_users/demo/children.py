"""The processes that a demo starts, each of which is stopped again, whatever happens.

Law: starts, waits, stops; knows no shop and no replay. Only what was started here is ever signalled. Each child leads a
process group of its own, so that Ctrl-C at a terminal reaches the demo alone, which then stops its children in order.
The subtle thing: a signal that interrupts the very start of a child would leave one that nobody knows, so signals wait
until it is known.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import IO, TYPE_CHECKING, Final

from replay_users.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

__all__ = ["child", "children_stop_with_us", "first_line", "last_words"]

_STOPPING_S: Final = 5.0
_STARTING_S: Final = 30.0
_SHOWN: Final = 2_000


@contextmanager
def child(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command while the block runs; afterwards it is asked to end, and after five seconds it and its group are killed."""
    with ExitStack() as stack:
        with _signals.held():
            process = subprocess.Popen(  # noqa: S603 - a command of ours, and no shell
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            stack.callback(_stop, process)
        yield process


def _stop(process: subprocess.Popen[bytes]) -> None:
    with _signals.held():
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOPPING_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
                process.wait()
        if process.stdout is not None:
            process.stdout.close()


def first_line(process: subprocess.Popen[bytes], what: str, log: Path) -> str:
    """The first line a child prints, which says that it is ready.

    Raises:
        ReplayError: it ended before, or takes too long; with what it said in its log.
    """
    assert process.stdout is not None  # noqa: S101 - for the type checker: started with a pipe
    said, deadline = b"", time.monotonic() + _STARTING_S
    while b"\n" not in said:
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        more = os.read(process.stdout.fileno(), 4096) if readable else b""
        if not more:
            raise ReplayError(f"{what} did not start: {last_words(log)}")
        said += more
    return said.partition(b"\n")[0].decode()


def last_words(log: Path) -> str:
    """The end of a log."""
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    return text[-_SHOWN:] or "it said nothing"


class _Signals:
    """Turns signals into KeyboardInterrupt: at once, or at the end of a block that must not be cut short."""

    def __init__(self) -> None:
        self._is_held = self._came = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_held:
            self._came = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        self._is_held = True
        try:
            yield
        finally:
            self._is_held, came, self._came = False, self._came, False
        if came:
            raise KeyboardInterrupt


_signals: Final = _Signals()


@contextmanager
def children_stop_with_us() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGHUP end it as Ctrl-C does: in order, so that the children are stopped."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    earlier = {number: signal.signal(number, _signals.handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
