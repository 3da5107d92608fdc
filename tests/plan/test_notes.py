from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.model import SkipReason
from replay_users.plan import PlanSettings, Safety, make_plan, parse_endpoints, parse_host, parse_rate, parse_safety
from replay_users.plan.map_rule import parse_maps

if TYPE_CHECKING:
    from tests.plan.conftest import MakeRecording

STAGING = parse_host("https://staging")
ROWS = [("GET /users/{id}", 0, 1000), ("POST /orders", 0, 10), ("GET /ws", 8, 1)]


def warnings(make_recording: MakeRecording, row: Any, settings: PlanSettings, **facts: object) -> str:
    """The notes of a plan over ROWS, as one text."""
    manifest, index = make_recording(
        [row(nth, name, traits, rows=rows) for nth, (name, traits, rows) in enumerate(ROWS)], **facts
    )
    return "\n".join(make_plan(manifest, index, settings).warnings)


def test_a_plain_plan_has_nothing_to_warn_of(make_recording: MakeRecording, row: Any) -> None:
    """Skipped writes are in the figures, not in the notes."""
    assert warnings(make_recording, row, PlanSettings()) == ""


@pytest.mark.parametrize(
    ("settings", "facts", "expected"),
    [
        pytest.param(
            PlanSettings(methods=frozenset({"POST"})),
            {},
            "nothing would be sent: allow writes with --allow-writes",
            id="writes",
        ),
        pytest.param(
            PlanSettings(endpoints=parse_endpoints("!*")), {}, "nothing would be sent: check --endpoints", id="filtered"
        ),
        pytest.param(
            PlanSettings(endpoints=parse_endpoints("GET /ws")), {}, "check --endpoints", id="the commonest reason"
        ),
        pytest.param(
            PlanSettings(endpoints=parse_endpoints("GET /user/{id},GET *")),
            {},
            "--endpoints pattern 'GET /user/{id}' matches no endpoint of the recording; did you mean 'GET /users/{id}'?",
            id="a misspelt include",
        ),
        pytest.param(
            PlanSettings(endpoints=parse_endpoints("!zzz")),
            {},
            "pattern 'zzz' matches no endpoint",
            id="an idle exclude",
        ),
        pytest.param(
            PlanSettings(safety=Safety(rules=parse_safety("- {endpoint: POST /order, rule: safe, reason: r}", "s"))),
            {},
            "--safety rule for 'POST /order' matches no endpoint of the recording; did you mean 'POST /orders'?",
            id="an idle rule",
        ),
        pytest.param(PlanSettings(methods=frozenset({"GET", "PUT"})), {}, "has method PUT", id="a method not recorded"),
        pytest.param(
            PlanSettings(),
            {"capture": {"complete": 1000, "response-truncated": 11}},
            "11 recorded responses were cut by capture",
            id="cut responses",
        ),
        pytest.param(
            PlanSettings(),
            {"capture": {"status-only": 1011}},
            "1,011 exchanges were recorded without their answers: only their statuses can be compared",
            id="statuses only",
        ),
        pytest.param(
            PlanSettings(preserve_host=True),
            {"hosts": {"shop.example.com": 1000, "": 11}},
            "11 exchanges have no recorded host to preserve: there, Host says where they go",
            id="no host to preserve",
        ),
        pytest.param(
            PlanSettings(), {"protocols": {"HTTP/2": 1011}}, "1,011 exchanges were recorded over HTTP/2", id="h2"
        ),
        pytest.param(PlanSettings(), {"shared_sessions": ("aa", "bb")}, "2 sessions are shared", id="shared sessions"),
        pytest.param(
            PlanSettings(host=STAGING, verifies=False), {}, "--insecure: certificates are not verified", id="insecure"
        ),
        pytest.param(
            PlanSettings(host=STAGING, maps=parse_maps(["shop.exampel.com=http://b"])),
            {},
            "--map shop.exampel.com=http://b matches no host of the recording; did you mean 'shop.example.com'?",
            id="an idle map",
        ),
        pytest.param(
            PlanSettings(maps=parse_maps(["https://shop.example.com=http://b"])),
            {},
            "some exchanges of 'shop.example.com' may be of a scheme that no map covers and are skipped then (unmapped)",
            id="half a map",
        ),
        pytest.param(
            PlanSettings(maps=parse_maps(["https://shop.example.com=http://b", "http://shop.example.com=http://b"])),
            {"protocols": {"HTTP/1.1": 1000, "": 11}},
            "11 exchanges have no recorded scheme, so no --map with one is about them",
            id="no scheme to map by",
        ),
        pytest.param(
            PlanSettings(recorded_connections=True),
            {"protocols": {"HTTP/2": 1011}},
            "1,011 exchanges shared connections over HTTP/2: with --connections recorded",
            id="recorded connections of h2",
        ),
        pytest.param(PlanSettings(max_rate=parse_rate("10"), clip=True), {}, "held at --max-rate", id="clipped"),
    ],
)
def test_each_note_says_what_and_how_to_change_it(
    make_recording: MakeRecording, row: Any, settings: PlanSettings, facts: dict[str, object], expected: str
) -> None:
    """One sentence, with the number and the cure."""
    assert expected in warnings(make_recording, row, settings, **facts)


@pytest.mark.parametrize(
    "settings",
    [
        PlanSettings(host=STAGING, maps=parse_maps(["shop.example.com=http://b", "*.example.com=http://b"])),
        PlanSettings(host=STAGING, maps=parse_maps(["https://shop.example.com=http://b"])),
        PlanSettings(host=STAGING, recorded_connections=True),
    ],
    ids=["maps that match, shadowed or not", "what a scheme leaves goes to --host", "recorded connections of HTTP/1.1"],
)
def test_targets_without_anything_to_warn_of(make_recording: MakeRecording, row: Any, settings: PlanSettings) -> None:
    """What is covered, and does what was asked, needs no note."""
    assert warnings(make_recording, row, settings) == ""


def test_an_empty_sample_says_so(make_recording: MakeRecording, row: Any) -> None:
    """Nothing planned is not the fault of a filter."""
    manifest, index = make_recording([row(0, "GET /a", sample=500)])
    plan = make_plan(manifest, index, PlanSettings(buckets=1))
    assert plan.planned == 0
    assert "take a larger --sample" in plan.warnings[0]


@pytest.mark.parametrize(
    ("headers", "cure"),
    [
        ((), "add one with --header 'Authorization: Bearer ${STAGING_TOKEN}'"),
        (("Accept",), "add one with --header"),
        (("Authorization",), "--header gives them one"),
    ],
)
def test_requests_without_their_credential_are_counted(
    make_recording: MakeRecording, row: Any, headers: tuple[str, ...], cure: str
) -> None:
    """The share that lost a header to redaction, and what supplies one."""
    manifest, index = make_recording([row(0, "GET /a", 1, rows=25), row(1, "GET /a", rows=75), row(2, "POST /a", 1)])
    (note,) = make_plan(manifest, index, PlanSettings(headers=headers)).warnings
    assert note.startswith("25 requests (25.0%) go out without a header that capture redacted")
    assert cure in note


def test_the_overflow_endpoint_is_explained(make_recording: MakeRecording, row: Any) -> None:
    """Exchanges beyond the cap have no method that --methods could choose; without it they are sent or not one by one."""
    manifest, index = make_recording([row(0, "GET /a"), row(0, "__other__", rows=40), row(0, "__other__", 16, rows=2)])
    (note,) = make_plan(manifest, index, PlanSettings(methods=frozenset({"GET"}))).warnings
    assert note.startswith("42 exchanges beyond the cap on endpoints (__other__) are left out by --methods")
    plain = make_plan(manifest, index, PlanSettings())
    assert plain.warnings == ()
    assert plain.skipped_by == {SkipReason.METHOD: 2}
