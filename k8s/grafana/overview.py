# ruff: noqa: INP001 - a folder of scripts
"""The dashboard of one run: can it be believed, did it get slower, do the answers differ, and who sent.

Law: what each panel asks and says; how it looks is `panels.py`'s. Numbers on top are of the whole run, lines of intervals.
The subtle thing: verdict, endpoints and stretch are written when the run ends, and all else while it goes on.
"""

from __future__ import annotations

from typing import Final

from k8s.grafana.model import Json, Placed, Row, dashboard, datasource_variable, query_variable
from k8s.grafana.panels import ask, column, lines, number, series, states, steps, table
from k8s.grafana.queries import ENDPOINT, RUN, WORKER, in_time, percentile, select, tag_values
from k8s.grafana.shared import (
    ENDPOINT_VERDICTS,
    FAITHFUL,
    VERDICTS,
    endpoint_variable,
    events,
    run_variable,
    signatures,
    to_endpoint,
)
from replay_users.results.slow import SLOW_RATIO
from replay_users.results.validity import MAX_LAG_P99

__all__ = ["overview"]

_MAX_LAG_MS: Final = MAX_LAG_P99 / 1_000_000


def overview() -> Json:
    """`replay-overview`."""
    return dashboard(
        uid="replay-overview",
        title="Replay: overview",
        says="One run: can it be believed, did the target get slower, do its answers differ, and who sent.",
        since="now-1h",
        refresh="10s",
        variables=[
            datasource_variable(),
            run_variable(),
            endpoint_variable(),
            query_variable("worker", "Worker", tag_values("replay_generator", "worker", RUN), many=True),
        ],
        annotations=events(),
        rows=[
            Row(title="", panels=(*_end(), *_rates(), *_times())),
            Row(title="Did it get slower?", panels=_latency()),
            Row(title="Each endpoint: recorded against replayed", panels=_each_endpoint(), closed=True),
            Row(title="Do the answers differ?", panels=_answers()),
            Row(title="Was the replay itself faithful?", panels=(*_pace(), *_not_sent())),
            Row(title="The processes that send", panels=_generators()),
        ],
    )


def _of_run(fields: str) -> str:
    return select(fields, "replay_run", RUN)


def _end() -> tuple[Placed, ...]:
    verdict = number(
        "Verdict",
        "What the gate said: pass, fail or inconclusive. While the run goes on there is none yet. Why it said so is in the"
        " run's report.html and result.json.",
        [ask(select('last("verdict")', "replay_verdict", RUN), name="verdict")],
        unit="string",
        mappings=VERDICTS,
        text="verdict",
        nothing="running",
    )
    faithful = number(
        "Faithful",
        "Whether the replay did what it was meant to: sent what was planned, when it was due. If not, its latency is not to be"
        " trusted; what is said about answers may still be.",
        [ask(_of_run('last("valid")'), name="faithful")],
        unit="none",
        mappings=FAITHFUL,
    )
    sent = number(
        "Planned and sent",
        "Requests of the whole plan, and those sent so far. Below is what became of the others.",
        [ask(_of_run('last("planned") AS "planned", last("sent") AS "sent"'), name="$col")],
        unit="short",
        thresholds=steps(base="calm"),
    )
    return ((3, 4, verdict), (3, 4, faithful), (4, 4, sent))


def _rates() -> tuple[Placed, ...]:
    shares = (
        'last("mismatched") / last("compared") AS "differ", last("regressions") / last("compared") AS "regressions"'
    )
    differ = number(
        "Answers that differ",
        "Share of the compared answers that differ after the rules, and of those that differ for no reason but the release"
        " (regressions): only these fail a run.",
        [ask(_of_run(shares), name="$col")],
        unit="percentunit",
        decimals=2,
        thresholds=steps((0.000001, "warn")),
    )
    failed = number(
        "No answer",
        "Share of the sent requests that got no answer: refused, reset, timed out.",
        [ask(_of_run('last("failed") / last("sent")'), name="no answer")],
        unit="percentunit",
        decimals=2,
        thresholds=steps((0.000001, "warn")),
    )
    return ((4, 4, differ), (3, 4, failed))


def _times() -> tuple[Placed, ...]:
    lag = number(
        "Lag p99",
        "How late we were, in an ordinary interval and in the worst. Above 10 ms over the whole run its latency says nothing.",
        [ask(_of_run('median("lag_p99_ms") AS "usual", max("lag_p99_ms") AS "worst"'), name="$col")],
        unit="ms",
        decimals=1,
        thresholds=steps((_MAX_LAG_MS, "warn")),
    )
    p95 = number(
        "p95",
        "The time within which 95 % of the answers came: recorded in production, and now. The mean over intervals and the"
        " chosen endpoints, each weighted by its answers.",
        [ask(percentile("p95_ms", by='GROUP BY "side"'), name="$tag_side")],
        unit="ms",
        thresholds=steps(base="calm"),
    )
    return ((3, 4, lag), (4, 4, p95))


def _times_of_answers(title: str, says: str) -> Json:
    asked = [
        ask(percentile(f"{name}_ms", by=in_time("side")), name=f"$tag_side {name}", ref=ref)
        for ref, name in (("A", "p95"), ("B", "p50"))
    ]
    panel = series(lines(title, says, asked, unit="ms"), "^recorded", dashed=True)
    colors = {"replayed p95": "orange", "replayed p50": "yellow", "recorded p95": "blue", "recorded p50": "light-blue"}
    for name, color in colors.items():
        panel = series(panel, f"^{name}$", color=color)
    return panel


def _latency() -> tuple[Placed, ...]:
    together = _times_of_answers(
        "Times of answers: recorded (dashed) and replayed",
        "Whether the target answers as fast as production did, at the same moments of the same traffic. An interval in which"
        " more than 5 % got no answer has no p95.",
    )
    ratio = lines(
        "How much slower, by endpoint",
        "Median of replayed / recorded over pairs of the same exchange: 1 is as fast as production, the dashed line is where an"
        " endpoint is called slow. Production was measured at another place, so this is advice; runs are compared under Runs.",
        [
            ask(
                select('mean("ratio_p50")', "replay_compare", RUN, ENDPOINT, by=in_time("endpoint")),
                name="$tag_endpoint",
            )
        ],
        unit="none",
        decimals=2,
        limit=SLOW_RATIO,
    )
    return ((12, 9, together), (12, 9, ratio), (24, 9, _endpoints()))


_COLUMNS: Final = {
    "verdict": "verdict",
    "count": "sent",
    "recorded_p50_ms": "recorded p50",
    "service_p50_ms": "replayed p50",
    "recorded_p95_ms": "recorded p95",
    "service_p95_ms": "replayed p95",
    "ratio": "ratio",
    "ratio_lower": "at least",
    "ratio_upper": "at most",
    "mismatched": "differ",
}


def _endpoints() -> Json:
    chosen = ", ".join(f'"{field}" AS "{name}"' for field, name in _COLUMNS.items())
    panel = table(
        "Endpoints, over the whole run",
        "Which endpoints got slower or answer otherwise. Written when the run ends. The ratio is the median of replayed /"
        " recorded, with its bounds at 99 %.",
        select(f'"endpoint", {chosen}', "replay_summary", RUN, ENDPOINT),
        sort="ratio",
    )
    panel = column(panel, "endpoint", width=340, links=to_endpoint("replay-overview"))
    panel = column(panel, "verdict", mappings=ENDPOINT_VERDICTS)
    panel = column(panel, "/p50|p95/", unit="ms")
    panel = column(panel, "/ratio|at least|at most/", unit="none", decimals=2)
    panel = column(panel, "ratio", thresholds=steps((SLOW_RATIO, "warn"), base="grey"))
    return column(panel, "differ", thresholds=steps((1, "warn"), base="grey"))


def _each_endpoint() -> tuple[Placed, ...]:
    panel = _times_of_answers(
        "$endpoint", "Times of this endpoint's answers: recorded in production (dashed), and replayed."
    )
    return ((8, 7, {**panel, "repeat": "endpoint", "repeatDirection": "h", "maxPerRow": 3}),)


def _answers() -> tuple[Placed, ...]:
    shares = (
        'sum("mismatched") / sum("compared") AS "differ", sum("regressions") / sum("compared") AS "regressions",'
        ' sum("failed") / sum("sent") AS "no answer"'
    )
    rates = lines(
        "Answers that differ, or never came",
        "When it began: shares of the compared answers that differ, of those that are regressions, and of the sent requests"
        " without an answer.",
        [ask(select(shares, "replay_compare", RUN, ENDPOINT, by=in_time()), name="$col")],
        unit="percentunit",
    )
    for name, color in (("differ", "orange"), ("regressions", "red"), ("no answer", "purple")):
        rates = series(rates, f"^{name}$", color=color)
    found = signatures(
        "What differs most",
        "The ten most frequent differences so far: where in the answer, in what way, in how many exchanges and sessions.",
        limit=10,
    )
    to_all = {"All differences": "/d/replay-mismatches?${datasource:queryparam}&${run:queryparam}&${__url_time_range}"}
    return ((12, 9, rates), (12, 9, column(found, "signature", links=to_all)))


def _pace() -> tuple[Placed, ...]:
    rates = 'mean("planned_rate") AS "planned", mean("sent_rate") AS "sent"'
    pace = lines(
        "Pace: planned and sent",
        "Whether requests went out as fast as the plan wanted. Sent below planned: see lag (we are too slow) and wait (the"
        " target is).",
        [ask(select(rates, "replay_run", RUN, by=in_time()), name="$col")],
        unit="reqps",
    )
    times = 'max("lag_p99_ms") AS "lag", max("wait_p99_ms") AS "wait", max("hub_p99_ms") AS "event loop"'
    late = lines(
        "Lag, wait and event loop, p99",
        "Why a request was late. Lag is ours; above the dashed line latency is not to be trusted. Wait is for earlier answers"
        " of the same session, so it is the target's. The event loop is how busy the sending machine was.",
        [ask(select(times, "replay_run", RUN, by=in_time()), name="$col")],
        unit="ms",
        limit=_MAX_LAG_MS,
        log=True,
    )
    late = series(series(late, "^lag$", color="red"), "^wait$", color="blue")
    return ((12, 8, series(pace, "^planned$", color="blue", dashed=True)), (12, 8, late))


def _not_sent() -> tuple[Placed, ...]:
    counts = ", ".join(
        f'last("{field}") AS "{field.replace("_", " ")}"' for field in ("dropped", "skipped", "unread", "in_doubt")
    )
    lost = lines(
        "Not sent, so far",
        "Planned exchanges that did not go out: dropped by our limits, skipped by choice or need, unread from the recording, in"
        " doubt because a worker died.",
        [ask(select(counts, "replay_run", RUN, by=in_time()), name="$col")],
        unit="short",
        stepped=True,
    )
    band = states(
        "Faithful so far",
        "Since when the replay itself was not good enough, if ever.",
        [ask(select('min("valid")', "replay_run", RUN, by=in_time()), name="replay")],
        mappings=FAITHFUL,
    )
    stretch = number(
        "Stretch",
        "By how much the run took longer than its plan; known at the end.",
        [ask(_of_run('last("stretch_percent")'), name="stretch")],
        unit="percent",
        decimals=2,
        thresholds=steps((1, "warn")),
    )
    points = number(
        "Points lost",
        "Points that InfluxDB never got: these dashboards show less than happened. The run's own files have all of it.",
        [ask(_of_run('last("points_dropped")'), name="points")],
        unit="short",
        thresholds=steps((1, "warn")),
    )
    return ((12, 6, lost), (6, 6, band), (3, 6, stretch), (3, 6, points))


def _generators() -> tuple[Placed, ...]:
    late = "Which process is late by itself; the dashed line is what latency can stand."
    flying = "Requests that wait for an answer. If they only grow, the target does not keep up."
    return (
        (
            12,
            7,
            _each("Sent by each", "Whether the work is shared evenly, and whether one has stopped.", "rate", "reqps"),
        ),
        (12, 7, _each("Lag p99 of each", late, "lag_p99_ms", "ms", limit=_MAX_LAG_MS)),
        (8, 7, _each("Event loop p99 of each", "Which machine is too busy to be on time.", "hub_p99_ms", "ms")),
        (8, 7, _each("Queued by each", "Requests that are read and wait to be due.", "queued", "short")),
        (8, 7, _each("In flight of each", flying, "in_flight", "short")),
    )


def _each(title: str, says: str, field: str, unit: str, *, limit: float | None = None) -> Json:
    asked = select(f'max("{field}")', "replay_generator", RUN, WORKER, by=in_time("worker"))
    return lines(title, says, [ask(asked, name="$tag_worker")], unit=unit, limit=limit)
