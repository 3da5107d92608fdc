"""A candidate run against a baseline run of the same recording: the gate's verdict, and what is new, gone and changed.

Law: pure; both runs' results and samples in, values out. Whether the candidate is worse is the gate's to say, by the times of the
baseline run and with what that run showed accepted; the tables beside that verdict decide nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from replay_users.errors import UsageError
from replay_users.results.baseline import Baseline, accept
from replay_users.results.gate import GateSettings, evidence_of, judge_run
from replay_users.results.run_speeds import run_speeds
from replay_users.results.standings import SAME, standings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.results.gate import Gate
    from replay_users.results.run_speeds import RunSpeed
    from replay_users.results.samples import Samples
    from replay_users.results.standings import Standing

__all__ = ["Versus", "versus"]

VERSION: Final = 1
_FACTS: Final = ("id", "started", "target", "version", "labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """All of it; `baseline` and `candidate` are the runs' facts with the verdict that each had by itself."""

    baseline: Mapping[str, Any]
    candidate: Mapping[str, Any]
    gate: Gate
    signatures: Sequence[Standing]
    speeds: Sequence[RunSpeed]
    is_capped: bool
    """Whether a run had more signatures than it could keep, so that one may be called new or gone wrongly."""

    @property
    def exit_code(self) -> int:
        """The gate's: 3 if the candidate is worse, 4 if it cannot be told."""
        return self.gate.exit_code

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "schema_version": VERSION,
            "verdict": str(self.gate.verdict),
            "exit_code": self.exit_code,
            "baseline": dict(self.baseline),
            "candidate": dict(self.candidate),
            "checks": [check.to_dict() for check in self.gate.checks],
            "signatures": [each.to_dict() for each in self.signatures if each.how != SAME],
            "same_signatures": sum(each.how == SAME for each in self.signatures),
            "signatures_capped": self.is_capped,
            "latency": list(map(asdict, self.speeds)),
        }


def versus(
    baseline: Mapping[str, Any],
    candidate: Mapping[str, Any],
    samples: tuple[Samples | None, Samples | None],
    settings: GateSettings | None = None,
) -> Versus:
    """Set a candidate run against a baseline run.

    Args:
        baseline: the content of the baseline run's result.json.
        candidate: that of the candidate run's.
        samples: the baseline run's and the candidate run's.
        settings: the gate's.

    Raises:
        UsageError: they are not of the same recording and window, or one of them kept no samples.
    """
    theirs, ours = samples
    if theirs is None or ours is None:
        name = (baseline if theirs is None else candidate)["run"]["id"]
        raise UsageError(f"run {name} kept no samples, without which times cannot be compared: replay it again")
    gate = judge_run(
        candidate,
        ours,
        settings or GateSettings(),
        baseline_run=(baseline, theirs),
        accepted=accept(Baseline(), evidence_of(baseline), baseline["run"]["id"]),
    )
    return Versus(
        baseline=_facts(baseline),
        candidate=_facts(candidate),
        gate=gate,
        signatures=standings(baseline, candidate),
        speeds=list(run_speeds(theirs, ours, gate.checks)),
        is_capped=bool(baseline["signatures_overflow"] or candidate["signatures_overflow"]),
    )


def _facts(result: Mapping[str, Any]) -> dict[str, Any]:
    totals = {name: result["totals"][name] for name in ("sent", "compared", "mismatched", "failed")}
    return {**{name: result["run"][name] for name in _FACTS}, "verdict": result["gate"]["verdict"], **totals}
