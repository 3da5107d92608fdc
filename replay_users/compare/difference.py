"""What comparing one pair can say: it matches, it could not be compared, or it differs, and how.

Law: values only, every text in them already shortened and redacted: they go to files, pages and metrics as they are.
The subtle thing: `Differences` is a tuple, so that whoever only wants the differences iterates over it; beside them it
carries what rules ignored and how many more were found than kept. Nothing found is dropped without a count.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from replay_users.path import Path, format_path, signature

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

__all__ = [
    "MAX_DIFFERENCES",
    "Difference",
    "Differences",
    "Kind",
    "Match",
    "Signature",
    "Unchecked",
    "UncheckedReason",
]

MAX_DIFFERENCES = 200
"""How many differences of one body are kept, and how many ignored ones; what was found beyond is counted in `capped`."""


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


class UncheckedReason(StrEnum):
    """Why a pair could not be compared; keys of `unchecked_by` in result.json."""

    SIZE = "size"
    NOT_RECORDED = "not_recorded"
    STATUS_ONLY = "status_only"
    """The recording has nothing of the answer but its status, and that was the same."""
    ENCODING = "encoding"
    JSON = "json"


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
        """Where and how, without the indices: its path is valid in a rules file."""
        return Signature(self.endpoint, format_path(signature(self.path)), self.kind)


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
    found beyond what is kept.
    """

    ignored: tuple[Difference, ...]
    capped: int

    def __new__(
        cls,
        differences: Iterable[Difference],
        *,
        ignored: tuple[Difference, ...] = (),
        capped: int = 0,
    ) -> Self:
        """A tuple of the differences, with the two accounts beside it."""
        self = super().__new__(cls, differences)
        self.ignored = ignored
        self.capped = capped
        return self
