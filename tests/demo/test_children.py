from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.demo import children
from replay_users.demo.children import child, children_stop_with_us, first_line
from replay_users.errors import ReplayError

if TYPE_CHECKING:
    from pathlib import Path

_STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)
_PATIENT = "import time; print('ready', flush=True); time.sleep(60)"


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_child_ends_with_its_block(tmp_path: Path) -> None:
    """A child runs while the block does and is asked to end after it."""
    with child(_python(_PATIENT), env=os.environ, stdout=subprocess.PIPE) as process:
        assert first_line(process, "it", tmp_path / "log") == "ready"
        assert process.poll() is None
    assert process.returncode == -signal.SIGTERM


def test_a_child_ends_when_its_block_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child is stopped as well when the block raises, as it does for one that says nothing for too long."""
    monkeypatch.setattr(children, "_STARTING_S", 0.05)
    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(ReplayError, match="did not start"):
        _expect_a_line_of_a_silent_child(started, tmp_path / "log")
    assert started[0].returncode == -signal.SIGTERM


def _expect_a_line_of_a_silent_child(started: list[subprocess.Popen[bytes]], log: Path) -> None:
    log.touch()
    with child(_python("import time; time.sleep(60)"), env=os.environ, stdout=subprocess.PIPE) as process:
        started.append(process)
        first_line(process, "it", log)


def test_a_child_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that ignores being asked is killed after its time."""
    monkeypatch.setattr(children, "_STOPPING_S", 0.05)
    with child(_python(_STUBBORN), env=os.environ, stdout=subprocess.PIPE) as process:
        first_line(process, "it", tmp_path / "log")
    assert process.returncode == -signal.SIGKILL


def test_a_child_that_ended_by_itself_keeps_its_exit_code() -> None:
    """What a child ended with is not changed by stopping it."""
    with child(_python("raise SystemExit(7)"), env=os.environ) as process:
        process.wait(10)
    assert process.returncode == 7


def test_a_child_does_not_hear_the_terminal() -> None:
    """A child leads a process group of its own, so that Ctrl-C reaches only us."""
    with child(_python(_PATIENT), env=os.environ, stdout=subprocess.DEVNULL) as process:
        assert os.getpgid(process.pid) == process.pid != os.getpgid(0)


def test_a_child_that_fails_to_start_says_why(tmp_path: Path) -> None:
    """A child that ends without a word is an error that quotes its log."""
    log = tmp_path / "log"
    with (
        log.open("wb") as said,
        child(_python("raise OSError('no room')"), env=os.environ, stdout=subprocess.PIPE, stderr=said) as process,
        pytest.raises(ReplayError, match=r"(?s)the shop did not start.*no room"),
    ):
        first_line(process, "the shop", log)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_block_in_order(number: signal.Signals) -> None:
    """Each signal raises what Ctrl-C raises while the block runs, and means what it meant before after it."""
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), children_stop_with_us():
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_a_signal_at_a_childs_start_waits_until_the_child_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that comes while a child is being started is not lost, and the child is stopped."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = popen(*arguments, **options)
        started.append(process)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt), children_stop_with_us(), child(_python(_PATIENT), env=os.environ):
        pytest.fail("the block began")
    assert started[0].returncode == -signal.SIGTERM


def test_a_signal_while_a_child_is_stopped_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C while a child is on its way out neither hurries nor leaves it."""
    with pytest.raises(KeyboardInterrupt), children_stop_with_us(), child(_python(_PATIENT), env=os.environ) as process:
        _signal_when_stopped(process, monkeypatch)
    assert process.returncode == -signal.SIGTERM


def _signal_when_stopped(process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    terminate = process.terminate

    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)
        terminate()

    monkeypatch.setattr(process, "terminate", interrupted)
