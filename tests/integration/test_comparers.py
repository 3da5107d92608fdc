"""Real runs whose answers are compared in processes of their own: what is found does not depend on it, and none is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.replays import replay, replaying, run_command, same_answers

if TYPE_CHECKING:
    from replay_users.testing import ScriptedTarget
    from tests.integration.replays import Running

pytestmark = pytest.mark.server

OTHER = b'{"id":8}'


def comparers(running: Running) -> list[int]:
    """The comparer processes of a replay."""
    return [pid for pid in running.others if "replay_users.compare.comparer" in _command(pid)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def found(result: Any) -> Any:
    """All of a result that is about answers."""
    signatures = [
        [each[name] for name in ("endpoint", "path", "kind", "count", "class")] for each in result["signatures"]
    ]
    return signatures, {
        name: result["totals"][name] for name in ("sent", "matched", "mismatched", "unchecked", "ignored_by")
    }


def test_what_is_found_does_not_depend_on_where(traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """With and without comparers a run has the same totals and signatures; what comparing took is in the result."""
    target.play(same_answers(body=OTHER))
    rules = tmp_path / "rules.yaml"
    rules.write_text("- endpoint: 'GET /users*'\n  ignore: root['id']\n  reason: a test\n")
    results = {}
    for count in "01":
        command = run_command(traffic, "--host", target.url, "--comparers", count, "--rules", str(rules))
        done = replay(command, tmp_path / count)
        results[count] = done.result
        assert (done.code, "Traceback" in done.said) == (3, False)
    assert found(results["0"]) == found(results["1"])
    assert results["1"]["totals"]["ignored_by"]
    assert results["0"]["comparers"].keys() == {"queue_peak_bytes", "sample"}
    counts = results["1"]["comparers"]
    assert (counts["processes"], counts["restarts"], counts["pairs"]) == (1, 0, results["1"]["totals"]["sent"])


def test_a_comparer_that_is_killed_costs_nothing(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Another one takes its place, and every answer is compared."""
    target.play(same_answers(body=OTHER))
    with replaying(run_command(long_traffic, "--host", target.url, "--pace", "12x"), tmp_path) as running:
        running.wait_for(lambda: bool(comparers(running)) and len(target.received()) > 20)
        os.kill(comparers(running)[0], signal.SIGKILL)
        done = running.finish()
        assert running.is_gone
    totals = done.totals
    assert (done.code, totals["mismatched"], totals["unchecked"]) == (3, totals["sent"], 0)
    assert totals["sent"] > 500
    assert done.result["comparers"]["restarts"] == 1
    assert "Traceback" not in done.said


def test_ctrl_c_reaches_all_and_every_answer_is_compared(
    long_traffic: str, target: ScriptedTarget, tmp_path: Path
) -> None:
    """The whole group gets the signal; comparers go on until the run has drained, and are gone with it."""
    target.play(same_answers(body=OTHER, seconds=0.2))
    with replaying(run_command(long_traffic, "--host", target.url), tmp_path) as running:
        running.wait_for(lambda: bool(comparers(running)) and len(target.received()) > 20)
        running.signal_all(signal.SIGINT)
        done = running.finish()
        assert running.is_gone
    assert done.totals["mismatched"] == done.totals["sent"] > 20
    assert done.result["comparers"]["restarts"] == 0
    assert "Traceback" not in done.said


def test_none_outlives_a_run_that_is_killed(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """Nothing can be said to them then, and they end all the same."""
    target.play(same_answers(body=OTHER))
    with replaying(run_command(long_traffic, "--host", target.url, "--comparers", "2"), tmp_path) as running:
        running.wait_for(lambda: bool(comparers(running)))
        left = comparers(running)
        running.process.kill()
        running.process.wait()
        for _ in range(500):
            if not any(map(_is_running, left)):
                break
            signal.sigtimedwait([], 0.01)
        assert not any(map(_is_running, left))


def _is_running(pid: int) -> bool:
    """Whether it is there and no zombie, which nobody may be there to bury."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.slow
def test_each_worker_has_its_own(long_traffic: str, target: ScriptedTarget, tmp_path: Path) -> None:
    """They are started where answers come, and the result adds them up."""
    target.play(same_answers(body=OTHER))
    command = run_command(long_traffic, "--host", target.url, "--pace", "12x", "--processes", "2")
    with replaying(command, tmp_path) as running:
        running.wait_for(lambda: len(comparers(running)) == 2)
        done = running.finish()
        assert running.is_gone
    totals, counts = done.totals, done.result["comparers"]
    assert (totals["mismatched"], totals["unchecked"]) == (totals["sent"], 0)
    assert (counts["processes"], counts["pairs"], counts["restarts"]) == (2, totals["sent"], 0)
