"""How a run reaches its targets: through which proxies, with which TLS, over which connections.

Law: text to values; certificates and names are looked at in `prepare`, not here. What would do nothing is refused, since a
person who gives a CA file believes that it is used. Secrets are not here: a proxy's header is a template, and of a proxy in
the environment only the variable is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from replay_users.engine.pool import Keep
from replay_users.errors import UsageError
from replay_users.plan.duration import parse_duration
from replay_users.plan.headers import parse_header
from replay_users.plan.host import canonical_name, is_host
from replay_users.plan.proxy import FROM_ENVIRONMENT, Proxy, find_proxy, parse_proxy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.plan.headers import HeaderSpec
    from replay_users.plan.route import Route

__all__ = ["TlsOptions", "read_keep", "read_proxies", "read_proxy_headers", "read_tls"]

_NEVER = ("0", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """TLS as asked for, for all https targets; `sni` is `None` for each one's own name."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    sni: str | None = None
    verify: bool = True


def read_tls(options: Any, targets: Sequence[Route]) -> TlsOptions:
    """The TLS options; a plan without targets may be about any.

    Raises:
        UsageError: one of them would do nothing, or cannot be.
    """
    given = [name for name in ("ca-file", "client-cert", "client-key", "sni", "insecure") if _value(options, name)]
    if given and targets and not any(target.scheme == "https" for target in targets):
        raise UsageError(
            f"--{given[0]} does nothing, since no target is https: give an https:// target or leave it out"
        )
    if options.client_key and not options.client_cert:
        raise UsageError("--client-key needs the certificate that it belongs to: add --client-cert FILE")
    if options.ca_file and options.insecure:
        raise UsageError("--ca-file does nothing with --insecure, which verifies nothing: leave one of them out")
    if options.sni and not is_host(canonical_name(options.sni)):
        raise UsageError(f"--sni {options.sni[:80]!r} is not a host name: write it like staging.example.com")
    return TlsOptions(
        ca_file=options.ca_file or None,
        cert_file=options.client_cert or None,
        key_file=options.client_key or None,
        sni=canonical_name(options.sni) or None,
        verify=not options.insecure,
    )


def _value(options: Any, name: str) -> Any:
    return getattr(options, name.replace("-", "_"))


def read_proxies(options: Any, targets: Sequence[Route], env: Mapping[str, str]) -> tuple[Proxy | None, ...]:
    """The proxy of each target.

    Raises:
        UsageError: one cannot be used, or could not do as asked.
    """
    if options.proxy == FROM_ENVIRONMENT:
        proxies = tuple(find_proxy(env, target.host) for target in targets)
    else:
        proxies = (parse_proxy(options.proxy) if options.proxy else None,) * len(targets)
    for target, proxy in zip(targets, proxies, strict=True):
        if proxy and target.scheme == "http" and target.host_header is None:
            raise UsageError(
                f"--preserve-host cannot reach {target.url} through a proxy, which writes Host itself (RFC 9112 section"
                " 3.2.2): leave --preserve-host or the proxy out"
            )
    return proxies


def read_proxy_headers(options: Any) -> tuple[HeaderSpec, ...]:
    """Templates of headers for the proxy.

    Raises:
        UsageError: one cannot be read, holds a secret, or there is no proxy.
    """
    if options.proxy_header and not options.proxy:
        raise UsageError("--proxy-header does nothing without --proxy: add --proxy http://PROXY:PORT, or leave it out")
    return tuple(parse_header(text, "--proxy-header") for text in options.proxy_header)


def read_keep(options: Any) -> Keep:
    """How long connections are kept, and whether recorded ones have one each.

    Raises:
        UsageError: no such age.
    """
    age = options.max_connection_age.strip()
    return Keep(max_age=None if age in _NEVER else _age(age), recorded=options.connections == "recorded")


def _age(text: str) -> int | None:
    try:
        return parse_duration(text, zero=True) or None
    except UsageError as error:
        raise UsageError(f"--max-connection-age {error}, or never") from None
