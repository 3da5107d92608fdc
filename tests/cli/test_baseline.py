"""`replay-users baseline accept`: what runs showed is known from then on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import main
from replay_users.results.baseline import parse_baseline
from replay_users.results.result import result_json
from replay_users.results.rundir import write_run
from replay_users.results.samples import samples_of
from tests.results.gate.runs import FACTS, concluded, tally_of

if TYPE_CHECKING:
    from pathlib import Path


def finish(folder: Path, name: str, field: str = "price", **how: Any) -> str:
    """A run in which a field of one endpoint differs in every third answer."""
    how = {"differs": lambda end, row: field if end == 3 and row % 3 == 0 else ""} | how
    tally = tally_of(800, **how)
    write_run(
        folder / name,
        result_json(concluded(tally, 800, facts=replace(FACTS, id=name))),
        "-\n",
        samples=samples_of(tally),
    )
    return str(folder / name)


def test_an_accepted_run_passes_and_what_is_new_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file that is written is the one that a gate takes."""
    one, other = finish(tmp_path, "one"), finish(tmp_path, "other", field="name")
    file = str(tmp_path / "baseline.json")
    assert main(["gate", one]) == 3
    assert main(["baseline", "accept", one, "--to", file]) == 0
    assert main(["gate", one, "--baseline", file]) == 0
    capsys.readouterr()
    assert main(["gate", other, "--baseline", file]) == 3
    assert "signatures: root['name'] value on GET /3 is new: in " in capsys.readouterr().out


def test_what_was_accepted_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many signatures and how much was looked at; a run that is in it already is said to be."""
    file = str(tmp_path / "baseline.json")
    runs = [finish(tmp_path, "one"), finish(tmp_path, "two", field="name")]
    main(["baseline", "accept", *runs, "--to", file])
    assert capsys.readouterr().out == (
        f"{file}: 2 signatures (2 new) on 8 endpoints, of 1,600 compared answers in 2 runs;"
        " review it, and give it with --baseline\n"
    )
    main(["baseline", "accept", runs[0], "--to", file])
    assert capsys.readouterr().out == f"{file}: these runs are in it already\n"
    assert parse_baseline((tmp_path / "baseline.json").read_text(), "b").runs == ("one", "two")


def test_a_file_that_is_no_baseline_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused, and not written over."""
    file = tmp_path / "baseline.json"
    file.write_text('{"mine": 1}')
    assert main(["baseline", "accept", finish(tmp_path, "one"), "--to", str(file)]) == 2
    assert "is no baseline" in capsys.readouterr().err
    assert json.loads(file.read_text()) == {"mine": 1}


@pytest.mark.parametrize("to", ["none/baseline.json", "one"])
def test_a_file_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    """No such folder, or a folder itself."""
    assert main(["baseline", "accept", finish(tmp_path, "one"), "--to", str(tmp_path / to)]) == 2
    assert "--to " in capsys.readouterr().err


def test_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, one sentence."""
    assert main(["baseline", "accept", str(tmp_path)]) == 2
    assert "has no result.json" in capsys.readouterr().err


def test_a_run_that_was_stopped_is_accepted_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no whole measure, and whoever accepts it should know."""
    run = finish(tmp_path, "one")
    file = tmp_path / "one" / "result.json"
    result = json.loads(file.read_text())
    result["run"]["stopped_by"] = "signal"
    file.write_text(json.dumps(result))
    assert main(["baseline", "accept", run, "--to", str(tmp_path / "baseline.json")]) == 0
    assert capsys.readouterr().out.endswith("\nnote: run one was stopped (signal), so it showed only a part\n")
