# ruff: noqa: INP001 - a folder of scripts
"""What more than one dashboard shows: the choices, the marks in time, the table of signatures, words in colours, links.

Law: each is made here once, so that dashboards cannot come to differ.
The subtle thing: a link names its target by `uid` and takes the time along, because a run is only seen in its own stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from k8s.grafana.model import annotation, query_variable
from k8s.grafana.panels import column, mapped, table
from k8s.grafana.queries import ENDPOINT, RUN, grouped, select, tag_values

if TYPE_CHECKING:
    from k8s.grafana.model import Json

__all__ = [
    "ENDPOINT_VERDICTS",
    "FAITHFUL",
    "VERDICTS",
    "endpoint_variable",
    "events",
    "run_variable",
    "signatures",
    "to_endpoint",
]

VERDICTS: Final = mapped(**{"pass": ("pass", "ok"), "fail": ("fail", "bad"), "inconclusive": ("inconclusive", "warn")})
ENDPOINT_VERDICTS: Final = mapped(
    ok=("ok", "ok"), slow=("slow", "warn"), failing=("failing", "bad"), few=("few", "grey")
)
FAITHFUL: Final = mapped(_1=("faithful", "ok"), _0=("not faithful", "bad"))


def run_variable() -> Json:
    """Which run; a run is there as soon as it has begun."""
    return query_variable("run", "Run", tag_values("replay_event", "run"))


def endpoint_variable() -> Json:
    """Which of the run's endpoints."""
    return query_variable("endpoint", "Endpoint", tag_values("replay_compare", "endpoint", RUN), many=True)


def events() -> list[Json]:
    """Start, end and autostop; warnings and workers that came or went for those who switch them on."""

    def of(kind: str) -> str:
        return select('"title", "text"', "replay_event", RUN, kind)

    return [
        annotation("Start", of("\"kind\" = 'start'"), "green"),
        annotation("End", of("\"kind\" = 'end'"), "blue"),
        annotation("Autostop", of("\"kind\" = 'autostop'"), "red"),
        annotation("Warnings and workers", of('"kind" =~ /^(warning|worker)$/'), "orange", shown=False),
    ]


def signatures(title: str, says: str, *, limit: int) -> Json:
    """The table of differences, the most frequent first."""
    tags = ("endpoint", "signature", "kind")
    counts = select(
        'sum("count") AS "exchanges", max("sessions") AS "sessions"', "replay_diff", RUN, ENDPOINT, by=grouped(*tags)
    )
    asked = select('"endpoint", "signature", "kind", "exchanges", "sessions"', f"({counts})")
    panel = table(title, says, asked, sort="exchanges", limit=limit)
    return column(panel, "/exchanges|sessions|kind/", width=100)


def to_endpoint(uid: str) -> dict[str, str]:
    """A link from a row to the same dashboard with its endpoint only."""
    chosen = "${datasource:queryparam}&${run:queryparam}&var-endpoint=${__data.fields.endpoint:percentencode}"
    return {"Only this endpoint": f"/d/{uid}?{chosen}&${{__url_time_range}}"}
