"""Targets that fail: every exchange is accounted for, by kind, and the run ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from replay_users.testing import ScriptedTarget, close, http_answer, receive, reset, send, stall
from tests.integration.replays import (
    BODY,
    JSON,
    locust_command,
    record_traffic,
    replay,
    replaying,
    run_command,
    same_answers,
)
from tests.recording.making import HOUR, START, make_exchange, record
from tests.servers.s3_proxy import S3Proxy, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.weed import Weed

pytestmark = pytest.mark.server

ANSWER = http_answer(BODY, head=JSON)


def test_faults_are_told_apart(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """A target that resets, stalls, closes early and talks nonsense fails those exchanges, each by its kind."""
    target.play(
        [receive(), reset()],
        [receive(), stall()],
        [receive(), send(ANSWER[:-3]), close()],
        [receive(), send(b"hello\r\n\r\n"), close()],
        same_answers(),
    )
    done = replay(run_command(traffic, "--host", target.url, "--timeout", "5s", "--order", "none"), tmp_path)
    totals = done.totals
    assert totals["failed_by"] == {"closed_in_body": 1, "protocol": 1, "reset_before_headers": 1, "timeout": 1}
    assert totals["sent"] == len(target.received()) == 60
    assert totals["matched"] == 56
    assert done.code == 3  # 93 % were compared
    assert "56 of 60 exchanges were compared (93.3 %)" in done.out
    assert "Traceback" not in done.said


def test_connections_that_die_between_requests_are_no_failure(
    traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """A reused connection that is reset before it answers is tried once more on a fresh one, and counted."""
    target.play([receive(), send(ANSWER), receive(), send(ANSWER), receive(), reset()])
    done = replay(run_command(traffic, "--host", target.url), tmp_path)
    totals = done.totals
    assert (totals["sent"], totals["matched"], totals["failed"]) == (60, 60, 0)
    assert totals["resent"] == len(target.received()) - 60 > 10
    assert done.code == 0


def test_a_target_that_goes_away_fails_what_is_left(traffic: str, tmp_path: Path) -> None:
    """When the target's process ends during the run, the rest fails to connect; the run goes on to its end, exit code 3."""
    command = run_command(traffic, "--pace", "0.25x")
    with (
        ScriptedTarget(same_answers()) as target,
        replaying([*command, "--host", target.url], tmp_path) as running,
    ):
        running.wait_for(lambda: len(target.received()) > 5)
        received = len(target.received())
        target.close()
        done = running.finish()
    totals = done.totals
    assert totals["sent"] == totals["matched"] + totals["failed"] == 60
    assert totals["matched"] >= received
    assert totals["failed_by"]["connect"] > 20
    assert done.code == 3
    assert "Traceback" not in done.said


def arrivals(target: ScriptedTarget, since: int) -> list[float]:
    """When requests came, seconds after a moment (monotonic ns), in order."""
    return sorted((received.at - since) / 1e9 for received in target.received() if received.at >= since)


@pytest.mark.parametrize(
    ("seconds", "rows"),
    [
        pytest.param(1, 600, id="1s"),
        pytest.param(10, 1600, id="10s", marks=[pytest.mark.slow, pytest.mark.timeout(150)]),
    ],
)
def test_a_target_that_is_down_and_comes_back(tmp_path: Path, seconds: int, rows: int) -> None:
    """What falls into an outage fails to connect, each on its due time; afterwards all goes on at once and at its pace."""
    traffic = record_traffic(tmp_path / "traffic", rows)  # 75 reads a second
    for nth in range(3):  # any of which a busy machine may hold up
        wrong = outage(traffic, tmp_path / f"run-{nth}", seconds, rows)
        if not wrong:
            return
    pytest.fail(f"the last of three: {wrong}")


def outage(traffic: str, folder: Path, seconds: int, rows: int) -> list[str]:
    """What was not on time of a replay to a target that is down for so long; all else must hold."""
    with (
        ScriptedTarget(same_answers()) as target,
        replaying(run_command(traffic, "--host", target.url), folder) as running,
    ):
        running.wait_for(lambda: len(target.received()) > 50)
        down = time.monotonic_ns()
        target.go_down()
        time.sleep(seconds)
        up = time.monotonic_ns()
        target.come_up()
        done = running.finish()
        since, afterwards = arrivals(target, down), arrivals(target, up)
    totals, lost = done.totals, 75 * (up - down) / 1e9
    assert totals["planned"] == rows
    assert totals["skipped"] == rows // 4
    assert totals["sent"] == rows * 3 // 4 == totals["matched"] + totals["failed"]
    assert totals["dropped"] == totals["unread"] == totals["in_doubt"] == 0
    assert totals["failed_by"].keys() <= {"connect", "reset_before_headers"}
    assert len(since) - len(afterwards) <= 2  # nothing came through, but for what was already on its way
    assert done.result["validity"]["void"] in ([], ["latency"])  # the latter on a busy machine
    assert (done.code, done.result["gate"]["verdict"]) == (3, "fail")
    assert "Traceback" not in done.said
    failed, lag = totals["failed_by"].get("connect", 0), done.result["fidelity"]["lag_ms"]["p50"]
    on_time = {
        f"{failed} failed of {lost}": failed == pytest.approx(lost, rel=0.15, abs=8),
        f"afterwards came {afterwards[:5]}": min(afterwards, default=9) < 0.1,
        "some were kept for afterwards": sum(at < 1.0 for at in afterwards) < 75 * 1.3,
        f"the median lag was {lag} ms": lag < 20,
    }
    return [each for each, holds in on_time.items() if not holds]


_SEVERAL = """
from gevent import socket
from replay_users import ReplayShape, ReplayUser

real = socket.getaddrinfo


def getaddrinfo(host, port, *given, **more):
    if host != "staging.test":
        return real(host, port, *given, **more)
    return [found for n in (2, 1, 3) for found in real(f"127.0.0.{n}", port, *given, **more)]


socket.getaddrinfo = getaddrinfo


class Replay(ReplayUser): ...


class Shape(ReplayShape): ...
"""


def test_addresses_that_refuse_cost_nothing_where_another_works(
    traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """Of three addresses two refuse: every exchange goes to the third, none fails, and those avoided are counted."""
    (tmp_path / "several.py").write_text(_SEVERAL)
    host = f"http://staging.test:{target.port}"
    command = locust_command("--recording", traffic, "--host", host, locustfile=tmp_path / "several.py")
    done = replay(command, tmp_path / "run")
    totals, connections = done.totals, done.result["connections"]
    assert (totals["sent"], totals["matched"], totals["failed"]) == (60, 60, 0)
    assert len(target.received()) == 60
    assert connections["avoided_addresses"] == 2
    reached = {address.split(":")[0]: each for address, each in connections["addresses"].items()}
    failed = [reached[f"127.0.0.{n}"]["failed"] for n in (1, 2, 3)]
    assert failed[0] == 0
    assert all(1 <= each <= 7 for each in failed[1:])  # once, or by each session at once where the machine stood still
    assert reached["127.0.0.1"]["opened"] == connections["opened"] > 0
    assert done.code == 0


@pytest.mark.slow
def test_an_s3_that_forbids_in_the_middle_of_a_run(s3: Weed, target: ScriptedTarget, tmp_path: Path) -> None:
    """A slice that S3 does not give any more is unread and named, the others are replayed: exit code 1, and what to do."""
    rows = (8000, 10, 10, 10)  # more than are loaded ahead, so that the last slices are not read when the run begins
    record(
        s3.store("forbidden"),
        [make_exchange(0, at=START + h * HOUR + nth, id=f"{h}-{nth}") for h in range(4) for nth in range(rows[h])],
    )
    with S3Proxy(int(s3.endpoint.rpartition(":")[2])) as proxy:
        proxy.trouble(lambda asked: refuse(403, "AccessDenied") if "hour%3D13" in asked.target else None)
        command = run_command(s3.address("forbidden"), "--s3-endpoint", proxy.endpoint, "--s3-region", "us-east-1")
        options = ("--host", target.url, "--pace", "1500/s", "--order", "none")
        done = replay([*command, *options], tmp_path)
        assert len(proxy.troubled) == 1
    assert done.code == done.result["exit_code"] == 1
    totals = done.totals
    assert (totals["planned"], totals["unread"], totals["sent"] + totals["dropped"]) == (8030, 10, 8020)
    assert totals["dropped_by"].keys() <= {"lag"}  # on a busy machine
    [where] = done.totals["unread_by"]
    assert where.startswith("date=2026-11-05/hour=13/slice-")
    assert f"access to {s3.address('forbidden')}/{where} is denied" in done.err
    assert "let the bucket's policy allow it to these credentials" in done.err
    assert "Traceback" not in done.said
