"""The peers as the suite runs them: real processes against a real socket."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import suite
from benchmarks.harness import ROOT, Group, measure
from benchmarks.make_recording import exchanges
from benchmarks.rows import Measured
from benchmarks.servers.target import Serving

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness import Contender

pytestmark = [pytest.mark.slow, pytest.mark.server]


def first_request(contender: Contender) -> bytes:
    """The first bytes the contender sends; wrk opens a connection before that only to see whether it can."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        env = {**os.environ, **contender.env, "PYTHONPATH": str(ROOT), "BENCH_PORT": str(server.getsockname()[1])}
        process = subprocess.Popen(
            contender.command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        try:
            for _ in range(5):
                with server.accept()[0] as connection:
                    connection.settimeout(20)
                    if said := connection.recv(65536):
                        return said
        finally:
            process.kill()
            process.wait(10)
    pytest.fail("it sent nothing")


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_peers_send_the_same_header_lines() -> None:
    """FastHttpUser, wrk and our transport send the same nine header lines, Host apart, so that they can be compared."""

    def header_names_and_values(said: bytes) -> set[bytes]:
        lines = said.strip().split(b"\r\n")[1:]
        assert len(lines) == 9
        return {line for line in lines if not line.startswith(b"Host:")}

    ours = first_request(suite.ours("transport", "ours"))
    fast, wrk = first_request(suite.fasthttp()), first_request(suite.wrk())
    assert fast.split(b"\r\n")[0] == wrk.split(b"\r\n")[0] == ours.split(b"\r\n")[0]
    assert header_names_and_values(fast) == header_names_and_values(wrk) == header_names_and_values(ours)


def write_slices(folder: Path, rate: float, seconds: float) -> int:
    """A recording in two slices, each in partition order and named so that the later one sorts first."""
    traffic = list(exchanges(rate=rate, seconds=seconds, mismatch=0.5))
    names = ("at", "method", "target", "request_head", "request_body", "status", "response_body")
    for name, half in (("slice-b", traffic[: len(traffic) // 2]), ("slice-a", traffic[len(traffic) // 2 :])):
        columns = {column: [getattr(one, column) for one in half] for column in names}
        table = pa.table({**columns, "endpoint": ["GET /x"] * len(half), "partition": [one.session[0] for one in half]})
        pq.write_table(table.sort_by("partition"), folder / f"{name}.parquet", row_group_size=50)
    return len(traffic)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_the_naive_replay_replays(tmp_path: Path) -> None:
    """The naive peer sends the recording in order at its rate, and sees the planted half of mismatches."""
    rows = write_slices(tmp_path, rate=200, seconds=2)
    arrivals = tmp_path / "arrivals"
    group = Group(
        name="naive",
        contenders=(suite.naive(rate=200, seconds=6),),  # of which the recording has two
        serving=Serving(arrivals=arrivals),
        prepare=lambda: {"BENCH_RECORDING": str(tmp_path)},
    )
    (result,) = measure(group, 1)[0].values()
    assert isinstance(result, Measured)
    assert result.values["mismatched"] / result.values["n"] == pytest.approx(0.5, abs=0.15)
    assert 0 < result.values["lag_p50_ms"] < 3_000  # as long as a machine may stand still
    seqs = [int(line.split()[1]) for line in arrivals.read_text().splitlines()]
    assert sorted(seqs) == list(range(rows))
    assert (
        max(abs(seq - place) for place, seq in enumerate(seqs)) < 100
    )  # two slices in partition order are further from it
