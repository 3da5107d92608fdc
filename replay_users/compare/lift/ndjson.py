"""Lines of JSON as a list of values.

Law: pure. A line that is no JSON, such as the last one of a stream that was cut, is a text in the list; a body without any
line that is an object or a list is none of this form. RFC 7464 puts a record separator before each value: it is no part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.tree import Tree, Unparsed, parse

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits
    from replay_users.compare.tree import Json

__all__ = ["read_ndjson", "read_part"]

_MAX_BAD = 100
"""Lines that are no JSON: with more of them a body is a text, and finding that out for each is slow."""


def read_ndjson(body: bytes, limits: Limits, *, strict: bool = False) -> tuple[list[Json], tuple[Tree, ...]] | None:
    """The values of the lines and the trees of those that are JSON; None if there is none, or with `strict` if one is not."""
    lines = [line for line in (line.strip(b" \t\r\x1e") for line in body.split(b"\n")) if line]
    if len(lines) > limits.nodes:
        raise Beyond(UncheckedReason.NODES)
    values: list[Json] = []
    trees: list[Tree] = []
    for line in lines:
        part = read_part(line, limits)
        if isinstance(part, Tree):
            trees.append(part)
            values.append(part.root)
        elif strict or len(values) - len(trees) == _MAX_BAD:
            return None
        else:
            values.append(part)
    return (values, tuple(trees)) if any(isinstance(tree.root, dict | list) for tree in trees) else None


def read_part(text: bytes, limits: Limits) -> Tree | str:
    """A piece of a body: JSON where it is, else text."""
    tree = parse(text, limits.depth)
    if isinstance(tree, Tree):
        return tree
    if tree is Unparsed.TOO_DEEP:
        raise Beyond(UncheckedReason.DEPTH)
    return text.decode("utf-8", "replace")
