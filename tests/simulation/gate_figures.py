"""How good the gate is with times: `python -m tests.simulation.gate_figures --runs 500` prints `docs/gate-how-good.md`'s table.

Law: each row is one world, judged in so many seeded runs; nothing is left out of it. Where nothing is wrong, all of alpha is
given to times; where something is, half of it, as in a run that has answers to judge as well.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.results.gate.latency import decide_latency, latency_checks
from replay_users.results.gate.latency_settings import LatencySettings
from replay_users.results.gate.model import Decision
from replay_users.results.gate.statistics import holm, wilson
from tests.simulation.gate_worlds import FINDS, FINE, UNIFORM, WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.results.gate.latency_finding import Finding
    from tests.simulation.gate_world import World

__all__ = ["Row", "blamed", "judged", "row"]

ALPHA, HALF = 0.01, 0.005
SURE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """So many `runs` of a world: in how many the gate failed, found what was wrong, and blamed `others` beside it."""

    world: str
    runs: int
    failed: int
    found: int
    others: int

    def text(self) -> str:
        """A line of the table: what must be rare with its upper bound, what must be common with its lower one."""
        if WORLDS[self.world] in FINE:
            told, bound = self.failed, f"<= {100 * wilson(self.failed, self.runs, 2 * SURE - 1)[1]:.2f} %"
        else:
            told, bound = self.found, f">= {100 * wilson(self.found, self.runs, 2 * SURE - 1)[0]:.1f} %"
        return f"| {self.world} | {self.runs:,} | {told:,} ({100 * told / self.runs:.1f} %) | {bound} |"


def judged(world: World, seed: int) -> Sequence[Finding]:
    """What the gate finds in one run of the world."""
    runs = world.runs(seed)
    return latency_checks(
        runs.candidate,
        runs.baseline,
        connect_ns=runs.connect_ns,
        duration_ns=runs.duration_ns,
        settings=LatencySettings(),
    )


def blamed(findings: Sequence[Finding], alpha: float) -> set[str | None]:
    """The endpoints that failed; `None` is all of them together."""
    claims = [finding for finding in findings if finding.p is not None]
    corrected = holm([finding.p for finding in claims if finding.p is not None])
    return {
        finding.endpoint
        for finding, p in zip(claims, corrected, strict=True)
        if p <= alpha and finding.verdict is Decision.FAIL
    }


def row(world: World, seeds: Iterable[int]) -> Row:
    """All of these runs."""
    runs = failed = found = others = 0
    wanted = None if world in UNIFORM else "GET /endpoint/0"
    for seed in seeds:
        findings = judged(world, seed)
        names = blamed(findings, ALPHA if world in FINE else HALF)
        runs += 1
        failed += decide_latency(findings, ALPHA) is Decision.FAIL
        found += wanted in names
        others += bool(names - {wanted})
    return Row(world=world.name, runs=runs, failed=failed, found=found, others=others)


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--only", default="", help="worlds with this in their names")
    asked = parser.parse_args()
    for worlds, head in ((FINE, "failed, though nothing is wrong"), (FINDS, "found")):
        print(f"| World | runs | {head} | with 95 % confidence |\n|---|---|---|---|")  # noqa: T201 - it is a command
        for world in (world for world in worlds if asked.only in world.name):
            print(row(world, range(1_000, 1_000 + asked.runs)).text(), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
