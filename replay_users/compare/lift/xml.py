"""XML as a tree, without entities of its own, whatever its prefixes are called.

Law: pure; `expat` of the standard library does the reading and nothing is fetched. A doctype with declarations of its own
ends it: entities inflate ("billion laughs"), and so do default attributes.
The subtle thing: a prefix means nothing, its namespace does, so names stand without prefix and a namespace is shown
(`@xmlns`) where it is another than the parent's.
Why not defusedxml: it wraps the same expat, and its last release is of 2021.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.lift.element import Elements
from replay_users.compare.lift.lifted import Beyond

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits
    from replay_users.compare.tree import Json

__all__ = ["looks_like_xml", "read_xml"]

_START: Final = re.compile(r"\s*+<(?:\?xml\s|!|[A-Za-z_])")
_BETWEEN: Final = "\n"  # a namespace and a name, in what expat gives: a namespace cannot hold it


def looks_like_xml(text: str) -> bool:
    """Whether a text begins as XML does."""
    return _START.match(text) is not None


def read_xml(text: str, limits: Limits) -> Json | None:
    """A document as `{name: [...]}`, None if it is no XML."""
    document = _Document(limits)
    reader = expat.ParserCreate(namespace_separator=_BETWEEN)
    reader.buffer_text = True
    reader.ordered_attributes = True
    reader.StartElementHandler = document.start
    reader.EndElementHandler = document.end
    reader.CharacterDataHandler = document.text
    reader.StartDoctypeDeclHandler = _refuse_declarations
    reader.SkippedEntityHandler = document.skipped
    try:
        reader.Parse(text, True)  # a text, so that what it says of its encoding is not asked
    except (expat.ExpatError, UnicodeEncodeError):
        return None
    return document.root


class _Document:
    """A document under construction."""

    __slots__ = ("_elements", "_spaces", "root")

    def __init__(self, limits: Limits) -> None:
        self.root: dict[str, Json] = {}
        self._elements = Elements(limits, self.root)
        self._spaces = [""]

    def start(self, name: str, attributes: list[str]) -> None:
        """An element begins; its attributes come as name, value, name, value."""
        space, _, local = name.rpartition(_BETWEEN)
        node: dict[str, Json] = {}
        if space != self._spaces[-1]:
            node["@xmlns"] = space
        self._spaces.append(space)
        for nth in range(0, len(attributes), 2):
            owner, _, own = attributes[nth].rpartition(_BETWEEN)
            node[f"@{own}" if f"@{own}" not in node else f"@{owner} {own}"] = attributes[nth + 1]
        self._elements.open(local, node)

    def end(self, _name: str) -> None:
        """An element ends."""
        self._spaces.pop()
        self._elements.close(as_text=True)

    def skipped(self, name: str, _is_parameter: bool) -> None:
        """A reference to an entity that a doctype elsewhere declares."""
        self._elements.text(f"&{name};")

    def text(self, text: str) -> None:
        """Text of the innermost element."""
        self._elements.text(text)


def _refuse_declarations(_name: str, _system: str | None, _public: str | None, has_declarations: int) -> None:
    """A doctype that only names something is harmless, as that is never fetched."""
    if has_declarations:
        raise Beyond(UncheckedReason.XML)
