"""`replay-users report`: a finished run in another form, on the terminal or in a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.cli import main
from replay_users.errors import StoreError
from replay_users.results.reports import FORMATS
from replay_users.results.rundir import write_run
from tests.results.reported import HOSTILE, failed, hostile

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = Path(__file__).parents[1] / "data" / "result-first.json"


@pytest.fixture
def run(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Writes the directory of a run."""

    def make(result: dict[str, Any]) -> Path:
        write_run(tmp_path / "run", result, "a summary\n", exhibits=[{"id": "id-1"}])
        return tmp_path / "run"

    return make


@pytest.mark.parametrize("kind", FORMATS)
def test_a_report_is_written_to_the_terminal_or_to_a_file(
    kind: str, run: Callable[..., Path], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The same bytes, for their owner only, in a folder that is made if need be."""
    folder = run(failed())
    assert main(["report", str(folder), "--format", kind]) == 0
    shown = capsysbinary.readouterr().out
    path = tmp_path / "new" / "report"
    assert main(["report", str(folder), "--format", kind, "--to", str(path)]) == 0
    assert path.read_bytes() == shown != b""
    assert path.stat().st_mode & 0o777 == 0o600
    assert capsysbinary.readouterr() == (b"", b"")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_only_names(
    kind: str, name: str, run: Callable[..., Path], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """In every format, and as bytes of UTF-8."""
    assert main(["report", str(run(hostile(name))), "--format", kind]) == 0
    said = capsysbinary.readouterr()
    assert said.out.decode()
    assert said.err == b""


def _without(part: str) -> str:
    return json.dumps({key: value for key, value in failed().items() if key != part})


DAMAGED = {
    "empty": ("", "cannot be read: it is empty; copy the run's directory again, or replay again"),
    "truncated": (json.dumps(failed())[:3_000], "cannot be read: it is no JSON from line 1, column "),
    "foreign": ('{"hello": "world"}', "is not the result of a run"),
    "list": ("[]", "is not the result of a run"),
    "half": (_without("totals"), "is damaged: totals is missing"),
    "no endpoints": (_without("endpoints"), "is damaged: endpoints is missing"),
    "wrong kind": (json.dumps({**failed(), "endpoints": {}}), "is damaged: endpoints is object where array is wanted"),
    "newer": (json.dumps({**failed(), "schema_version": 2}), "was written by a newer replay-users (schema version 2"),
    "older": (json.dumps({**failed(), "schema_version": 0}), "has no schema version that is known here (0)"),
    "no version": (_without("schema_version"), "has no schema version that is known here (None)"),
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("content", "sentence"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_result_is_one_sentence(
    kind: str, content: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And exit code 2, in every format."""
    (tmp_path / "result.json").write_text(content)
    assert main(["report", str(tmp_path), "--format", kind]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"replay-users: {tmp_path}/result.json ")
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_a_run_that_is_not_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what would be right."""
    assert main(["report", str(tmp_path)]) == 2
    assert "has no result.json: name the directory of a finished run" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "code"), [("html", 0), ("md", 0), ("junit", 0), ("json", 0), ("article", 2)])
def test_a_result_of_the_first_version_is_told(kind: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """But for what it did not count, which is a sentence."""
    assert main(["report", str(FIRST), "--format", kind]) == code
    said = capsys.readouterr()
    assert bool(said.out) == (code == 0)
    assert ("did not count" in said.err) == (code == 2)


def test_damaged_samples_are_one_sentence_where_they_are_drawn(
    run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The page shows them; the other reports do without."""
    folder = run(failed())
    (folder / "histograms.json").write_text("{")
    (folder / "pairs.parquet").write_bytes(b"PAR1")
    assert main(["report", str(folder), "--format", "html"]) == 2
    assert "the samples in" in capsys.readouterr().err
    assert main(["report", str(folder), "--format", "junit"]) == 0


def test_links_lead_where_the_files_can_be_seen(run: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """As a CI server keeps them."""
    assert main(["report", str(run(failed())), "--url", "https://ci.example/7"]) == 0
    assert "[report.html](<https://ci.example/7/report.html>)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("run", "is a directory: name a file in it"),
        ("run/result.json", "is what the run itself wrote: choose another name"),
        ("run/../run/exhibits.jsonl", "is what the run itself wrote"),
        ("run/result.json/x", "is not a directory"),
    ],
    ids=["folder", "result", "exhibits", "below-a-file"],
)
def test_a_report_goes_where_it_harms_nothing(
    to: str, sentence: str, run: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else is a sentence, and what the run wrote stays."""
    folder = run(failed())
    before = (folder / "result.json").read_bytes()
    assert main(["report", str(folder), "--to", str(tmp_path / to)]) == 2
    assert sentence in capsys.readouterr().err
    assert (folder / "result.json").read_bytes() == before


def test_a_report_of_the_run_may_be_made_again(run: Callable[..., Path]) -> None:
    """In its own place."""
    folder = run(failed())
    assert main(["report", str(folder), "--to", str(folder / "report.md")]) == 0
    assert (folder / "report.md").read_text().startswith("## FAIL")


def test_a_full_disk_is_one_sentence(
    run: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its cure, and an exit code of ours."""
    folder = run(failed())

    def refuse(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("replay_users.results.rundir.write", refuse)
    assert main(["report", str(folder), "--to", str(tmp_path / "x")]) == StoreError.exit_code
    assert "No space left on device): free some space or choose another --to" in capsys.readouterr().err
