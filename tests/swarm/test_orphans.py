"""Processes that Locust forks end with the one that forked them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

PARENT = """
import os, sys, time
from replay_users.swarm.orphans import forks
forks.watch()
if not {watch}: forks.let_be()
child = os.fork()
if child:
    print(child, flush=True)
    time.sleep(60)
time.sleep(60)
"""


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2)")
@pytest.mark.parametrize("watch", [True, False], ids=["watched", "let be"])
def test_a_child_ends_with_its_parent(watch: bool) -> None:
    """A parent that is killed takes the children it watches with it, and no others."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(watch=watch)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.05)
    assert is_alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + (10 if watch else 0.2)
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_alive(child) is not watch
    if not watch:
        subprocess.run(["kill", "-9", str(child)], check=True)
