"""The tree of all paths seen: levels that hold too many names fold into `{*}`.

Law: pure; knows names and rows, not requests. The first level never folds: `/api` and `/login` are names.
The subtle thing: names fold while they arrive, so that memory stays bounded, and yet the tree does not depend on their
order. A level folds when it has ever held more than a cap of names, and folding only unites what lies below, so the tree
is a function of the set of paths. What looks at rows (`thin`) waits until all are there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from replay_users.endpoint.shape import star as star_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LITERAL_CAP", "Node", "Tree"]

LITERAL_CAP: Final = 40
"""Names one level may hold before they are taken for values.

APIs put 20 to 40 resources under one `/api/v1/`, and folding those would leave a report with nothing to say; names of
users or organisations come in hundreds within minutes of real traffic. Names that differ in their file suffix are counted
apart (a Datasette has the same eleven tables as pages, as `.json` and as `.csv`).
"""

_THIN_NAMES: Final = 5
"""A level of more names than this folds below `LITERAL_CAP` already (on synthetic traffic of 20,000 paths and 11 routes, five
found every route) ..."""
_THIN_ROWS: Final = 4
"""... if each was asked for fewer times than this on average: in a short recording routes repeat, users' names do not."""

_MAX_NODES: Final = 50_000
"""Nodes of a tree, about 20 MB. A path that needs one more has no place: only then does the order of arrival matter, and only
a site with tens of thousands of names at the first level comes there."""


class Node:
    """A level of the tree: what may follow, and the rows that end here by method. A `pinned` node keeps its name."""

    __slots__ = ("children", "pinned", "rows")

    def __init__(self) -> None:
        self.children: dict[str, Node] = {}
        self.rows: Counter[str] = Counter()
        self.pinned = False

    def key(self, name: str) -> str | None:
        """The child that a name belongs to: its own, else the fold that took it in."""
        if name in self.children:
            return name
        star = star_of(name)
        return star if star in self.children else None

    def foldable(self, star: str) -> list[str]:
        """The children, but for itself, that `star` would take in."""
        return [
            name for name, child in self.children.items() if name != star and not child.pinned and star_of(name) == star
        ]

    def words(self, star: str) -> list[str]:
        """Those of them that are plain names, not shapes."""
        return [name for name in self.foldable(star) if not name.startswith("{")]

    def total(self) -> int:
        """Rows at and below this node."""
        return self.rows.total() + sum(child.total() for child in self.children.values())

    def size(self) -> int:
        """Nodes at and below this node."""
        return 1 + sum(child.size() for child in self.children.values())

    def ends(self, path: str = "") -> Iterator[tuple[str, int]]:
        """Every endpoint at or below this node, with its rows."""
        for method, rows in self.rows.items():
            yield f"{method} {path}", rows
        for name, child in self.children.items():
            yield from child.ends(f"{path}/{name}")


class Tree:
    """All paths seen, folded where crowded.

    Args:
        endpoints: names (`GET /nyc/{*}`) that have their node from the start and keep it.
        literal_cap: names one level may hold below one parent.
    """

    __slots__ = ("_literal_cap", "_nodes", "root")

    def __init__(self, endpoints: Iterable[str] = (), *, literal_cap: int = LITERAL_CAP) -> None:
        self.root = Node()
        self._nodes = 1
        self._literal_cap = literal_cap
        for endpoint in endpoints:
            method, _, path = endpoint.partition(" ")
            self._pin(method, path.split("/")[1:])

    def _pin(self, method: str, names: list[str]) -> None:
        node = self.root
        for name in names:
            node = node.children.get(name) or self._add(node, name)
            node.pinned = True
        node.rows[method] = 0

    def _add(self, node: Node, name: str) -> Node:
        self._nodes += 1
        child = node.children[name] = Node()
        return child

    def reach(self, names: Iterable[str]) -> Node | None:
        """The node at the end of a path, made if there is room for it."""
        node = self.root
        for name in names:
            key = node.key(name)
            if key is None and self._nodes >= _MAX_NODES:
                return None
            node = self._grow(node, name) if key is None else node.children[key]
        return node

    def _grow(self, node: Node, name: str) -> Node:
        """A child for a new name, which may be the one name too many."""
        child = self._add(node, name)
        star = star_of(name)
        if star is None or node is self.root:
            return child
        crowded = name == star or len(node.words(star)) > self._literal_cap
        return self._fold(node, star) if crowded else child

    def _fold(self, node: Node, star: str) -> Node:
        """Unite the children that `star` stands for, and what lies below them."""
        whole = node.children.get(star) or self._add(node, star)
        for name in node.foldable(star):
            part = node.children.pop(name)
            self._nodes -= part.size()
            self.unite(whole, part)
        return whole

    def unite(self, into: Node, part: Node) -> None:
        """Add the rows of one level, and of all below it, to another."""
        into.rows.update(part.rows)
        for name, child in part.children.items():
            key = into.key(name)
            self.unite(self._grow(into, name) if key is None else into.children[key], child)

    def thin(self) -> None:
        """Fold the levels whose many names were each asked for hardly more than once."""
        for child in self.root.children.values():
            self._thin(child)

    def _thin(self, node: Node) -> None:
        words = {star: node.words(star) for star in map(star_of, node.children) if star is not None}
        found = [node.children[word].total() for group in words.values() for word in group]
        if len(found) > _THIN_NAMES and sum(found) < _THIN_ROWS * len(found):
            for star in words:
                self._fold(node, star)
        for child in node.children.values():
            self._thin(child)
