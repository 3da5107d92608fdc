"""Results that every report must be able to tell, made as runs make them and read as their files are.

Law: no test here; results as readers get them (through JSON), and the names that nobody would choose.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.model import Drop, Fault, Flight, SkipReason, Verdict
from replay_users.path import Index, Key
from replay_users.results.result import RunFacts, conclude, result_json
from replay_users.results.tally import Tally
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HOSTILE", "crowded", "failed", "hostile", "nothing", "passed", "settled", "told", "untimed"]

HOSTILE = {
    "commas": 'GET /a,b;c="d"',
    "quotes": "GET /'a'\"b\"`c```d`",
    "newlines": "GET /a\r\n\r\n# b\n| c |",
    "emoji": "GET /🛒/{id}",
    "script": "GET /</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "comment": "GET /--><!-- ]]> &amp; &#64;",
    "pipes": "GET /|a\\|b\\\\|c",
    "mention": "GET /@octocat/#12 https://evil.example/ www.evil.example",
    "surrogate": "GET /\ud800x",
    "control": "GET /\x00\x1b[31m\x07\x7f\u0085\u2028\u202e\ufffe",
    "markup": "GET /*a* _b_ [c](javascript:alert(1)) ~~d~~ $e$",
    "template": "GET /{{ 7 * 7 }}/{% raw %}",
    "long": "GET /" + "x" * 5_000,
}
"""Names of endpoints that nobody would choose, by what is bad about them."""

_MS = 1_000_000


def told(tally: Tally, planned: int, **more: Any) -> dict[str, Any]:
    """The content of result.json as a reader gets it."""
    facts: dict[str, Any] = {
        "id": "2026-03-01T12-00-00",
        "started": "2026-03-01T12:00:00Z",
        "recording": "runs/demo/recording",
        "manifest": 1,
        "target": "http://127.0.0.1:8002",
        "pace": "1x",
        "version": "0.1.0",
        "labels": {"sha": "1a2b3c"},
    }
    made = result_json(conclude(RunFacts(**{**facts, **more}), tally, planned))
    read: dict[str, Any] = json.loads(json.dumps(made))
    return read


def flights(tally: Tally, endpoint: int, count: int, **marks: Any) -> list[Flight]:
    """Flights of one endpoint in so many sessions, one a millisecond, 10 ms recorded and 11 ms replayed unless said otherwise."""
    made: list[Flight] = []
    recorded, service = marks.pop("recorded", 10), marks.pop("service", 11)
    for _ in range(count):
        nth = sum(each.sent for each in tally.endpoints.values()) + len(made)
        flight = make_flight(
            id=f"id-{nth}",
            session=b"s%d" % (nth % 40),
            endpoint=endpoint,
            due=nth * _MS,
            duration=None if recorded is None else recorded * _MS,
            **{"answer_status": 200, "judged": Verdict.MATCHED, **marks},
        )
        flight.ready = flight.picked = flight.sent = flight.due
        flight.done = flight.sent + service * _MS
        made.append(flight)
    return made


def passed() -> dict[str, Any]:
    """A run in which nothing changed."""
    tally = Tally(["GET /items/{id}"])
    tally.settle(flights(tally, 0, 500))
    return told(tally, 500)


def failed(
    names: tuple[str, str, str] = ("GET /items/{id}", "GET /search", "POST /cart"), **more: Any
) -> dict[str, Any]:
    """A new version that changed a price, broke a search and slowed it down; some requests got no answer."""
    tally = Tally(names)
    tally.settle(flights(tally, 0, 400))
    path = (Key("items"), Index(0), Key("price"))
    prices = flights(tally, 0, 60, judged=Verdict.MISMATCHED)
    _differ(tally, prices, Difference(names[0], path, Kind.VALUE, "1999", f'"19.99 {names[0]}"'))
    broken = flights(tally, 1, 9, answer_status=500, judged=Verdict.MISMATCHED)
    _differ(tally, broken, Difference(names[1], (), Kind.STATUS, "200", "500"))
    tally.settle(flights(tally, 1, 80, recorded=12, service=60))
    tally.settle(flights(tally, 1, 3, fault=Fault.TIMEOUT, judged=None))
    tally.ignored([Difference(names[0], (Key("query_ms"),), Kind.VALUE, "1", "2")])
    tally.skip(2, SkipReason.METHOD, rows=60)
    tally.drop(prices[0], Drop.WAIT)
    return told(tally, 613, **more)


def _differ(tally: Tally, made: list[Flight], difference: Difference) -> None:
    for flight in made:
        flight.differences = Differences([difference])
        tally.differences(flight, Differences([difference]))
    tally.settle(made)


def settled(result: dict[str, Any]) -> dict[str, Any]:
    """The same with a gate of its own, so that a golden file does not hang on every word of the real one's."""
    rows = (
        ("coverage", "coverage", "pass", None, "549 of 553 exchanges were compared (99.2 %), at least 95 % must be"),
        ("mismatches", "mismatches", "fail", None, "69 of 549 compared answers differ, in 40 of 40 sessions, none may"),
        ("server errors", "mismatches", "fail", None, "9 answers changed from 2xx to 5xx, in 9 sessions"),
        ("latency of all", "latency", "pass", None, "both endpoints together take 1.1x as long, 1.5x may be"),
        ("slow endpoints", "latency", "fail", None, "1 endpoint is slow: GET /search"),
        (
            "mismatches",
            "mismatches",
            "fail",
            "GET /items/{id}",
            "GET /items/{id} differs in 40 of 40 sessions, none may",
        ),
        ("server errors", "mismatches", "fail", "GET /search", "9 answers of GET /search changed from 2xx to 5xx"),
        ("latency", "latency", "inconclusive", "GET /search", "GET /search: too few pairs, 20 are needed"),
        ("mismatches", "mismatches", "pass", "GET /search", "no answer of GET /search differs in 40 sessions"),
    )
    checks = [
        {"name": name, "kind": kind, "verdict": verdict, "endpoint": endpoint, "sentence": sentence}
        for name, kind, verdict, endpoint, sentence in rows
    ]
    told = [{**check, "advisory": check["kind"] == "latency", "value": None, "limit": None} for check in checks]
    return {**result, "gate": {"verdict": "fail", "checks": told}}


def hostile(name: str) -> dict[str, Any]:
    """The same run, of endpoints, labels and a recording with this name."""
    names = name, f"{name} 2", f"{name} 3"
    return failed(names, recording=name, target=f"http://{name}", labels={name: name}, pace=name)


def crowded(endpoints: int = 200, signatures: int = 2_000) -> dict[str, Any]:
    """As much of everything as a result holds, under long names full of marks."""
    names = [f"GET /|@`*_<b>&#{n}/" + "🛒" * 200 for n in range(endpoints)]
    tally = Tally(names)
    for nth, name in enumerate(names):
        tally.settle(flights(tally, nth, 40, recorded=10, service=40))
        odd = flights(tally, nth, 1, judged=Verdict.MISMATCHED)
        paths = [(Key("|@`*_<b>&#" * 20 + f"{nth} {n}"),) for n in range(signatures // endpoints)]
        tally.differences(
            odd[0], Differences([Difference(name, path, kind, "|" * 90, "@" * 90) for path, kind in _kinds(paths)])
        )
        tally.settle([*odd, *flights(tally, nth, 30, fault=Fault.CONNECT, judged=None)])
    return told(tally, endpoints * 71)


def _kinds(paths: list[tuple[Key]]) -> Iterator[tuple[tuple[Key], Kind]]:
    kinds = [kind for kind in Kind if kind is not Kind.STATUS]
    return ((path, kinds[nth % len(kinds)]) for nth, path in enumerate(paths))


def nothing() -> dict[str, Any]:
    """A run that sent nothing."""
    return told(Tally([]), 0)


def untimed() -> dict[str, Any]:
    """A run of a recording without durations."""
    tally = Tally(["GET /items/{id}"])
    tally.settle(flights(tally, 0, 50, recorded=None))
    return told(tally, 50)
