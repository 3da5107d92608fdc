# ruff: noqa: INP001 - a folder of scripts
"""The dashboard of what differs in one run: how much, since when, where in the answers, and which statuses.

Law: what each panel asks and says; how it looks is `panels.py`'s.
The subtle thing: the columns of the matrix of statuses are what the run had, so what colours them is a pattern: a column
whose two statuses are the same is as it should be.
"""

from __future__ import annotations

from typing import Final

from k8s.grafana.model import Json, Placed, Row, dashboard, datasource_variable
from k8s.grafana.panels import ask, column, lines, number, steps, table
from k8s.grafana.queries import ENDPOINT, RUN, grouped, in_time, select
from k8s.grafana.shared import endpoint_variable, events, run_variable, signatures, to_endpoint
from replay_users.results.influx_schema import SIGNATURES_SHOWN

__all__ = ["mismatches"]

_OTHER_CLASS: Final = '"kind" !~ /^(1.. -> 1..|2.. -> 2..|3.. -> 3..|4.. -> 4..|5.. -> 5..)$/'
_CHANGED: Final = r"/^(?!endpoint)(?!(\S+) -> \1$)/"


def mismatches() -> Json:
    """`replay-mismatches`."""
    return dashboard(
        uid="replay-mismatches",
        title="Replay: mismatches",
        says="One run: what differs between the recorded and the replayed answers, where, since when, and how often.",
        since="now-1h",
        refresh="10s",
        variables=[datasource_variable(), run_variable(), endpoint_variable()],
        annotations=events(),
        rows=[
            Row(title="", panels=_numbers()),
            Row(title="Since when, and where?", panels=_in_time()),
            Row(title="What differs?", panels=_differences()),
            Row(title="Which statuses changed?", panels=_statuses()),
        ],
    )


def _compared(columns: str, *, by: str = "") -> str:
    return select(columns, "replay_compare", RUN, ENDPOINT, by=by)


def _count(title: str, says: str, field: str, *, color: str = "warn") -> Json:
    asked = [ask(_compared(f'sum("{field}")'), name=title)]
    return number(title, says, asked, unit="short", thresholds=steps((1, color)))


def _share(title: str, says: str, field: str, of: str) -> Json:
    asked = [ask(_compared(f'sum("{field}") / sum("{of}")'), name=title)]
    return number(title, says, asked, unit="percentunit", decimals=2, thresholds=steps((0.000001, "warn")))


def _numbers() -> tuple[Placed, ...]:
    each = select('sum("count") AS "n"', "replay_diff", RUN, ENDPOINT, by=grouped("endpoint", "signature", "kind"))
    kinds = number(
        "Signatures",
        "How many kinds of difference there are: one for each endpoint, path and way. One change in the code is often a few.",
        [ask(select('count("n")', f"({each})"), name="signatures")],
        unit="short",
        thresholds=steps((1, "warn")),
    )
    differ = "Share of the compared answers that differ after the rules, for whatever reason."
    regressions = "Answers that differ for no reason but the release; only these fail a run."
    broken = "Production answered 2xx, the target now answers 5xx."
    unchecked = (
        "Share of the sent requests whose answers were not compared: too big, cut in the recording, or out of time."
    )
    return (
        (4, 4, _share("Answers that differ", differ, "mismatched", "compared")),
        (4, 4, _count("Regressions", regressions, "regressions", color="bad")),
        (4, 4, kinds),
        (4, 4, _count("2xx to 5xx", broken, "broken", color="bad")),
        (4, 4, _count("No answer", "Requests that got no answer: refused, reset, timed out.", "failed")),
        (4, 4, _share("Not compared", unchecked, "unchecked", "sent")),
    )


def _in_time() -> tuple[Placed, ...]:
    rate = lines(
        "Answers that differ, by endpoint",
        "Which endpoint differs, and since when: share of its compared answers.",
        [ask(_compared('sum("mismatched") / sum("compared")', by=in_time("endpoint")), name="$tag_endpoint")],
        unit="percentunit",
    )
    kinds = lines(
        "Differences by kind",
        "In what way answers differ: a value, a type, a field that came or went, a header, the status. An exchange may show"
        " several.",
        [ask(select('sum("count")', "replay_diff", RUN, ENDPOINT, by=in_time("kind")), name="$tag_kind")],
        unit="short",
        stacked=True,
    )
    return ((12, 9, rate), (12, 9, kinds))


def _differences() -> tuple[Placed, ...]:
    found = signatures(
        "Signatures",
        "Where answers differ, the most frequent first: endpoint, path in the answer (indices as [*], ready to be copied into a"
        " rules file) and kind; in how many exchanges and sessions. Examples with both sides are in the run's own files.",
        limit=SIGNATURES_SHOWN,
    )
    found = column(found, "endpoint", width=340, links=to_endpoint("replay-mismatches"))
    return ((24, 12, found), (24, 9, _endpoints()))


_COLUMNS: Final = {
    "sent": "sent",
    "compared": "compared",
    "mismatched": "differ",
    "regressions": "regressions",
    "broken": "2xx to 5xx",
    "failed": "no answer",
    "unchecked": "not compared",
}


def _endpoints() -> Json:
    sums = ", ".join(f'sum("{field}") AS "{name}"' for field, name in _COLUMNS.items())
    chosen = ", ".join(f'"{name}"' for name in _COLUMNS.values())
    panel = table(
        "Endpoints",
        "What became of each endpoint's exchanges so far.",
        select(f'"endpoint", {chosen}', f"({_compared(sums, by=grouped('endpoint'))})"),
        sort="differ",
    )
    panel = column(panel, "endpoint", width=340, links=to_endpoint("replay-mismatches"))
    panel = column(panel, "/differ|no answer/", thresholds=steps((1, "warn"), base="grey"))
    return column(panel, "/regressions|2xx to 5xx/", thresholds=steps((1, "bad"), base="grey"))


def _statuses() -> tuple[Placed, ...]:
    answers = select('sum("count") AS "answers"', "replay_status", RUN, ENDPOINT, by=grouped("endpoint", "kind"))
    matrix = table(
        "Statuses: recorded -> replayed",
        "How many answers of each endpoint had which status in production and have which now. Columns in which both are the"
        " same are as they should be; the coloured ones are not.",
        select('"endpoint", "kind", "answers"', f"({answers})"),
        matrix=("endpoint", "kind", "answers"),
    )
    changed = lines(
        "Answers whose class of status changed",
        "When errors began, or ended: answers that were of one class (2xx, 3xx, 4xx, 5xx) and are of another.",
        [
            ask(
                select('sum("count")', "replay_status", RUN, ENDPOINT, _OTHER_CLASS, by=in_time("kind")),
                name="$tag_kind",
            )
        ],
        unit="short",
        stacked=True,
    )
    return ((12, 10, column(matrix, _CHANGED, thresholds=steps((1, "bad"), base="grey"))), (12, 10, changed))
