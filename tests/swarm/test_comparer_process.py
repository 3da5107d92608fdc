"""One comparer process: started without forking, spoken to without waiting, gone when it is let go."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.hub import get_hub

from replay_users.compare.comparer import NOBODY
from replay_users.compare.frames import PAIRS, VERDICTS, pack_frame, pack_names, pack_pairs
from replay_users.swarm import comparer_process as module
from replay_users.swarm.comparer_process import ComparerProcess
from tests.swarm.comparing import bad, open_files, pair, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ECHO = "while data := os.read(0, 1 << 20):\n    rest = data\n    while rest:\n        rest = rest[os.write(1, rest):]"


class Started:
    """A process and what it did."""

    def __init__(self, program: str) -> None:
        self.heard: list[tuple[bytes, bytes]] = []
        self.frees = self.ends = 0
        self.process = ComparerProcess(
            get_hub().loop,
            heard=lambda *frame: self.heard.append(frame),
            free=self._free,
            ended=self._end,
            command=(sys.executable, "-c", f"import os, signal, sys, time\n{program}"),
        )

    def _free(self) -> None:
        self.frees += 1

    def _end(self) -> None:
        self.ends += 1


@pytest.fixture
def start() -> Iterator[Callable[[str], Started]]:
    """Starts programs, gone at the end."""
    started: list[Started] = []

    def begin(program: str) -> Started:
        started.append(Started(program))
        return started[-1]

    yield begin
    for each in started:
        each.process.end()


def test_frames_go_both_ways(start: Callable[[str], Started]) -> None:
    """Also those that are larger than a pipe, without the hub waiting; when all has gone there is room again."""
    echo, large = start(ECHO), pack_frame(PAIRS, b"x" * (4 << 20))
    echo.process.send(pack_frame(VERDICTS, b"a"))
    echo.process.send(large)
    assert echo.heard == []  # the hub has had no turn
    before = echo.process.is_writable
    wait_for(lambda: len(echo.heard) == 2)
    assert [(letter, len(content)) for letter, content in echo.heard] == [(VERDICTS, 1), (PAIRS, 4 << 20)]
    assert (before, echo.process.is_writable, echo.frees) == (False, True, 1)


def test_its_end_is_told_once_with_its_status(start: Callable[[str], Started]) -> None:
    """With its last words, and a moment later, so that they are known."""
    dying = start("os.write(2, b'one\\ntwo\\n'); sys.exit(7)")
    wait_for(lambda: dying.ends > 0)
    assert (dying.process.status, dying.process.said, dying.process.is_writable) == (7, "two", False)
    assert dying.process.place == NOBODY
    dying.process.kill()
    dying.process.end()
    assert dying.ends == 1


def test_one_that_talks_nonsense_is_killed(start: Callable[[str], Started]) -> None:
    """A stream that is none cannot be taken up again."""
    babbling = start("os.write(1, b'Hello, world'); time.sleep(600)")
    wait_for(lambda: babbling.ends > 0)
    wait_for(lambda: babbling.process.status is not None)
    assert babbling.process.status == -signal.SIGKILL


def test_a_flood_of_words_ends(start: Callable[[str], Started]) -> None:
    """Its stderr is read up to a bound and then closed, which it may notice and need not."""
    flooding = start(f"try:\n    while True: os.write(2, b'x' * 4096)\nexcept OSError: pass\n{ECHO}")
    wait_for(lambda: flooding.process._errors is None)
    assert len(flooding.process._stderr) <= module._STDERR
    flooding.process.send(pack_frame(VERDICTS, b"a"))
    wait_for(lambda: bool(flooding.heard))


def test_the_place_is_shared(start: Callable[[str], Started]) -> None:
    """What it writes there is seen here, however it ends."""
    code = (
        "import mmap, struct\nm = mmap.mmap(int(sys.argv[2]), 8)\nm[:] = struct.pack('<Q', 77)\nos.kill(os.getpid(), 9)"
    )
    writing = start(code)
    wait_for(lambda: writing.ends > 0)
    assert writing.process.place == 77


def test_it_gets_nothing_but_what_it_needs(start: Callable[[str], Started]) -> None:
    """Three streams and the shared memory: no connection of the run's is held open by it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        listing = start(
            "for n in os.listdir('/proc/self/fd'):\n"
            "    if os.path.lexists(f'/proc/self/fd/{n}'): print(os.readlink(f'/proc/self/fd/{n}'), end=' ', file=sys.stderr)"
        )
        wait_for(lambda: listing.ends > 0)
        mine = open_files()[str(server.fileno())]
    assert "memfd" in listing.process.said
    assert mine not in listing.process.said


def test_signals_to_the_group_do_not_reach_it(start: Callable[[str], Started]) -> None:
    """They are blocked from its first moment on, before it can say so itself."""
    blocked = start(
        "os.write(2, str(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))).replace(chr(10), ' ').encode())"
    )
    wait_for(lambda: blocked.ends > 0)
    for name in ("SIGHUP", "SIGINT", "SIGTERM"):
        assert name in blocked.process.said


def test_the_folder_it_is_started_in_means_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's `types.py` or `replay_users` is not ours."""
    (tmp_path / "types.py").write_text("raise SystemExit(9)")
    (tmp_path / "msgpack.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    heard: list[bytes] = []
    process = ComparerProcess(get_hub().loop, heard=lambda letter, _: heard.append(letter), free=_ignore, ended=_ignore)
    process.send(pack_names(["GET /a"]) + pack_pairs(0, [pair(b"1", b"2")]))
    wait_for(lambda: heard == [VERDICTS])
    process.end()


PARENT = """
import gevent.monkey; gevent.monkey.patch_all()
import os, sys, time
sys.path[:0] = [{root!r}]
from gevent.hub import get_hub
from replay_users.swarm.comparer_process import ComparerProcess
process = ComparerProcess(get_hub().loop, heard=lambda *_: None, free=lambda: None, ended=lambda: None, command={command!r})
time.sleep(0.3)
print(process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("doing", ["pass", "time.sleep(600)"], ids=["reading", "busy"])
def test_it_does_not_outlive_a_parent_that_is_killed(doing: str) -> None:
    """Neither while it waits for pairs nor while it is busy with one."""
    command = bad(first=f"comparer._limit(int(sys.argv[1]))\n{doing}")
    code = PARENT.format(root=str(Path(__file__).parents[2]), command=command)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    wait_for(lambda: not _is_running(pid))


def _is_running(pid: int) -> bool:
    """Whether it is there and no zombie, which nobody may be there to bury."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_no_descriptor_is_left_where_none_can_be_started() -> None:
    """A process that cannot be had costs nothing."""
    loop, before = get_hub().loop, open_files()
    for _ in range(3):
        with pytest.raises(OSError, match="No such file"):
            ComparerProcess(loop, heard=_ignore, free=_ignore, ended=_ignore, command=("/nonexistent",))
    gevent.sleep(0.01)  # gevent closes descriptors a moment later
    assert open_files() == before


def _ignore(*_: Any) -> None:
    pass
