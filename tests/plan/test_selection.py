from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.plan.selection import Pattern, parse_endpoints, parse_methods, parse_sample


@pytest.mark.parametrize(
    ("text", "buckets"), [("10%", 100), ("0.1%", 1), ("100%", 1000), (" 2.5 % ", 25), ("7.50%", 75)]
)
def test_a_sample_is_a_number_of_buckets(text: str, buckets: int) -> None:
    """A share of the sessions in steps of 0.1 %."""
    assert parse_sample(text) == buckets


@pytest.mark.parametrize("text", ["", "10", "0%", "0.0%", "0.05%", "100.1%", "1000%", "-5%", "ten%", "nan%", "1e1%"])
def test_other_samples_are_refused(text: str) -> None:
    """No share, none of it, more than all of it, or finer than the recording knows."""
    with pytest.raises(UsageError, match=r"from 0\.1% to 100%"):
        parse_sample(text)


@pytest.mark.parametrize(
    ("text", "methods"),
    [("", None), (" ", None), ("GET", {"GET"}), ("get, head", {"GET", "HEAD"}), ("GET POST,,", {"GET", "POST"})],
)
def test_methods_are_a_list(text: str, methods: set[str] | None) -> None:
    """Commas or spaces, any case; no text is all methods."""
    assert parse_methods(text) == methods


def test_what_is_no_method_is_refused() -> None:
    """A method is a token."""
    with pytest.raises(UsageError, match="GET,HEAD"):
        parse_methods("GET,/users")


@pytest.mark.parametrize(
    ("pattern", "endpoint", "matches"),
    [
        ("GET /users/*", "GET /users/{id}", True),
        ("GET /users/*", "GET /users/{id}/orders", True),
        ("GET /users/*", "GET /users", False),
        ("GET /users/*", "HEAD /users/{id}", False),
        ("get /users", "GET /users", True),
        ("GET /Users", "GET /users", False),
        ("GET /users/{id}", "GET /users/{id}", True),
        ("GET /users/{id}", "GET /users/i", False),
        ("/users", "POST /users", True),
        ("/users", "POST /v1/users", False),
        ("*/users", "POST /v1/users", True),
        ("* /users", "POST /users", True),
        ("*", "__other__", True),
        ("__other__", "__other__", True),
        ("GET /a?c", "GET /a,c", True),
        ("GET /a.c", "GET /abc", False),
        ("GET /[ab]", "GET /a", False),
        ("GET /[ab]", "GET /[ab]", True),
        ("***************************b", "GET /" + "a" * 60, False),
    ],
)
def test_patterns_are_globs_over_endpoint_names(pattern: str, endpoint: str, matches: bool) -> None:
    """Only `*` and `?` are special, and a pattern without a method is about all of them."""
    assert Pattern(pattern).matches(endpoint) is matches


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ["GET /a", "GET /b", "POST /a"]),
        ("GET *", ["GET /a", "GET /b"]),
        ("GET /a, GET /b", ["GET /a", "GET /b"]),
        ("!/a", ["GET /b"]),
        ("GET *,! GET /a", ["GET /b"]),
        ("!GET /a,GET /a", []),
    ],
)
def test_a_filter_keeps_what_is_included_and_not_excluded(text: str, kept: list[str]) -> None:
    """Excludes win over includes, in any order; no include is all of them."""
    chosen = parse_endpoints(text)
    assert [name for name in ("GET /a", "GET /b", "POST /a") if chosen.keeps(name)] == kept


def test_an_exclude_of_nothing_is_refused() -> None:
    """A lone `!` would otherwise exclude nothing without a word."""
    with pytest.raises(UsageError, match="needs a pattern"):
        parse_endpoints("GET /a,!")


def test_the_nearest_endpoint_of_a_misspelt_pattern() -> None:
    """A pattern that matches nothing can say what may have been meant."""
    names = ["GET /users/{id}", "GET /products"]
    assert Pattern("GET /usrs/{id}").nearest(names) == "GET /users/{id}"
    assert Pattern("zzz").nearest(names) is None
