"""What lifting a body gives: its form and one tree, whatever the form, or the reason why there is none.

Law: values only. The subtle thing: a tree may not show all there was, as where an object holds a key twice; `parts` are
the texts of JSON in it, asked only where a match would otherwise be claimed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from replay_users.compare.difference import UncheckedReason
    from replay_users.compare.tree import Json, Tree

__all__ = ["Beyond", "Form", "Lifted", "Unlifted"]


class Form(StrEnum):
    """What a body is, by what it holds."""

    JSON = "json"
    NDJSON = "ndjson"
    SSE = "sse"
    FORM = "form"
    HTML = "html"
    XML = "xml"
    TEXT = "text"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Lifted:
    """A body as a tree.

    `charset` is how its text was written, empty where it has none; `is_misread` says that it could not be read in the
    charset it was said to be in.
    """

    form: Form
    root: Json
    text: bytes
    parts: tuple[Tree, ...] = ()
    charset: str = field(default="", compare=False)
    is_misread: bool = False


@dataclass(frozen=True, slots=True)
class Unlifted:
    """There is no tree: the body is beyond a limit."""

    reason: UncheckedReason


class Beyond(Exception):
    """Carries out of a reader that a body is beyond a limit; never leaves this package."""

    def __init__(self, reason: UncheckedReason) -> None:
        self.reason = reason
