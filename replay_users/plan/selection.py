"""Which exchanges of a window are replayed: a sample of the sessions, some methods, some endpoints.

Law: text to values, no counting. The sample decides, with the window, what is *planned*; rows that methods or endpoints
leave out stay planned and are counted as skipped. The subtle thing: patterns are about endpoint names (`GET
/users/{id}`), never about raw paths, because only of endpoints does the count index know how many exchanges each has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from replay_users.errors import UsageError
from replay_users.recording.partition import SAMPLE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "EndpointFilter",
    "Pattern",
    "parse_endpoints",
    "parse_methods",
    "parse_sample",
]

_SAMPLE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)%")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def parse_sample(text: str) -> int:
    """The buckets (of `SAMPLE_BUCKETS`) that a share of sessions such as `10%` or `2.5%` stands for.

    Raises:
        UsageError: not a share, zero, more than 100 %, or finer than 0.1 %.
    """
    match = _SAMPLE.fullmatch("".join(text.split()))
    buckets = Fraction(match[1]) * 10 if match else Fraction(0)
    if buckets.denominator != 1 or not 1 <= buckets <= SAMPLE_BUCKETS:
        raise UsageError(
            f"unknown sample {text[:80]!r}: write a share of the sessions from 0.1% to 100%, in steps of 0.1%"
        )
    return int(buckets)


def parse_methods(text: str) -> frozenset[str] | None:
    """The methods of a list such as `GET,HEAD`; `None`, which is all, for an empty text.

    Raises:
        UsageError: something in the list is not a method.
    """
    names = [name.upper() for name in re.split(r"[,\s]+", text.strip()) if name]
    for name in names:
        if not _TOKEN.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is not a method: write them like GET,HEAD")
    return frozenset(names) or None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob over endpoint names: `*` is any text (slashes too), `?` any character, all else is itself.

    A pattern that begins with `/` or `*` has no method and is about every method. Methods are compared in capitals.
    """

    text: str

    def matches(self, endpoint: str) -> bool:
        """Whether the pattern is about this endpoint."""
        return _regex(self.text).fullmatch(endpoint) is not None

    def nearest(self, endpoints: Iterable[str]) -> str | None:
        """The endpoint whose name looks most like the pattern: what may have been meant."""
        close = get_close_matches(self.text, list(endpoints), n=1, cutoff=0.5)
        return close[0] if close else None


@lru_cache(maxsize=1024)
def _regex(text: str) -> re.Pattern[str]:
    method, space, template = text.partition(" ")
    name = f"{method.upper()} {template.strip()}" if space else text
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in re.sub(r"\*+", "*", name))
    any_method = r"(?:\S+ )?" if text.startswith(("/", "*")) else ""
    return re.compile(any_method + "".join(parts), re.DOTALL)


@dataclass(frozen=True, slots=True)
class EndpointFilter:
    """Which endpoints are replayed: those some `include` matches (all, if there is none) and no `exclude` does."""

    include: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()

    def keeps(self, endpoint: str) -> bool:
        """Whether exchanges of this endpoint are replayed."""
        if any(pattern.matches(endpoint) for pattern in self.exclude):
            return False
        return not self.include or any(pattern.matches(endpoint) for pattern in self.include)

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """All patterns, to tell those that match nothing."""
        return self.include + self.exclude


def parse_endpoints(text: str) -> EndpointFilter:
    """Read `--endpoints`: globs separated by commas, a leading `!` excludes; an empty text keeps everything.

    `GET /users/*`, `/users/*` (every method), `GET /users/{id}`, `!* /health`. A comma inside an endpoint is written `?`.

    Raises:
        UsageError: a `!` with nothing behind it.
    """
    patterns = [part.strip() for part in text.split(",") if part.strip()]
    exclude = [part[1:].strip() for part in patterns if part.startswith("!")]
    if not all(exclude):
        raise UsageError("a `!` in --endpoints needs a pattern behind it, such as '!GET /health'")
    include = [part for part in patterns if not part.startswith("!")]
    return EndpointFilter(tuple(map(Pattern, include)), tuple(map(Pattern, exclude)))
