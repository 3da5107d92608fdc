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
from tests.simulation.answer_world import World as Answers
from tests.simulation.gate_worlds import FINDS, FINE, UNIFORM, WORLDS
from tests.simulation.test_gate_answers import failed, learnt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from replay_users.results.gate.latency_finding import Finding
    from tests.simulation.gate_world import World

__all__ = ["Row", "blamed", "judged", "row"]

ALPHA, HALF = 0.01, 0.005
SURE = 0.95

_BEFORE = Answers(endpoints=(1_000,) * 4, rare=1e-4)
QUIET: dict[str, tuple[Answers, Answers | None]] = {
    "rare 5xx: 1e-5 of 100,000 answers, on either side": (Answers(endpoints=(2_500,) * 40, flaky=1e-5), None),
    "rare 5xx: 1e-3": (Answers(endpoints=(2_500,) * 40, flaky=1e-3), None),
    "200 rare signatures (1e-4), learnt on 1,000 pairs": (
        Answers(endpoints=(20_000,), rare=1e-4),
        Answers(endpoints=(1_000,), rare=1e-4),
    ),
}
"""Answers in which nothing is wrong, and what a baseline has seen of them."""
LOUD: dict[str, tuple[Answers, Answers | None]] = {
    "2 % of one endpoint's answers become 5xx": (Answers(endpoints=(1_000,) * 40, flaky=1e-5, broken=0.02), None),
    "a new signature in 2 % of one endpoint's answers": (
        Answers(endpoints=(1_000,) * 4, rare=1e-4, changed=0.02),
        _BEFORE,
    ),
}
"""Answers that a release has made worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """So many `runs` of a world: in how many the gate failed, found what was wrong, and blamed `others` beside it."""

    world: str
    runs: int
    failed: int
    found: int
    others: int

    def text(self) -> str:
        """A line of the table."""
        is_rare = WORLDS[self.world] in FINE
        return line(self.world, self.runs, self.failed if is_rare else self.found, is_rare=is_rare)


def line(name: str, runs: int, told: int, *, is_rare: bool) -> str:
    """What must be rare stands beside its upper bound, what must be common beside its lower one."""
    low, high = wilson(told, runs, 2 * SURE - 1)
    bound = f"<= {100 * high:.2f} %" if is_rare else f">= {100 * low:.1f} %"
    return f"| {name} | {runs:,} | {told:,} ({100 * told / runs:.1f} %) | {bound} |"


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
    runs = fails = found = others = 0
    wanted = None if world in UNIFORM else "GET /endpoint/0"
    for seed in seeds:
        findings = judged(world, seed)
        names = blamed(findings, ALPHA if world in FINE else HALF)
        runs += 1
        fails += decide_latency(findings, ALPHA) is Decision.FAIL
        found += wanted in names
        others += bool(names - {wanted})
    return Row(world=world.name, runs=runs, failed=fails, found=found, others=others)


def _lines(asked: argparse.Namespace) -> Iterator[str]:
    seeds = range(1_000, 1_000 + asked.runs)
    for is_rare, worlds, answers in ((True, FINE, QUIET), (False, FINDS, LOUD)):
        yield f"| World | runs | {'failed, though nothing is wrong' if is_rare else 'found'} | with 95 % confidence |"
        yield "|---|---|---|---|"
        yield from (row(world, seeds).text() for world in worlds if asked.only in world.name)
        for name, (world, before) in answers.items():
            if asked.only in name:
                failures = sum(failed(world, n, learnt(before, n) if before else None) for n in seeds)
                yield line(name, asked.runs, failures, is_rare=is_rare)


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--only", default="", help="worlds with this in their names")
    for each in _lines(parser.parse_args()):
        print(each, flush=True)  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
