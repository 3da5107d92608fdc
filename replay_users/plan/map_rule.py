"""`--map PROD=STAGING`: a rule about where rows of recorded hosts go.

Law: pure; text to values, and whether a rule is about a row. The subtle thing: a recorded authority does not say its
scheme. Only a rule that names one looks at it, and then a missing port is the scheme's own; without such a rule nobody has
to read the schemes of millions of rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.errors import UsageError
from replay_users.plan.host import DEFAULT_PORTS, Host, is_host, parse_host, split_authority

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MapRule", "parse_maps"]

_PROD = re.compile(r"(?:(?P<scheme>https?)://)?(?P<any>\*\.)?(?P<authority>[^/?#@=*\s]+)", re.IGNORECASE)
_PORTS = range(1, 65536)
_NO_PORT = re.compile(r":0*")
_FORM = "write PROD=STAGING, such as 'shop.example.com=http://staging:8080', '*.example.com=...' or 'https://shop=...'"


@dataclass(frozen=True, slots=True)
class MapRule:
    """One `--map`: recorded hosts and where they go.

    Attributes:
        scheme: of the rows it is about; `None` for any.
        name: the canonical host name; of a wildcard what follows `*.`, at any depth.
        port: that the authority says (or its scheme implies); `None` for any.
        wildcard: whether it is about what is below `name`, and not about `name` itself.
        target: where the rows go.
    """

    scheme: str | None
    name: str
    port: int | None
    wildcard: bool
    target: Host

    @property
    def production(self) -> str:
        """The recorded side as `--map` writes it."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        scheme = f"{self.scheme}://" if self.scheme else ""
        implied = self.scheme is not None and self.port == DEFAULT_PORTS[self.scheme]
        port = "" if self.port is None or implied else f":{self.port}"
        return f"{scheme}{'*.' if self.wildcard else ''}{name}{port}"

    @property
    def text(self) -> str:
        """The whole rule as `--map` writes it."""
        return f"{self.production}={self.target.url}"

    @property
    def rank(self) -> tuple[bool, int, bool, bool]:
        """Higher for the more specific of two rules that match the same row; equal only for the same recorded side."""
        return (not self.wildcard, len(self.name), self.port is not None, self.scheme is not None)

    def matches(self, scheme: str, name: str, port: int | None) -> bool:
        """Whether it is about rows of this scheme (empty where it was not read), canonical name and recorded port."""
        if self.scheme is not None:
            if scheme != self.scheme:
                return False
            port = port or DEFAULT_PORTS[self.scheme]
        if self.port is not None and port != self.port:
            return False
        return name.endswith("." + self.name) if self.wildcard else name == self.name


def parse_maps(texts: Iterable[str]) -> tuple[MapRule, ...]:
    """Read every `--map`, in the order given; one that was given twice counts once.

    Raises:
        UsageError: one cannot be read, or two send the same host to different places.
    """
    rules: dict[tuple[str | None, str, int | None, bool], MapRule] = {}
    for text in texts:
        rule = _parse_map(text)
        first = rules.setdefault((rule.scheme, rule.name, rule.port, rule.wildcard), rule)
        if first.target != rule.target:
            raise UsageError(
                f"--map {first.text} and --map {rule.text} send the same host to different places: take one out"
            )
    return tuple(rules.values())


def _parse_map(text: str) -> MapRule:
    production, equals, staging = (part.strip() for part in text.partition("="))
    match = _PROD.fullmatch(production.removesuffix("/"))
    place = split_authority(match["authority"]) if match else None
    if match is None or place is None or not equals or not _may_be_mapped(match, place):
        raise UsageError(f"--map {_quoted(text)} cannot be read: {_FORM}")
    scheme = match["scheme"].lower() if match["scheme"] else None
    name, port = place
    return MapRule(
        scheme,
        name,
        port or (DEFAULT_PORTS[scheme] if scheme else None),
        match["any"] is not None,
        _target(text, staging),
    )


def _may_be_mapped(match: re.Match[str], place: tuple[str, int | None]) -> bool:
    """Whether it is a host, with a port that there can be; below an address there is nothing."""
    name, port = place
    if _NO_PORT.fullmatch(match["authority"], max(match["authority"].rfind(":"), 0)):
        return False
    address = ":" in name or name.replace(".", "").isdecimal()
    return is_host(name) and (port is None or port in _PORTS) and not (match["any"] and address)


def _target(text: str, staging: str) -> Host:
    try:
        return parse_host(staging)
    except UsageError as error:
        raise UsageError(f"--map {_quoted(text)}: {error}") from None


def _quoted(text: str) -> str:
    return repr(text[:120]) if "@" not in text else "(not shown, it holds a user)"
