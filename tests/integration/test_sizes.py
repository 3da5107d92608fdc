"""Much of everything: large bodies both ways, targets that do not answer or do not read, and memory that stays as it is."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from replay_users.testing import ScriptedTarget, http_answer, pause, receive, send, serve, stall
from tests.integration.replays import JSON, replaying, run_command
from tests.recording.making import HOUR, START, make_exchange, record_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.model import Exchange
    from tests.integration.replays import Finished, Running

pytestmark = pytest.mark.server

MS = 1_000_000
MIB = 1 << 20
DAY = 24 * HOUR
TEXT = b'"' + random.Random(5).randbytes(MIB // 2).hex().encode()[2:] + b'"'
"""A mebibyte of JSON."""


def peak_mb(running: Running) -> float:
    """The most memory that a replay has had at once; 0 once it has ended."""
    words = Path(f"/proc/{running.process.pid}/status").read_text().partition("VmHWM:")[2].split()
    return int(words[0]) / 1024 if words else 0.0


def finished(
    tmp_path: Path, exchanges: Iterable[Exchange], target: ScriptedTarget, *options: str
) -> tuple[Finished, float]:
    """A replay of these exchanges, and its peak memory in MB."""
    record_in(tmp_path / "recording", exchanges)
    command = run_command(str(tmp_path / "recording"), "--host", target.url, "--allow-writes", *options)
    most = 0.0
    with replaying(command, tmp_path / "run") as running:
        while running.process.returncode is None:
            most = max(most, peak_mb(running))  # before it is waited for, so that it is there at least as a zombie
            time.sleep(0.02)
            running.process.poll()
        return running.finish(), most


def uploads(count: int, every_ms: int, **changes: object) -> list[Exchange]:
    """Uploads of a mebibyte, each of a session of its own, that begin differently."""
    bodies = [b'["%08d",' % nth + TEXT[:-11] + b'"]' for nth in range(count)]
    return [
        make_exchange(
            nth,
            at=START + nth * every_ms * MS,
            session=b"%d" % nth,
            method="POST",
            target=b"/uploads",
            request_body=body,
            request_size=len(body),
            **changes,
        )
        for nth, body in enumerate(bodies)
    ]


def test_a_target_that_is_slow_to_read_gets_large_uploads_whole(tmp_path: Path) -> None:
    """Uploads of a mebibyte to a target that leaves them in its buffers for a while arrive byte for byte, each once."""
    exchanges = uploads(12, 10, response_body=b"[]", response_size=2)
    answer = http_answer(b"[]", head=b"Content-Type: application/json\r\nConnection: close\r\n")
    with ScriptedTarget([pause(0.4), receive(), pause(0.05), send(answer)]) as target:
        done, _ = finished(tmp_path, exchanges, target)
        received = [request.data.partition(b"\r\n\r\n")[2] for request in target.received()]
    assert sorted(received) == [exchange.request_body for exchange in exchanges]
    assert (done.totals["sent"], done.totals["matched"], done.totals["failed"]) == (12, 12, 0)


def test_a_mebibyte_both_ways_is_compared(tmp_path: Path) -> None:
    """Requests and answers of a mebibyte are sent, received and found equal; one that differs at its end is a mismatch."""
    same, other = TEXT, TEXT[:-3] + b'x!"'
    exchanges = uploads(16, 20, response_body=same, response_size=len(same), response_head=JSON)
    exchanges += [
        make_exchange(99, at=START + 400 * MS, response_body=other, response_size=len(other), response_head=JSON)
    ]
    with ScriptedTarget([serve(http_answer(same, head=JSON))]) as target:
        done, _ = finished(tmp_path, exchanges, target)
    totals = done.totals
    assert (totals["sent"], totals["matched"], totals["mismatched"], totals["unchecked_by"]) == (17, 16, 1, {})


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_target_that_never_answers_makes_no_memory_grow(tmp_path: Path) -> None:
    """Rows that wait for answers fill the look-ahead and no more: the oldest give way, counted, while 500 MB go by."""
    # the first of each of seven sessions is sent, all others wait for it
    body = random.Random(6).randbytes(64 << 10)
    exchanges = (
        make_exchange(n, at=START + n * MS // 2, duration=MS // 4, response_body=body, response_size=len(body))
        for n in range(8_000)
    )
    with ScriptedTarget([receive(), stall()]) as target:
        options = ("--run-time", "8s", "--drain-timeout", "1s", "--max-lag", "2s")  # rows give way after half of that
        done, most = finished(tmp_path, exchanges, target, *options)
    totals = done.totals
    assert totals["planned"] == 8_000
    assert totals["sent"] == totals["failed"] == 7
    assert totals["dropped_by"]["in_flight"] > 6_000
    assert most < 320


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_day_makes_no_memory_grow(tmp_path: Path) -> None:
    """Of a day's 24 hours and 240 MB each is read when its time comes and then let go: no row is lost, and none is kept."""
    midnight, every = START - START % DAY, DAY // 240
    exchanges = (
        make_exchange(
            n, at=midnight + n * every, session=b"%d" % n, response_body=TEXT, response_size=MIB, response_head=JSON
        )
        for n in range(240)
    )
    with ScriptedTarget([serve(http_answer(TEXT, head=JSON))]) as target:
        done, most = finished(tmp_path, exchanges, target, "--pace", "40/s", "--max-lag", "1m")
    assert len(list((tmp_path / "recording").rglob("hour=*/manifest.json"))) == 24
    assert done.totals["planned"] == done.totals["sent"] == done.totals["matched"] == 240
    assert most < 320
