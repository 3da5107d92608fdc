"""What a rule can be: one class per kind, each with what that kind needs and nothing else.

Law: values only; nothing here reads, compiles or judges. Every rule has a reason, and holds for the endpoints its glob
covers. The subtle thing: a rule about values (ignore, within, match, normalise, type_only) holds at its path and at
everything below; one about a list (unordered, key, normalise by sorting) holds for the list at its path alone, since the
lists inside may be points or rows, whose order means something.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from replay_users.path import Path, format_path
from replay_users.plan.selection import Pattern

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from replay_users.compare.difference import Kind
    from replay_users.compare.rules.hosts import HostMap
    from replay_users.compare.rules.shapes import Shape

__all__ = [
    "ByKey",
    "Header",
    "How",
    "Ignore",
    "IgnoreStatus",
    "Learnt",
    "Matching",
    "Normalise",
    "Place",
    "PlacedRule",
    "Rule",
    "Trailer",
    "TypeOnly",
    "Unordered",
    "Within",
    "covers_endpoint",
    "format_place",
]


@dataclass(frozen=True, slots=True)
class Header:
    """Response headers: a name in lower case, in which `*` is any text and `?` any character."""

    glob: str


@dataclass(frozen=True, slots=True)
class Trailer:
    """Response trailers, named as headers are."""

    glob: str


Place: TypeAlias = "Path | Header | Trailer"
"""What a rule is about: a path into the body, or headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What `learn` knew when it wrote a rule: never values, only what they look like."""

    source: str
    """`aa` (the same target twice) or `baseline` (the recording against a good target)."""
    seen: int
    """Exchanges that differed here."""
    total: int
    """Exchanges that were looked at."""
    sessions: int = 0
    """Sessions they are of; 0 if that is not known."""
    confidence: str = ""
    shapes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What every rule has. `line` is where its file says so, which is no part of what it says."""

    reason: str
    endpoint: str = "*"
    expires: date | None = None
    """The last day on which it holds (UTC)."""
    learnt: Learnt | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore(_Rule):
    """Differences here do not count; with `kinds`, only those of these kinds."""

    where: tuple[Place, ...]
    kinds: frozenset[Kind] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreStatus(_Rule):
    """Where one of these statuses was recorded, one of those is as good."""

    recorded: tuple[int, ...]
    replayed: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unordered(_Rule):
    """A list whose order means nothing; how often an item is in it does."""

    where: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKey(_Rule):
    """A list of objects that belong together where these members are the same; its order means nothing."""

    where: tuple[Path, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Within(_Rule):
    """Numbers, also in texts, that may differ by so much, or by such a part of the larger one."""

    where: tuple[Path, ...]
    absolute: Decimal | None = None
    relative: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching(_Rule):
    """Values that may differ as long as both have this shape."""

    where: tuple[Place, ...]
    shape: Shape
    kinds: frozenset[Kind] | None = None


class How(StrEnum):
    """What is done to values before they are compared."""

    CASE = "case"
    TRIM = "trim"
    NULL_IS_MISSING = "null_is_missing"
    SORT = "sort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalise(_Rule):
    """Values that are made alike before they are compared; several such rules add up.

    What a `silent` one makes alike is no difference at all, where what others do is kept beside the count.
    """

    where: tuple[Place, ...]
    how: frozenset[How] = frozenset()
    hosts: HostMap | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeOnly(_Rule):
    """Only types and keys are compared: values of one type and lists of any length are as good as each other."""

    where: tuple[Path, ...]
    kinds: frozenset[Kind] | None = None


PlacedRule: TypeAlias = Ignore | Unordered | ByKey | Within | Matching | Normalise | TypeOnly
"""The rules that name places."""
Rule: TypeAlias = PlacedRule | IgnoreStatus


def covers_endpoint(rule: Rule, endpoint: str) -> bool:
    """Whether the rule's glob covers an endpoint (`GET /users/{id}`); globs are those of `--endpoints`."""
    return Pattern(rule.endpoint).matches(endpoint)


def format_place(place: Place) -> str:
    """A place as rules files write it."""
    if isinstance(place, Header):
        return f"header:{place.glob}"
    return f"trailer:{place.glob}" if isinstance(place, Trailer) else format_path(place)
