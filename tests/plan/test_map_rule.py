"""`--map PROD=STAGING` as a person writes it."""

from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.plan.host import Host
from replay_users.plan.map_rule import MapRule, parse_maps

STAGING = Host("http", "staging", 8080)


def rule(name: str, *, scheme: str | None = None, port: int | None = None, wildcard: bool = False) -> MapRule:
    """A rule to staging."""
    return MapRule(scheme, name, port, wildcard, STAGING)


@pytest.mark.parametrize(
    ("production", "expected", "shown"),
    [
        pytest.param("shop", rule("shop"), "shop", id="a host"),
        pytest.param("Shop.Example.COM.", rule("shop.example.com"), "shop.example.com", id="any spelling"),
        pytest.param("shop:8443", rule("shop", port=8443), "shop:8443", id="a host and port"),
        pytest.param("https://shop", rule("shop", scheme="https", port=443), "https://shop", id="a scheme"),
        pytest.param("HTTP://shop/", rule("shop", scheme="http", port=80), "http://shop", id="a scheme in capitals"),
        pytest.param(
            "http://shop:81", rule("shop", scheme="http", port=81), "http://shop:81", id="a scheme and another port"
        ),
        pytest.param("*.example.com", rule("example.com", wildcard=True), "*.example.com", id="a wildcard"),
        pytest.param(
            "https://*.example.com",
            rule("example.com", scheme="https", port=443, wildcard=True),
            "https://*.example.com",
            id="a wildcard of a scheme",
        ),
        pytest.param("10.0.0.1", rule("10.0.0.1"), "10.0.0.1", id="an address"),
        pytest.param("[0::1]:81", rule("::1", port=81), "[::1]:81", id="an IPv6 address"),
        pytest.param(" shop ", rule("shop"), "shop", id="spaces around"),
    ],
)
def test_the_recorded_side(production: str, expected: MapRule, shown: str) -> None:
    """Host, port and scheme are read as networks read them, and shown in one spelling."""
    assert parse_maps([f"{production}=http://staging:8080"]) == (expected,)
    assert expected.production == shown
    assert expected.text == f"{shown}=http://staging:8080"
    assert parse_maps([expected.text]) == (expected,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("shop", "--map 'shop' cannot be read: write PROD=STAGING", id="no target"),
        pytest.param("=http://staging", "cannot be read", id="no host"),
        pytest.param("a/b=http://staging", "cannot be read", id="a path"),
        pytest.param("ftp://shop=http://staging", "cannot be read", id="another scheme"),
        pytest.param("shop:0=http://staging", "cannot be read", id="port zero"),
        pytest.param("shop:99999=http://staging", "cannot be read", id="no such port"),
        pytest.param("*=http://staging", "cannot be read", id="everything, which is what --host is for"),
        pytest.param("*.10.0.0.1=http://staging", "cannot be read", id="below an address"),
        pytest.param("a.*.b=http://staging", "cannot be read", id="a wildcard in the middle"),
        pytest.param("-a=http://staging", "cannot be read", id="no host name"),
        pytest.param("a\nb=http://staging", "cannot be read", id="a line break"),
        pytest.param("shop=staging", "--map 'shop=staging': unknown host 'staging': write http://", id="no scheme"),
        pytest.param("shop=http://s/api", "scheme, host and port only", id="a path in the target"),
        pytest.param("shop=", "unknown host ''", id="an empty target"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, sentence: str) -> None:
    """The sentence shows what was written and how to write it."""
    with pytest.raises(UsageError) as refused:
        parse_maps([text])
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["me:hunter2@shop=http://staging", "shop=http://me:hunter2@staging"])
def test_a_password_is_not_shown(text: str) -> None:
    """A user in a URL is refused, and a message repeats none."""
    with pytest.raises(UsageError) as refused:
        parse_maps([text])
    assert "hunter2" not in str(refused.value)


def test_two_targets_for_one_host_are_refused() -> None:
    """The sentence names both rules, however they are spelt."""
    with pytest.raises(UsageError) as refused:
        parse_maps(["https://Shop=http://a", "other=http://b", "https://shop:443=http://b"])
    assert str(refused.value) == (
        "--map https://shop=http://a and --map https://shop=http://b send the same host to different places: take one out"
    )


def test_saying_it_twice_is_saying_it_once() -> None:
    """The same rule again does no harm; the order given is kept."""
    rules = parse_maps(["b=http://staging:8080", "a=http://staging:8080", "B=http://staging:8080/"])
    assert rules == (rule("b"), rule("a"))


@pytest.mark.parametrize(
    ("rule", "row", "matches"),
    [
        pytest.param(rule("shop"), ("", "shop", 8080), True, id="a host is any port"),
        pytest.param(rule("shop"), ("https", "www.shop", None), False, id="a host is not what is below it"),
        pytest.param(rule("shop", port=443), ("https", "shop", None), False, id="a port is one that is said"),
        pytest.param(rule("shop", port=443), ("", "shop", 443), True, id="and then it is found"),
        pytest.param(
            rule("shop", scheme="https", port=443), ("https", "shop", None), True, id="a scheme implies a port"
        ),
        pytest.param(rule("shop", scheme="https", port=443), ("https", "shop", 443), True, id="which may be said too"),
        pytest.param(rule("shop", scheme="https", port=443), ("http", "shop", 443), False, id="another scheme"),
        pytest.param(rule("shop", scheme="https", port=443), ("https", "shop", 8443), False, id="another port"),
        pytest.param(
            rule("shop", scheme="https", port=443), ("", "shop", None), False, id="a scheme that is not known"
        ),
        pytest.param(rule("b.c", wildcard=True), ("", "a.b.c", None), True, id="a wildcard"),
        pytest.param(rule("b.c", wildcard=True), ("", "x.a.b.c", 81), True, id="a wildcard at any depth"),
        pytest.param(rule("b.c", wildcard=True), ("", "b.c", None), False, id="a wildcard is not its own name"),
        pytest.param(rule("b.c", wildcard=True), ("", "ab.c", None), False, id="a wildcard is of whole labels"),
    ],
)
def test_what_a_rule_is_about(rule: MapRule, row: tuple[str, str, int | None], matches: bool) -> None:
    """Only a rule with a scheme looks at the row's, and then a missing port is the scheme's own."""
    assert rule.matches(*row) is matches
