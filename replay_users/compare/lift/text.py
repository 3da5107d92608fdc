"""Texts as lists of lines, however their ends are written.

Law: pure. White space at the end of a line and empty lines at the end of the text say nothing; all else stands as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.lift.lifted import Beyond

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits
    from replay_users.compare.tree import Json

__all__ = ["read_lines"]


def read_lines(text: str, limits: Limits) -> Json:
    """The lines of a text."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if plain.count("\n") >= limits.nodes:
        raise Beyond(UncheckedReason.NODES)
    return [line.rstrip(" \t") for line in plain.split("\n")] if plain else []
