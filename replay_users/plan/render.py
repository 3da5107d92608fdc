"""A plan as text for a person (30 lines at most) and as JSON for a program.

Law: the plan's values to text, nothing computed anew. The text cuts lists short and says so; the JSON has everything,
and its names stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.plan.duration import describe_duration
from replay_users.plan.layout import amounts, byte_size, columns, counted, labelled, shown, sparkline
from replay_users.plan.window import describe_instant
from replay_users.recording.partition import SAMPLE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.model import SkipReason
    from replay_users.plan.counts import PlannedEndpoint
    from replay_users.plan.plan import Plan, Reading
    from replay_users.plan.route import PlannedTarget

__all__ = ["plan_json", "plan_text"]

_LINES = 30
_ENDPOINTS = 5
_TARGETS = 4


def plan_text(plan: Plan) -> str:
    """The plan in at most 30 lines."""
    lines = [*_head(plan), "", *_figures(plan), "", *_endpoints(plan.counts.endpoints)]
    if plan.warnings:
        lines += ["", *_warnings(plan.warnings, _LINES - len(lines) - 1)]
    return "\n".join(lines) + "\n"


def _head(plan: Plan) -> list[str]:
    name = shown(plan.recording) or "a recording"
    where = "without a target"
    if len(plan.targets) == 1:
        where = f"against {_place(plan.targets[0])}"
    elif plan.targets:
        where = f"against {len(plan.targets):,} targets"
    return [f"Plan: replay {name} (manifest generation {plan.generation}) {where}"]


def _place(target: PlannedTarget) -> str:
    through = f" through proxy {target.proxy}" if target.proxy else ""
    return f"{target.route.url}, Host {target.host_header}{through}"


def _targets(targets: Sequence[PlannedTarget]) -> list[str]:
    """A line for each of several targets, the first ones only if there are many."""
    if len(targets) < 2:  # noqa: PLR2004 - one stands in the first line
        return []
    cut = len(targets) > _TARGETS
    lines = [f"{_place(t)}: {_amount(t)}" for t in targets[: _TARGETS - cut]]
    if cut:
        lines.append(f"and {len(targets) - len(lines):,} more, all of them with --json")
    return [labelled("" if nth else "targets", line) for nth, line in enumerate(lines)]


def _amount(target: PlannedTarget) -> str:
    bound = "" if target.exact else "up to "
    return f"{counted(target.hosts, 'host')}, {bound}{counted(target.rows, 'exchange')} of the whole recording"


def _figures(plan: Plan) -> list[str]:
    rate = plan.rate
    lines = [
        *_targets(plan.targets),
        labelled("window", f"{plan.window.describe()}, {_sample(plan)} % of the sessions"),
        labelled("pace", f"{plan.pace.describe()}, takes {describe_duration(plan.duration_ns)}"),
        labelled("rate", f"mean {rate.mean:,.1f}/s, peak {rate.peak:,.1f}/s"),
        labelled("", f"{sparkline(rate.values)} {rate.step_s:,.1f} s each"),
        labelled("planned", f"{counted(plan.planned, 'exchange')}, {plan.will_send:,} to send"),
        labelled("skipped", _skipped(plan)),
        labelled("methods", amounts(plan.counts.methods)),
        labelled("hosts", f"{amounts(plan.hosts)} (of the whole recording)"),
        labelled("protocols", f"{amounts(plan.protocols)} (of the whole recording)"),
        labelled("reads", _reading(plan.reading)),
        labelled("users", "one per worker is the whole stream; Locust's -u and -r have no meaning"),
    ]
    if plan.headers_left_out:
        share = plan.headers_left_out / plan.will_send
        text = f"{plan.headers_left_out:,} to send without a redacted header ({share:.1%})"
        lines.insert(len(lines) - 5, labelled("redacted", text))
    return lines


def _reading(reading: Reading) -> str:
    gets = f"about {counted(reading.gets, 'GET')} per worker"
    return f"{counted(reading.slices, 'slice')}, {byte_size(reading.bytes)}, {gets}"


def _sample(plan: Plan) -> str:
    return f"{plan.buckets * 100 / SAMPLE_BUCKETS:g}"


def _skipped(plan: Plan) -> str:
    skipped = plan.planned - plan.will_send
    if not skipped:
        return "none"
    share = skipped / plan.planned
    return f"{skipped:,} ({share:.1%}): {amounts(_by_name(plan.skipped_by))}"


def _by_name(skipped_by: Mapping[SkipReason, int]) -> dict[str, int]:
    return {reason.value: rows for reason, rows in skipped_by.items()}


def _endpoints(endpoints: Sequence[PlannedEndpoint]) -> list[str]:
    rows = [(shown(e.name), f"{e.planned:,}", f"{e.will_send:,}", _why(e)) for e in endpoints[:_ENDPOINTS]]
    skipped = "skipped" if any(row[-1] for row in rows) else ""
    lines = columns([("endpoint", "planned", "to send", skipped), *rows])
    if len(endpoints) > _ENDPOINTS:
        lines.append(f"and {len(endpoints) - _ENDPOINTS:,} more, all of them with --json")
    return lines


def _why(endpoint: PlannedEndpoint) -> str:
    return amounts(_by_name(endpoint.skipped_by)) if endpoint.skipped_by else ""


def _warnings(warnings: Sequence[str], room: int) -> list[str]:
    if len(warnings) <= room:
        return [f"note: {text}" for text in warnings]
    kept = [f"note: {text}" for text in warnings[: room - 1]]
    return [*kept, f"and {len(warnings) - room + 1} more notes, all of them with --json"]


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values; times in s or ISO 8601, sizes in bytes, rates in exchanges per second."""
    rate, reading = plan.rate, plan.reading
    return {
        "recording": plan.recording,
        "manifest": plan.generation,
        "target": plan.target,
        "host_header": plan.host_header,
        "targets": [_target_json(target) for target in plan.targets],
        "window": _window_json(plan),
        "sample_percent": plan.buckets * 100 / SAMPLE_BUCKETS,
        "pace": plan.pace.describe(),
        "duration_s": round(plan.duration_s, 6),
        "planned": plan.planned,
        "will_send": plan.will_send,
        "skipped": plan.planned - plan.will_send,
        "skipped_by": _by_name(plan.skipped_by),
        "headers_left_out": plan.headers_left_out,
        "rate": {
            "mean": round(rate.mean, 3),
            "peak": round(rate.peak, 3),
            "step_s": round(rate.step_s, 6),
            "values": [round(value, 3) for value in rate.values],
        },
        "methods": dict(plan.counts.methods),
        "hosts": dict(plan.hosts),
        "protocols": dict(plan.protocols),
        "reading": {"slices": reading.slices, "bytes": reading.bytes, "gets": reading.gets},
        "endpoints": [_endpoint_json(endpoint) for endpoint in plan.counts.endpoints],
        "warnings": list(plan.warnings),
    }


def _target_json(target: PlannedTarget) -> Mapping[str, Any]:
    return {
        "target": target.route.url,
        "host_header": target.host_header,
        "proxy": target.proxy,
        "hosts": target.hosts,
        "rows": target.rows,
        "exact": target.exact,
    }


def _window_json(plan: Plan) -> Mapping[str, Any]:
    window = plan.window
    return {
        "start": describe_instant(window.start),
        "end": describe_instant(window.end),
        "origin_ns": window.origin,
    }


def _endpoint_json(endpoint: PlannedEndpoint) -> Mapping[str, Any]:
    return {
        "endpoint": endpoint.name,
        "planned": endpoint.planned,
        "will_send": endpoint.will_send,
        "skipped_by": _by_name(endpoint.skipped_by),
    }
