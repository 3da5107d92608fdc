"""The replay one would write on Locust in a day: greenlets that sleep until their row is due.

It is kept as a peer, so it is written to do well: slices are read off the hub, rows become dicts a
chunk at a time, header blocks are parsed at load, answers are compared by orjson. What it does not
do is what our engine exists for.
Run by `locust -f benchmarks/peers/naive/locustfile.py --headless -u USERS -r 1000 -t 6s`; prints
one JSON line.
BENCH_RECORDING is the recording's folder, BENCH_PORT the target's port, BENCH_PACE `recorded` or
`flat-out` (the next row as soon as a user is free, the recording over and over).
The subtle thing: the harness declares every ratio against it void unless it reaches 80 % of what
bare FastHttpUser reaches in the same run when that, too, has to spend `decode_us` per request;
hence the decoding is metered apart.
"""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import orjson
import pyarrow.compute
import pyarrow.parquet as pq
from locust import FastHttpUser, events, task
from locust.exception import StopUser

from benchmarks.peers.meter import Meter, lag_percentiles_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from locust.env import Environment

__all__ = ["NaiveReplay"]

RECORDING = Path(os.environ["BENCH_RECORDING"])
FLAT_OUT = os.environ.get("BENCH_PACE", "recorded") == "flat-out"
COLUMNS = [
    "at", "method", "target", "request_head", "request_body", "status", "response_body", "endpoint",
]  # fmt: skip
WARM_UP_S = 1.0
CHUNK_ROWS = 250
LOOK_AHEAD_ROWS = 4_000

Row = dict[str, Any]
meter = Meter()


@dataclass(slots=True)
class Replay:
    """What the users share: the rows to come, when row time zero is, and the tallies."""

    rows: deque[Row] = field(default_factory=deque)
    over: bool = False
    start: float = 0.0
    first_at: int = 0
    sent: int = 0
    mismatched: int = 0
    decoded: int = 0
    decode_s: float = 0.0
    lags: list[float] = field(default_factory=list)


replay = Replay()


def slices() -> list[Path]:
    """The recording's slices in order of time, which is in the statistics of their footers."""

    def first_at(path: Path) -> int:
        metadata = pq.read_metadata(path)
        at = metadata.schema.to_arrow_schema().get_field_index("at")
        columns = (metadata.row_group(i).column(at) for i in range(metadata.num_row_groups))
        return min(int(c.statistics.min or 0) for c in columns if c.statistics)

    return sorted(RECORDING.rglob("slice-*.parquet"), key=first_at)


def read(path: Path) -> tuple[pa.Table, float]:
    """One slice in order of time, and the CPU seconds per row that took in this thread."""
    began = time.thread_time()
    table = pq.read_table(path, columns=COLUMNS, use_threads=False, partitioning=None).sort_by("at")
    return table, (time.thread_time() - began) / len(table)


def prepare(row: Row) -> Row:
    """The row as FastHttpSession wants it."""
    lines = row["request_head"].decode("latin-1").split("\r\n")
    row["headers"] = dict(line.split(": ", 1) for line in lines if line)
    row["target"] = row["target"].decode("latin-1")
    return row


def chunks(table: pa.Table, read_s: float) -> Iterator[list[Row]]:
    """The table's rows as dicts, so few at a time that the hub is not held up for long."""
    for start in range(0, len(table), CHUNK_ROWS):
        began = time.thread_time()
        rows = [prepare(row) for row in table.slice(start, CHUNK_ROWS).to_pylist()]
        replay.decode_s += time.thread_time() - began + read_s * len(rows)
        replay.decoded += len(rows)
        yield rows


def read_all() -> None:
    """Fill the look-ahead until the recording is over (never, when flat out)."""
    paths = slices()
    while paths:
        for path in paths:
            for rows in chunks(*gevent.get_hub().threadpool.apply(read, (path,))):
                if not replay.start:
                    replay.first_at, replay.start = rows[0]["at"], time.perf_counter() + WARM_UP_S
                replay.rows.extend(rows)
                gevent.sleep(0)
                while len(replay.rows) > LOOK_AHEAD_ROWS:
                    gevent.sleep(0.01)
        if not FLAT_OUT:
            break
    replay.over = True


class NaiveReplay(FastHttpUser):
    """Takes the next row, sleeps until it is due, sends it, compares the answer."""

    host = f"http://127.0.0.1:{os.environ['BENCH_PORT']}"
    concurrency = 1

    @task
    def replay_next(self) -> None:
        """One row."""
        while not replay.rows:
            if replay.over:
                raise StopUser
            gevent.sleep(0.01)
        row = replay.rows.popleft()
        if not FLAT_OUT:
            due = replay.start + (row["at"] - replay.first_at) / 1e9
            gevent.sleep(max(0.0, due - time.perf_counter()))
            replay.lags.append(time.perf_counter() - due)
        self.send(row)

    def send(self, row: Row) -> None:
        """The request, and whether its answer is the recorded one."""
        answer = self.client.request(
            row["method"],
            row["target"],
            name=row["endpoint"],
            data=row["request_body"] or None,
            headers=row["headers"],
        )
        replay.sent += 1
        same = answer.status_code == row["status"]
        if not (same and orjson.loads(answer.content) == orjson.loads(row["response_body"])):
            replay.mismatched += 1


@events.test_start.add_listener  # type: ignore[untyped-decorator] # Locust types no listener
def _begin(**_: Any) -> None:
    gevent.spawn(read_all)
    gevent.spawn_later(2 * WARM_UP_S, _open_window)


def _open_window() -> None:
    replay.lags.clear()
    replay.decoded, replay.decode_s, replay.mismatched = 0, 0.0, 0
    meter.start(replay.sent)


@events.test_stopping.add_listener  # type: ignore[untyped-decorator] # Locust types no listener
def _close_window(environment: Environment, **_: Any) -> None:
    tallies = {
        "decode_us": replay.decode_s / max(replay.decoded, 1) * 1e6,
        "decoded": replay.decoded,
        "mismatched": replay.mismatched,
        "failed": environment.stats.total.num_failures,
    }
    print(meter.line(replay.sent, **tallies, **lag_percentiles_ms(replay.lags)), flush=True)
