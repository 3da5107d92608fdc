"""Forward proxies, by name and from the environment as curl reads it."""

from __future__ import annotations

import pytest

from replay_users.errors import UsageError
from replay_users.plan.host import Host, parse_host
from replay_users.plan.proxy import Proxy, credential_line, find_proxy, parse_proxy

TARGET = "http://staging.example.com"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        pytest.param("http://proxy:3128", Host("http", "proxy", 3128), id="host and port"),
        pytest.param(" http://Proxy:80/ ", Host("http", "proxy", 80), id="its port 80 is meant"),
        pytest.param("http://proxy", Host("http", "proxy", 1080), id="without a port curl's default"),
        pytest.param("http://[::1]:3128", Host("http", "::1", 3128), id="an address"),
    ],
)
def test_a_proxy_by_name(text: str, host: Host) -> None:
    """Scheme, host and port."""
    assert parse_proxy(text) == Proxy(host)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "https://proxy:443",
            "--proxy 'https://proxy:443' cannot be used: https:// proxies are not supported; write http://PROXY:PORT",
            id="https",
        ),
        pytest.param("socks5://proxy:1080", "socks5:// proxies are not supported", id="socks"),
        pytest.param("proxy:3128", "--proxy 'proxy:3128' cannot be used: write http://PROXY:PORT", id="no scheme"),
        pytest.param("http://proxy:3128/a", "cannot be used: write http://PROXY:PORT, without a path", id="a path"),
        pytest.param("http://a b", "cannot be used", id="a space"),
        pytest.param("http://proxy:99999", "cannot be used", id="no such port"),
        pytest.param("http://", "cannot be used", id="no host"),
    ],
)
def test_what_is_no_proxy_is_refused(text: str, sentence: str) -> None:
    """One sentence with what was written and what would be right."""
    with pytest.raises(UsageError) as refused:
        parse_proxy(text)
    assert sentence in str(refused.value)


def test_a_password_on_the_command_line_is_refused_and_not_shown() -> None:
    """Others see command lines, so the sentence says where to put it instead."""
    with pytest.raises(UsageError) as refused:
        parse_proxy("http://me:hunter2@proxy:3128")
    assert "hunter2" not in str(refused.value)
    assert "--proxy-header 'Proxy-Authorization: Basic ${PROXY_AUTH}'" in str(refused.value)


P1, P2 = Proxy(Host("http", "p1", 3128)), Proxy(Host("http", "p2", 3128))
BOTH = {"http_proxy": "http://p1:3128", "https_proxy": "http://p2:3128"}


@pytest.mark.parametrize(
    ("env", "target", "proxy"),
    [
        pytest.param({}, TARGET, None, id="nothing there"),
        pytest.param(BOTH, TARGET, P1, id="by scheme: http"),
        pytest.param(BOTH, "https://staging", P2, id="by scheme: https"),
        pytest.param({"http_proxy": "http://p1:3128"}, "https://staging", None, id="of the other scheme"),
        pytest.param({"HTTP_PROXY": "http://p1:3128"}, TARGET, P1, id="in capitals"),
        pytest.param({"HTTP_PROXY": "http://p2:1", "http_proxy": "http://p1:3128"}, TARGET, P1, id="lower case first"),
        pytest.param({"HTTP_PROXY": "http://p1:3128", "http_proxy": ""}, TARGET, P1, id="empty is not there"),
        pytest.param({"http_proxy": "p1:3128"}, TARGET, P1, id="without a scheme"),
        pytest.param({"http_proxy": "p1"}, TARGET, Proxy(Host("http", "p1", 1080)), id="without a port"),
        pytest.param({"ALL_PROXY": "http://p1:3128"}, "https://staging", P1, id="for all"),
        pytest.param({"ALL_PROXY": "http://p1:3128", **BOTH}, "https://staging", P2, id="its own before that for all"),
        pytest.param({**BOTH, "NO_PROXY": "*"}, TARGET, None, id="none at all"),
        pytest.param({**BOTH, "NO_PROXY": "a, example.com"}, TARGET, None, id="a domain"),
        pytest.param({**BOTH, "no_proxy": ".example.com"}, TARGET, None, id="a domain with its dot"),
        pytest.param({**BOTH, "no_proxy": "a Staging.Example.com b"}, TARGET, None, id="a host, spaces between"),
        pytest.param({**BOTH, "no_proxy": "ample.com"}, TARGET, P1, id="whole labels only"),
        pytest.param({**BOTH, "no_proxy": "10.0.0.0/8"}, "http://10.1.2.3:80", None, id="a network"),
        pytest.param({**BOTH, "no_proxy": "10.0.0.0/8"}, "http://11.1.2.3:80", P1, id="another network"),
        pytest.param({**BOTH, "no_proxy": "[::1]"}, "http://[::1]:81", None, id="an address in brackets"),
        pytest.param({**BOTH, "no_proxy": ""}, TARGET, P1, id="an empty list"),
    ],
)
def test_a_proxy_of_the_environment(env: dict[str, str], target: str, proxy: Proxy | None) -> None:
    """Each target has that of its scheme, unless NO_PROXY lists its host."""
    assert find_proxy(env, parse_host(target)) == proxy


def test_a_bad_variable_is_named() -> None:
    """The sentence says which variable, and not what it holds before an `@`."""
    with pytest.raises(UsageError) as refused:
        find_proxy({"HTTPS_PROXY": "socks5://me:hunter2@p:1"}, parse_host("https://staging"))
    assert str(refused.value) == (
        "the environment's HTTPS_PROXY cannot be used: socks5:// proxies are not supported; write http://PROXY:PORT"
    )


@pytest.mark.parametrize(
    ("url", "line"),
    [
        pytest.param("http://me:pass@p1:3128", b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n", id="user and password"),
        pytest.param("me:pass@p1:3128", b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n", id="without a scheme"),
        pytest.param("http://me@p1:3128", b"Proxy-Authorization: Basic bWU6\r\n", id="no password"),
        pytest.param("http://m%65:p%40ss@p1:3128", b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n", id="encoded"),
        pytest.param("http://me:p@ss@p1:3128", b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n", id="an @ that is not"),
        pytest.param("http://me:p://s@p1:3128", b"Proxy-Authorization: Basic bWU6cDovL3M=\r\n", id="a :// that is not"),
        pytest.param("me:p://s@p1:3128", b"Proxy-Authorization: Basic bWU6cDovL3M=\r\n", id="nor is this one"),
        pytest.param("http://p1:3128", b"", id="nobody"),
    ],
)
def test_a_user_in_a_variable_becomes_a_header(url: str, line: bytes) -> None:
    """The secret is read when a run begins, and is nowhere in the proxy itself."""
    env = {"http_proxy": url}
    proxy = find_proxy(env, parse_host(TARGET))
    assert proxy is not None
    assert proxy.host == P1.host
    assert "pass" not in repr(proxy)
    assert credential_line(proxy, env) == line
    assert credential_line(P1, env) == b""
