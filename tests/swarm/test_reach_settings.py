"""How a run reaches its targets, out of options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.engine.pool import Keep
from replay_users.errors import UsageError
from replay_users.plan.host import parse_host
from replay_users.plan.proxy import Proxy
from replay_users.plan.route import Route
from replay_users.swarm.reach_settings import TlsOptions, read_keep, read_proxies, read_proxy_headers, read_tls

if TYPE_CHECKING:
    from tests.swarm.conftest import MakeOptions

SECOND = 1_000_000_000
HTTP, HTTPS = Route("http", "a", 80, "a"), Route("https", "b", 443, "b")


def test_tls_options_arrive(options: MakeOptions) -> None:
    """Each where it is used; what is not given is `None`, and verification is on unless it is switched off."""
    given = options(ca_file="ca", client_cert="cert", client_key="key", sni="Shop.Internal.")
    assert read_tls(given, [HTTP, HTTPS]) == TlsOptions(
        ca_file="ca", cert_file="cert", key_file="key", sni="shop.internal", verify=True
    )
    assert read_tls(options(insecure=True), [HTTPS]) == TlsOptions(verify=False)
    assert read_tls(options(), [HTTP]) == TlsOptions()


@pytest.mark.parametrize(
    ("changes", "targets", "sentence"),
    [
        pytest.param(
            {"insecure": True},
            [HTTP],
            "--insecure does nothing, since no target is https: give an https:// target or leave it out",
            id="no target is https",
        ),
        pytest.param(
            {"client_key": "key"},
            [HTTPS],
            "--client-key needs the certificate that it belongs to: add --client-cert FILE",
            id="a key alone",
        ),
        pytest.param(
            {"ca_file": "ca", "insecure": True},
            [HTTPS],
            "--ca-file does nothing with --insecure, which verifies nothing: leave one of them out",
            id="verify by nothing",
        ),
        pytest.param(
            {"sni": "a b"}, [HTTPS], "--sni 'a b' is not a host name: write it like staging.example.com", id="no name"
        ),
    ],
)
def test_tls_options_that_cannot_be_are_refused(
    options: MakeOptions, changes: dict[str, Any], targets: list[Route], sentence: str
) -> None:
    """One sentence with the cure, for what would do nothing too."""
    with pytest.raises(UsageError) as refused:
        read_tls(options(**changes), targets)
    assert str(refused.value) == sentence


def test_a_plan_without_targets_may_be_about_any(options: MakeOptions) -> None:
    """Whether TLS options do something is not known then."""
    assert read_tls(options(insecure=True), []) == TlsOptions(verify=False)


def test_every_target_goes_through_a_proxy_by_name(options: MakeOptions) -> None:
    """And none through those of the environment, unless that is asked for."""
    env = {"https_proxy": "http://p:2"}
    proxy = Proxy(parse_host("http://p:1"))
    assert read_proxies(options(proxy="http://p:1"), [HTTP, HTTPS], env) == (proxy, proxy)
    assert read_proxies(options(), [HTTP, HTTPS], env) == (None, None)
    assert read_proxies(options(proxy="env"), [HTTP, HTTPS], env) == (
        None,
        Proxy(parse_host("http://p:2")),
    )


def test_a_proxy_cannot_preserve_the_host(options: MakeOptions) -> None:
    """It writes Host from the URL it is given; in a tunnel it sees none."""
    kept = Route("http", "a", 80, None)
    with pytest.raises(UsageError, match=r"^--preserve-host cannot reach http://a through a proxy, .*: leave"):
        read_proxies(options(proxy="http://p:1"), [kept], {})
    assert read_proxies(options(), [kept], {}) == (None,)
    assert read_proxies(options(proxy="http://p:1"), [Route("https", "a", 443, None)], {}) != (None,)


def test_headers_for_a_proxy_are_templates(options: MakeOptions) -> None:
    """As those for the target are, and refused where there is no proxy to read them."""
    (header,) = read_proxy_headers(options(proxy="env", proxy_header=["Proxy-Authorization: Basic ${PROXY_AUTH}"]))
    assert header.name == "Proxy-Authorization"
    with pytest.raises(UsageError, match="--proxy-header does nothing without --proxy"):
        read_proxy_headers(options(proxy_header=["X-A: b"]))
    with pytest.raises(UsageError, match="may not be a literal"):
        read_proxy_headers(options(proxy="env", proxy_header=["Proxy-Authorization: Basic abc"]))


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        pytest.param("5m", 300 * SECOND, id="an age"),
        pytest.param("0", None, id="zero is for ever"),
        pytest.param("0s", None, id="in any form"),
        pytest.param(" never ", None, id="so is never"),
    ],
)
def test_connections_may_grow_old(options: MakeOptions, age: str, kept: int | None) -> None:
    """An age, or no limit at all."""
    assert read_keep(options(max_connection_age=age)) == Keep(max_age=kept, recorded=False)
    assert read_keep(options(max_connection_age=age, connections="recorded")).recorded


def test_what_is_no_age_is_refused(options: MakeOptions) -> None:
    """The sentence names the option and its forms."""
    with pytest.raises(UsageError) as refused:
        read_keep(options(max_connection_age="old"))
    assert str(refused.value) == (
        "--max-connection-age 'old' is not a length of time: write it like 100ms, 30s, 5m, 1h30m, or never"
    )
