"""The program of a comparer process: pairs in on stdin, verdicts out on stdout, until stdin ends.

Law: an edge with a clock and limits of its own, and no gevent, no Locust and no network. It belongs to the process that
started it: it ends when that closes its pipe or dies, and leaves signals meant for the group to that, so that a run which
is being stopped still gets its verdicts. Rules come as a pickle, since they are what its own parent holds; verdicts go as
plain values.
The subtle thing: which pair is being judged stands in memory shared with the parent, so that the one that killed this
process, or holds it up, is known without a message per pair.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from struct import Struct
from typing import TYPE_CHECKING, Final

from replay_users.compare.case import Judge
from replay_users.compare.difference import Differences, Match
from replay_users.compare.frames import (
    CLEAN,
    FULL,
    NAMES,
    NOISY,
    PAIRS,
    RULES,
    Crash,
    Frames,
    Reply,
    pack_differences,
    pack_frame,
    pack_reply,
    size_of,
    unpack_names,
    unpack_pairs,
)
from replay_users.compare.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    from replay_users.compare.case import Case
    from replay_users.compare.difference import Difference
    from replay_users.compare.frames import Noise, Verdict

__all__ = ["NOBODY", "PLACE", "TOO_LONG", "Comparer", "main"]

PLACE: Final = Struct("<Q")
"""What stands in the shared memory: the number of the pair that is being judged."""
NOBODY: Final = (1 << 64) - 1
"""None is."""
_READ = 1 << 18
_NICE = 5  # as the decoding thread: gives way to sending
_FLUSH_NS = 20_000_000  # a reply is not held back longer than this while a batch is worked on
_FLUSH_BYTES = 64 << 10  # or than this: the hub unpacks a reply in one go (measured: 0.3 ms)
_MOST_BYTES = 1 << 30  # address space beyond what it has at the start; what needs more raises MemoryError
_LARGE_BYTES = 512 << 20  # resident, between batches: a pair of 8 MB bodies as trees takes 300 MB
_LOOK_EVERY = 64  # batches between two looks at its own size
_CONTAINERS = 100_000  # made between two collections; a body of a megabyte has 20,000, none of them in a cycle
_SOFT_S = 2.0  # a pair that takes longer than one to two of these is given up
_PDEATHSIG = 1
_DIES_FIRST = "500"  # where memory runs out, rather this process than the one that sends

TOO_LONG = "time"
"""Why a pair that takes seconds is unchecked."""


class _TooLong(BaseException):
    """The pair takes too long; not an `Exception`, so that no code on the way takes it for its own."""


class Comparer:
    """Judges batches."""

    def __init__(self, place: memoryview, send: Callable[[bytes], None]) -> None:
        """`place` is the shared memory, `send` takes replies."""
        self._place = place
        self._send = send
        self._judge = Judge(Rules())
        self._names: list[str] = []
        self._noise: Counter[Noise] = Counter()
        self._capped = 0
        self._judging = False
        self._ticks = 0

    def take(self, letter: bytes, content: bytes) -> None:
        """A frame has come.

        Raises:
            ValueError: it is none.
        """
        if letter == PAIRS:
            self._batch(*unpack_pairs(content))
        elif letter == NAMES:
            self._names += unpack_names(content)
        elif letter == RULES:
            rules, hosts = pickle.loads(content)  # noqa: S301 - from the parent
            self._judge = Judge(rules, hosts=hosts)
        else:
            raise ValueError(f"no such frame: {letter!r}")

    def _batch(self, first: int, cases: list[Case]) -> None:
        """Judge them in order, replying in parts where that takes long."""
        verdicts: list[Verdict] = []
        started, size = time.monotonic_ns(), 0
        for nth, case in enumerate(cases, first):
            PLACE.pack_into(self._place, 0, nth)
            verdict = self._judged(case)
            verdicts.append(verdict)
            size += size_of(verdict)
            if size > _FLUSH_BYTES or time.monotonic_ns() - started > _FLUSH_NS:
                first = self._reply(first, verdicts)
                verdicts = []
                started, size = time.monotonic_ns(), 0
        PLACE.pack_into(self._place, 0, NOBODY)
        if verdicts:
            self._reply(first, verdicts)

    def _reply(self, first: int, verdicts: list[Verdict]) -> int:
        """Send these; gives the number of the pair that follows."""
        self._send(pack_reply(Reply(first, verdicts, dict(self._noise), self._capped)))
        self._noise.clear()
        self._capped = 0
        return first + len(verdicts)

    def _judged(self, case: Case) -> Verdict:
        """The verdict of one pair, whatever happens."""
        self._ticks, self._judging = 0, True
        try:
            return self._verdict(case)
        except _TooLong:
            return TOO_LONG
        except Exception as error:  # noqa: BLE001 - an error of ours, told by the parent with the exchange's id
            return Crash(_where(error))
        finally:
            self._judging = False

    def _verdict(self, case: Case) -> Verdict:
        verdict = self._judge.judge(case, self._names[case.endpoint])
        if isinstance(verdict, Match):
            if not verdict.ignored and not verdict.capped:
                return CLEAN
            self._count(case.endpoint, verdict.ignored)
            self._capped += verdict.capped
            return NOISY
        if isinstance(verdict, Differences):
            packed = pack_differences(verdict)
            self._count(case.endpoint, verdict.ignored)
            return packed
        return str(verdict.reason)

    def _count(self, endpoint: int, ignored: Iterable[Difference]) -> None:
        """Each place once, however many of its items differ."""
        self._noise.update({(endpoint, each.path_text, each.kind.value) for each in ignored})

    def tick(self, _number: int, _frame: FrameType | None) -> None:
        """Time passes: give up a pair that has been judged since the tick before the last one."""
        if self._judging:
            self._ticks += 1
            if self._ticks > 1:
                self._judging = False
                raise _TooLong


def _where(error: Exception) -> str:
    """What an error is and where it came from, on one line, and nothing of a body."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name}, {os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119


def _limit(parent: int) -> None:
    """Bind this process to its parent, and to its share of the machine."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be said
        sys.exit(0)
    with suppress(OSError):
        os.nice(_NICE)
    with suppress(OSError, ValueError):
        most, hard = _address_space() + _MOST_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold bodies
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(_DIES_FIRST)


def _pages(nth: int) -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - fewer imports
        return int(file.read().split()[nth]) * mmap.PAGESIZE


def _address_space() -> int:
    return _pages(0)


def _is_large() -> bool:
    with suppress(OSError):
        return _pages(1) > _LARGE_BYTES
    return False


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


def main(arguments: list[str]) -> int:
    """Work until stdin ends; `arguments` are the parent's id and the descriptor of the shared memory."""
    parent, shared = map(int, arguments)
    _limit(parent)
    place = memoryview(mmap.mmap(shared, PLACE.size))
    comparer, frames = Comparer(place, _write), Frames()
    signal.signal(signal.SIGALRM, comparer.tick)
    signal.setitimer(signal.ITIMER_REAL, _SOFT_S, _SOFT_S)
    gc.freeze()
    gc.set_threshold(_CONTAINERS)
    seen = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while data := os.read(0, _READ):
            for frame in frames.feed(data):
                comparer.take(*frame)
                seen += 1
                if seen % _LOOK_EVERY == 0 and _is_large():
                    _write(pack_frame(FULL, b""))
                    return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
