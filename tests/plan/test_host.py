from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.plan.host import Host, parse_host, split_authority


@pytest.mark.parametrize(
    ("url", "host", "authority"),
    [
        ("http://staging:8080", Host("http", "staging", 8080), "staging:8080"),
        ("http://Staging.Example.com.", Host("http", "staging.example.com", 80), "staging.example.com"),
        ("https://staging/", Host("https", "staging", 443), "staging"),
        ("https://staging:80", Host("https", "staging", 80), "staging:80"),
        ("http://[::1]:9000", Host("http", "::1", 9000), "[::1]:9000"),
        ("http://[0:0::0:1]", Host("http", "::1", 80), "[::1]"),
        ("http://10.0.0.1", Host("http", "10.0.0.1", 80), "10.0.0.1"),
        (" http://a_b ", Host("http", "a_b", 80), "a_b"),
    ],
)
def test_a_target_is_scheme_host_and_port(url: str, host: Host, authority: str) -> None:
    """Names are lowered, addresses compressed, and the scheme's own port is left out of Host."""
    assert parse_host(url) == host
    assert host.authority == authority
    assert host.url == f"{host.scheme}://{authority}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "staging",
        "staging:8080",
        "ftp://staging",
        "http://",
        "http://:80",
        "http://a:0",
        "http://a:99999",
        "http://a:x",
        "http://a b",
        "http://[zz]",
        "http://-a",
        "http://a\r\nX: y",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    """The message shows the form."""
    with pytest.raises(UsageError, match="http://HOST:PORT"):
        parse_host(url)


@pytest.mark.parametrize("url", ["http://a/api", "http://a?x=1", "http://a#f"])
def test_a_target_has_no_path(url: str) -> None:
    """Targets go out as recorded, so a path in the host would be lost without a word."""
    with pytest.raises(UsageError, match="scheme, host and port only"):
        parse_host(url)


@pytest.mark.parametrize("url", ["http://me:hunter2@staging", "me:hunter2@staging", "http://me:hunter2@a:99999"])
def test_a_password_in_a_target_is_refused_and_not_shown(url: str) -> None:
    """Credentials come from `--header`, and a message repeats none."""
    with pytest.raises(UsageError) as caught:
        parse_host(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("authority", "parts"),
    [
        ("Shop.example.com.", ("shop.example.com", None)),
        ("shop:8080", ("shop", 8080)),
        ("[::0001]:8080", ("::1", 8080)),
        ("[::1]", ("::1", None)),
        ("shop:", ("shop", None)),
        ("a:b:c", None),
        ("", ("", None)),
    ],
)
def test_authorities_split_into_name_and_port(authority: str, parts: tuple[str, int | None] | None) -> None:
    """Recorded authorities are compared in the same spelling as targets."""
    assert split_authority(authority) == parts
