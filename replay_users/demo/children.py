"""The processes that a demo starts, each of which is stopped again, whatever happens.

Law: starts, waits, stops; knows no shop and no replay. Only what was started here is ever signalled. The subtle thing:
each child leads a process group of its own, so that Ctrl-C at a terminal reaches the demo alone, which then stops its
children in order.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import contextmanager
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
    process = subprocess.Popen(  # noqa: S603 - a command of ours, and no shell
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True
    )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOPPING_S)
        except subprocess.TimeoutExpired:
            pass
        finally:  # it is too slow, or somebody was too impatient to wait for it
            if process.poll() is None:
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


@contextmanager
def children_stop_with_us() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGHUP end it as Ctrl-C does: in order, so that the children are stopped."""
    earlier = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in earlier:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
