from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.model import SkipReason
from replay_users.plan.safety import EndpointRule, RuleKind, Safety, acts, refuse_production
from replay_users.plan.selection import Pattern


def rule(pattern: str, kind: str) -> EndpointRule:
    """A rule with a reason."""
    return EndpointRule(Pattern(pattern), RuleKind(kind), "because")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reads_are_sent(method: str) -> None:
    """Methods that change nothing need no leave."""
    assert Safety().decide(f"{method} /users/{{id}}") is None


@pytest.mark.parametrize(
    "endpoint", ["POST /users", "PUT /a", "DELETE /a", "TRACE /a", "get /a", "__other__", "QUERY /a"]
)
def test_everything_else_is_a_write(endpoint: str) -> None:
    """Writes, and what cannot be told from writes, are sent with `--allow-writes` only."""
    assert Safety().decide(endpoint) is SkipReason.METHOD
    assert Safety(allow_writes=True).decide(endpoint) is None


@pytest.mark.parametrize(
    "template",
    [
        "/logout",
        "/log-out",
        "/Logout.php",
        "/LOGOUT",
        "/user/sign_out",
        "/orders/{id}/cancel",
        "/deleteAccount",
        "/api/v1/items/{id}/delete",
        "/newsletter/unsubscribe/{token}",
        "/opt-out",
    ],
)
def test_a_get_that_acts_is_a_write(template: str) -> None:
    """A path that names an action as a whole word is not read only."""
    assert acts(template)
    assert Safety().decide(f"GET {template}") is SkipReason.ENDPOINT_RULE
    assert Safety(allow_writes=True).decide(f"GET {template}") is None


@pytest.mark.parametrize(
    "template",
    [
        "/",
        "",
        "/deleted-items",
        "/cancellations",
        "/removes",
        "/catalogue",
        "/blog/outage",
        "/{delete}",
        "/undelete",
        "/canceled",
    ],
)
def test_a_part_of_a_word_is_no_action(template: str) -> None:
    """Only whole words of literal segments count."""
    assert not acts(template)
    assert Safety().decide(f"GET {template}") is None


@pytest.mark.parametrize(
    ("kind", "endpoint", "allowed", "reason"),
    [
        ("safe", "POST /graphql", False, None),
        ("safe", "GET /logout", False, None),
        ("skip", "GET /users", True, SkipReason.ENDPOINT_RULE),
        ("unsafe", "GET /users", False, SkipReason.ENDPOINT_RULE),
        ("unsafe", "GET /users", True, None),
    ],
)
def test_a_rule_is_stronger_than_method_and_words(
    kind: str, endpoint: str, allowed: bool, reason: SkipReason | None
) -> None:
    """`safe` is sent, `skip` is not, `unsafe` is a write."""
    safety = Safety(allow_writes=allowed, rules=(rule(endpoint, kind),))
    assert safety.decide(endpoint) is reason


def test_the_last_rule_that_matches_decides() -> None:
    """A file goes from the general to the particular, as an ignore file does."""
    rules = (rule("POST *", "skip"), rule("POST /search", "safe"), rule("GET *", "skip"))
    assert Safety(rules=rules).decide("POST /search") is None
    assert Safety(rules=rules[::-1]).decide("POST /search") is SkipReason.ENDPOINT_RULE


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
