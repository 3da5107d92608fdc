"""Runs contenders side by side in interleaved rounds, and judges the rows made of them.

Law: a contender is a command that prints ONE JSON line of numbers (`{"n": …, "rps": …, "cpu_us":
…, "busy": …, …}`), or `{"skip": "why"}`; the harness knows nothing else of it. It gets the
target's port in BENCH_PORT.
The subtle thing: every other round runs backwards, so that a machine that warms up or slows down
in a steady way favours nobody. With two cores or more the target is pinned to the first and every
contender to the last, but for those that have several processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rows import Absent, Bar, Beside, Level, Line, Measured, Ratio, Result, Round, Row, judge
from benchmarks.servers.target import Serving, Target, Unavailable
from benchmarks.table import contenders_table, rows_table, write_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "Bar",
    "Beside",
    "Contender",
    "Group",
    "Level",
    "Ratio",
    "interleaved",
    "judged",
    "main",
    "measure",
    "missed",
    "pinned",
    "run",
]

ROOT = Path(__file__).resolve().parents[1]
LATEST = ROOT / "benchmarks" / "latest.json"
MOST_ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A command to be measured in the repository's root; `env` is added to its environment.

    `free`: it is not pinned, because it has several processes.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 120.0
    free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Contenders measured in the same rounds against the same target, and the rows made of them.

    `prepare` runs once before the first round (write a recording, say); what it returns is added
    to every contender's environment. It may raise `Unavailable`, which skips the group.
    `serving=None`: no target is needed.
    """

    name: str
    contenders: Sequence[Contender]
    rows: Sequence[Row] = ()
    serving: Serving | None = field(default_factory=Serving)
    prepare: Callable[[], Mapping[str, str]] = dict
    rounds: int | None = None


def pinned(core: int) -> tuple[str, ...]:
    """The words to put before a command to pin it to the first (0) or last (-1) core; none with one core."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2 or not shutil.which("taskset"):
        return ()
    return ("taskset", "-c", str(cores[core]))


def _last_json(said: str) -> dict[str, object]:
    lines = [line for line in said.splitlines() if line.startswith("{")]
    if not lines:
        raise ValueError("it printed no JSON line")
    return dict(json.loads(lines[-1]))


def _result(said: str) -> Result:
    values = _last_json(said)
    if "skip" in values:
        return Absent(str(values["skip"]), skipped=True)
    numbers = {key: float(v) for key, v in values.items() if isinstance(v, int | float)}
    if numbers.get("failed"):
        return Absent(f"{numbers['failed']:.0f} of its requests failed", skipped=False)
    return Measured(numbers)


def run(contender: Contender, env: Mapping[str, str]) -> Result:
    """One contender once.

    A command that cannot start, hangs or prints no JSON line is `Absent` with the reason.
    """
    everything = {**os.environ, "PYTHONPATH": str(ROOT), **env, **contender.env}
    command = [*(() if contender.free else pinned(-1)), *contender.command]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, env=everything,
            timeout=contender.timeout_s, check=False,
        )  # fmt: skip
        return _result(done.stdout)
    except subprocess.TimeoutExpired:
        return Absent(f"it took more than {contender.timeout_s:g} s", skipped=False)
    except OSError as e:
        return Absent(f"it cannot be started: {e}", skipped=False)
    except ValueError as e:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return Absent(f"{e} (exit {done.returncode}) {last}", skipped=False)


def interleaved(contenders: Sequence[Contender], rounds: int) -> Iterator[list[Contender]]:
    """The order of each round: forwards, backwards, forwards and so on."""
    for number in range(min(rounds, MOST_ROUNDS)):
        yield list(contenders) if number % 2 == 0 else list(reversed(contenders))


def _measure_served(group: Group, rounds: int, env: Mapping[str, str]) -> list[Round]:
    measured: list[Round] = []
    for order in interleaved(group.contenders, group.rounds or rounds):
        results = {contender.name: run(contender, env) for contender in order}
        measured.append({contender.name: results[contender.name] for contender in group.contenders})
    return measured


def measure(group: Group, rounds: int) -> list[Round]:
    """All rounds of a group; `rounds` holds where the group does not say its own number.

    Where the machine lacks what the group needs, it is one round of skipped contenders.
    """
    try:
        env = dict(group.prepare())
        with ExitStack() as stack:
            if group.serving:
                target = stack.enter_context(Target(group.serving, prefix=pinned(0)))
                env["BENCH_PORT"] = str(target.port)
            return _measure_served(group, rounds, env)
    except Unavailable as e:
        return [{contender.name: Absent(str(e), skipped=True) for contender in group.contenders}]


def judged(group: Group, rounds: Sequence[Round]) -> list[Line]:
    """The group's rows, judged by these rounds."""
    return [judge(row, rounds) for row in group.rows]


def missed(group: Group, *, attempts: int = 3, rounds: int = 1) -> list[Line]:
    """The rows whose floor none of `attempts` met; a later attempt is made only where it is needed.

    For tests of the floors on machines with neighbours: one quiet stretch among three is enough.
    """
    open_rows = judged(group, measure(group, rounds))
    for _ in range(attempts - 1):
        open_rows = [line for line in open_rows if not line.standing.holds]
        if not open_rows:
            break
        names = {line.name for line in open_rows}
        again = judged(group, measure(group, rounds))
        open_rows = [line for line in again if line.name in names]
    return [line for line in open_rows if not line.standing.holds]


def _options(arguments: Sequence[str] | None, names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Benchmarks by ratio; see README.md.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per group (default %(default)s)")
    parser.add_argument("--only", action="append", choices=names, help="run this group only; may repeat")
    parser.add_argument("--check", action="store_true", help="exit 1 where a floor is missed")
    parser.add_argument("--out", type=Path, help=f"default {LATEST.relative_to(ROOT)} unless --only")
    return parser.parse_args(arguments)


def main(groups: Sequence[Group], arguments: Sequence[str] | None = None) -> int:
    """Run the groups, print the tables, write `latest.json`.

    Returns:
        The exit code: 1 where `--check` was given and a floor was missed, else 0.
    """
    asked = _options(arguments, [group.name for group in groups])
    lines: list[Line] = []
    pins = [" ".join(pinned(core)) or "not pinned" for core in (0, -1)]
    print(f"target: {pins[0]}; contenders: {pins[1]}")
    for group in groups:
        if asked.only and group.name not in asked.only:
            continue
        rounds = measure(group, asked.rounds)
        lines += judged(group, rounds)
        print(f"\n{group.name}, {len(rounds)} rounds\n{contenders_table(rounds)}", flush=True)
    print(f"\n{rows_table(lines)}")
    out = asked.out or (None if asked.only else LATEST)
    if out:
        write_latest(lines, out)
    return 1 if asked.check and not all(line.standing.holds for line in lines) else 0
