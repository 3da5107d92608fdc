"""Targets that fail: every exchange is accounted for, by kind, and the run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from replay_users.testing import ScriptedTarget, close, http_answer, receive, reset, send, stall
from tests.integration.replays import BODY, JSON, replay, replaying, run_command, same_answers

if TYPE_CHECKING:
    from pathlib import Path

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
    done = replay(run_command(traffic, "--host", target.url, "--timeout", "1s", "--order", "none"), tmp_path)
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
