"""Signals before a replay has anything to drain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from replay_users.swarm.early import STOPPED, is_under_locust

SENTENCE = "replay-users: stopped before anything was sent\n"

PROCESS = """
import os, signal, time
from replay_users.swarm.early import early
{before}
early.listen()
{after}
print(os.getpid(), flush=True)
time.sleep(60)
"""
FORK = """
child = os.fork()
if child:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(code, flush=True)
    os._exit(0)
"""


def start(*, before: str = "", after: str = "") -> tuple[subprocess.Popen[str], int]:
    """A process that listens and then waits; gives it, and the number of the one that waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS.format(before=before, after=after)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_either_signal_ends_it_with_a_sentence(number: signal.Signals) -> None:
    """Where a signal comes before anything was sent there is one sentence, no traceback, and the code of a stop."""
    process, _ = start()
    process.send_signal(number)
    assert process.communicate()[1] == SENTENCE
    assert process.returncode == STOPPED == 4


def test_what_is_left_out_stays_left_out() -> None:
    """Under `nohup` and its like SIGINT means nothing, and SIGTERM still has its sentence."""
    process, _ = start(before="signal.signal(signal.SIGINT, signal.SIG_IGN)")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    assert process.communicate()[1] == SENTENCE
    assert process.returncode == STOPPED


def test_handlers_of_others_stay() -> None:
    """A locustfile that has a handler of its own keeps it."""
    process, _ = start(before="signal.signal(signal.SIGTERM, lambda *_: os._exit(7))")
    process.send_signal(signal.SIGTERM)
    assert process.communicate()[1] == ""
    assert process.returncode == 7


def test_a_parent_that_only_waits_ends_as_ever() -> None:
    """Locust's parent of workers alone takes SIGINT for itself; it sends nothing, so nothing is said of what was sent."""
    process, _ = start(after="signal.signal(signal.SIGINT, lambda *_: None)")
    process.send_signal(signal.SIGTERM)
    assert process.communicate()[1] == ""
    assert process.returncode == -signal.SIGTERM


def test_a_fork_ends_without_a_word() -> None:
    """One sentence is enough for all processes of a run."""
    process, child = start(after=FORK)
    os.kill(child, signal.SIGTERM)
    assert process.communicate() == (f"{STOPPED}\n", "")


def test_locusts_main_is_known_by_its_frame() -> None:
    """Only what Locust's `main` imports is under it, not what is imported where Locust is a library."""
    assert not is_under_locust()
    scope = {"__name__": "locust.main", "ask": is_under_locust}
    exec("def main():\n    return ask()\ndef other():\n    return ask()", scope)  # noqa: S102 - a module of that name
    main, other = scope["main"], scope["other"]
    assert callable(main)
    assert callable(other)
    assert (main(), other()) == (True, False)
