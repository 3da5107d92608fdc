"""Elements as they open and close become a tree of objects and lists; HTML and XML share it.

Law: pure, no recursion; bounded in levels and values as it grows.
    <p class="x">Hello <b>Bob</b></p>   {"p": [{"@class": "x", "#text": "Hello", "b": [{"#text": "Bob"}], "#order": "#text b"}]}
The subtle thing: children stand under their name, so that an element more or less leaves the paths of all others as they
are; always in a list, so that a second one does not change the path of the first. What that loses, the order of unlike
children, is kept as `#order`, and `settle` makes differences of it of the kind `order`, but only where nothing else that
differs in that element explains it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from replay_users.compare.difference import Kind, UncheckedReason
from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from replay_users.compare.tree import Json
    from replay_users.compare.walk import Found

__all__ = ["ORDER", "TEXT", "Elements", "flat", "settle"]

TEXT: Final = "#text"
"""The member that holds an element's own text, white space collapsed."""

ORDER: Final = "#order"
"""The member that holds the order of unlike children: `dt dd*2 dt dd`, or a definition could move to another term unseen."""


_OF_CHILDREN: Final = frozenset({Kind.LENGTH, Kind.ADDED, Kind.REMOVED, Kind.REPEAT})
"""In what ways a list of children of one name tells that there are others than before."""


class Elements:
    """The tree under construction, and the elements that are open."""

    __slots__ = ("_depth", "_frames", "_left")

    def __init__(self, limits: Limits, root: dict[str, Json]) -> None:
        """What is opened first becomes a child of `root`."""
        self._depth = limits.nesting
        self._left = limits.nodes
        self._frames: list[tuple[str, dict[str, Json], list[str], list[str]]] = [("", root, [], [])]

    @property
    def name(self) -> str:
        """The innermost open element."""
        return self._frames[-1][0]

    @property
    def depth(self) -> int:
        """How many elements are open."""
        return len(self._frames) - 1

    def open(self, name: str, node: dict[str, Json]) -> None:
        """An element begins, its attributes in `node` already."""
        frames = self._frames
        _, parent, pieces, order = frames[-1]
        siblings = parent.get(name)
        if isinstance(siblings, list):
            siblings.append(node)
        else:
            parent[name] = [node]
        order.append(name)
        if pieces:
            pieces.append(" ")
        frames.append((name, node, [], []))
        self._left -= 1 + len(node)
        if self._left < 0:
            raise Beyond(UncheckedReason.NODES)
        if len(frames) > self._depth + 1:
            raise Beyond(UncheckedReason.DEPTH)

    def text(self, piece: str) -> None:
        """Text of the innermost open element."""
        _, _, pieces, order = self._frames[-1]
        if not piece.isspace():
            pieces.append(piece)
            if not order or order[-1] != TEXT:
                order.append(TEXT)
        elif pieces:
            pieces.append(" ")

    def hold(self, name: str, value: Json) -> None:
        """A member of the innermost open element that is neither attribute nor child."""
        self._frames[-1][1][name] = value

    def other(self, root: dict[str, Json]) -> Elements:
        """Begin another tree on what is left of the limits."""
        return Elements(Limits(nesting=self._depth, nodes=self._left), root)

    def close(self, *, as_text: bool = False) -> None:
        """The innermost element ends; with `as_text` one that is nothing but text becomes that text."""
        name, node, pieces, order = self._frames.pop()
        text = flat("".join(pieces)) if pieces else ""
        if as_text and not node:
            siblings = self._frames[-1][1][name]
            if isinstance(siblings, list):
                siblings[-1] = text
            return
        if text:
            node[TEXT] = text
        if len(order) > 1:
            _keep_order(order, node)

    def close_all(self) -> None:
        """The document ends, whatever is still open."""
        while len(self._frames) > 1:
            self.close()
        _, root, pieces, order = self._frames[0]
        if pieces:
            root[TEXT] = flat("".join(pieces))
        if len(order) > 1:
            _keep_order(order, root)


def _keep_order(order: list[str], node: dict[str, Json]) -> None:
    """Note the order of an element's children, if they are not all alike."""
    runs = [(name, len(list(run))) for name, run in groupby(order)]
    if len(runs) > 1:
        node[ORDER] = " ".join([name if length == 1 else f"{name}*{length}" for name, length in runs])


def flat(text: str) -> str:
    """The text without white space at its ends and with one space for each other run of it."""
    return " ".join(text.split())


def settle(found: list[Found]) -> list[Found]:
    """Differences of order made known as such, and left out where something else in the element explains them."""
    if not any(entry[1] == ORDER for entry in found):
        return found
    explained = _touched(found)
    return [
        (entry[0], None, Kind.ORDER, entry[3], entry[4]) if entry[1] == ORDER else entry
        for entry in found
        if entry[1] != ORDER or id(entry[0]) not in explained
    ]


def _touched(found: list[Found]) -> Mapping[int, None]:
    """The elements, by identity, of which a text or a child's presence differs."""
    touched: dict[int, None] = {}
    for place, step, kind, _, _ in found:
        if place is None or step == ORDER:
            continue
        if step is not None:
            touched[id(place)] = None
        if kind in _OF_CHILDREN and isinstance(place[2], list):
            touched[id(place[0])] = None
    return touched
