"""Where a run's dashboard can be opened, for those who gave the address of their Grafana.

Law: text to text, nothing is asked of Grafana. An address goes into every summary and report, so it may hold no secret. The
subtle thing: a dashboard shows what InfluxDB has, so an address without one leads nowhere and is refused.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from replay_users.errors import UsageError

__all__ = ["OVERVIEW", "dashboard_link", "read_grafana"]

OVERVIEW = "replay-overview"
"""The uid of the dashboard that shows one run."""

_BEFORE_S, _AFTER_S = 5, 30
"""What is shown beside the run: its first and its last points lie a little outside."""


def read_grafana(url: str, *, has_points: bool) -> str:
    """What `--grafana-url` says, without a slash at the end; empty if it says nothing.

    Raises:
        UsageError: it is no address, or points are written nowhere.
    """
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError("--grafana-url is no plain address: write it like http://grafana:3000")
    if not has_points:
        raise UsageError(
            "--grafana-url leads nowhere without --influx-url http://HOST:8086, whose points it would show"
        )
    return url.rstrip("/")


def dashboard_link(grafana: str, run_id: str, started_at: float, elapsed_s: float) -> str:
    """The overview of a run that began at `started_at`, in seconds of the wall clock."""
    begin, end = round(1e3 * (started_at - _BEFORE_S)), round(1e3 * (started_at + elapsed_s + _AFTER_S))
    return f"{quote(grafana, safe=':/[]%')}/d/{OVERVIEW}?var-run={quote(run_id, safe='')}&from={begin}&to={end}"
