"""`--accept`: what a person takes for noise although it is more than another value.

Law: pure; a text to a question about drifts. `[ENDPOINT ]PLACE`: a path into bodies with its wildcards, `header:NAME`,
`trailer:NAME` or `status`, on all endpoints or on those that a glob covers; an endpoint's glob alone is everything there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.compare.difference import Kind
from replay_users.errors import UsageError
from replay_users.path import Patterns, parse_path
from replay_users.path_json import read_path
from replay_users.plan.selection import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

    from replay_users.compare.noise import Drift

__all__ = ["Acceptance", "parse_accept"]

_ACCEPT = re.compile(r"(?:(?P<endpoint>\S.*?)\s+)?(?P<place>(?:root|\$|(?:header|trailer):|status\b).*)", re.DOTALL)
_FIELDS = {"header": Kind.HEADER, "trailer": Kind.TRAILER}


@dataclass(frozen=True, slots=True)
class _One:
    """One `--accept`; without place it is everything of the endpoints."""

    endpoint: str
    place: str
    patterns: Patterns | None

    def covers(self, drift: Drift) -> bool:
        if not Pattern(self.endpoint).matches(drift.endpoint):
            return False
        if not self.place:
            return True
        if drift.kind is Kind.STATUS:
            return self.place == "status"
        word, colon, name = self.place.partition(":")
        if drift.kind in {Kind.HEADER, Kind.TRAILER}:
            return bool(colon) and _FIELDS.get(word) is drift.kind and Pattern(name).matches(_name_of(drift))
        return self.patterns is not None and self.patterns.matches(parse_path(drift.path_text))


class Acceptance:
    """All that somebody has accepted."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """The texts of `--accept`.

        Raises:
            UsageError: one of them is none.
        """
        self._all = {text: parse_accept(text) for text in texts}

    def __call__(self, drift: Drift) -> bool:
        """Whether a drift is accepted."""
        return any(one.covers(drift) for one in self._all.values())

    def idle(self, drifts: Iterable[Drift]) -> list[str]:
        """The texts that cover none of these: mistyped, most likely."""
        drifts = list(drifts)
        return [text for text, one in self._all.items() if not any(map(one.covers, drifts))]


def parse_accept(text: str) -> _One:
    """One of them.

    Raises:
        UsageError: it names no place.
    """
    found = _ACCEPT.fullmatch(text.strip())
    if found is None:
        if not text.strip():
            raise UsageError(
                "--accept is empty: give a path such as root['items'], header:vary, status, or an endpoint's glob"
            )
        return _One(text.strip(), "", None)
    place = found["place"].strip()
    in_body = place.startswith(("root", "$"))
    return _One(
        found["endpoint"] or "*", place if in_body else place.lower(), Patterns([read_path(place)]) if in_body else None
    )


def _name_of(drift: Drift) -> str:
    """The name of a header: the one key of its path."""
    return str(getattr(parse_path(drift.path_text)[0], "name", ""))
