"""`--header`: headers that a run adds, whose secrets come from the environment or a file of the worker.

Law: a template is kept and passed around, a value exists only in what `resolve` returns, and neither appears in a
message or a `repr`. The subtle thing: even a malformed `--header` is not quoted back, since what is wrong with it may
stand beside a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from replay_users.credential import is_secret_header
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HeaderSpec", "is_credential", "parse_header", "resolve"]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_REFERENCE = re.compile(
    r"\$(?:(?P<escape>\$)|\{file:(?P<file>[^}]+)\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<bad>\{))"
)

_OURS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-replay-run",
        "x-replay-test",
    }
)
"""Framing, routing and our marks: the engine writes these or leaves them out."""


@dataclass(frozen=True, slots=True)
class HeaderSpec:
    """A header's name and the template of its value, which may refer to `${NAME}` and `${file:/path}`."""

    name: str
    template: str = field(repr=False)

    @property
    def key(self) -> bytes:
        """The name as headers are compared; a recorded header of this name gives way."""
        return self.name.lower().encode("ascii")


def parse_header(text: str, option: str = "--header") -> HeaderSpec:
    """Read `Name: value`, where `${NAME}` is an environment variable, `${file:/path}` a file, `$$` a dollar sign.

    Raises:
        UsageError: no such line, a name the engine writes itself, or a literal where a credential belongs.
    """
    name, colon, template = text.partition(":")
    name, template = name.strip(), template.strip()
    if not colon or not _TOKEN.fullmatch(name):
        raise UsageError(f"a {option} has no valid name: write it like 'Accept-Language: en'")
    if name.lower() in _OURS:
        raise UsageError(f"header {name} is written by the engine itself and cannot be set")
    if _CONTROL.search(template):
        raise UsageError(f"the value of header {name} holds a control character: take it out")
    found = list(_REFERENCE.finditer(template))
    if any(match["bad"] for match in found):
        raise UsageError(
            f"a reference in header {name} is unreadable: write ${{NAME}} or ${{file:/path}}, and $$ for a dollar sign"
        )
    if is_credential(name) and not any(match["name"] or match["file"] for match in found):
        raise UsageError(
            f"header {name} may not be a literal, which others can see: take it from the environment"
            f" or a file, as in '{name}: ${{STAGING_TOKEN}}' or '{name}: ${{file:/run/secrets/token}}'"
        )
    return HeaderSpec(name, template)


def is_credential(name: str) -> bool:
    """Whether headers of this name usually hold a secret: what capture redacts is secret here too."""
    return is_secret_header(name)


def resolve(spec: HeaderSpec, env: Mapping[str, str], read_file: Callable[[str], str]) -> bytes:
    r"""The header's line (`Name: value\r\n`) with its references filled in.

    `read_file` returns a file's text; line ends at its end are not part of the secret.

    Raises:
        UsageError: a variable is not set or empty, a file cannot be read or is empty, or a value cannot be in a header;
            the message names the reference, never a value.
    """

    def fill(match: re.Match[str]) -> str:
        if match["escape"]:
            return "$"
        if match["file"]:
            return _from_file(spec.name, match["file"], read_file)
        return _checked(env.get(match["name"], ""), spec.name, f"variable {match['name']}")

    value = _REFERENCE.sub(fill, spec.template)
    return f"{spec.name}: {value}\r\n".encode("utf-8", "surrogateescape")


def _from_file(name: str, path: str, read_file: Callable[[str], str]) -> str:
    try:
        text = read_file(path)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"header {name} needs file {path}, which cannot be read ({reason})") from None
    return _checked(text.rstrip("\r\n"), name, f"file {path}")


def _checked(value: str, name: str, source: str) -> str:
    if not value:
        raise UsageError(f"header {name} needs {source}, which is not set or empty: set it for each worker")
    if _CONTROL.search(value):
        raise UsageError(f"{source} holds a line break or control character, which header {name} cannot carry")
    return value
