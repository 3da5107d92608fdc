"""The files that a verdict may depend on: a gate file, a baseline, the directory of a baseline run.

Law: an edge; reads, and says in one sentence what is wrong. Every file is named by the option that gave it. The subtle thing: all
is read before a run begins and held until it ends (25 MB for the largest baseline run), so that no verdict is lost because a
file has gone meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay_users.errors import UsageError
from replay_users.results.baseline import parse_baseline
from replay_users.results.finished import folder_of, read_whole_result
from replay_users.results.gate import GateSettings, Yardstick, parse_gate
from replay_users.results.sample_files import read_samples

if TYPE_CHECKING:
    from replay_users.results.baseline import Baseline
    from replay_users.results.samples import Samples

__all__ = ["read_baseline", "read_baseline_run", "read_gate", "read_gate_files"]


def read_gate_files(gate: str = "", baseline: str = "", baseline_run: str = "") -> Yardstick:
    """Read those that are named; without a gate file the defaults hold.

    Raises:
        UsageError: one of them cannot be used.
    """
    return Yardstick(
        settings=read_gate(gate) if gate else GateSettings(),
        accepted=read_baseline(baseline) if baseline else None,
        baseline_run=read_baseline_run(baseline_run) if baseline_run else None,
    )


def read_gate(path: str) -> GateSettings:
    """The settings of a gate file.

    Raises:
        UsageError: it cannot be read or used.
    """
    return parse_gate(_text(path, "--gate"), path)


def read_baseline(path: str) -> Baseline:
    """What was accepted.

    Raises:
        UsageError: it cannot be read, or is no baseline.
    """
    return parse_baseline(_text(path, "--baseline"), path)


def read_baseline_run(folder: str) -> tuple[dict[str, Any], Samples]:
    """Result and samples of a run to judge another one against.

    Raises:
        UsageError: there is no such run, it is damaged, or it has no samples.
    """
    try:
        result, samples = read_whole_result(folder), read_samples(folder_of(folder))
    except UsageError as error:
        raise UsageError(f"--baseline-run {error}") from None
    if samples is None:
        raise UsageError(f"--baseline-run {folder} has no samples (an older version wrote it): replay it again")
    return result, samples


def _text(path: str, option: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"{option} {path} cannot be read: {reason}") from None
