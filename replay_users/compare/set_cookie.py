"""One `set-cookie` line as what two services must agree on: the cookie's name and attributes.

Law: pure; a line in, a text out, and the cookie's value is not in it: it is a secret, and another one each time. How long a
cookie lasts is `session`, `persistent` or `deleted`, since exact times differ between any two runs.
The subtle thing: a browser takes the last of several equal attributes (RFC 6265, 5.3), and an attribute without a value is
the same as one with an empty value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["describe_cookie"]

_FLAGS = ("httponly", "secure", "partitioned")
_VALUES = ("domain", "path", "priority", "samesite")
_MAX_AGE = re.compile(r"-?[0-9]+", re.ASCII)
_PORT = re.compile(r":[0-9]+\Z", re.ASCII)
"""A domain has none, but the host that takes its place may."""
_PAST = re.compile(r"\b(?:1970|0?1[ -]Jan[ -](?:19)?70)\b", re.IGNORECASE)
"""What services write to delete a cookie; a pure comparison cannot know what time it is."""


def describe_cookie(line: str, map_hosts: Callable[[str], str]) -> str:
    """The name, then the attributes in a fixed order; `map_hosts` makes the domains of both sides alike."""
    pair, *rest = line.split(";")
    name, equals, _ = pair.partition("=")
    given = dict(_attribute(text) for text in rest)
    told = [name.strip() if equals else "", *[flag for flag in _FLAGS if flag in given]]
    told += [f"{key}={_value(key, given[key], map_hosts)}" for key in _VALUES if given.get(key)]
    return "; ".join([*told, _lasting(given)])


def _attribute(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()


def _value(name: str, value: str, map_hosts: Callable[[str], str]) -> str:
    if name == "path":
        return value
    value = value.lower()
    return _PORT.sub("", map_hosts(value.lstrip("."))) if name == "domain" else value


def _lasting(given: dict[str, str]) -> str:
    """How long it lasts; `max-age` comes before `expires` (RFC 6265, 5.3)."""
    age = given.get("max-age", "")
    if _MAX_AGE.fullmatch(age):
        return "deleted" if age.startswith("-") or not age.strip("0") else "persistent"
    expires = given.get("expires", "")
    if not expires:
        return "session"
    return "deleted" if _PAST.search(expires) else "persistent"
