"""The points of a run that come once: its start, what happened, and how it ended.

Law: pure. What can be said from result.json is said from it, so that a person finds the same in both.
The subtle thing: points of one series at one time are one point, so two things that happened at the same moment are a
nanosecond apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.results.influx_lines import in_ms
from replay_users.results.influx_schema import ENDPOINTS_KEPT, EVENT, SUMMARY, VERDICT
from replay_users.results.interval import Counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from replay_users.results.points import RunPoints

__all__ = ["end_points", "start_point"]

_KINDS = ("autostop", "worker")
"""Kinds of events that are named in result.json's own word for them; all others are warnings."""


def start_point(points: RunPoints, facts: Mapping[str, Any], at: int) -> str:
    """The start of a run; `facts` are those of `events.run_started`."""
    text = f"{facts['planned']:,} exchanges of {facts['recording']} against {facts['target']} at {facts['pace']}"
    return _event(points, str(facts["run_id"]), "start", "replay started", text + _labels(facts["labels"], ", "), at)


def end_points(points: RunPoints, result: Mapping[str, Any], *, started: int, ended: int, at: int) -> Iterator[str]:
    """What there is to say when the run has its result, in pieces.

    Args:
        points: those of the run so far.
        result: the content of result.json.
        started: the run's time 0, UTC ns.
        ended: when everything was counted.
        at: the time of the points.
    """
    yield points.signatures.rest(result["signatures"], at)
    run, verdict = result["run"]["id"], result["gate"]["verdict"]
    for nth, event in enumerate(result["events"]):
        kind = next((kind for kind in _KINDS if kind in event["event"]), "warning")
        yield _event(points, run, kind, event["event"], event["text"], started + int(event["at_s"] * 1e9) + nth)
    yield _event(points, run, "end", f"replay {verdict}", _told(result), at)
    for endpoint in sorted(result["endpoints"], key=lambda each: -each["count"])[:ENDPOINTS_KEPT]:
        values = _summary(endpoint, points.seen.get(endpoint["endpoint"], Counted()))
        yield points.lines.of(SUMMARY, (endpoint["endpoint"], run), values, at)
    yield points.lines.of(VERDICT, (run,), _verdict(result, started, ended, at), at)


def _event(points: RunPoints, run: str, kind: str, title: str, text: str, at: int) -> str:
    return points.lines.of(EVENT, (kind, run), {"title": title, "text": f"run {run}: {text}"}, at)


def _told(result: Mapping[str, Any]) -> str:
    totals = result["totals"]
    counts = ", ".join(f"{totals[name]:,} {name}" for name in ("sent", "failed", "mismatched"))
    return f"{result['gate']['verdict']}, exit code {result['exit_code']}: {counts}"


def _labels(labels: Mapping[str, str], before: str = "") -> str:
    return before + ", ".join(f"{key}={value}" for key, value in labels.items()) if labels else ""


def _summary(endpoint: Mapping[str, Any], seen: Counted) -> dict[str, Any]:
    """Of one endpoint, over the whole run; result.json has no p95."""
    ratio = endpoint["ratio"]
    values = {
        "count": endpoint["count"],
        "ratio": ratio["value"],
        "ratio_lower": ratio["lower"],
        "ratio_upper": ratio["upper"],
        "mismatched": endpoint["mismatched"],
        "verdict": endpoint["verdict"],
    }
    for side, times in (("recorded", seen.recorded), ("service", seen.service)):
        p50, p95 = times.quantiles(0.5, 0.95)
        values |= {f"{side}_p50_ms": in_ms(p50), f"{side}_p95_ms": in_ms(p95)}
    return values


def _verdict(result: Mapping[str, Any], started: int, ended: int, at: int) -> dict[str, Any]:
    run, totals = result["run"], result["totals"]
    counts = {name: totals[name] for name in ("planned", "sent", "failed", "compared", "mismatched")}
    return {
        **counts,
        "verdict": result["gate"]["verdict"],
        "exit_code": result["exit_code"],
        "regressions": totals["mismatched_by"].get("regression", 0),
        "duration_s": (ended - started) / 1e9,
        "started_ms": started // 1_000_000,
        "ended_ms": -(-at // 1_000_000),  # the stretch of time that a link shows has all points in it
        **{name: run[name] for name in ("target", "pace", "recording")},
        "labels": _labels(run["labels"]),
    }
