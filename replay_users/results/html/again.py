"""The command line that asks an exemplar's request again, fit to be copied.

Law: pure. The subtle thing: what is copied is pasted into a shell, so it is one line of printable characters whatever was
recorded; others are percent-encoded, which is what they are in a URL.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

from replay_users.plan.route import SEVERAL
from replay_users.results.html.reading import text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["curl_line", "origin_of"]

_UNKNOWN = "http://TARGET"
"""Of several targets, an exemplar does not say which one answered."""


def origin_of(run: Mapping[str, Any]) -> str:
    """Where the requests went."""
    target = text(run, "target")
    return _UNKNOWN if target in {"", SEVERAL} else target.rstrip("/")


def curl_line(origin: str, exemplar: Mapping[str, Any]) -> str:
    """The request without its body and its login."""
    url, method = _printable(origin + text(exemplar, "target")), _printable(text(exemplar, "method") or "GET")
    return f"curl -sS -X {shlex.quote(method)} -H 'X-Replay-Test: true' {shlex.quote(url)}"


def _printable(url: str) -> str:
    return "".join(
        char if char.isprintable() and char != " " else quote(char, errors="backslashreplace") for char in url
    )
