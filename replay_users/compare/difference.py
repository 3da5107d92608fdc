"""What comparing one pair can say: it matches, it could not be compared, or it differs, and how.

Law: values only, every text in them already shortened and redacted: they go to files, pages and metrics as they are.
The subtle thing: `Differences` is a tuple, so that whoever only wants the differences iterates over it; beside them it
carries what rules ignored and how many more were found than kept. Nothing found is dropped without a count.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from replay_users.compare.limits import MAX_DIFFERENCES
from replay_users.compare.status import status_text
from replay_users.path import Path, format_signature

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

__all__ = [
    "MAX_DIFFERENCES",
    "Class",
    "Difference",
    "Differences",
    "Kind",
    "Match",
    "Signature",
    "Unchecked",
    "UncheckedReason",
    "joined",
]


class Kind(StrEnum):
    """In what way two answers differ at a path."""

    VALUE = "value"
    TYPE = "type"
    ADDED = "added"
    REMOVED = "removed"
    LENGTH = "length"
    ORDER = "order"
    REPEAT = "repeat"
    STATUS = "status"
    HEADER = "header"
    TRAILER = "trailer"
    ENCODING = "encoding"


class Class(StrEnum):
    """What a difference is a sign of; values of `class` in result.json."""

    REGRESSION = "regression"
    MISSING = "missing_in_staging"
    CREDENTIAL = "credential"
    PRECONDITION = "precondition"
    THROTTLED = "throttled"
    UPSTREAM = "upstream"


class UncheckedReason(StrEnum):
    """Why a pair could not be compared; keys of `unchecked_by` in result.json."""

    SIZE = "size"
    NOT_RECORDED = "not_recorded"
    STATUS_ONLY = "status_only"
    """The recording has nothing of the answer but its status, and that was the same."""
    ENCODING = "encoding"
    JSON = "json"
    """An object holds a key twice, or a number is beyond all that can be read."""
    XML = "xml"
    """A document declares entities or attributes of its own."""
    DEPTH = "depth"
    NODES = "nodes"


@dataclass(frozen=True, slots=True)
class Signature:
    """A difference without its indices and ids: what exchanges with one cause have in common."""

    endpoint: str
    path_text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference at one path; `recorded` and `replayed` are at most 120 characters, redacted, "" where nothing was."""

    endpoint: str
    path: Path
    kind: Kind
    recorded: str
    replayed: str

    @property
    def signature(self) -> Signature:
        """Where and how, without the indices: its path is valid in a rules file. Of a status it is `200 -> 500`."""
        return Signature(self.endpoint, self.path_text, self.kind)

    @property
    def path_text(self) -> str:
        """What its signature says of where it is."""
        if self.kind is Kind.STATUS:
            return status_text(self.recorded, self.replayed)
        return format_signature(self.path)


@dataclass(frozen=True, slots=True)
class Match:
    """No difference that counts. `ignored` are those a rule ignores, the first 200; `capped` how many more were found."""

    ignored: tuple[Difference, ...] = ()
    capped: int = 0


@dataclass(frozen=True, slots=True)
class Unchecked:
    """The pair could not be compared, which is neither match nor mismatch."""

    reason: UncheckedReason


class Differences(tuple[Difference, ...]):  # noqa: SLOT001 - a tuple cannot have slots beside its items
    """The differences that count, the first 200.

    `ignored` are those a rule ignores, the first 200 before the last one that counts; `capped` how many of both sorts were
    found beyond what is kept. `classes` say of each difference what it is a sign of, once somebody has looked.
    """

    ignored: tuple[Difference, ...]
    capped: int
    classes: tuple[Class, ...]

    def __new__(
        cls,
        differences: Iterable[Difference],
        *,
        ignored: tuple[Difference, ...] = (),
        capped: int = 0,
        classes: tuple[Class, ...] = (),
    ) -> Self:
        """A tuple of the differences, with the accounts beside it."""
        self = super().__new__(cls, differences)
        self.ignored = ignored
        self.capped = capped
        self.classes = classes
        return self

    @property
    def main_class(self) -> Class:
        """What the exchange is a sign of: a regression if any difference is one, else what the first is."""
        return Class.REGRESSION if not self.classes or Class.REGRESSION in self.classes else self.classes[0]


def joined(body: Match | Unchecked | Differences, fields: Match | Differences) -> Match | Unchecked | Differences:
    """What comparing a body and what stands beside it, such as its headers, says together.

    A body that cannot be compared hides no difference of theirs.
    """
    if isinstance(fields, Match) and (not fields.ignored or isinstance(body, Unchecked)):
        return body
    ignored, capped = fields.ignored, fields.capped
    if not isinstance(body, Unchecked):
        ignored, capped = body.ignored + ignored, body.capped + capped
    ours, theirs = (tuple(each) if isinstance(each, Differences) else () for each in (body, fields))
    kept = ours[: MAX_DIFFERENCES - len(theirs)] + theirs
    capped += len(ours) + len(theirs) - len(kept)
    return Differences(kept, ignored=ignored, capped=capped) if kept else Match(ignored, capped)
