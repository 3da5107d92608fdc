"""`--proxy`: the forward proxy that requests go through, given by name or found in the environment as curl finds it.

Law: pure; text and a mapping of variables to values. The subtle thing: a user and password may stand in an environment
variable, and only there, so a proxy keeps the variable's name and never what it holds; `credential_line` reads it again
when a run begins.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from replay_users.errors import UsageError
from replay_users.plan.host import Host, parse_host, split_authority

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FROM_ENVIRONMENT", "Proxy", "credential_line", "find_proxy", "parse_proxy"]

FROM_ENVIRONMENT = "env"
"""What `--proxy` says instead of a URL."""

_PORT = 1080
"""Of a proxy whose URL names none: curl's default (curl's manual, `--proxy`)."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A forward proxy; `variable` names the environment's variable whose user and password it wants, if there are any."""

    host: Host
    variable: str | None = None


def parse_proxy(text: str) -> Proxy:
    """Read the URL of `--proxy`.

    Raises:
        UsageError: no http URL of a host and port, or one with a user, which is a secret on a command line.
    """
    url = text.strip()
    if "@" in url:
        raise UsageError(
            "--proxy may not hold a user and password, which others can see: give them with"
            " --proxy-header 'Proxy-Authorization: Basic ${PROXY_AUTH}'"
        )
    return Proxy(_parse(url, f"--proxy {url[:80]!r}"))


def find_proxy(env: Mapping[str, str], target: Host) -> Proxy | None:
    """The proxy that the environment names for a target, `None` for none; of a variable's two cases the lower comes first.

    Raises:
        UsageError: the variable holds what cannot be used as a proxy.
    """
    if _is_exempt(target.name, _variable(env, "no_proxy")[1]):
        return None
    for wanted in (f"{target.scheme}_proxy", "all_proxy"):
        name, url = _variable(env, wanted)
        if url:
            scheme, user, place = _split(url)
            return Proxy(_parse(f"{scheme}://{place}", f"the environment's {name}"), name if user else None)
    return None


def credential_line(proxy: Proxy, env: Mapping[str, str]) -> bytes:
    r"""`Proxy-Authorization: ...\r\n` from the variable that named the proxy, empty if it holds no user."""
    user = _split(env.get(proxy.variable, "").strip())[1] if proxy.variable else ""
    if not user:
        return b""
    name, _, password = user.partition(":")
    secret = b":".join((unquote_to_bytes(name), unquote_to_bytes(password)))
    return b"Proxy-Authorization: Basic " + b64encode(secret) + b"\r\n"


def _variable(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable's name as it is there, and its text, empty if there is none."""
    found = name if env.get(name, "").strip() else name.upper()
    return found, env.get(found, "").strip()


def _split(url: str) -> tuple[str, str, str]:
    """Scheme (http where none is written, as for curl), user and place of a proxy's URL."""
    scheme, separator, rest = url.partition("://")
    if not (separator and scheme.isalnum()):  # none is written, though a password may hold a `://`
        scheme, rest = "http", url
    user, _, place = rest.rpartition("@")
    return scheme, user, place


def _parse(url: str, what: str) -> Host:
    """The place of a proxy's URL, which has no user."""
    scheme, _, rest = url.partition("://")
    place = split_authority(rest.removesuffix("/"))
    if scheme.lower() != "http":
        other = f"{scheme.lower()}:// proxies are not supported; " if rest else ""
        raise UsageError(f"{what} cannot be used: {other}write http://PROXY:PORT")
    try:
        host = parse_host(url)
    except UsageError:
        raise UsageError(f"{what} cannot be used: write http://PROXY:PORT, without a path") from None
    return host if place is not None and place[1] else Host("http", host.name, _PORT)


def _is_exempt(name: str, no_proxy: str) -> bool:
    """Whether NO_PROXY lists a host: itself, a domain it is in, a network of its address, or `*` (curl's noproxy.c)."""
    entries = [entry.lower().strip(".") for entry in no_proxy.replace(",", " ").split()]
    return "*" in entries or any(_is_in(name, entry) for entry in entries)


def _is_in(name: str, entry: str) -> bool:
    try:
        return ip_address(name) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return bool(entry) and (name == entry or name.endswith("." + entry))
