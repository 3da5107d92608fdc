"""`replay-users compare`: two runs' directories, and the gate's exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import main
from replay_users.results.rundir import write_run
from tests.results.two_runs import run

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = Path(__file__).parents[1] / "data" / "result-first.json"


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., str]:
    """Writes a run's directory; gives its name."""

    def make(name: str, **changes: Any) -> str:
        result, samples = run(name, **changes)
        write_run(tmp_path / name, result, "", samples=samples)
        return str(tmp_path / name)

    return make


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [({}, 0, "NO WORSE"), ({"broken": 12}, 3, "WORSE"), ({"stopped_by": "signal"}, 4, "CANNOT BE TOLD")],
    ids=["same", "worse", "unknown"],
)
def test_the_exit_code_is_the_gates(
    changes: dict[str, Any], code: int, word: str, made: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And the first word says the same."""
    assert main(["compare", made("a"), made("b", **changes)]) == code
    assert capsys.readouterr().out.startswith(f"{word}: run b against run a\n")


@pytest.mark.parametrize(("kind", "start"), [("text", "WORSE"), ("md", "## WORSE"), ("json", "{")])
def test_it_is_written_in_three_formats(
    kind: str, start: str, made: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the terminal, or to a file."""
    command = ["compare", made("a"), made("b", broken=12), "--format", kind]
    assert main(command) == 3
    shown = capsys.readouterr().out
    assert shown.startswith(start)
    assert main([*command, "--to", str(tmp_path / "comparison")]) == 3
    assert (tmp_path / "comparison").read_text("utf-8") == shown
    assert kind != "json" or json.loads(shown)["exit_code"] == 3


def test_another_gate_may_judge(made: Callable[..., str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of its own, which is named where it is wrong."""
    (tmp_path / "gate.yaml").write_text("limits: {max_mismatch_percent: 0}\n")
    command = ["compare", made("a"), made("b", odd={"x": 1})]
    assert main(command) == 0
    assert main([*command, "--gate", str(tmp_path / "gate.yaml")]) == 3
    (tmp_path / "gate.yaml").write_text("limit: {}\n")
    assert main([*command, "--gate", str(tmp_path / "gate.yaml")]) == 2
    assert "gate.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"recording": "other"}, "another recording"), ({"window_ns": (1, 2)}, "another window")],
    ids=["recording", "window"],
)
def test_runs_of_something_else_are_one_sentence(
    changes: dict[str, Any], sentence: str, made: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And exit code 2."""
    assert main(["compare", made("a"), made("b", **changes)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sentence in said.err


def test_an_older_run_is_one_sentence(made: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """It kept no samples."""
    assert main(["compare", made("a"), str(FIRST)]) == 2
    assert "run r1 kept no samples" in capsys.readouterr().err


def test_damaged_samples_are_one_sentence(made: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever run's they are."""
    folder = made("b")
    (Path(folder) / "pairs.parquet").write_bytes(b"PAR1")
    assert main(["compare", made("a"), folder]) == 2
    assert "cannot be used" in capsys.readouterr().err
