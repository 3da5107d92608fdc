from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.model import OTHER_ENDPOINT, Request, SkipReason
from replay_users.plan.safety import EndpointRule, RuleKind, Safety, judge_rewritten, refuse_production
from replay_users.plan.selection import Pattern
from replay_users.recording.traits import Trait


def rule(pattern: str, kind: str) -> EndpointRule:
    """A rule with a reason."""
    return EndpointRule(Pattern(pattern), RuleKind(kind), "because")


ENDPOINTS = ["GET /users/{id}", "GET /account/{*}", "POST /users", "__other__"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        pytest.param(0, None, id="a read"),
        pytest.param(Trait.WRITE, SkipReason.METHOD, id="a write"),
        pytest.param(Trait.ACTS, SkipReason.ENDPOINT_RULE, id="a read that acts"),
        pytest.param(Trait.REDACTED_HEADER | Trait.NOT_WHOLE, None, id="faults of the capture are not safety's"),
        pytest.param(Trait.WRITE | Trait.PROTOCOL, SkipReason.METHOD, id="a write of any protocol"),
    ],
)
def test_without_a_rule_each_row_decides_for_itself(endpoint: str, traits: int, reason: SkipReason | None) -> None:
    """A row's own method and target count, whatever its endpoint is called, so folding hides no write."""
    assert Safety().decide(endpoint, traits) is reason


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("traits", [Trait.WRITE, Trait.ACTS])
def test_writes_are_sent_when_they_are_allowed(endpoint: str, traits: int) -> None:
    """`--allow-writes` is about methods and about reads that act."""
    assert Safety(allow_writes=True).decide(endpoint, traits) is None


@pytest.mark.parametrize(
    ("kind", "endpoint", "traits", "allowed", "reason"),
    [
        ("safe", "POST /graphql", Trait.WRITE, False, None),
        ("safe", "GET /logout", Trait.ACTS, False, None),
        ("skip", "GET /users", 0, True, SkipReason.ENDPOINT_RULE),
        ("skip", "POST /users", Trait.WRITE, True, SkipReason.ENDPOINT_RULE),
        ("unsafe", "GET /users", 0, False, SkipReason.ENDPOINT_RULE),
        ("unsafe", "GET /users", 0, True, None),
    ],
)
def test_a_rule_is_stronger_than_method_and_words(
    kind: str, endpoint: str, traits: int, allowed: bool, reason: SkipReason | None
) -> None:
    """`safe` is sent, `skip` is not, `unsafe` is a write."""
    safety = Safety(allow_writes=allowed, rules=(rule(endpoint, kind),))
    assert safety.decide(endpoint, traits) is reason


def test_the_last_rule_that_matches_decides() -> None:
    """A file goes from the general to the particular, as an ignore file does."""
    rules = (rule("POST *", "skip"), rule("POST /search", "safe"), rule("GET *", "skip"))
    assert Safety(rules=rules).decide("POST /search", Trait.WRITE) is None
    assert Safety(rules=rules[::-1]).decide("POST /search", Trait.WRITE) is SkipReason.ENDPOINT_RULE


def known(method: str, target: bytes) -> str:
    """The endpoint of a recording of users and logouts."""
    if target.startswith(b"/users/"):
        return f"{method} /users/{{id}}"
    return f"{method} /logout" if target == b"/logout" else OTHER_ENDPOINT


RULES = (rule("POST /v2/search", "safe"), rule("GET /users/{id}", "skip"), rule("GET /logout", "safe"))


@pytest.mark.parametrize(
    ("method", "target", "rules", "allowed", "reason"),
    [
        pytest.param("GET", b"/v2/items", (), False, None, id="a read"),
        pytest.param("POST", b"/v2/items", (), False, SkipReason.METHOD, id="a write"),
        pytest.param("GET", b"/logout", (), False, SkipReason.ENDPOINT_RULE, id="a read that acts"),
        pytest.param("GET", b"/cart?action=delete", (), False, SkipReason.ENDPOINT_RULE, id="an acting query"),
        pytest.param("POST", b"/v2/items", (), True, None, id="an allowed write"),
        pytest.param("GET", b"/logout", (), True, None, id="an allowed read that acts"),
        pytest.param("GET", b"/logout", RULES, False, None, id="the rule of another endpoint holds"),
        pytest.param("GET", b"/users/7", RULES, True, SkipReason.ENDPOINT_RULE, id="also if writes are allowed"),
        pytest.param("POST", b"/v2/search?q=a", RULES, False, None, id="a rule for what was never recorded"),
    ],
)
def test_a_rewritten_request_is_judged_as_what_it_is(
    method: str, target: bytes, rules: tuple[EndpointRule, ...], allowed: bool, reason: SkipReason | None
) -> None:
    """Its own method, target and endpoint decide, as if it had been recorded so."""
    judge = judge_rewritten(Safety(allow_writes=allowed, rules=rules), known)
    request = Request(method=method, target=target, authority="shop.example", endpoint="GET /items/{id}")
    assert judge(request) is reason


@pytest.mark.parametrize(
    ("target", "recorded"),
    [
        ("http://shop.example.com:8080", "shop.example.com:8080"),
        ("http://SHOP.example.com.:8080", "shop.Example.com:8080"),
        ("http://shop.example.com", "shop.example.com"),
        ("https://shop.example.com", "shop.example.com"),
        ("http://shop.example.com", "shop.example.com:443"),
        ("https://shop.example.com:80", "shop.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[0:0::1]:8080"),
    ],
)
def test_production_is_refused_however_it_is_written(target: str, recorded: str) -> None:
    """The place of a recording is never the target of its replay."""
    with pytest.raises(UsageError, match="never goes to production"):
        refuse_production(target, {"other": 1, recorded: 2})


@pytest.mark.parametrize(
    ("target", "recorded"),
    [
        ("http://127.0.0.1:9090", "127.0.0.1:8080"),
        ("http://staging.example.com", "shop.example.com"),
        ("http://shop.example.com:8080", "shop.example.com"),
        ("http://shop.example.com.evil", "shop.example.com"),
        ("http://staging", "a:b:c"),
        ("http://staging", ""),
    ],
)
def test_another_place_is_a_target(target: str, recorded: str) -> None:
    """Another host, or another port of the same one, is not production."""
    refuse_production(target, [recorded])


def test_what_is_no_target_is_refused() -> None:
    """A target that cannot be read cannot be told from production."""
    with pytest.raises(UsageError, match="http://HOST:PORT"):
        refuse_production("shop.example.com", ["shop.example.com"])
