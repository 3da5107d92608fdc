from __future__ import annotations

import pytest

from replay_users.model import SkipReason
from replay_users.plan.decisions import Decisions, decide, decide_all
from replay_users.plan.safety import EndpointRule, RuleKind, Safety
from replay_users.plan.selection import EndpointFilter, Pattern, parse_endpoints

EVERYTHING = EndpointFilter()


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
        (16, None),
        (16 + 4, SkipReason.NOT_WHOLE),
        (255, SkipReason.PROTOCOL),
    ],
)
def test_traits_give_one_reason_in_a_fixed_order(traits: int, reason: SkipReason | None) -> None:
    """Protocol before redacted target before not whole; a redacted header is no reason, an unknown bit neither."""
    assert Decisions((None,)).skip_reason(0, traits) is reason


def test_a_choice_comes_before_a_fault_of_the_capture() -> None:
    """A row of an endpoint that is left out is not also blamed on the capture."""
    decisions = Decisions((None, SkipReason.FILTER))
    assert decisions.skip_reason(1, 15) is SkipReason.FILTER
    assert decisions.skip_reason(1, 0) is SkipReason.FILTER
    assert decisions.skip_reason(0, 0) is None


@pytest.mark.parametrize(
    ("methods", "endpoints", "name", "reason"),
    [
        ({"GET"}, "", "GET /a", None),
        ({"GET"}, "", "HEAD /a", SkipReason.METHOD),
        ({"HEAD"}, "", "__other__", SkipReason.METHOD),
        (None, "GET /a", "GET /b", SkipReason.FILTER),
        (None, "GET /a", "POST /b", SkipReason.FILTER),
        ({"GET"}, "GET /a", "POST /b", SkipReason.METHOD),
        (None, "", "POST /b", SkipReason.METHOD),
        ({"POST"}, "POST /b", "POST /b", SkipReason.METHOD),
        (None, "", "GET /logout", SkipReason.ENDPOINT_RULE),
        (None, "!/logout", "GET /logout", SkipReason.FILTER),
    ],
)
def test_what_was_asked_for_comes_before_what_is_safe(
    methods: set[str] | None, endpoints: str, name: str, reason: SkipReason | None
) -> None:
    """Methods, then endpoints, then safety; asking for a method does not allow writes."""
    chosen = None if methods is None else frozenset(methods)
    assert decide(name, chosen, parse_endpoints(endpoints), Safety()) is reason


def test_endpoints_are_decided_in_the_manifests_order() -> None:
    """The table is looked up by the manifest's index."""
    safety = Safety(rules=(EndpointRule(Pattern("GET /b"), RuleKind.SKIP, "r"),))
    decisions = decide_all(["GET /a", "GET /b", "POST /c"], None, EVERYTHING, safety)
    assert decisions == Decisions((None, SkipReason.ENDPOINT_RULE, SkipReason.METHOD))
