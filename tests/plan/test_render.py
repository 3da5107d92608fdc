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
