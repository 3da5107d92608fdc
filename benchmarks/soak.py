"""`make soak`: the whole pipeline at a rate for an hour, and whether its memory, descriptors and lag stayed as they were.

Law: starts the target and the run, keeps their samples in benchmarks/soak.json while it goes on, and judges at the end by
`flatness`. The subtle thing: what is compared is the run with itself; only lag is held against a number, and only here, on
a machine that somebody has left alone for an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from benchmarks.flatness import Flatness, Sample, complaints, flatness
from benchmarks.harness import ROOT, pinned
from benchmarks.ours.recording import recording
from benchmarks.servers.target import Serving, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["SOAK", "Soak", "code", "row_name", "soak", "told"]

SOAK = ROOT / "benchmarks" / "soak.json"
LAG_GOAL_MS, LAG_FLOOR_MS = 2.0, 10.0
SENDING = ("engine", "compare/desk.py", "results/tally.py", "swarm/run.py", "swarm/source.py", "recording/reader.py")
"""What of the package an hour's lag is about: where that has changed since, the figure says so."""

RATE, SECONDS = 2000, 3600
GROWTH_MB = 12.0
"""Memory that an hour may add: less than 2 bytes for each of its requests."""

READ_AHEAD_S = 10.0
"""Before its end a run has nothing left to read, and needs less memory than before; that is not to hide any growth."""

DESCRIPTORS = 64
"""Connections that may be open at the end beyond those of the beginning: a stall of the machine of 30 ms opens as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """A finished run: its samples, how flat they were, the lag of all of it, and what is wrong with it but for lag."""

    samples: Sequence[Sample]
    flatness: Flatness
    lag_p99_ms: float
    wrong: Sequence[str]


def soak(
    *,
    rate: float,
    seconds: float,
    every_s: float,
    warm_up_s: float,
    descriptors: int = DESCRIPTORS,
    out: Path | None = None,
) -> Soak:
    """Write the recording if it is not there, replay it, and look at the samples; `out` is kept up to date meanwhile.

    More `descriptors` than these may not be open at its end than at its beginning, and none once it is over.

    Raises:
        Unavailable: there can be no target on this machine.
        RuntimeError: the run ended without saying how.
    """
    folder = recording(rate=rate, seconds=seconds)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    facts: dict[str, Any] = {"started": started, "rate": rate, "seconds": seconds, "code": code()}
    samples: list[Sample] = []
    with Target(Serving(seconds=round(seconds) + 600), prefix=pinned(0)) as target:
        for line in _lines(folder, target.port, every_s):
            if "planned" in line:
                end = line
                break
            samples.append(Sample(**line))
            if out:
                _write(out, {**facts, "samples": [asdict(one) for one in samples]})
        else:
            raise RuntimeError("the run ended without a result; what it said stands above")
    done = _judged(samples, end, (warm_up_s, seconds - READ_AHEAD_S), descriptors)
    if out:
        _write(out, {**facts, **_summary(done), "samples": [asdict(one) for one in samples]})
    return done


def code(root: Path = ROOT / "replay_users") -> str:
    """A hash of the sources that an hour's lag is about."""
    paths = [
        path for name in SENDING for path in ([root / name] if name.endswith(".py") else root.glob(f"{name}/*.py"))
    ]
    return blake2b(b"".join(path.read_bytes() for path in sorted(paths)), digest_size=8).hexdigest()


def _last(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes())) if path.exists() else {}


def row_name(path: Path = SOAK) -> str:
    """The name of the hour's row, with the day on which it was measured, and whether that was of other code than today's."""
    name, last = f"lag p99 over an hour at {RATE:,}/s", _last(path)
    if "lag_p99_ms" not in last:
        return name
    earlier = "" if last["code"] == code() else ", earlier code"
    return f"{name} (measured {last['started'][:10]}{earlier})"


def told(path: Path = SOAK) -> dict[str, Any]:
    """What the last soak measured, as a contender prints it."""
    last = _last(path)
    if "lag_p99_ms" not in last or (last["rate"], last["seconds"]) != (RATE, SECONDS):
        return {"skip": f"no hour at {RATE:,}/s has been measured: run `make soak`"}
    return {"lag_p99_ms": last["lag_p99_ms"], "growth_mb": max(last["flatness"]["slope_mb"], 0.0)}


def _lines(folder: Path, port: int, every_s: float) -> Iterator[dict[str, Any]]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "BENCH_RECORDING": str(folder), "BENCH_PORT": str(port)}
    command = [*pinned(-1), sys.executable, "-m", "benchmarks.ours.soak", "--every", str(every_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=env)
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("{"):
                yield json.loads(line)
    finally:
        process.kill()
        process.wait(30)


def _judged(samples: Sequence[Sample], end: dict[str, Any], span: tuple[float, float], descriptors: int) -> Soak:
    found, before, last = flatness(samples, *span), Sample(**end["before"]), Sample(**end["last"])
    wrong = complaints(found, last, planned=end["planned"], growth_mb=GROWTH_MB, descriptors=descriptors)
    if last.descriptors > before.descriptors:
        wrong.append(f"{last.descriptors - before.descriptors} descriptors were left open when the run was over")
    p99 = end["lag_p99_ms"]
    return Soak(samples=samples, flatness=found, lag_p99_ms=p99 if isinstance(p99, float) else 1e9, wrong=wrong)


def _summary(done: Soak) -> dict[str, Any]:
    flat = {name: round(value, 2) for name, value in asdict(done.flatness).items()}
    return {"lag_p99_ms": done.lag_p99_ms, "flatness": flat, "wrong": list(done.wrong)}


def _write(out: Path, facts: dict[str, Any]) -> None:
    """A line per sample; whole or not at all, since it is read while the run goes on."""
    head = "".join(f'  "{name}": {json.dumps(value)},\n' for name, value in facts.items() if name != "samples")
    lines = ",\n".join(f"    {json.dumps(one)}" for one in facts["samples"])
    fresh = out.with_suffix(".new")
    fresh.write_text(f'{{\n{head}  "samples": [\n{lines}\n  ]\n}}\n', encoding="utf-8")
    fresh.replace(out)


def main() -> int:
    """Soak; 1 if anything but the goal was missed."""
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description="The whole pipeline for an hour.")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--every", type=float, default=10)
    parser.add_argument("--tell", action="store_true", help="print what the last one measured, and do nothing")
    asked = parser.parse_args()
    if asked.tell:
        print(json.dumps(told()))
        return 0
    warm_up_s = min(300.0, asked.seconds / 4)
    done = soak(rate=asked.rate, seconds=asked.seconds, every_s=asked.every, warm_up_s=warm_up_s, out=SOAK)
    wrong = [*done.wrong]
    if done.lag_p99_ms > LAG_FLOOR_MS:
        wrong.append(f"lag p99 was {done.lag_p99_ms:g} ms (floor {LAG_FLOOR_MS:g}, goal {LAG_GOAL_MS:g})")
    print(f"lag p99 {done.lag_p99_ms:g} ms; memory {done.flatness.start_mb:.1f} to {done.flatness.end_mb:.1f} MB")
    for sentence in wrong:
        print(f"wrong: {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
