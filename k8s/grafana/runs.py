# ruff: noqa: INP001 - a folder of scripts
"""The dashboard of all runs: which there were, how they ended, and one against another.

Law: what each panel asks and says; how it looks is `panels.py`'s. Runs are put side by side by what was written of them as
a whole: they were at different times, so their lines in time do not lie over each other.
The subtle thing: a baseline may be chosen among the other runs only, so nothing is ever compared with itself.
"""

from __future__ import annotations

from typing import Final

from k8s.grafana.model import Json, Placed, Row, dashboard, datasource_variable, query_variable
from k8s.grafana.panels import ask, bars, column, hidden, lines, series, steps, table
from k8s.grafana.queries import RUN, against, select, tag_values
from k8s.grafana.shared import VERDICTS, run_variable
from replay_users.results.influx_schema import SIGNATURES_KEPT

__all__ = ["runs"]

_OTHERS: Final = RUN.replace("=~", "!~")
_EITHER: Final = '"run" =~ /^(${run:regex}|${baseline_run:regex})$/'
_SLOWER: Final = steps((1.1, "warn"), (1.5, "bad"), base="grey")
_ITS_TIME: Final = "from=${__data.fields.started_ms}&to=${__data.fields.ended_ms}"


def runs() -> Json:
    """`replay-runs`."""
    return dashboard(
        uid="replay-runs",
        title="Replay: runs",
        says="All runs: how they ended, with links to each; and one run against a baseline.",
        since="now-30d",
        refresh="1m",
        variables=[
            datasource_variable(),
            run_variable(),
            query_variable("baseline_run", "Baseline", tag_values("replay_verdict", "run", _OTHERS)),
        ],
        annotations=[],
        rows=[
            Row(title="", panels=((24, 10, _list()), (12, 8, _answers()), (12, 8, _sizes()))),
            Row(title="$run against $baseline_run", panels=_against()),
        ],
    )


_COLUMNS: Final = {
    "verdict": "verdict",
    "planned": "planned",
    "sent": "sent",
    "failed": "no answer",
    "mismatched": "differ",
    "regressions": "regressions",
    "duration_s": "duration",
    "recording": "recording",
    "pace": "pace",
    "target": "target",
    "labels": "labels",
}


def _ends(*conditions: str, also: str = "") -> str:
    chosen = ", ".join(f'"{field}" AS "{name}"' for field, name in _COLUMNS.items())
    return select(f'"run", {chosen}{also}', "replay_verdict", *conditions)


def _dressed(panel: Json) -> Json:
    """The columns of a table of runs."""
    panel = column(panel, "verdict", width=110, mappings=VERDICTS)
    panel = column(panel, "duration", unit="s", decimals=0)
    panel = column(panel, "/regressions|no answer/", thresholds=steps((1, "bad"), base="grey"))
    return column(panel, "differ", thresholds=steps((1, "warn"), base="grey"))


def _list() -> Json:
    panel = table(
        "Runs",
        "Every run that ended in this stretch of time, the newest first. A click on a run opens its dashboards for just the time"
        " that it took, or takes it as one side of the comparison below.",
        _ends(also=', "started_ms", "ended_ms"'),
        sort="run",
    )
    panel = column(_dressed(panel), "run", width=230, links=_links())
    for name in ("started_ms", "ended_ms"):
        panel = hidden(column(panel, name, unit="none", decimals=0), name)
    return panel


def _links() -> dict[str, str]:
    source, run, now = "${datasource:queryparam}", "${__data.fields.run:percentencode}", "${__url_time_range}"
    return {
        "Overview": f"/d/replay-overview?{source}&var-run={run}&{_ITS_TIME}",
        "Mismatches": f"/d/replay-mismatches?{source}&var-run={run}&{_ITS_TIME}",
        "Compare this run": f"/d/replay-runs?{source}&var-run={run}&{now}",
        "Take it as baseline": f"/d/replay-runs?{source}&${{run:queryparam}}&var-baseline_run={run}&{now}",
    }


def _answers() -> Json:
    of = {
        "differ": ("mismatched", "compared"),
        "regressions": ("regressions", "compared"),
        "no answer": ("failed", "sent"),
    }
    shares = ", ".join(f'"{part}" / "{whole}" AS "{name}"' for name, (part, whole) in of.items())
    panel = lines(
        "Answers that differ, or never came, of each run",
        "Whether builds get better or worse: a point for each run, at its end.",
        [ask(select(shares, "replay_verdict"), name="$col")],
        unit="percentunit",
    )
    for name, color in (("differ", "orange"), ("regressions", "red"), ("no answer", "purple")):
        panel = series(panel, f"^{name}$", color=color)
    return panel


def _sizes() -> Json:
    return lines(
        "Planned and sent, of each run",
        "Whether runs are of the same size, and whether they sent what they had planned: a point for each run, at its end.",
        [ask(select('"planned", "sent"', "replay_verdict"), name="$col")],
        unit="short",
    )


def _against() -> tuple[Placed, ...]:
    pair = table(
        "Both runs",
        "The run and its baseline: whether they replayed the same, and how each ended. Both must have ended in this stretch of"
        " time.",
        _ends(_EITHER),
        sort="run",
    )
    return (
        (24, 5, column(_dressed(pair), "run", width=230)),
        (12, 11, _p95()),
        (12, 11, _times()),
        (24, 10, _differences()),
    )


def _p95() -> Json:
    asked = against(
        '"endpoint", "baseline_p95" AS "baseline", "run_p95" AS "run"',
        "replay_summary",
        {"p95": "service_p95_ms"},
        tags=("endpoint",),
    )
    return bars(
        "p95 of each endpoint: baseline and run",
        "Which endpoints answer slower than they did in the baseline run, at one glance.",
        asked,
        unit="ms",
        across="endpoint",
    )


def _times() -> Json:
    asked = against(
        '"endpoint", "baseline_p50" AS "p50 before", "run_p50" AS "p50 now", "run_p50" / "baseline_p50" AS "p50 ratio",'
        ' "baseline_p95" AS "p95 before", "run_p95" AS "p95 now", "run_p95" / "baseline_p95" AS "p95 ratio",'
        ' "baseline_differ" AS "differ before", "run_differ" AS "differ now"',
        "replay_summary",
        {"p50": "service_p50_ms", "p95": "service_p95_ms", "differ": "mismatched"},
        tags=("endpoint",),
    )
    panel = table(
        "Endpoints: baseline and run",
        "Percentiles and differences before (baseline) and now (run). A ratio above 1 is slower. Whether that is more than chance"
        " is for the gate to say.",
        asked,
        sort="p95 ratio",
    )
    panel = column(column(panel, "endpoint", width=220), "/^p(50|95) (before|now)$/", unit="ms")
    return column(panel, "/ratio/", unit="none", decimals=2, thresholds=_SLOWER)


def _differences() -> Json:
    asked = against(
        '"endpoint", "signature", "kind", "baseline_n" AS "before", "run_n" AS "now"',
        "replay_diff",
        {"n": "count"},
        tags=("endpoint", "signature", "kind"),
    )
    panel = table(
        "Differences: baseline and run",
        "Exchanges that show each difference, before (baseline) and now (run). Nothing under before: the difference is new."
        " Nothing under now: it is gone.",
        asked,
        sort="now",
        limit=SIGNATURES_KEPT,
    )
    return column(panel, "endpoint", width=340)
