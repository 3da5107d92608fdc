"""How a contender measures itself: one JSON line on stdout for one window of time.

Law: what is printed here is all that the harness knows of a contender; ours and the peers' use the
same class.
The subtle thing: CPU is user + system time of the contender's own process, all threads, over the
window only, so start-up and imports cost nobody anything. Other work on the machine about doubles
it, which is why only ratios from one run count.
"""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Meter", "lag_percentiles_ms", "percentile"]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_rss_mb() -> float:
    """The most memory this program had at once; getrusage would count the parent's too, from between fork and exec."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines["VmHWM"].split()[0]) / 1024


class Meter:
    """A window of measuring: `start(n)`, then `line(n)` with the totals done at each moment."""

    def __init__(self) -> None:
        self.start(0)

    def start(self, n: int) -> None:
        """Open the window; `n` requests were done before it."""
        self._n, self._wall, self._cpu = n, time.perf_counter(), _cpu_s()

    def line(self, n: int, **more: float) -> str:
        """The JSON line of the window that began at `start`; `n` requests are done by now."""
        count, wall, cpu = n - self._n, time.perf_counter() - self._wall, _cpu_s() - self._cpu
        return json.dumps(
            {
                "n": count,
                "rps": count / wall,
                "cpu_us": cpu / max(count, 1) * 1e6,
                "busy": cpu / wall,
                "rss_mb": _peak_rss_mb(),
                **more,
            }
        )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile, `share` in 0..1, of an ordered sequence that is not empty."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def lag_percentiles_ms(lags_s: Iterable[float]) -> dict[str, float]:
    """`lag_p50_ms` … `lag_max_ms` of lags in seconds; empty where there are none."""
    ordered = sorted(lag * 1e3 for lag in lags_s)
    if not ordered:
        return {}
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {f"lag_{name}_ms": percentile(ordered, share) for name, share in shares.items()}
