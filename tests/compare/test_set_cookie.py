"""Cookies are compared by name and attributes; their values are never seen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.set_cookie import describe_cookie


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param("sid=abc", "sid; session", id="bare"),
        pytest.param("sid=abc; Path=/; HttpOnly; Secure", "sid; httponly; secure; path=/; session", id="attributes"),
        pytest.param("sid=abc;SECURE;path=/ ;HTTPONLY", "sid; httponly; secure; path=/; session", id="case-and-order"),
        pytest.param("sid=a; SameSite=LAX", "sid; samesite=lax; session", id="same-site"),
        pytest.param("sid=a; Domain=.Shop.example", "sid; domain=staging.example; session", id="domain-mapped"),
        pytest.param("sid=a; Max-Age=3600", "sid; persistent", id="max-age"),
        pytest.param("sid=a; Expires=Wed, 25 Nov 2026 10:00:00 GMT", "sid; persistent", id="expires"),
        pytest.param("sid=; Max-Age=0", "sid; deleted", id="deleted-by-age"),
        pytest.param(
            "sid=; Max-Age=-1; Expires=Wed, 25 Nov 2026 10:00:00 GMT", "sid; deleted", id="age-before-expires"
        ),
        pytest.param("sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "sid; deleted", id="deleted-by-date"),
        pytest.param("sid=; expires=Thu, 01-Jan-70 00:00:01 GMT", "sid; deleted", id="deleted-by-old-date"),
        pytest.param("sid=a; Max-Age=soon", "sid; session", id="no-age"),
        pytest.param("sid=a; Path=/a; Path=/b", "sid; path=/b; session", id="the-last-one-holds"),
        pytest.param("sid=a; Path=", "sid; session", id="empty-attribute"),
        pytest.param("just-a-value", "; session", id="no-name"),
        pytest.param("", "; session", id="nothing"),
    ],
)
def test_what_counts_of_a_cookie(line: str, told: str) -> None:
    """Name, flags, path, domain, same-site and how long it lasts, in one order."""
    assert describe_cookie(line, lambda host: host.replace("shop", "staging")) == told


def test_a_domain_has_no_port() -> None:
    """The host that takes its place may have one, which is not compared."""
    line = "sid=a; Domain=staging"
    assert describe_cookie("sid=a; Domain=shop", lambda host: host.replace("shop", "staging:8080")) == describe_cookie(
        line, str
    )


@settings(max_examples=50)
@given(
    value=st.text(st.characters(codec="latin-1", exclude_characters=";"), min_size=12),
    name=st.sampled_from(["sid", ""]),
)
def test_the_value_of_a_cookie_is_never_told(value: str, name: str) -> None:
    """Whatever the value is, the text is the same."""
    assert describe_cookie(f"{name}={value}; Path=/", str) == f"{name}; path=/; session"
