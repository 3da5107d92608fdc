"""The command line that asks the request of an exemplar again, fit to be copied.

Law: pure. The subtle thing: what is copied is pasted into a shell, so it is one line of printable characters whatever was
recorded; others are percent-encoded, which is what they are in a URL. A target is shown byte by byte, as Latin-1, so that a path
that was sent as bare UTF-8 is asked for by those bytes, not by the letters that stand for them.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from replay_users.plan.route import SEVERAL

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["curl_line", "origin_of"]

_UNKNOWN = "http://TARGET"
"""Stands in the lines of a run of several targets, since an exemplar does not say which one answered."""


def origin_of(run: Mapping[str, Any]) -> str:
    """Where the requests of a run went: the front of their URLs."""
    target = str(run.get("target") or SEVERAL)
    return _UNKNOWN if target == SEVERAL else target.rstrip("/")


def curl_line(origin: str, exemplar: Mapping[str, Any]) -> str:
    """The request, without its body and its login."""
    url = _printable(origin + _bytewise(str(exemplar.get("target") or "")))
    method = _printable(str(exemplar.get("method") or "GET"))
    return f"curl -sS -X {shlex.quote(method)} -H 'X-Replay-Test: true' {shlex.quote(url)}"


def _bytewise(target: str) -> str:
    return "".join([quote(char.encode("latin-1")) if "\x7f" < char < "\u0100" else char for char in target])


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else quote(char, errors="backslashreplace") for char in text])
