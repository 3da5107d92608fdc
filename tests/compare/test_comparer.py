"""The program of a comparer process: what it says of pairs, and that it is its parent's alone."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.compare import comparer as module
from replay_users.compare.comparer import NOBODY, PLACE, TOO_LONG, Comparer
from replay_users.compare.difference import Match
from replay_users.compare.frames import (
    CLEAN,
    NOISY,
    RULES,
    VERDICTS,
    Crash,
    Frames,
    Reply,
    differences_of,
    pack_frame,
    pack_names,
    pack_pairs,
    unpack_reply,
)
from replay_users.compare.rules import Ignore, Rules
from replay_users.path import parse_path
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay_users.model import Flight

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
RULES_OF_A_RUN = Rules((Ignore(where=(parse_path("root['items'][*]['at']"),), reason="a time"),))
HELD_RULES = pack_frame(RULES, pickle.dumps((RULES_OF_A_RUN, None)))


def pair(recorded: bytes, answer: bytes, **marks: Any) -> Flight:
    """An answered flight."""
    marks = {"status": 200, "answer_status": 200, "answer_head": HEAD, "answer_size": len(answer), **marks}
    return make_flight(body=recorded, answer_body=answer, **marks)


@pytest.fixture(autouse=True)
def _whole_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a batch has one reply, even if this process does not run for a while; those of their own do as they do."""
    monkeypatch.setattr(module, "_FLUSH_NS", 10**18)


class Bench:
    """A comparer in this process, and what it has said."""

    def __init__(self) -> None:
        self.place = memoryview(bytearray(PLACE.size))
        self.replies: list[Reply] = []
        self.comparer = Comparer(self.place, self._hear)
        self._frames = Frames()
        self.take(HELD_RULES + pack_names(["GET /a", "GET /b"]))

    def _hear(self, data: bytes) -> None:
        for letter, content in Frames().feed(data):
            assert letter == VERDICTS
            self.replies.append(unpack_reply(content))

    def take(self, frames: bytes) -> None:
        """Give it frames."""
        for letter, content in self._frames.feed(frames):
            self.comparer.take(letter, content)

    def verdicts(self, *flights: Flight) -> list[Any]:
        """What it says of these."""
        self.replies.clear()
        self.take(pack_pairs(100, flights))
        assert [reply.first for reply in self.replies][:1] == [100]
        return [verdict for reply in self.replies for verdict in reply.verdicts]


def test_each_pair_has_its_verdict() -> None:
    """In the order of the pairs: clean, ignored by a rule, different, and not to be compared."""
    bench = Bench()
    clean, noisy, differing, unchecked = bench.verdicts(
        pair(b'{"a":1}', b'{"a": 1}'),
        pair(b'{"items":[{"at":1},{"at":1}]}', b'{"items":[{"at":2},{"at":3}]}', endpoint=1),
        pair(b'{"a":1,"items":[{"at":1}]}', b'{"a":2,"items":[{"at":2}]}'),
        pair(b"{}", b"{}", answer_size=9),
    )
    assert (clean, noisy, unchecked) == (CLEAN, NOISY, "size")
    (difference,) = differences_of(differing, "GET /a")
    assert (difference.recorded, difference.replayed) == ("1", "2")
    assert bench.replies[0].noise == {
        (1, "root['items'][*]['at']", "value"): 1,
        (0, "root['items'][*]['at']", "value"): 1,
    }
    assert PLACE.unpack_from(bench.place)[0] == NOBODY


def test_noise_is_told_once() -> None:
    """What was counted in one reply is not counted again in the next."""
    bench, noisy = Bench(), (b'{"items":[{"at":1}]}', b'{"items":[{"at":2}]}')
    bench.verdicts(pair(*noisy), pair(*noisy))
    assert bench.replies[0].noise == {(0, "root['items'][*]['at']", "value"): 2}
    bench.verdicts(pair(b"1", b"1"))
    assert bench.replies[0].noise == {}


def test_long_work_is_told_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply is not held back while the rest of a batch takes its time, nor let grow."""
    bench = Bench()
    flights = [pair(b'{"a":"%d"}' % nth, b'{"a":"x"}') for nth in range(9)]
    monkeypatch.setattr(module, "_FLUSH_BYTES", 0)
    assert len(bench.verdicts(*flights)) == 9
    assert [(reply.first, len(reply.verdicts)) for reply in bench.replies] == [(nth, 1) for nth in range(100, 109)]
    monkeypatch.undo()
    monkeypatch.setattr(module, "_FLUSH_NS", 0)
    bench.verdicts(*flights)
    assert len(bench.replies) == 9


def test_an_error_of_ours_is_told_without_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it came from, and not what it was about; the pairs beside it have their verdicts."""
    bench = Bench()

    def judge(case: Any, endpoint: str) -> Any:
        raise LookupError(f"{case.body} of {endpoint}")

    assert bench.verdicts(pair(b"1", b"1", endpoint=2), pair(b"1", b"1"))[1] == CLEAN
    monkeypatch.setattr(bench.comparer._judge, "judge", judge)
    (verdict,) = bench.verdicts(pair(b"secret", b"1"))
    assert isinstance(verdict, Crash)
    assert re.fullmatch(r"LookupError in judge, test_comparer.py:\d+", verdict.error)


def test_a_pair_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two looks at the clock within one pair end it, but not one, and the next pair has its own time."""
    bench = Bench()

    def judge(case: Any, _endpoint: str) -> Any:
        for _ in range(3 if case.body == b"slow" else 1):
            bench.comparer.tick(0, None)
        return Match()

    monkeypatch.setattr(bench.comparer._judge, "judge", judge)
    assert bench.verdicts(pair(b"a", b"b"), pair(b"slow", b"b"), pair(b"a", b"b")) == [CLEAN, TOO_LONG, CLEAN]
    for _ in range(3):
        bench.comparer.tick(0, None)  # between pairs there is nothing to give up


def test_what_is_no_frame_of_a_parent_is_an_error() -> None:
    """Nobody but its parent speaks to it, so this is a bug."""
    with pytest.raises(ValueError, match="frame"):
        Bench().comparer.take(VERDICTS, b"")


# The process


@contextmanager
def process(parent: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A comparer process, gone at the end."""
    with TemporaryFile() as shared:
        shared.truncate(PLACE.size)
        started = subprocess.Popen(
            [sys.executable, "-m", "replay_users.compare.comparer", str(parent or os.getpid()), str(shared.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[shared.fileno()],
        )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def replies(started: subprocess.Popen[bytes], frames: bytes) -> list[Reply]:
    """What it says of these frames, until it has ended for want of more."""
    out, _ = started.communicate(frames, timeout=20)
    return [unpack_reply(content) for _, content in Frames().feed(out)]


FRAMES = HELD_RULES + pack_names(["GET /a"]) + pack_pairs(5, [pair(b"[1]", b"[2]"), pair(b"[1]", b"[1] ")])


def test_it_works_until_its_stdin_ends() -> None:
    """Everything that was sent is judged, and then it ends well."""
    with process() as started:
        said = replies(started, FRAMES)
        verdicts = [verdict for reply in said for verdict in reply.verdicts]
        assert (said[0].first, len(verdicts), verdicts[1], started.returncode) == (5, 2, CLEAN, 0)


def test_signals_to_the_group_are_its_parents() -> None:
    """Ctrl-C and SIGTERM reach the whole group, while answers still are to be judged."""
    with process() as started:
        assert started.stdin is not None
        assert started.stdout is not None
        started.stdin.write(FRAMES)
        started.stdin.flush()
        started.stdout.read(1)  # it is up
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            started.send_signal(number)
        out, _ = started.communicate(pack_pairs(7, [pair(b"1", b"1")]), timeout=20)
        assert len(out) > 20
        assert started.returncode == 0


def test_it_does_not_work_for_a_parent_that_is_not_there() -> None:
    """Whoever started it has died before it could be bound to that."""
    with process(parent=1 << 22) as started:
        assert replies(started, b"") == []
        assert started.returncode == 0


def test_memory_is_bounded() -> None:
    """What would need more than its share is no reason to take it: the limit is there from the start."""
    with process() as started:
        assert started.stdin is not None
        assert started.stdout is not None
        started.stdin.write(FRAMES)
        started.stdin.flush()
        started.stdout.read(1)
        limits = _read(f"/proc/{started.pid}/limits")
        (line,) = [line for line in limits.splitlines() if line.startswith("Max address space")]
        assert int(line.split()[3]) < 3 << 30
        assert _read(f"/proc/{started.pid}/oom_score_adj").strip() == "500"


def _read(path: str) -> str:
    return Path(path).read_text(encoding="ascii")


def test_it_starts_fast_and_light() -> None:
    """None of the heavy packages is imported: it is started while load runs."""
    code = (
        "import sys, replay_users.compare.comparer;"
        "print({'gevent', 'locust', 'pyarrow', 'boto3', 'numpy', 'multiprocessing'} & set(sys.modules))"
    )
    began = time.process_time()
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True).stdout
    assert out.strip() == "set()"
    assert time.process_time() - began < 1


@pytest.mark.parametrize("grown", [False, True])
def test_one_that_has_grown_says_so_and_ends(monkeypatch: pytest.MonkeyPatch, *, grown: bool) -> None:
    """Between two batches, so that its parent can tell it from one that died."""
    said: list[bytes] = []
    stdin = [FRAMES * 64, b""]
    monkeypatch.setattr(module, "_limit", lambda _: None)
    monkeypatch.setattr(module, "_is_large", lambda: grown)
    monkeypatch.setattr(module, "_write", said.append)
    monkeypatch.setattr(os, "read", lambda *_: stdin.pop(0))
    monkeypatch.setattr(signal, "signal", _nothing)
    monkeypatch.setattr(signal, "setitimer", _nothing)
    with TemporaryFile() as shared:
        shared.truncate(PLACE.size)
        assert module.main(["1", str(shared.fileno())]) == 0
    letters = [letter for data in said for letter, _ in Frames().feed(data)]
    assert letters == ([VERDICTS] * 21 + [b"F"] if grown else [VERDICTS] * 64)


def _nothing(*_: object) -> None:
    pass
