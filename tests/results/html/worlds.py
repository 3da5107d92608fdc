"""Results and samples made by hand: a small one with a bit of everything, a large one, and hostile names.

Law: plain data with the shapes of result.json and of the run's samples; seeded, the same in every run.
"""

from __future__ import annotations

import random
from typing import Any, Final

from replay_users.histogram import Histogram
from replay_users.results.samples import EndpointTimes, Samples
from replay_users.results.timeline import Slot, Timeline

__all__ = ["HOSTILE", "check", "endpoint", "large", "samples_like", "signature", "small", "totals"]

MS: Final = 1_000_000

HOSTILE: Final = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "</style><style>*{display:none}</style>",
    "<!-- --><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "a,b;c\td\ne\r\nf",
    "\u202egnp.exe\u202c\u2066\u200b\ufeff",
    "\x00\x1b[31mred\x07\x7f\x85",
    "\ud800 lone",
    "👩‍👩‍👧 naïve 日本語 العربية",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "]]></title></textarea><base href=//evil>",
)
"""Names that a recording may hold, each meant to break out of another place."""


def times(p50: float | None, p99: float | str | None = None) -> dict[str, Any]:
    """Percentiles as result.json has them."""
    if p50 is None:
        return dict.fromkeys(("p50", "p90", "p99", "p999", "max"))
    top = 2 * p50 if p99 is None else p99
    return {"p50": p50, "p90": p50 * 1.3, "p99": top, "p999": top, "max": top}


def endpoint(name: str, count: int = 100, **more: Any) -> dict[str, Any]:
    """An entry of `endpoints`."""
    return {
        "endpoint": name,
        "count": count,
        "sessions": max(1, count // 3),
        "used": count,
        "excluded_by": {},
        "recorded_ms": times(20.0),
        "service_ms": times(21.0),
        "latency_ms": times(21.5),
        "ratio": {"value": 1.05, "lower": 1.01, "upper": 1.09},
        "matched": count,
        "mismatched": 0,
        "mismatched_by": {},
        "unchecked": 0,
        "failed_by": {},
        "dropped_by": {},
        "skipped_by": {},
        "statuses": {"200": {"200": count}},
        "verdict": "ok",
        "broken": {"count": 0, "sessions": 0},
        "mended": {"count": 0, "sessions": 0},
        "sampled_sessions": {"seen": 10, "differing": 0},
        "slow_pairs": {"count": 0, "exemplars": []},
        **more,
    }


def exemplar(number: int = 1, recorded: str = "1", replayed: str = "2", target: str = "/items/7") -> dict[str, str]:
    """An exchange that shows a difference."""
    name = f"{number:08x}-0000-4000-8000-000000000000"
    return {"id": name, "method": "GET", "target": target, "recorded": recorded, "replayed": replayed}


def signature(name: str, path: str, kind: str = "value", **more: Any) -> dict[str, Any]:
    """An entry of `signatures`."""
    return {
        "endpoint": name,
        "path": path,
        "kind": kind,
        "count": 12,
        "sessions": 5,
        "share": 0.12,
        "class": "regression",
        "looks": ["number"],
        "members": [],
        "exemplars": [exemplar()],
        **more,
    }


def cause_of(*signatures: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The cause of some signatures."""
    first = signatures[0]
    field = first["path"].rpartition("['")[2].removesuffix("']")
    return {
        "field": field,
        "fields": [field],
        "field_count": 1,
        "kind": first["kind"],
        "class": first["class"],
        "recorded": "number",
        "replayed": "number",
        "severity": 8 if first["kind"] == "status" else 2,
        "count": sum(each["count"] for each in signatures),
        "sessions": max(each["sessions"] for each in signatures),
        "share": 0.125,
        "endpoint_count": len(signatures),
        "endpoints": [each["endpoint"] for each in signatures][:20],
        "paths": list(dict.fromkeys(each["path"] for each in signatures))[:20],
        "exemplar": first["exemplars"][0] if first["exemplars"] else None,
        **more,
    }


def check(name: str, kind: str, verdict: str, sentence: str, **more: Any) -> dict[str, Any]:
    """A check of the gate."""
    plain = {"name": name, "kind": kind, "verdict": verdict, "sentence": sentence, "value": None, "limit": None}
    return {**plain, "advisory": False, "endpoint": None, "p": None, "numbers": {}, **more}


def totals(**more: Any) -> dict[str, Any]:
    """Totals of a run in which nothing happened, but for what is told."""
    counts = (
        "planned",
        "sent",
        "dropped",
        "skipped",
        "unread",
        "in_doubt",
        "failed",
        "resent",
        "compared",
        "unchecked",
    )
    by = ("dropped_by", "skipped_by", "unread_by", "failed_by", "mismatched_by", "unchecked_by", "ignored_by")
    return {**dict.fromkeys((*counts, "matched", "mismatched", "capped"), 0), **{name: {} for name in by}, **more}


def small() -> dict[str, Any]:
    """A run with something of everything."""
    item, search, cart = "GET /items/{id}", "GET /search", "POST /carts/{id}/items"
    price = signature(
        item,
        "root['price']",
        count=120,
        sessions=40,
        exemplars=[exemplar(1, "5.25", "5.2"), exemplar(2, "61.25", "61.2")],
    )
    broken = signature(
        search,
        "200 -> 500",
        "status",
        count=30,
        sessions=21,
        looks=[],
        exemplars=[exemplar(3, "200", "500", "/search?q=a&sort=price")],
    )
    gone = signature(
        cart,
        "201 -> 404",
        "status",
        count=9,
        sessions=4,
        looks=[],
        exemplars=[exemplar(4, "201", "404", "/carts/9/items")],
    )
    gone["class"] = "missing_in_staging"
    return {
        "schema_version": 1,
        "run": {
            "id": "20260301T120000Z-0001",
            "started": "2026-03-01T12:00:00Z",
            "recording": "recordings/shop",
            "manifest": 3,
            "target": "https://staging.example",
            "pace": "1x",
            "labels": {"git": "4f2a91c", "image": "shop:2.1"},
            "version": "0.1.0",
            "stopped_by": None,
            "compared_with": "recording",
            "window_ns": [1_772_366_400_000_000_000, 1_772_366_460_000_000_000],
        },
        "totals": totals(
            planned=1_000,
            sent=920,
            dropped=20,
            skipped=60,
            failed=11,
            compared=900,
            unchecked=9,
            matched=741,
            mismatched=159,
            dropped_by={"wait": 20},
            skipped_by={"method": 60},
            failed_by={"timeout": 8, "connect": 3},
            mismatched_by={"regression": 150, "missing_in_staging": 9},
            unchecked_by={"size": 9},
            ignored_by={"root['generated_at'] value": 400},
        ),
        "fidelity": {
            "lag_ms": times(0.04, 1.8),
            "wait_ms": times(0.01, 4.5),
            "hub_ms": times(0.09, 1.1),
            "stretch_percent": 0.31,
        },
        "validity": {"valid": True, "reasons": [], "void": []},
        "endpoints": [
            endpoint(item, 500, matched=380, mismatched=120, mismatched_by={"regression": 120}),
            endpoint(
                search,
                280,
                matched=230,
                mismatched=30,
                unchecked=9,
                mismatched_by={"regression": 30},
                failed_by={"timeout": 8, "connect": 3},
                statuses={"200": {"200": 239, "500": 30, "timeout": 8, "connect": 3}},
                service_ms=times(64.0, "over"),
                ratio={"value": 3.05, "lower": 2.9, "upper": 3.2},
                verdict="slow",
                broken={"count": 30, "sessions": 21},
                slow_pairs={
                    "count": 200,
                    "exemplars": [
                        {
                            "id": "slow-1",
                            "method": "GET",
                            "target": "/search?q=b",
                            "recorded_ms": 20.0,
                            "service_ms": 61.5,
                        }
                    ],
                },
            ),
            endpoint(
                cart, 140, mismatched=9, matched=131, mismatched_by={"missing_in_staging": 9}, dropped_by={"wait": 20}
            ),
            endpoint(
                "GET /health",
                0,
                recorded_ms=times(None),
                service_ms=times(None),
                latency_ms=times(None),
                ratio={"value": None, "lower": None, "upper": None},
                statuses={},
                verdict=None,
                skipped_by={"filter": 60},
                sessions=0,
                used=0,
                matched=0,
            ),
        ],
        "signatures": [price, broken, gone],
        "causes": [cause_of(broken, field="200 -> 500"), cause_of(price), cause_of(gone, field="201 -> 404")],
        "noise": [],
        "signatures_overflow": {},
        "gate": {
            "verdict": "fail",
            "checks": [
                check(
                    "coverage",
                    "coverage",
                    "pass",
                    "900 of 940 exchanges were compared (95.7 %), at least 95 % must be",
                    value=0.957,
                    limit=0.95,
                ),
                check(
                    "mismatches",
                    "mismatches",
                    "fail",
                    "150 of 900 compared answers differ from the recording, none may",
                    value=150,
                    limit=0,
                ),
                check(
                    "server errors",
                    "mismatches",
                    "fail",
                    "30 answers of GET /search fail now that went well",
                    endpoint=search,
                    p=1e-9,
                    numbers={"broken": 30, "mended": 0, "sessions": 21},
                ),
                check(
                    "slow endpoints",
                    "latency",
                    "fail",
                    "1 endpoint is much slower than recorded, or without an answer: GET /search",
                    value=1,
                    limit=0,
                    advisory=True,
                ),
            ],
        },
        "exit_code": 3,
        "events": [{"at_s": 12.5, "event": "warning", "text": "the target closes idle connections"}],
        "workers": [],
        "connections": {
            "opened": 12,
            "reused": 900,
            "connect_ms": times(0.2),
            "addresses": {"192.0.2.7:443": {"opened": 12, "failed": 3}},
        },
        "comparers": {"processes": 1, "started": 1, "pairs": 300, "sample": []},
        "user_code_failures": {},
    }


def samples_like(result: dict[str, Any], seed: int = 7) -> Samples:
    """Histograms and a course that fit a result."""
    chance = random.Random(seed)
    return Samples(
        times={each["endpoint"]: _times(each, chance) for each in result["endpoints"] if each["count"]},
        lag=_around(0.04, 900, chance, 0.9),
        wait=_around(0.02, 900, chance, 1.6),
        hub=_around(0.1, 600, chance, 0.8),
        timeline=Timeline.of(1_000 * MS, [_slot(second, chance) for second in range(60)]),
        planned=tuple(float(13 + second % 9) for second in range(60)),
    )


def _times(of: dict[str, Any], chance: random.Random) -> EndpointTimes:
    count = min(of["count"], 300)
    replayed = _around(of["service_ms"]["p50"], count, chance, 0.3)
    replayed.add_over(sum(of["failed_by"].values()))
    return EndpointTimes(
        recorded=_around(of["recorded_ms"]["p50"], count, chance, 0.25), service=replayed, latency=replayed
    )


def _around(ms: float, count: int, chance: random.Random, width: float) -> Histogram:
    histogram = Histogram()
    for _ in range(count):
        histogram.add(round(ms * MS * chance.lognormvariate(0, width)))
    return histogram


def _slot(second: int, chance: random.Random) -> Slot:
    sent = 13 + second % 9 - (2 if 30 <= second < 36 else 0)
    failed = 2 if 30 <= second < 35 else 0
    return Slot(
        sent=sent,
        failed=failed,
        mismatched=chance.randrange(4),
        dropped=4 if 30 <= second < 35 else 0,
        lag_max=round(MS * chance.lognormvariate(0, 0.6)),
        lag_sum=MS,
        service_sum=round((sent - failed) * MS * chance.uniform(25, 40)),
    )


def large(endpoints: int = 200, signatures: int = 2_000) -> dict[str, Any]:
    """As much as a result may hold, each name long, each example as long as it is kept."""
    chance = random.Random(1)
    result = small()
    names = [
        f"GET /api/v2/tenants/{{id}}/resource-{number}/{chance.choice(('items', 'settings', 'reports'))}/{{id}}"
        for number in range(endpoints)
    ]
    result["endpoints"] = [
        endpoint(
            name,
            1_000 - number,
            recorded_ms=times(base := chance.lognormvariate(3, 1)),
            service_ms=times(base * chance.choice((1, 1, 1, 1.1, 2.4))),
            statuses={"200": {"200": 900, "500": 3, "timeout": 1}, "404": {"404": 40}, "302": {"302": 7}},
            mismatched=20,
            mismatched_by={"regression": 17, "throttled": 3},
            excluded_by={"lag": 4, "status": 3},
            failed_by={"timeout": 1},
            slow_pairs={
                "count": 40,
                "exemplars": [
                    {
                        "id": f"{number:08x}-0000-4000-8000-0000000000{n:02}",
                        "method": "GET",
                        "target": "/api/v2/tenants/1234/x?" + "q" * 200,
                        "recorded": 20.0,
                        "service": 61.5,
                    }
                    for n in range(5)
                ],
            },
        )
        for number, name in enumerate(names)
    ]
    found = [
        signature(
            names[number % endpoints],
            f"root['data']['attributes'][*]['field_{number}']['value']",
            count=2_000 - number,
            exemplars=[
                exemplar(
                    5 * number + n,
                    f"{chance.random()} " + "recorded text " * 7,
                    f"{chance.random()} " + "replayed text " * 7,
                    "/api/v2/tenants/1234/x?" + "q" * 300,
                )
                for n in range(5)
            ],
        )
        for number in range(signatures)
    ]
    result["signatures"] = found
    result["causes"] = [cause_of(each) for each in found]
    result["gate"]["checks"] += [
        check(
            "latency shift",
            "latency",
            "pass",
            f"{name} is not slower: 1.02x (0.98 to 1.07)",
            endpoint=name,
            p=chance.random(),
            numbers={"ratio": 1.02, "lower": 0.98, "upper": 1.07, "pairs": 800},
            advisory=True,
        )
        for name in names
    ]
    return result
