"""A run that is told to stop: the first signal drains and reports, the second one exits at once."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from replay_users.testing import http_answer, receive, send, stall
from tests.integration.replays import BODY, JSON, locust_command, replaying, run_command, same_answers
from tests.integration.swarms import processes

if TYPE_CHECKING:
    from pathlib import Path

    from replay_users.testing import ScriptedTarget

pytestmark = pytest.mark.server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_first_signal_drains_and_reports(
    number: signal.Signals, long_traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """A signal ends sending; answers under way are awaited, the rest counts as skipped, and the summary says so: exit code 4."""
    target.play(same_answers(seconds=0.3))
    with replaying(locust_command("--recording", long_traffic, "--host", target.url), tmp_path) as running:
        running.wait_for(lambda: len(target.received()) > 10)
        running.signal(number)
        done = running.finish()
    totals = done.totals
    assert done.code == done.result["exit_code"] == 4
    assert done.result["run"]["stopped_by"] == "signal"
    assert totals["sent"] == totals["matched"] == len(target.received())
    assert totals["skipped_by"]["stopped"] > 0
    assert totals["planned"] == 1200 == totals["sent"] + totals["skipped"]
    assert done.out.startswith("INCONCLUSIVE ")
    assert "the run was stopped by a signal with " in done.out
    assert "Traceback" not in done.said


def test_what_does_not_come_back_is_waited_for_so_long(
    long_traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """An answer that does not come within `--drain-timeout` counts as failed, because the run was stopped."""
    answer = http_answer(BODY, head=JSON)
    target.play([*[receive(), send(answer)] * 50, receive(), stall()])
    command = run_command(long_traffic, "--host", target.url, "--pace", "10x", "--drain-timeout", "1s")
    with replaying(command, tmp_path) as running:
        running.wait_for(lambda: 51 in Counter(request.connection for request in target.received()).values())
        running.signal(signal.SIGINT)
        done = running.finish()
    assert done.code == 4
    assert done.totals["failed_by"].keys() == {"stopped"}
    assert done.totals["sent"] == len(target.received())
    assert "Traceback" not in done.said


def test_the_second_signal_exits_at_once(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """A second signal ends the process where it is: no result, exit code 4, and a word about it."""
    target.play([receive(), stall()])
    command = run_command(long_traffic, "--host", target.url, "--drain-timeout", "1m")
    with replaying(command, tmp_path) as running:
        running.wait_for(lambda: len(target.received()) > 3)
        running.signal(signal.SIGINT)
        running.wait_for(lambda: "answers under way are awaited" in running.err)
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        done = running.finish()
    assert time.monotonic() - began < 20
    assert done.code == 4
    assert "second signal, exiting without a report" in done.err
    assert not (tmp_path / "result.json").exists()
    assert "Traceback" not in done.said


# Before anything was sent

STOPPED = "replay-users: stopped before anything was sent\n"
LOADING = """
import time
from replay_users.swarm.replayfile import Replay, Shape
print("slow", flush=True)
time.sleep(60)
"""
BEFORE_INIT = """
import time
from locust import events
@events.init.add_listener
def slow(**_):
    print("slow", flush=True)
    time.sleep(60)
from replay_users.swarm.replayfile import Replay, Shape
"""


def locustfile(folder: Path, text: str) -> Path:
    """A locustfile of this text."""
    path = folder / "locustfile.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_while_the_locustfile_is_loaded(number: signal.Signals, tmp_path: Path) -> None:
    """From the import of the package on a signal is one sentence and exit code 4, not a traceback."""
    command = locust_command(locustfile=locustfile(tmp_path, LOADING))
    with replaying(command, tmp_path / "run") as running:
        running.wait_for(lambda: "slow" in running.out)
        running.signal(number)
        done = running.finish()
    assert (done.code, done.err) == (4, STOPPED)


def test_a_signal_while_locust_is_loaded(tmp_path: Path) -> None:
    """`replay-users run` has its sentence even before Locust is there."""
    (tmp_path / "locust").mkdir()
    (tmp_path / "locust" / "__init__.py").write_text("import time\nprint('slow', flush=True)\ntime.sleep(60)\n")
    with replaying(run_command("recording"), tmp_path / "run", PYTHONPATH=str(tmp_path)) as running:
        running.wait_for(lambda: "slow" in running.out)
        running.signal(signal.SIGINT)
        done = running.finish()
    assert (done.code, done.err) == (4, STOPPED)


@pytest.mark.parametrize("everybody", [True, False], ids=["Ctrl-C", "SIGTERM to the parent"])
def test_a_signal_before_processes_are_there(everybody: bool, tmp_path: Path) -> None:
    """All of `--processes` end before their `init`, with one sentence, whichever of them the signal reaches."""
    command = locust_command(*processes(2), locustfile=locustfile(tmp_path, BEFORE_INIT))
    with replaying(command, tmp_path / "run") as running:
        running.wait_for(lambda: running.out.count("slow") == 3)
        if everybody:
            running.signal_all(signal.SIGINT)
        else:
            running.signal(signal.SIGTERM)
        done = running.finish()
        deadline = time.monotonic() + 10
        while running.others and time.monotonic() < deadline:
            time.sleep(0.02)
        assert running.is_gone
    assert done.code == 4
    assert done.err.count(STOPPED) == 1
    assert "Traceback" not in done.said
