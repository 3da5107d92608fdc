"""`replay-users gate`: the verdict on a finished run, printed check by check, as an exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import main
from replay_users.results.result import result_json
from replay_users.results.rundir import write_run
from replay_users.results.samples import samples_of
from tests.results.gate.runs import FACTS, concluded, tally_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def finish(tmp_path: Path) -> Callable[..., str]:
    """Writes the directory of a run; gives its name."""

    def write(name: str, planned: int = 800, facts: Any = FACTS, **how: Any) -> str:
        tally = tally_of(800, **how)
        write_run(
            tmp_path / name, result_json(concluded(tally, planned, facts=facts)), "-\n", samples=samples_of(tally)
        )
        return str(tmp_path / name)

    return write


def differing(end: int, row: int) -> str:
    """A price that differs in every third answer of one endpoint."""
    return "price" if end == 3 and row % 3 == 0 else ""


@pytest.mark.parametrize(
    ("how", "code", "word"),
    [
        pytest.param({}, 0, "PASS", id="pass"),
        pytest.param({"differs": differing}, 3, "FAIL", id="fail"),
        pytest.param({"planned": 801}, 1, "INCONCLUSIVE", id="an-account-that-is-wrong"),
    ],
)
def test_the_exit_code_is_the_runs(
    finish: Callable[..., str], capsys: pytest.CaptureFixture[str], how: dict[str, Any], code: int, word: str
) -> None:
    """It is that of the run itself, and the verdict is the first word."""
    run = finish("run", **how)
    assert main(["gate", run]) == code
    assert capsys.readouterr().out.startswith(word)


def test_each_check_is_a_line_and_what_passed_of_endpoints_is_counted(
    finish: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What fails is named, what decides nothing says so; --all has everything."""
    run = finish("run", differs=differing)
    main(["gate", run])
    short = capsys.readouterr().out.splitlines()
    assert any(line.startswith("FAIL         mismatches: answers of GET /3 differ in ") for line in short)
    assert any(line.startswith("pass         slow endpoints: ") and line.endswith(", advisory") for line in short)
    assert short[-1].startswith("pass         of endpoints: ")
    assert short[-1].endswith("(--all shows them)")
    main(["gate", run, "--all"])
    whole = capsys.readouterr().out.splitlines()
    assert "pass         mismatches: no answer of GET /1 differs in 80 sessions" in whole
    assert not any("--all" in line for line in whole)


def test_what_a_late_run_cannot_tell_of_endpoints_is_counted(
    finish: Callable[..., str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Their times decide nothing and are not to be trusted: one line for all of them; --all has each."""
    run = finish("late")
    file = tmp_path / "late" / "result.json"
    result = json.loads(file.read_text())
    result["validity"] = {"valid": True, "void": ["latency"], "reasons": ["lag p99 is 33.8 ms"]}
    file.write_text(json.dumps(result))
    main(["gate", run])
    lines = capsys.readouterr().out.splitlines()
    [counted] = [line for line in lines if line.startswith("inconclusive of endpoints: latency ")]
    assert counted.endswith(", advisory (--all shows them)")
    assert not any(line.startswith("inconclusive latency: GET /") for line in lines)
    main(["gate", run, "--all"])
    assert "inconclusive latency: GET /1 takes" in capsys.readouterr().out


def test_other_thresholds_give_another_verdict(
    finish: Callable[..., str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A gate file is judged by as a run would be."""
    run = finish("run", differs=differing)
    (tmp_path / "gate.yaml").write_text("mismatches: {max_rate: 60%}\n")
    assert main(["gate", run, "--gate", str(tmp_path / "gate.yaml")]) == 0
    (tmp_path / "gate.yaml").write_text("covrage: 1\n")
    assert main(["gate", run, "--gate", str(tmp_path / "gate.yaml")]) == 2
    assert "gate.yaml, line 1, column 1: unknown key 'covrage'; did you mean 'coverage'?" in capsys.readouterr().err


def test_json_is_the_section_of_the_result(finish: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code beside it."""
    run = finish("run", differs=differing)
    main(["gate", run, "--json"])
    said = json.loads(capsys.readouterr().out)
    with open(f"{run}/result.json", encoding="utf-8") as file:  # noqa: PTH123 - a name, not a path
        result = json.load(file)
    assert said.pop("exit_code") == result["exit_code"] == 3
    assert said == result["gate"]


def test_against_a_baseline_run_times_decide(finish: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """The build before is the measure."""
    before, slow = finish("before"), finish("slow", slower=lambda end, _row: 3.0 if end == 1 else 1.0, seed=2)
    assert main(["gate", slow]) == 0
    assert main(["gate", slow, "--baseline-run", before]) == 3
    assert "FAIL         latency: GET /1 takes " in capsys.readouterr().out


def test_what_a_run_was_judged_against_is_not_forgotten(
    finish: Callable[..., str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A verdict without the baselines that the run had says so."""
    run = finish("run")
    path = tmp_path / "run" / "result.json"
    result = json.loads(path.read_text())
    result["gate"] |= {"baseline": {"runs": ["r0"], "signatures": 1}, "baseline_run": "r0"}
    path.write_text(json.dumps(result))
    main(["gate", run])
    said = capsys.readouterr().out
    assert "note: the run was judged against a baseline, which this was not; give it with --baseline FILE" in said
    assert "against a baseline run, which this was not; give it with --baseline-run DIR" in said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(None, "has no result.json: name the directory of a finished run", id="none"),
        pytest.param("{", "it is no JSON", id="no-json"),
        pytest.param('{"run": {}, "schema_version": 9}', "written by a newer replay-users", id="newer"),
        pytest.param('{"run": {}, "schema_version": 1}', "is damaged: ", id="damaged"),
    ],
)
def test_what_is_no_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, told: str
) -> None:
    """One sentence, exit code 2."""
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    assert main(["gate", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def test_settings_that_somebody_edited_are_refused(
    finish: Callable[..., str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The sentence says what to give instead."""
    run = finish("run")
    path = tmp_path / "run" / "result.json"
    result = json.loads(path.read_text())
    result["gate"]["settings"]["coverage"] = "lots"
    path.write_text(json.dumps(result))
    assert main(["gate", run]) == 2
    assert "cannot be read: give others with --gate" in capsys.readouterr().err


def test_an_earlier_result_is_judged_by_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    """One of the first version has a verdict, though it knows less."""
    assert main(["gate", "tests/data/result-first.json"]) in {0, 3, 4}
    assert capsys.readouterr().err == ""


def test_hostile_names_do_no_harm(finish: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """A line stays a line, whatever a field is called."""
    run = finish("run", differs=lambda end, row: "a\nFAIL\x1b[2J</script>" if end == 3 and row % 3 == 0 else "")
    main(["gate", run])
    assert "\x1b" not in capsys.readouterr().out
