from __future__ import annotations

import pytest

from replay_users.model import SkipReason
from replay_users.plan.decisions import decide, decide_all
from replay_users.plan.safety import EndpointRule, RuleKind, Safety
from replay_users.plan.selection import EndpointFilter, Pattern, parse_endpoints
from replay_users.recording.manifest import EndpointInfo
from replay_users.recording.traits import Trait

EVERYTHING = EndpointFilter()
WRITES = Safety(allow_writes=True)
UNKNOWN = 64 + 128


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        (0, None),
        (1, None),
        (2, SkipReason.REDACTED_TARGET),
        (3, SkipReason.REDACTED_TARGET),
        (4, SkipReason.NOT_WHOLE),
        (6, SkipReason.REDACTED_TARGET),
        (8, SkipReason.PROTOCOL),
        (15, SkipReason.PROTOCOL),
        (UNKNOWN, None),
        (UNKNOWN + 4, SkipReason.NOT_WHOLE),
        (UNKNOWN + Trait.WRITE, SkipReason.METHOD),
        (UNKNOWN + Trait.ACTS, SkipReason.ENDPOINT_RULE),
        (255, SkipReason.METHOD),
    ],
)
def test_traits_give_one_reason_in_a_fixed_order(traits: int, reason: SkipReason | None) -> None:
    """Safety, protocol, redacted target, not whole; a redacted header is no reason, an unknown bit neither."""
    assert decide_all(["GET /a"], None, EVERYTHING, Safety()).skip_reason(0, traits) is reason


def test_what_is_allowed_can_still_be_impossible_to_send() -> None:
    """With writes allowed, the faults of the capture remain."""
    table = decide_all(["POST /a"], None, EVERYTHING, WRITES)
    assert table.skip_reason(0, Trait.WRITE) is None
    assert table.skip_reason(0, Trait.WRITE | Trait.NOT_WHOLE) is SkipReason.NOT_WHOLE


def test_a_choice_comes_before_a_fault_of_the_capture() -> None:
    """A row of an endpoint that is left out is not also blamed on the capture."""
    table = decide_all(["GET /a", "GET /b"], None, parse_endpoints("GET /a"), Safety())
    assert {table.skip_reason(1, traits) for traits in range(256)} == {SkipReason.FILTER}
    assert table.skip_reason(0, 0) is None


def test_endpoints_whose_writes_are_left_out_are_known() -> None:
    """Comparison is told which data will be missing: by default none of the writes is sent."""
    names = ["GET /a", "POST /a", "PUT /b"]
    endpoints = [EndpointInfo(name, 3, {}, 2) for name in names]
    assert decide_all(names, None, EVERYTHING, Safety()).left_out(endpoints) == names
    assert decide_all(names, None, EVERYTHING, WRITES).left_out(endpoints) == []
    assert decide_all(names, None, parse_endpoints("* /a"), WRITES).left_out(endpoints) == ["PUT /b"]


@pytest.mark.parametrize(
    ("refused", "is_missing"),
    [
        pytest.param(None, True, id="an-older-manifest-does-not-say"),
        pytest.param(0, True, id="none"),
        pytest.param(2, True, id="some"),
        pytest.param(3, False, id="all"),
    ],
)
def test_nothing_is_missing_of_writes_that_production_refused(refused: int | None, is_missing: bool) -> None:
    """An endpoint of which every row was refused has left nothing behind."""
    table = decide_all(["PATCH /x"], None, EVERYTHING, Safety())
    assert table.left_out([EndpointInfo("PATCH /x", 3, {}, refused)]) == (["PATCH /x"] if is_missing else [])


@pytest.mark.parametrize(
    ("methods", "endpoints", "name", "traits", "reason"),
    [
        ({"GET"}, "", "GET /a", 0, None),
        ({"GET"}, "", "HEAD /a", 0, SkipReason.METHOD),
        ({"HEAD"}, "", "__other__", 0, SkipReason.METHOD),
        (None, "", "__other__", 0, None),
        (None, "GET /a", "GET /b", 0, SkipReason.FILTER),
        (None, "GET /a", "POST /b", Trait.WRITE, SkipReason.FILTER),
        ({"GET"}, "GET /a", "POST /b", Trait.WRITE, SkipReason.METHOD),
        (None, "", "POST /b", Trait.WRITE, SkipReason.METHOD),
        ({"POST"}, "POST /b", "POST /b", Trait.WRITE, SkipReason.METHOD),
        (None, "", "GET /logout", Trait.ACTS, SkipReason.ENDPOINT_RULE),
        (None, "!/logout", "GET /logout", Trait.ACTS, SkipReason.FILTER),
    ],
)
def test_what_was_asked_for_comes_before_what_is_safe(
    methods: set[str] | None, endpoints: str, name: str, traits: int, reason: SkipReason | None
) -> None:
    """Methods, then endpoints, then safety; asking for a method does not allow writes."""
    chosen = None if methods is None else frozenset(methods)
    assert decide(name, traits, chosen, parse_endpoints(endpoints), Safety()) is reason


def test_endpoints_are_decided_in_the_manifests_order() -> None:
    """The table is looked up by the manifest's index, and by the row's traits."""
    safety = Safety(rules=(EndpointRule(Pattern("GET /b"), RuleKind.SKIP, "r"),))
    table = decide_all(["GET /a", "GET /b", "GET /c"], None, EVERYTHING, safety)
    assert [table.skip_reason(nth, 0) for nth in range(3)] == [None, SkipReason.ENDPOINT_RULE, None]
    assert [table.skip_reason(nth, Trait.WRITE) for nth in range(3)] == [
        SkipReason.METHOD,
        SkipReason.ENDPOINT_RULE,
        SkipReason.METHOD,
    ]
