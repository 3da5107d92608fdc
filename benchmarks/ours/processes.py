"""Locust with so many processes, as a user starts it: what they get done together, and when each began.

Law: starts the real command and reads its result.json; nothing of the product is imported. The subtle thing: the wall time
is that between the first and the last request sent, by the run's own clock, which is `due` stretched by `stretch_percent`;
starting processes is not in it. It is not pinned: two processes want two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers.request import HOST, port

__all__ = ["figures"]

LOCUSTFILES = {"signing": "benchmarks/ours/signing.py", "plain": "locustfiles/replay.py"}
_WITHIN_S = 100


def figures(result: dict[str, Any], pace: float) -> dict[str, float]:
    """What the JSON line has of a run whose pace was so many requests per second."""
    totals, workers = result["totals"], result.get("workers") or []
    due_s = totals["sent"] / pace
    sent_s = due_s * (1 + result["fidelity"]["stretch_percent"] / 100)
    starts = [abs(worker["start_ms"]) for worker in workers if worker["start_ms"] is not None]
    unwanted = totals["planned"] - totals["sent"]
    return {
        "n": totals["sent"],
        "rps": totals["sent"] / sent_s,
        "failed": totals["failed"] + unwanted,
        **({"start_ms": max(starts)} if starts else {}),
    }


def command(processes: int, locustfile: str, pace: float, out: Path) -> list[str]:
    """The command line."""
    words = [sys.executable, "-m", "locust", "-f", LOCUSTFILES[locustfile], "--headless", "--only-summary"]
    words += ["--recording", os.environ["BENCH_RECORDING"], "--host", f"http://{HOST}:{port()}", "--out", str(out)]
    words += ["--pace", f"{pace:g}/s", "--max-lag", "1h", "--max-wait", "1h", "--max-in-flight", "100000"]
    return words + (["--processes", str(processes)] if processes > 1 else [])


def main() -> None:
    """Run and print the JSON line."""
    parser = argparse.ArgumentParser(description="Locust with several processes.")
    parser.add_argument("--processes", type=int, required=True)
    parser.add_argument("--pace", type=float, default=60_000)
    parser.add_argument("--locustfile", choices=LOCUSTFILES, default="signing")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        words = command(asked.processes, asked.locustfile, asked.pace, Path(folder))
        done = subprocess.run(words, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
        path = Path(folder) / "result.json"
        if not path.exists():
            sys.exit(f"no result, exit {done.returncode}: {done.stderr[-500:]}")
        print(json.dumps(figures(json.loads(path.read_bytes()), asked.pace)), flush=True)


if __name__ == "__main__":
    main()
