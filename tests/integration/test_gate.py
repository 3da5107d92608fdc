"""The gate in real runs: gate files, baselines and baseline runs as exit codes of Locust, with one process and with several."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import main
from replay_users.results.gate_files import read_baseline_run
from replay_users.testing import ScriptedTarget
from tests.integration.replays import Finished, locust_command, record_traffic, replay, run_command, same_answers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.server

OTHER = b'{"id":8}'


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recording of 160 exchanges within 1.3 s, each answered in 40 ms."""
    return record_traffic(tmp_path_factory.mktemp("recordings") / "shop", 160, every_ms=8, duration=40_000_000)


def replayed(shop: str, out: Path, *more: str, seconds: float = 0.0, body: bytes | None = None) -> Finished:
    """A headless run against a target that takes so long, and answers as recorded unless told otherwise."""
    script = same_answers(seconds=seconds) if body is None else same_answers(seconds=seconds, body=body)
    with ScriptedTarget(script) as target:
        return replay(run_command(shop, "--host", target.url, "--order", "none", *more), out)


@pytest.fixture(scope="module")
def before(shop: str, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run against the build before, of which most answers took no longer than the build does, whatever the machine did."""
    for _ in range(3):
        done = replayed(shop, tmp_path_factory.mktemp("before") / "run", seconds=0.01)
        if not is_held_up(done, 0.01):
            break
    return done


def is_held_up(done: Finished, seconds: float) -> bool:
    """Whether a third of the answers of a target that takes so long took three times as long: it stood still."""
    _, samples = read_baseline_run(str(done.folder))
    took = sorted(pair.service or 0 for pairs in samples.pairs.values() for pair in pairs)
    return took[2 * len(took) // 3] > 3e9 * seconds


def failing(done: Finished) -> set[str]:
    """Names of the checks that failed the run."""
    checks = done.result["gate"]["checks"]
    return {check["name"] for check in checks if check["verdict"] == "fail" and not check["advisory"]}


def is_void(done: Finished) -> bool:
    """Whether its latencies say nothing, because the machine was too busy."""
    return "latency" in done.result["validity"]["void"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("covrage: 90%", "line 1, column 1: unknown key 'covrage'; did you mean 'coverage'?", id="a-typo"),
        pytest.param("latency: {shift: 1.1}", "'shift' could never decide", id="a-contradiction"),
    ],
)
@pytest.mark.parametrize("several", [(), ("--processes", "2")], ids=["one-process", "two-workers"])
def test_a_gate_file_that_cannot_be_ends_the_run_at_once(
    shop: str, tmp_path: Path, text: str, told: str, several: tuple[str, ...]
) -> None:
    """Exit code 2 before anything is sent, whoever sends."""
    (tmp_path / "gate.yaml").write_text(text)
    with ScriptedTarget(same_answers()) as target:
        command = locust_command(
            "--host", target.url, "--recording", shop, "--gate", str(tmp_path / "gate.yaml"), *several
        )
        done = replay(command, tmp_path / "run")
        assert target.received() == []
    assert done.code == 2, done.said
    assert told in done.err
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.slow
def test_what_was_accepted_passes_and_what_is_new_does_not(shop: str, tmp_path: Path) -> None:
    """A difference fails the first run, is accepted, and passes the second; another one fails the third."""
    first = replayed(shop, tmp_path / "first", body=OTHER)
    assert (first.code, failing(first)) == (3, {"mismatches"})
    baseline = str(tmp_path / "baseline.json")
    assert main(["baseline", "accept", str(first.folder), "--to", baseline]) == 0
    second = replayed(shop, tmp_path / "second", "--baseline", baseline, body=OTHER)
    assert (second.code, failing(second)) == (0, set())
    assert second.result["gate"]["baseline"]["runs"] == [first.result["run"]["id"]]
    third = replayed(shop, tmp_path / "third", "--baseline", baseline, body=b'{"id":7,"new":1}')
    assert (third.code, "signatures" in failing(third)) == (3, True)


@pytest.mark.parametrize(
    "several",
    [pytest.param((), id="one-process"), pytest.param(("--processes", "2"), id="two-workers", marks=pytest.mark.slow)],
)
def test_a_slower_build_fails_beside_the_one_before(
    shop: str, before: Finished, tmp_path: Path, several: tuple[str, ...]
) -> None:
    """By Locust's own exit code, unless the machine was too busy to tell; judged again from its files it is the same."""
    with ScriptedTarget(same_answers(seconds=0.06)) as target:
        command = locust_command(
            "--host", target.url, "--recording", shop, "--order", "none", "--baseline-run", str(before.folder), *several
        )
        slower = replay(command, tmp_path / "slower")
    assert not is_held_up(before, 0.01)
    is_late = is_void(slower) or is_void(before)
    assert slower.code == slower.result["exit_code"] == (4 if is_late else 3), slower.said
    assert failing(slower) == (set() if is_late else {"latency of all"})
    assert slower.code == main(["gate", str(slower.folder), "--baseline-run", str(before.folder)])


def test_judging_again_finds_the_same(
    shop: str, before: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every check with every number, and the exit code."""
    done = replayed(shop, tmp_path / "run", "--baseline-run", str(before.folder), seconds=0.01)
    capsys.readouterr()
    code = main(["gate", str(done.folder), "--baseline-run", str(before.folder), "--json"])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == said.pop("exit_code") == done.code
    assert said == done.result["gate"]


def test_a_baseline_run_of_another_pace_is_refused_before_anything_is_sent(
    shop: str, before: Finished, tmp_path: Path
) -> None:
    """Exit code 2, and a sentence that says how to do it."""
    done = replayed(shop, tmp_path / "run", "--baseline-run", str(before.folder), "--pace", "2x")
    assert done.code == 2, done.said
    assert "is of another pace (1x, this run is of 2x): replay the same" in done.err


@pytest.mark.slow
def test_limits_are_exit_codes(shop: str, tmp_path: Path) -> None:
    """More issues than somebody allowed fail the run; no more than allowed do not, though answers differ."""
    for limit, code in ((10_000, 0), (0, 3)):
        (tmp_path / "gate.yaml").write_text(f"limits: {{max_issues: {limit}, max_mismatch_percent: 100}}\n")
        for nth in range(3):  # a run of a second is late itself where the machine has other things to do for 10 ms
            out = tmp_path / f"run-{limit}-{nth}"
            done = replayed(shop, out, "--gate", str(tmp_path / "gate.yaml"), body=OTHER, seconds=0.1)
            if not (is_late := is_void(done)):
                break
        assert done.code == (4 if code and is_late else code), done.said
    assert failing(done) == (set() if is_late else {"issues"})
