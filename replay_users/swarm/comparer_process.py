"""One comparer process as its hub sees it: started without forking, spoken to without blocking, and never left behind.

Law: an edge; hub callbacks on raw descriptors, and nothing about pairs or verdicts but their frames. The subtle things: it
is spawned (posix_spawn shares the parent's memory until it executes, so a large process stalls for a fraction of a
millisecond and not for a fork); and one socket is its stdin and stdout, whose end is how its death is known. What it says
on stderr is kept short: then that pipe is closed, whoever goes on writing.
"""

from __future__ import annotations

import _socket
import fcntl
import mmap
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent

import replay_users
from replay_users.compare.comparer import NOBODY, PLACE
from replay_users.compare.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMMAND", "ComparerProcess"]

_PROGRAM = (
    "import sys; sys.path.append(sys.argv.pop(1)); from replay_users.compare.comparer import main;"
    " sys.exit(main(sys.argv[1:]))"
)
COMMAND = (sys.executable, "-P", "-c", _PROGRAM, str(Path(replay_users.__file__).parents[1]))
"""The very package that runs here, and nothing of the folder that a run is started in, whose files may have any name."""

_READ = 64 << 10
_STDERR = 16 << 10  # bytes of its stderr that are read at all
_WORDS = 300  # characters of what is told of it
_SHARED, _ABOVE = 3, 10  # the number its shared memory has for it, and numbers beyond all that it gets
_FAREWELL_S = 0.005
_GONE_S = 2.0  # for a killed process to be gone


class ComparerProcess:
    """A comparer process."""

    def __init__(
        self,
        loop: Any,
        *,
        heard: Callable[[bytes, bytes], None],
        free: Callable[[], None],
        ended: Callable[[], None],
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        """Start it; `heard` gets its frames, `free` is called when it can be sent more, and `ended` once, when it is gone.

        Raises:
            OSError: it cannot be started.
        """
        self._heard, self._free, self._ended = heard, free, ended
        self._frames = Frames()
        self._out: memoryview | None = None
        self._stderr = b""
        self._status: int | None = None
        self.closed = self._is_ending = False
        with ExitStack() as theirs, ExitStack() as ours:
            self._sock, talk = _socket.socketpair()
            ours.callback(self._sock.close)
            theirs.callback(talk.close)
            errors, their_errors = os.pipe()
            ours.callback(os.close, errors)
            theirs.callback(os.close, their_errors)
            shared = os.memfd_create("comparer") if hasattr(os, "memfd_create") else _file()
            theirs.callback(os.close, shared)
            os.ftruncate(shared, PLACE.size)
            self._place = mmap.mmap(shared, PLACE.size)
            ours.callback(self._place.close)
            PLACE.pack_into(self._place, 0, NOBODY)
            self.pid = _spawn(command, talk.fileno(), their_errors, shared)
            ours.pop_all()
        self._sock.setblocking(False)
        self._errors: int | None = errors
        os.set_blocking(errors, False)
        self._read = loop.io(self._sock.fileno(), 1)
        self._write = loop.io(self._sock.fileno(), 2)
        self._complaints = loop.io(errors, 1)
        self._farewell = loop.timer(_FAREWELL_S)
        self._read.start(self._readable)
        self._complaints.start(self._complained)

    @property
    def place(self) -> int:
        """The number of the pair that it is judging."""
        place: int = PLACE.unpack_from(self._place)[0]
        return place

    @property
    def is_writable(self) -> bool:
        """Whether it has taken everything that it was sent."""
        return self._out is None and not self.closed and not self._is_ending

    @property
    def status(self) -> int | None:
        """How it ended: its exit status, or minus the signal; `None` while it has not, or nobody knows."""
        if self._status is None:
            with suppress(ChildProcessError):  # somebody waits for every child of this process
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self._status = os.waitstatus_to_exitcode(status)
        return self._status

    @property
    def is_there(self) -> bool:
        """Whether there is such a process, be it one that nobody has asked for its status."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @property
    def said(self) -> str:
        """The last line of its stderr."""
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:_WORDS] if lines else ""

    def send(self, frame: bytes | memoryview) -> None:
        """Send a frame; only while `is_writable`."""
        try:
            count = self._sock.send(frame)
        except BlockingIOError:
            count = 0
        except OSError:
            return  # it is dead, which reading will tell
        if count < len(frame):
            self._out = memoryview(frame)[count:]
            self._write.start(self._writable)

    def _writable(self) -> None:
        out, self._out = self._out, None
        self._write.stop()
        if out is not None:
            self.send(out)
            if self._out is None:
                self._free()

    def _readable(self) -> None:
        try:
            data = self._sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        try:
            for frame in self._frames.feed(data):
                self._heard(*frame)
        except ValueError:
            self.kill()
            data = b""
        if not data:
            self._read.stop()
            self._write.stop()
            self._out = None
            self._is_ending = True
            self._farewell.start(self._is_gone)

    def _is_gone(self) -> None:
        """A moment later, so that its status and last words are known."""
        self._complained()
        if not self.closed:
            self._ended()

    def _complained(self) -> None:
        if self._errors is None:
            return
        try:
            data = os.read(self._errors, _READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._stderr = (self._stderr + data)[-_STDERR:]
        if not data or len(self._stderr) == _STDERR:
            self._complaints.stop()
            os.close(self._errors)
            self._errors = None

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of it: it ends when it has read everything, or is killed if it does not."""
        if self.closed:
            return
        self.closed = True
        for watcher in (self._read, self._write, self._complaints, self._farewell):
            watcher.stop()
            watcher.close()
        if self._errors is not None:
            os.close(self._errors)
            self._errors = None
        self._sock.close()
        self._place.close()

    def end(self) -> None:
        """Let go of it, and wait until it is gone."""
        self.close()
        if self.status is None:
            self.kill()
        until = time.monotonic() + _GONE_S
        while self.status is None and self.is_there and time.monotonic() < until:
            gevent.sleep(0.002)


def _spawn(command: tuple[str, ...], talk: int, errors: int, shared: int) -> int:
    """Start it with these as stdin and stdout, stderr and one more; signals to the group are kept from it from the start."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for fd in (talk, errors, shared)]
    try:
        return os.posix_spawn(
            command[0],
            [*command, str(os.getpid()), str(_SHARED)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, high[0], 0),
                (os.POSIX_SPAWN_DUP2, high[0], 1),
                (os.POSIX_SPAWN_DUP2, high[1], 2),
                (os.POSIX_SPAWN_DUP2, high[2], _SHARED),
            ],
            setsigmask=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
        )
    finally:
        for fd in high:
            os.close(fd)


def _file() -> int:
    """A file without a name, where there is no memory that has a descriptor."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
