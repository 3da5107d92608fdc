from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.plan import (
    PlanSettings,
    Safety,
    make_plan,
    parse_endpoints,
    parse_host,
    parse_pace,
    parse_rate,
    parse_safety,
    plan_json,
    plan_text,
)
from replay_users.plan.map_rule import parse_maps
from replay_users.plan.proxy import Proxy

if TYPE_CHECKING:
    from replay_users.plan import Plan
    from tests.conftest import Golden
    from tests.plan.conftest import MakeRecording

SECOND = 1_000_000_000


@pytest.fixture
def full(make_recording: MakeRecording, row: Any) -> Plan:
    """A plan in which there is something to say of everything."""
    rows = [row(s * SECOND, "GET /items/{id}", rows=(s * 7) % 40) for s in range(1, 120)]
    rows += [row(s * SECOND, f"GET /page{s}", rows=100 + s) for s in range(6)]
    rows += [row(90 * SECOND, "GET /items/{id}", traits, rows=11) for traits in (1, 2, 4, 8)]
    rows += [row(30 * SECOND, name, rows=60) for name in ("POST /orders", "GET /logout", "__other__")]
    manifest, index = make_recording(
        rows,
        protocols={"HTTP/2": 1000, "HTTP/1.1": 77},
        capture={"complete": 900, "response-truncated": 12},
        hosts={f"shop{n}.example.com": 100 - n for n in range(8)},
        shared_sessions=("ab",),
    )
    settings = PlanSettings(
        recording="recordings/shop",
        pace=parse_pace("2x"),
        window="+0s..+110s",
        methods=frozenset({"GET", "POST", "PUT"}),
        endpoints=parse_endpoints("!GET /page3, !GET /paje4, !zzzzzz, !qqqqqq, !wwwwww"),
        safety=Safety(rules=parse_safety("- {endpoint: GET /admin, rule: skip, reason: r}", "s")),
        max_rate=parse_rate("150"),
        clip=True,
        host=parse_host("http://staging.example.com:8080"),
    )
    return make_plan(manifest, index, settings)


@pytest.fixture
def mapped(make_recording: MakeRecording, row: Any) -> Plan:
    """A plan of two targets, one of them through a proxy."""
    manifest, index = make_recording(
        [row(0, "GET /", rows=9), row(5 * SECOND, "GET /items/{id}", rows=3)],
        hosts={"shop.example.com": 8, "api.example.com": 3, "img.example.com": 1},
    )
    settings = PlanSettings(
        recording="recordings/shop",
        host=parse_host("http://staging:8080"),
        maps=parse_maps(["https://api.example.com=https://api.staging", "old.example.com=https://api.staging"]),
        proxies=(None, Proxy(parse_host("http://proxy:3128"))),
    )
    return make_plan(manifest, index, settings)


@pytest.fixture
def small(make_recording: MakeRecording, row: Any) -> Plan:
    """A plan of one exchange."""
    manifest, index = make_recording([row(5, "GET /")])
    return make_plan(manifest, index, PlanSettings())


def test_a_full_plan(full: Plan, golden: Golden) -> None:
    """Everything there is to say fits into 30 lines, in the order in which it is asked."""
    text = plan_text(full)
    golden("plan-full.txt", text)
    assert len(text.splitlines()) == 30
    assert text.isprintable() is False
    assert all(line.isprintable() for line in text.splitlines())


def test_a_small_plan(small: Plan, golden: Golden) -> None:
    """A plan without anything special says no more than needed."""
    golden("plan-small.txt", plan_text(small))


def test_a_plan_of_two_targets(mapped: Plan, golden: Golden) -> None:
    """A line for each target says what goes there, and how."""
    golden("plan-mapped.txt", plan_text(mapped))


def test_the_json_has_all_targets(mapped: Plan) -> None:
    """With rows, hosts and proxy of each."""
    document = plan_json(mapped)
    assert (document["target"], document["host_header"]) == ("several", "several")
    assert document["targets"] == [
        {
            "target": "http://staging:8080",
            "host_header": "staging:8080",
            "proxy": None,
            "hosts": 3,
            "rows": 12,
            "exact": False,
        },
        {
            "target": "https://api.staging",
            "host_header": "api.staging",
            "proxy": "http://proxy:3128",
            "hosts": 1,
            "rows": 3,
            "exact": False,
        },
    ]


@pytest.mark.parametrize(
    ("count", "lines", "last"), [(4, 4, "http://t3"), (5, 4, "and 2 more, all of them with --json")]
)
def test_many_targets_are_cut_short(make_recording: MakeRecording, row: Any, count: int, lines: int, last: str) -> None:
    """Four lines at most, so that the plan stays within its 30."""
    hosts = {f"h{n}": 1 for n in range(count)}
    manifest, index = make_recording([row(0, "GET /", rows=count)], hosts=hosts)
    maps = parse_maps([f"h{n}=http://t{n}" for n in range(count)])
    text = plan_text(make_plan(manifest, index, PlanSettings(maps=maps)))
    assert f"against {count} targets\n\ntargets     http://t0, Host t0: 1 host, 1 exchange of the whole" in text
    shown = text.split("targets     ")[1].splitlines()[:lines]
    assert shown[-1].strip().startswith(last)


def test_a_proxy_is_in_the_first_line(make_recording: MakeRecording, row: Any) -> None:
    """Where a single target is reached through one."""
    manifest, index = make_recording([row(0, "GET /")])
    settings = PlanSettings(host=parse_host("http://s"), proxies=(Proxy(parse_host("http://proxy:3128")),))
    assert "against http://s, Host s through proxy http://proxy:3128\n" in plan_text(
        make_plan(manifest, index, settings)
    )


def test_a_plan_as_json(full: Plan, golden: Golden) -> None:
    """The JSON has everything, and its names stay."""
    golden("plan-full.json", json.dumps(plan_json(full), indent=2, ensure_ascii=False) + "\n")


def test_the_json_adds_up(full: Plan) -> None:
    """A program can check the conservation that a person is told."""
    document = plan_json(full)
    assert document["planned"] == document["will_send"] + document["skipped"]
    assert document["skipped"] == sum(document["skipped_by"].values())
    assert sum(e["will_send"] for e in document["endpoints"]) == document["will_send"]
    assert len(document["warnings"]) > 7


def test_an_endpoint_cannot_write_to_the_terminal(make_recording: MakeRecording, row: Any) -> None:
    """Names out of traffic are shown, not obeyed."""
    manifest, index = make_recording([row(0, "GET /\x1b[31mred")], hosts={"\x1b]0;title\x07": 1})
    assert "\x1b" not in plan_text(make_plan(manifest, index, PlanSettings(recording="\x1b[0m")))
