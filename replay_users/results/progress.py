"""The one line that says how a run is going.

Law: values to text; when it is shown, and over which time its figures reach, is decided elsewhere.
"""

from __future__ import annotations

from replay_users.plan.duration import SECOND, describe_duration

__all__ = ["progress_line"]


def progress_line(
    done: int,
    planned: int,
    rate: float,
    lag_p99_ms: float | str | None,
    mismatched: int,
    left_s: float | None,
) -> str:
    """How far, how fast, how late, how different, how long still.

    Args:
        done: planned exchanges that have come to their end, however they did.
        planned: all of them.
        rate: sent per second, lately.
        lag_p99_ms: lag lately, in ms; `"over"` among drops, `None` if nothing was sent.
        mismatched: answers that differ, so far.
        left_s: seconds until the last is due; `None` if unknown.

    >>> progress_line(1200, 4800, 99.7, 0.42, 3, 36.2)
    '1,200/4,800 (25 %)  100/s  lag p99 0.4 ms  3 mismatched  36s left'
    """
    share = f" ({100 * done // planned} %)" if planned else ""
    left = "" if left_s is None else f"{describe_duration(round(max(left_s, 0) * SECOND))} left"
    parts = (f"{done:,}/{planned:,}{share}", f"{rate:,.0f}/s", _lag(lag_p99_ms), f"{mismatched:,} mismatched", left)
    return "  ".join(part for part in parts if part)


def _lag(p99_ms: float | str | None) -> str:
    if p99_ms is None:
        return ""
    return f"lag p99 {p99_ms}" if isinstance(p99_ms, str) else f"lag p99 {p99_ms:,.1f} ms"
