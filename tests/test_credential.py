from __future__ import annotations

import pytest

from replay_users.credential import SECRET_WORDS, is_secret_header, is_secret_parameter, names_a_secret


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "x-forwarded-authorization",
        "Cookie",
        "set-cookie",
        "api-key",
        "apikey",
        "x-api-key",
        "X-Goog-Api-Key",
        "dd-api-key",
        "ocp-apim-subscription-key",
        "x-functions-key",
        "x-auth",
        "x-auth-key",
        "x-auth-token",
        "x-amz-security-token",
        "x-csrf-token",
        "cf-access-jwt-assertion",
        "x-forwarded-client-cert",
        "x-session-token",
        "client-secret",
        "my-credentials",
        "x-passwd",
        "x-xsrf",
    ],
)
def test_headers_that_hold_secrets_are_known(name: str) -> None:
    """A header is a secret by its name or a word in it, in any case."""
    assert is_secret_header(name)


@pytest.mark.parametrize(
    "name",
    [
        "accept",
        "access-control-allow-headers",
        "author",
        "cache-control",
        "content-type",
        "idempotency-key",
        "if-none-match",
        "keep-alive",
        "referer",
        "sec-websocket-key",
        "user-agent",
        "x-forwarded-for",
        "x-request-id",
    ],
)
def test_harmless_headers_stay(name: str) -> None:
    """What a server needs to answer alike, and what helps a reader, is no secret."""
    assert not is_secret_header(name)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("access_token", True),
        ("PassWord", True),
        ("X-Amz-Signature", True),
        ("key", True),
        ("q", False),
        ("page", False),
    ],
)
def test_parameters_that_hold_secrets_are_known(name: str, secret: bool) -> None:
    """More words count in a query than in headers."""
    assert is_secret_parameter(name) is secret


def test_what_is_a_secret_anywhere_is_one_in_a_query() -> None:
    """A URL is kept and shown in more places than a header."""
    assert [word for word in SECRET_WORDS if not is_secret_parameter(word)] == []


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("refreshToken", True),
        ("user.api_key", True),
        ("subscription_key", True),
        ("accessKey", True),
        ("passphrase", True),
        ("price", False),
        ("cookie", False),
    ],
)
def test_keys_of_bodies_that_hold_secrets_are_known(text: str, secret: bool) -> None:
    """A word counts wherever it stands; names that are secrets as headers only do not."""
    assert names_a_secret(text) is secret
