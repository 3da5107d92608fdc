"""The truth: answers of three versions of one real service, whose differences are known, judged, counted and summed up.

The answers are Datasette's (0.64.8 with notes that were written and without, 0.65.5 and 1.0a41; see `tests/data/README.md`).
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.compare.accept import Acceptance
from replay_users.compare.classes import Classifier
from replay_users.compare.difference import Differences
from replay_users.compare.judge import Recorded, judge
from replay_users.compare.learning import learn
from replay_users.compare.rules import Rules
from replay_users.model import Answer, Verdict
from replay_users.results.learnable import RECORDING, evidence_of
from replay_users.results.result import conclude, result_json
from replay_users.results.summary import summary_text
from replay_users.results.tally import Tally
from replay_users.testing import make_flight
from tests.compare.aa import facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.conftest import Golden


_FILE = Path(__file__).parents[1] / "data" / "truth-datasette.jsonl.gz"
_LEFT_OUT = ("POST /nyc/add_note", "POST /nyc/notes/-/insert")
_JSON_OF_TABLES = ("GET /nyc/airlines.json", "GET /nyc/flights.json")


@cache
def asked() -> list[dict[str, Any]]:
    """One entry for each request: its endpoint and target, and the answers of all servers, as status, head and body."""
    with gzip.open(_FILE, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def run(recorded: str, replayed: str, rules: Rules, *, left_out: Iterable[str] = ()) -> Tally:
    """A run of every request, the answers of one server compared with those of another."""
    tally = Tally(list(dict.fromkeys(each["endpoint"] for each in asked())))
    names, classifier = list(tally.endpoints), Classifier(left_out)
    for nth, each in enumerate(asked()):
        (status, head, body), (now, now_head, now_body) = each[recorded], each[replayed]
        flight = make_flight(
            id=f"id-{nth}",
            session=b"%d" % (nth % 20),
            endpoint=names.index(each["endpoint"]),
            method=each["endpoint"].split()[0],
            target=each["target"].encode(),
            status=status,
            answer_status=now,
            answer_head=f"HTTP/1.1 {now} \r\n{now_head}\r\n".encode("latin-1"),
        )
        was = Recorded(status, head.encode("latin-1"), body.encode(), len(body.encode()))
        said = judge(was, Answer(now, now_head.encode("latin-1"), now_body.encode()), rules, each["endpoint"])
        flight.judged = Verdict.MATCHED
        if isinstance(said, Differences):
            flight.judged = Verdict.MISMATCHED
            said.classes = classifier.classify(flight, said)
            flight.differences = said
            tally.differences(flight, said)
        else:
            tally.ignored(getattr(said, "ignored", ()))
        tally.settle([flight])
    return tally


@cache
def learnt() -> Rules:
    """What two passes against the old version teach."""
    evidence = evidence_of(summed(run("first", "second", Rules())), "run")
    return Rules(learn(evidence, Acceptance(()), expires=None).rules)


def summed(tally: Tally, **changes: object) -> dict[str, Any]:
    """The result of a run, of two passes unless that is changed."""
    result = result_json(conclude(facts(**changes), tally, tally.totals().sent))
    read: dict[str, Any] = json.loads(json.dumps(result))
    return read


def named(tally: Tally) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """By path and kind: where it was found, and of what class."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for endpoint, path, kind, of in tally.signatures.counts:
        found.setdefault((path, kind), set()).add((endpoint, of))
    return found


def test_what_two_passes_teach_hides_all_noise() -> None:
    """A third pass against another server of the old version matches."""
    assert run("first", "second", Rules()).signatures.counts
    assert not run("first", "fresh", learnt()).signatures.counts


def test_what_writes_left_out_is_missing_and_no_regression() -> None:
    """Against a staging of the same version without the notes of production, all that differs is theirs."""
    tally = run("old", "fresh", learnt(), left_out=_LEFT_OUT)
    assert {found for _, _, _, found in tally.signatures.counts} == {"missing_in_staging"}
    told = {endpoint for endpoint, *_ in tally.signatures.counts}
    assert told == {"GET /", "GET /.json", "GET /nyc", "GET /nyc.json", "GET /nyc/notes", "GET /nyc/notes.json"}


def test_a_near_release(golden: Golden) -> None:
    """A version in the footer, another in a list of versions, and two headers are four causes, each told once."""
    tally = run("old", "near", learnt(), left_out=_LEFT_OUT)
    found = named(tally)
    regressions = {place for place, seen in found.items() if "regression" in {of for _, of in seen}}
    footer, version = (
        ("root['body']['footer'][*]['a'][*]['@title']", "value"),
        ("root['datasette']['version']", "value"),
    )
    assert regressions == {footer, version, ("root['vary']", "header"), ("root['cache-control']", "header")}
    assert found[version] == {("GET /-/versions.json", "regression")}
    pages = {
        each["endpoint"] for each in asked() if each["old"][0] == 200 and 'title="Datasette v0.64.8"' in each["old"][2]
    }
    assert {endpoint for endpoint, _ in found[footer]} == pages
    golden("summary-truth-near.txt", summary_text(summed(tally, compared_with=RECORDING), "runs/demo"))


_ENVELOPE = [
    "allow_execute_sql",
    "columns",
    "database",
    "expandable_columns",
    "expanded_columns",
    "filtered_table_rows_count",
    "human_description_en",
    "is_view",
    "license",
    "primary_keys",
    "private",
    "query",
    "query_ms",
    "source",
    "suggested_facets",
    "table",
    "units",
]


@pytest.mark.parametrize(
    ("endpoint", "path", "kind"),
    [
        ("GET /nyc.json", "200 -> 302", "status"),
        ("GET /nyc.json", "400 -> 302", "status"),
        ("HEAD /nyc.json", "200 -> 302", "status"),
        ("GET /nyc", "200 -> 302", "status"),
        ("GET /-/metadata", "200 -> 404", "status"),
        ("GET /-/metadata.json", "200 -> 404", "status"),
        ("GET /-/static/{slug}.js", "200 -> 404", "status"),
        ("GET /nyc/weather", "500 -> 400", "status"),
        *[(endpoint, f"root['{name}']", "removed") for endpoint in _JSON_OF_TABLES for name in _ENVELOPE],
        *[(endpoint, "root['ok']", "added") for endpoint in _JSON_OF_TABLES],
        ("GET /nyc/airlines.json", "root['rows'][*]", "type"),
        ("GET /nyc/flights.json", "root[*]['tailnum']", "type"),
        *[("GET /nyc/flights/{id}.json", f"root['{name}']", "added") for name in ("ok", "truncated")],
        *[("GET /nyc/flights/{id}.json", f"root['{name}']", "removed") for name in ("columns", "license", "units")],
        ("GET /nyc/flights/{id}.json", "root['rows'][*]", "type"),
        ("GET /nyc/busiest_routes.json", "root['columns']", "removed"),
        ("GET /nyc/busiest_routes.json", "root['rows'][*]", "type"),
        ("GET /.json", "root['nyc']", "removed"),
        ("GET /.json", "root['databases']", "added"),
        ("GET /nyc.json", "root['license']", "removed"),
        ("GET /nyc.json", "root['metadata']", "added"),
        ("GET /-/databases.json", "root", "type"),
        *[(f"GET /-/{name}.json", "root['ok']", "added") for name in ("actor", "settings", "versions")],
        ("GET /nyc/flight.json", "root['errors']", "added"),
        ("GET /nyc/flight.json", "root['title']", "removed"),
        ("GET /nyc/airlines", "root['@lang']", "added"),
        ("GET /nyc/airlines", "root['vary']", "header"),
        ("GET /nyc/airlines", "root['cache-control']", "header"),
        ("GET /nyc/airlines", "root['link']", "header"),
    ],
)
def test_a_new_release_differs_where_it_is_known_to(endpoint: str, path: str, kind: str) -> None:
    """Each difference that is known has its own signature at its endpoint, and counts as a regression."""
    assert (endpoint, path, kind, "regression") in _new().signatures.counts


@pytest.mark.parametrize("endpoint", ["GET /nyc/airlines.csv", "GET /-/plugins.json"])
def test_bodies_that_a_new_release_left_alone(endpoint: str) -> None:
    """What is known to be the same shows nothing but headers."""
    assert {kind for name, _, kind, _ in _new().signatures.counts if name == endpoint} <= {"header"}


def test_a_new_release(golden: Golden) -> None:
    """Some 400 signatures are told on one screen: each sort of difference once, the worst first."""
    text = summary_text(summed(_new(), compared_with=RECORDING), "runs/demo")
    golden("summary-truth-new.txt", text)
    assert len(text.splitlines()) <= 25
    once = ("200 -> 404", "200 -> 302", "500 -> 400", "400 -> 302", "root['rows'][*] type", "markup", "header link")
    assert [text.count(each) for each in (*once, "header vary", "header cache-control")] == [1] * 9


@cache
def _new() -> Tally:
    return run("old", "new", learnt(), left_out=_LEFT_OUT)
