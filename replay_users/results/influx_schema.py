"""What a run writes to InfluxDB: the measurements, their tags and fields with types and units, and how many series at most.

Law: pure constants. The points are built from these and the dashboards' queries are checked against them, so that a panel
cannot ask for what nobody writes.
The subtle thing: a field has one type for ever. InfluxDB refuses a whole point whose field came as another type before
(measured on 1.6 and 2.7: 400 and 422), so durations, rates and ratios are floats even where they are whole, and counts ints.
All tags of a measurement are on each of its points, sorted: InfluxDB 3 fixes the columns at the first one, and there a tag
and a field cannot have the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "COMPARE",
    "DIFF",
    "ENDPOINTS_KEPT",
    "EVENT",
    "EVENT_KINDS",
    "GENERATOR",
    "INTERVAL_S",
    "LATENCY",
    "MEASUREMENTS",
    "OTHER",
    "RUN",
    "SERIES_BUDGET",
    "SIDES",
    "SIGNATURES_KEPT",
    "SIGNATURES_SHOWN",
    "STATUS",
    "STATUSES_KEPT",
    "SUMMARY",
    "VERDICT",
    "WORKERS_KEPT",
    "Field",
    "Kind",
    "Measurement",
]

INTERVAL_S: Final = 5
"""Seconds between two flushes; a panel's smallest interval."""

SERIES_BUDGET: Final = 2_000
"""Series of one run, at most."""

ENDPOINTS_KEPT: Final = 200
"""Endpoints with series of their own; further ones are summed up under `OTHER`."""
SIGNATURES_SHOWN: Final = 200
"""Signatures written at one time: the most frequent."""
SIGNATURES_KEPT: Final = 400
"""Signatures with a series, over a whole run: who is among the most frequent changes while it goes on."""
STATUSES_KEPT: Final = 500
"""Endpoints x two statuses with a series of their own; further ones count under endpoint `OTHER`, kind `OTHER`."""
WORKERS_KEPT: Final = 200
"""Workers with a series of their own; the health of further ones is summed up under `OTHER`."""

OTHER: Final = "__other__"
"""The tag value of all that found no series of its own."""

SIDES: Final = ("recorded", "replayed")
EVENT_KINDS: Final = ("start", "end", "autostop", "warning", "worker")


class Kind(StrEnum):
    """A field's type, which never changes."""

    FLOAT = "float"
    INT = "integer"
    TEXT = "string"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `unit` as Grafana calls it (`ms`, `s`, `short`, `reqps`, `percent`, `bool`, empty for text)."""

    name: str
    kind: Kind
    unit: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measurement: its tags in their order, its fields, and how many series a run gives it at most."""

    name: str
    tags: tuple[str, ...]
    fields: tuple[Field, ...]
    series: int
    says: str

    @property
    def kinds(self) -> dict[str, Kind]:
        """The type of each field by its name."""
        return {field.name: field.kind for field in self.fields}


def _ms(name: str, says: str) -> Field:
    return Field(name, Kind.FLOAT, "ms", says)


def _count(name: str, says: str) -> Field:
    return Field(name, Kind.INT, "short", says)


def _text(name: str, says: str) -> Field:
    return Field(name, Kind.TEXT, "", says)


LATENCY: Final = Measurement(
    name="replay_latency",
    tags=("endpoint", "run", "side"),
    fields=(
        _count("count", "answers with a time, of the interval"),
        _ms("sum_ms", "their times added up: sum(sum_ms) / sum(count) is the mean"),
        _ms("max_ms", "the longest of them"),
        _ms(
            "p50_ms",
            "percentiles of the interval, those that never ended included; absent where one of them falls there",
        ),
        _ms("p90_ms", "as p50_ms"),
        _ms("p95_ms", "as p50_ms"),
        _ms("p99_ms", "as p50_ms"),
        _count("over", "exchanges of the interval that have no time because no answer came; larger than any number"),
    ),
    series=(ENDPOINTS_KEPT + 1) * len(SIDES),
    says="how long answers took, recorded and replayed, of the interval",
)

COMPARE: Final = Measurement(
    name="replay_compare",
    tags=("endpoint", "run"),
    fields=(
        _count("sent", "requests sent"),
        _count("compared", "answers compared"),
        _count("matched", "answers that match after the rules"),
        _count("mismatched", "answers that differ, for whatever reason"),
        _count("regressions", "answers that differ for no reason but the release"),
        _count("unchecked", "answers that were not compared"),
        _count("failed", "requests without an answer"),
        _count("dropped", "not sent, by our limits"),
        _count("skipped", "not sent, by choice or need"),
        _count("broken", "recorded 2xx, replayed 5xx, and no rule settles it"),
        Field("ratio_p50", Kind.FLOAT, "short", "median of replayed / recorded; absent without a pair"),
    ),
    series=ENDPOINTS_KEPT + 1,
    says="what became of the exchanges of the interval",
)

STATUS: Final = Measurement(
    name="replay_status",
    tags=("endpoint", "kind", "run"),
    fields=(_count("count", "answers of the interval"),),
    series=STATUSES_KEPT + 1,
    says="answers of the interval by recorded and replayed status; kind is `200 -> 500`",
)

DIFF: Final = Measurement(
    name="replay_diff",
    tags=("endpoint", "kind", "run", "signature"),
    fields=(
        _count("count", "exchanges of the interval that show it"),
        _count("sessions", "distinct sessions that showed it so far"),
    ),
    series=SIGNATURES_KEPT,
    says="the most frequent signatures; kind is that of the difference, signature its path",
)

GENERATOR: Final = Measurement(
    name="replay_generator",
    tags=("run", "worker"),
    fields=(
        _count("sent", "requests sent in the interval"),
        Field("rate", Kind.FLOAT, "reqps", "requests sent a second, of the interval"),
        _ms("lag_p50_ms", "how late we took up what was ready, of the interval"),
        _ms("lag_p99_ms", "as lag_p50_ms"),
        _ms("lag_max_ms", "as lag_p50_ms"),
        _ms("wait_p99_ms", "how long requests waited for earlier answers of their session, of the interval"),
        _ms("hub_p99_ms", "how late the event loop woke up, of the interval"),
        _count("queued", "answers that wait to be compared, now"),
        _count("in_flight", "requests sent and not yet answered, now"),
    ),
    series=WORKERS_KEPT + 1,
    says="the health of each process that sends",
)

RUN: Final = Measurement(
    name="replay_run",
    tags=("run",),
    fields=(
        _count("planned", "exchanges of the whole plan"),
        _count("sent", "requests sent so far"),
        _count("dropped", "so far not sent, by our limits"),
        _count("skipped", "so far not sent, by choice or need"),
        _count("unread", "exchanges of the plan that nobody could read"),
        _count("in_doubt", "a dead worker may have sent them"),
        _count("failed", "requests so far without an answer"),
        _count("compared", "answers compared so far"),
        _count("mismatched", "answers that differ so far"),
        _count("regressions", "those that differ for no reason but the release"),
        Field(
            "planned_rate", Kind.FLOAT, "reqps", "exchanges due a second, of the interval; absent where it is not known"
        ),
        Field("sent_rate", Kind.FLOAT, "reqps", "requests sent a second, of the interval"),
        _ms("lag_p99_ms", "over all workers, of the interval"),
        _ms("wait_p99_ms", "over all workers, of the interval"),
        _ms("hub_p99_ms", "over all workers, of the interval"),
        Field("stretch_percent", Kind.FLOAT, "percent", "by how much the run took longer than its plan; at the end"),
        Field("valid", Kind.INT, "bool", "1 if the run was faithful so far, else 0"),
        _count("points_dropped", "points that InfluxDB never got, so far"),
    ),
    series=1,
    says="the account of the run so far, and its pace in the interval",
)

EVENT: Final = Measurement(
    name="replay_event",
    tags=("kind", "run"),
    fields=(_text("title", "what happened, in a few words"), _text("text", "what happened, in a sentence")),
    series=len(EVENT_KINDS),
    says=f"what annotations show; kind is one of {', '.join(EVENT_KINDS)}",
)

SUMMARY: Final = Measurement(
    name="replay_summary",
    tags=("endpoint", "run"),
    fields=(
        _count("count", "requests sent"),
        Field("ratio", Kind.FLOAT, "short", "median of replayed / recorded of the run"),
        Field("ratio_lower", Kind.FLOAT, "short", "its lower bound, 99 %"),
        Field("ratio_upper", Kind.FLOAT, "short", "its upper bound, 99 %"),
        _ms("recorded_p50_ms", "of the recorded answers"),
        _ms("recorded_p95_ms", "of the recorded answers"),
        _ms("service_p50_ms", "of the replayed answers"),
        _ms("service_p95_ms", "of the replayed answers"),
        _count("mismatched", "answers that differ"),
        _text("verdict", "the endpoint's verdict as in result.json"),
    ),
    series=ENDPOINTS_KEPT,
    says="each endpoint over the whole run, written once, at its end",
)

VERDICT: Final = Measurement(
    name="replay_verdict",
    tags=("run",),
    fields=(
        _text("verdict", "pass, fail or inconclusive"),
        Field("exit_code", Kind.INT, "none", "the exit code of the run"),
        _count("planned", "exchanges of the plan"),
        _count("sent", "requests sent"),
        _count("failed", "requests without an answer"),
        _count("compared", "answers compared"),
        _count("mismatched", "answers that differ"),
        _count("regressions", "those that differ for no reason but the release"),
        Field("duration_s", Kind.FLOAT, "s", "how long the run took"),
        Field(
            "started_ms", Kind.INT, "dateTimeAsIso", "when it began, ms since 1970: the run list links to this stretch"
        ),
        Field("ended_ms", Kind.INT, "dateTimeAsIso", "when its last points were written, as started_ms"),
        _text("target", "where the requests went"),
        _text("pace", "how recorded time became run time"),
        _text("recording", "what was replayed"),
        _text("labels", "`key=value` of --label, joined by `, `"),
    ),
    series=1,
    says="how the run ended, written once",
)

MEASUREMENTS: Final = {
    each.name: each for each in (LATENCY, COMPARE, STATUS, DIFF, GENERATOR, RUN, EVENT, SUMMARY, VERDICT)
}
"""All measurements by their names."""
