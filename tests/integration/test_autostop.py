"""A target that breaks down in the middle stops the run: everywhere a run can be started, said everywhere it is looked for."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.testing import hold, http_answer, receive, send, serve
from tests.integration.replays import BODY, JSON, record_traffic, replay, run_command
from tests.integration.test_swarm import balanced
from tests.integration.test_web import web_ui

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from replay_users.testing import ScriptedTarget, Step
    from tests.integration.replays import Finished

pytestmark = pytest.mark.server

GOOD = http_answer(BODY, head=JSON)
BAD = http_answer(b"", status=503)


def turning(good: int) -> Sequence[Step]:
    """A connection that answers as recorded so many times, and with 503 from then on."""
    return [*[receive(), send(GOOD)] * good, serve(BAD)]


def stopped(done: Finished, criterion: str, window_s: int) -> Any:
    """The totals of a run that a criterion has stopped, which is said in each of its outputs."""
    result = done.result
    sentence = result["run"]["autostop"]
    assert sentence.startswith(f"{criterion}: within {window_s} s, ")
    assert result["run"]["stopped_by"] == "autostop"
    assert done.code == result["exit_code"] == 3
    assert done.err.count(f"replay-users: autostop {sentence}; stopping, answers under way are awaited\n") == 1
    [event] = [event for event in result["events"] if event["event"] == "autostop"]
    assert event["text"] == sentence
    assert window_s <= event["at_s"] < 20
    [check] = [check for check in result["gate"]["checks"] if check["name"] == "autostop"]
    assert (check["verdict"], result["gate"]["verdict"]) == ("fail", "fail")
    assert f"autostop {sentence}" in (done.folder / "summary.txt").read_text("utf-8")
    totals = balanced(done) if result["workers"] else done.totals
    assert totals["skipped_by"]["stopped"] > 0
    assert totals["in_doubt"] == totals["unread"] == 0
    return totals


def test_a_run_is_stopped(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """In one process within a window of the first 503 or two; nothing is sent any more, and the account holds."""
    target.play(turning(30))
    command = run_command(long_traffic, "--host", target.url, "--pace", "4x", "--autostop", "http(5xx,10%,2s)")
    done = replay([*command, "--autostop", "mismatch(99%,1m)"], tmp_path / "run")
    totals = stopped(done, "http(5xx,10%,2s)", 2)
    hits, seen = map(
        int, re.findall(r"(\d+) of (\d+) requests were answered with 5xx", done.result["run"]["autostop"])[0]
    )
    assert 20 <= seen <= 5 * 60  # 60/s for two seconds, and what a machine that stood still had to catch up with
    assert hits * 10 >= seen
    assert totals["sent"] == len(target.received()) < 800
    assert done.seconds < 40


@pytest.mark.slow
def test_the_endpoint_is_said(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """A criterion with a glob is about each endpoint by itself; the sentence says which one it was."""
    target.play(turning(0))
    command = run_command(long_traffic, "--host", target.url, "--pace", "8x", "--endpoints", "GET /users/*")
    done = replay([*command, "--autostop", "http(5xx,10,9s,GET /*)"], tmp_path / "run")
    assert (done.code, done.result["run"]["stopped_by"]) == (3, "autostop")
    told = r"within 9 s on GET /users/\{id\}, \d\d of \d\d requests were answered with 5xx, 10 is the limit"
    assert re.fullmatch(r"http\(5xx,10,9s,GET /\*\): " + told, done.result["run"]["autostop"])


@pytest.mark.slow
def test_workers_are_stopped(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """With processes, by what the workers report: two seconds are rounded up to the three that lie between reports."""
    target.play(turning(30))
    command = run_command(long_traffic, "--host", target.url, "--pace", "4x", "--processes", "2")
    done = replay([*command, "--autostop", "http(5xx,10%,2s)"], tmp_path / "run")
    totals = stopped(done, "http(5xx,10%,2s)", 3)
    assert totals["sent"] == len(target.received()) < 900
    assert not [event for event in done.result["events"] if event["event"] == "worker left"]
    assert done.seconds < 45


@pytest.mark.slow
def test_an_aa_run_is_stopped_in_its_first_pass(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """What stops a run stops each of its passes; the second does not begin."""
    target.play(turning(0))
    command = run_command(traffic, "--host", target.url, "--pace", "0.2x", "--aa", "2", "--autostop", "http(503,5,9s)")
    done = replay(command, tmp_path / "run")
    assert (done.code, done.result["run"]["stopped_by"]) == (3, "autostop")
    assert (done.totals["sent"], done.totals["skipped"]) == (0, 80)
    assert len(target.received()) < 60


@pytest.mark.slow
def test_a_quiet_run_goes_on(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """No criterion stops a run in which nothing is wrong, not even in its first and last seconds."""
    counts = ["http(5xx,1,1s)", "net(xx,1,1s)", "failed(1%,1s)", "mismatch(1%,2s)", "http(4xx,1%,1s,*)"]
    criteria = [*counts, "time(8s,1s)", "quantile(99,8s,1s)", "quantile(50,8s,2s,GET *)"]
    asked = [word for criterion in criteria for word in ("--autostop", criterion)]
    done = replay(run_command(long_traffic, "--host", target.url, "--pace", "10x", *asked), tmp_path / "run")
    assert (done.code, done.result["run"]["stopped_by"], done.result["run"]["autostop"]) == (0, None, None)
    assert "autostop" not in done.said
    assert "autostop" not in {check["name"] for check in done.result["gate"]["checks"]}


@pytest.mark.slow
def test_timeouts_that_come_in_last_stop_nothing(target: ScriptedTarget, tmp_path: Path) -> None:
    """Where 7 % of requests time out, nothing else comes in when the load has ended; 30 % is the limit."""
    traffic = record_traffic(tmp_path / "recording", 3000, every_ms=10)
    target.play([*[receive(), send(GOOD)] * 14, receive(), hold()])
    command = run_command(traffic, "--host", target.url, "--pace", "5x", "--timeout", "4s", "--order", "none")
    done = replay([*command, "--autostop", "failed(30%,1s)"], tmp_path / "run")
    assert 100 < done.totals["failed"] < 0.1 * done.totals["sent"]
    assert (done.result["run"]["stopped_by"], done.result["run"]["autostop"]) == (None, None)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--autostart", "--autoquit", "0"), id="autostart"),
        pytest.param((), id="by hand", marks=pytest.mark.slow),
    ],
)
def test_the_web_ui_ends_with_the_code(arguments: Sequence[str], tmp_path: Path) -> None:
    """A run that was started there has the same end, and the code is that of the process."""
    record_traffic(tmp_path / "recordings" / "long", 400, every_ms=50)
    with web_ui(tmp_path / "recordings", *arguments, "--autostop", "http(2xx,20,5s)") as web:
        if not arguments:
            assert web.swarm()["success"] is True
            web.wait_for_results(1)
            web.running.signal(signal.SIGINT)
        done = web.running.finish()
        [result] = web.results
    assert (done.code, result["exit_code"], result["run"]["stopped_by"]) == (3, 3, "autostop")
    assert result["totals"]["sent"] < 200


def test_a_criterion_that_cannot_be_read_is_refused(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Before anything is sent: exit code 2 and one sentence that says where and what would be right."""
    done = replay(run_command(traffic, "--host", target.url, "--autostop", "http(5xx,10,5)"), tmp_path / "run")
    assert done.code == 2
    [line] = [line for line in done.err.splitlines() if line.startswith("replay-users: ")]
    assert line == (
        "replay-users: --autostop 'http(5xx,10,5)', argument 3 ('5'): write the length of the window like"
        " 100ms, 30s, 5m, 1h30m, as in http(5xx,10%,5s)"
    )
    assert not target.received()
