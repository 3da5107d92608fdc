"""wrk, the C load generator people measure servers with: the ceiling a generator is held against.

Law: one thread, the same connections and header lines as the others; CPU is that of the wrk
process alone.
The subtle thing: wrk is no Python package; where it is not installed the contender says so and its
rows are skipped.
"""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess

from benchmarks.peers.request import CONNECTIONS, HEADERS, HOST, PATHS, port, scheme, seconds

__all__ = ["measure"]


def _run(wrk: str) -> str:
    headers = [word for name, value in HEADERS.items() for word in ("-H", f"{name}: {value}")]
    run_s = max(1, round(seconds()))
    url = f"{scheme()}://{HOST}:{port()}{PATHS[0]}"
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{run_s}s", *headers, url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=run_s + 30).stdout


def _found(pattern: str, said: str) -> float:
    match = re.search(pattern, said)
    if not match:
        raise ValueError(f"wrk's output has no {pattern!r}: {said}")
    return float(match[1])


def measure() -> dict[str, float | str]:
    """What wrk reached, or why it could not be run."""
    wrk = shutil.which("wrk")
    if not wrk:
        return {"skip": "wrk is not installed (Debian: apt install wrk)"}
    said = _run(wrk)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    n, rps = _found(r"(\d+) requests in", said), _found(r"Requests/sec:\s+([\d.]+)", said)
    cpu_s = used.ru_utime + used.ru_stime
    failed = sum(float(count) for count in re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said))
    return {
        "n": n,
        "rps": rps,
        "cpu_us": cpu_s / max(n, 1) * 1e6,
        "busy": cpu_s * rps / n,
        "rss_mb": used.ru_maxrss / 1024,
        "failed": failed,
    }


if __name__ == "__main__":
    print(json.dumps(measure()), flush=True)
