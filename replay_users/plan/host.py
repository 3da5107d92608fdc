"""A place that requests go to: scheme, host and port, as `--host` and `--map` write it.

Law: text to a value; nothing is resolved here. The subtle thing: names are compared as networks do (case, a trailing
dot and the spelling of an IPv6 address do not count), so that production is recognised however it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from replay_users.errors import UsageError

__all__ = ["DEFAULT_PORTS", "Host", "canonical_name", "is_host", "parse_host", "split_authority"]

DEFAULT_PORTS = {"http": 80, "https": 443}
"""The schemes there are, and the port of each."""

_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<name>[^:]*))(?::(?P<port>\d{0,5}))?")


@dataclass(frozen=True, slots=True)
class Host:
    """A target; `name` is a host name or an address (IPv6 without brackets)."""

    scheme: str
    name: str
    port: int

    @property
    def authority(self) -> str:
        """The value of the Host header: the port only where it is not the scheme's own."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        """The target as a URL."""
        return f"{self.scheme}://{self.authority}"


def parse_host(url: str) -> Host:
    """Read a target such as `http://staging.example.com:8080`.

    Raises:
        UsageError: no http(s) URL, or one with a user, path, query or fragment.
    """
    try:
        parts = urlsplit(url.strip())
        name, port = canonical_name(parts.hostname or ""), parts.port
    except ValueError:
        raise _unreadable(url) from None
    if parts.scheme not in DEFAULT_PORTS or not is_host(name) or port == 0:
        raise _unreadable(url)
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(
            "the target host must be scheme, host and port only: targets are sent as recorded,"
            " and credentials come from --header"
        )
    return Host(parts.scheme, name, port or DEFAULT_PORTS[parts.scheme])


def _unreadable(url: str) -> UsageError:
    shown = repr(url[:80]) if "@" not in url else "(not shown, it holds a user)"
    return UsageError(f"unknown host {shown}: write http://HOST:PORT or https://HOST:PORT")


def is_host(name: str) -> bool:
    """Whether a canonical name can be that of a host, or is an address."""
    return bool(_NAME.fullmatch(name)) or _address(name) is not None


def split_authority(authority: str) -> tuple[str, int | None] | None:
    """The canonical name and the port (`None` if it names none) of `host:port`; `None` if it is not an authority."""
    match = _AUTHORITY.fullmatch(authority.strip())
    if match is None:
        return None
    return canonical_name(match["v6"] or match["name"] or ""), int(match["port"] or 0) or None


def canonical_name(name: str) -> str:
    """A host name in the one spelling we compare: lower case, no trailing dot, addresses compressed."""
    plain = name.lower().rstrip(".")
    return _address(plain) or plain


def _address(text: str) -> str | None:
    try:
        return ip_address(text).compressed
    except ValueError:
        return None
