"""The files that a verdict may depend on, read before a run begins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from replay_users.errors import UsageError
from replay_users.results.baseline import Baseline, accept
from replay_users.results.gate import GateSettings, Yardstick, evidence_of
from replay_users.results.gate_files import read_baseline_run, read_gate_files
from replay_users.results.result import result_json
from replay_users.results.rundir import write_run
from replay_users.results.samples import samples_of
from tests.results.gate.runs import concluded, tally_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The directory of a finished run, with its samples."""
    tally = tally_of(400)
    write_run(tmp_path / "before", result_json(concluded(tally, 400)), "a summary\n", samples=samples_of(tally))
    return tmp_path / "before"


def test_without_files_the_defaults_hold() -> None:
    """Nothing is read then."""
    assert read_gate_files() == Yardstick()


def test_all_of_them_are_read(tmp_path: Path, run: Path) -> None:
    """Settings, what was accepted, and the run to set beside."""
    (tmp_path / "gate.yaml").write_text("coverage: 90%\n")
    baseline = accept(Baseline(), evidence_of(json.loads((run / "result.json").read_text())), "before")
    (tmp_path / "baseline.json").write_text(json.dumps(baseline.to_data()))
    by = read_gate_files(str(tmp_path / "gate.yaml"), str(tmp_path / "baseline.json"), str(run))
    assert (by.settings, by.accepted) == (GateSettings(coverage=0.9), baseline)
    assert by.baseline_run is not None
    assert by.baseline_run[0]["run"]["id"] == "r1"
    assert sum(map(len, by.baseline_run[1].pairs.values())) == 400


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"gate": "none.yaml"}, "--gate .*none.yaml cannot be read: No such file"),
        ({"baseline": "none.json"}, "--baseline .*none.json cannot be read: No such file"),
        ({"baseline_run": "none"}, "--baseline-run .*none has no result.json: name the directory of a finished run"),
    ],
)
def test_a_file_that_is_not_there_is_named_by_its_option(tmp_path: Path, files: dict[str, str], told: str) -> None:
    """One sentence, before anything is sent."""
    with pytest.raises(UsageError, match=told):
        read_gate_files(**{name: str(tmp_path / file) for name, file in files.items()})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Whatever its bytes are."""
    (tmp_path / "gate.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"--gate .* cannot be read: not UTF-8 text"):
        read_gate_files(gate=str(tmp_path / "gate.yaml"))


def test_a_run_without_samples_is_no_baseline_run(run: Path) -> None:
    """As those of older versions are."""
    for name in ("pairs.parquet", "histograms.json"):
        (run / name).unlink()
    with pytest.raises(UsageError, match=r"--baseline-run .*before has no samples .*: replay it again"):
        read_baseline_run(str(run))


def test_a_damaged_run_is_no_baseline_run(run: Path) -> None:
    """Result or samples, the sentence says which option named it."""
    (run / "pairs.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match=r"--baseline-run the samples in .* cannot be used"):
        read_baseline_run(str(run))
    (run / "result.json").write_text("{}")
    with pytest.raises(UsageError, match=r"--baseline-run .*result.json is not the result of a run"):
        read_baseline_run(str(run))
