"""What is in a recording, as `inspect` shows it: text for a person, JSON for a program.

Law: the manifest's values to text; no slice is opened. Latencies are the recorded ones, of production.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.histogram import Histogram
from replay_users.plan.duration import describe_duration
from replay_users.plan.layout import amounts, byte_size, columns, counted, labelled, milliseconds, shown
from replay_users.plan.window import describe_instant

if TYPE_CHECKING:
    from replay_users.recording.manifest import EndpointInfo, Manifest

__all__ = ["inspect_json", "inspect_text"]

_ENDPOINTS = 20


def inspect_text(manifest: Manifest, name: str = "") -> str:
    """A recording in one screen: range, sessions, hosts, quality, and the endpoints most asked for."""
    lines = [*_figures(manifest, name), "", *_endpoints(manifest)]
    return "\n".join(lines) + "\n"


def _figures(manifest: Manifest, name: str) -> list[str]:
    m = manifest
    span = describe_duration(m.last_at - m.first_at)
    stored = sum(s.size for s in m.slices)
    raw = sum(s.raw_bytes for s in m.slices)
    return [
        f"Recording {shown(name)}".rstrip()
        + f": {counted(m.rows, 'exchange')}, schema version {m.schema_version}, manifest generation {m.generation}",
        "",
        labelled("range", f"{describe_instant(m.first_at)} to {describe_instant(m.last_at)} ({span})"),
        labelled(
            "stored",
            f"{counted(len(m.slices), 'slice')}, {byte_size(stored)} ({byte_size(raw)} raw), {m.partitions} partitions",
        ),
        labelled("sessions", f"by {amounts(m.session_kinds)}; {len(m.shared_sessions):,} shared"),
        labelled("in flight", f"{m.peak_concurrency:,} at most"),
        labelled("methods", amounts(m.methods)),
        labelled("hosts", amounts(m.hosts)),
        labelled("protocols", amounts(m.protocols)),
        labelled("statuses", amounts({f"{status}:": rows for status, rows in m.statuses.items()})),
        labelled("capture", amounts(m.capture)),
        labelled("redacted", f"{amounts(m.redaction)}; pseudonyms by key {shown(m.hmac_key_id or 'unknown')}"),
    ]


def _busiest_first(manifest: Manifest) -> list[EndpointInfo]:
    return sorted(manifest.endpoints, key=lambda info: (-info.rows, info.name))


def _endpoints(manifest: Manifest) -> list[str]:
    endpoints = _busiest_first(manifest)
    rows = [_endpoint_row(info, manifest.rows) for info in endpoints[:_ENDPOINTS]]
    lines = columns([("endpoint", "rows", "share", "p50", "p99"), *rows])
    if len(endpoints) > _ENDPOINTS:
        lines.append(f"and {len(endpoints) - _ENDPOINTS:,} more, all of them with --json")
    return lines


def _endpoint_row(info: EndpointInfo, rows: int) -> tuple[str, ...]:
    recorded = Histogram.from_dict(info.latency)
    percentiles = (milliseconds(recorded.quantile(q)) for q in (0.5, 0.99))
    return (shown(info.name), f"{info.rows:,}", f"{info.rows / rows:.1%}", *percentiles)


def inspect_json(manifest: Manifest, name: str = "") -> dict[str, Any]:
    """A recording as JSON values; times in ISO 8601 and ns, sizes in bytes, latencies in ms."""
    return {
        "recording": name,
        "schema_version": manifest.schema_version,
        "manifest": manifest.generation,
        "rows": manifest.rows,
        "first_at": describe_instant(manifest.first_at),
        "last_at": describe_instant(manifest.last_at),
        "duration_s": round((manifest.last_at - manifest.first_at) / 1e9, 6),
        "partitions": manifest.partitions,
        "slices": len(manifest.slices),
        "bytes": sum(s.size for s in manifest.slices),
        "raw_bytes": sum(s.raw_bytes for s in manifest.slices),
        "session_kinds": dict(manifest.session_kinds),
        "shared_sessions": len(manifest.shared_sessions),
        "peak_concurrency": manifest.peak_concurrency,
        "methods": dict(manifest.methods),
        "hosts": dict(manifest.hosts),
        "protocols": dict(manifest.protocols),
        "statuses": dict(manifest.statuses),
        "capture": dict(manifest.capture),
        "redaction": dict(manifest.redaction),
        "hmac_key_id": manifest.hmac_key_id,
        "endpoints": [_endpoint_json(info) for info in _busiest_first(manifest)],
    }


def _endpoint_json(info: EndpointInfo) -> dict[str, Any]:
    recorded = Histogram.from_dict(info.latency).to_ms_summary()
    return {"endpoint": info.name, "rows": info.rows, "recorded_ms": recorded}
