"""HTML as browsers read it, as far as comparing needs: title, elements with their attributes and own texts, scripts.

Law: pure; a tokenizer of possessive patterns, each of which uses up what it has looked at, so that no page takes more than
linear time; it knows nothing of limits but through `Elements`. Comments are left out.
The subtle thing: paths must be stable. `head` and `body` exist whether or not the page writes them, elements that end
without an end tag are closed as browsers do it, and a control's value stands under the control's own name, so that a rule
for one token does not cover all inputs. Why no library: `html.parser` is quadratic on unclosed constructs before CPython
3.11.14 (CVE-2025-6069) and slower; lxml and selectolax bring a C library each for what one page of code does here.
"""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import TYPE_CHECKING, Final

from replay_users.compare.lift.element import Elements, flat
from replay_users.compare.tree import Tree, parse

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits
    from replay_users.compare.tree import Json

__all__ = ["looks_like_html", "read_html"]

_TOKEN: Final = re.compile(
    r"""<(?:
        !--(?:-?+>|.*?(?:--!?>|\Z))                                              # a comment
      | (?P<end>/)?+(?P<name>[a-zA-Z][^\s/>]*+)
        (?P<attributes>(?:[^=>]++|=\s*+(?:"[^"]*+"?+|'[^']*+'?+|[^\s>]*+))*+)>?+     # a tag
      | [!?/][^>]*+>?+                                                           # a doctype, and what is as good as a comment
    )""",
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(
    r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"?+|'([^']*+)'?+|([^\s>]*+)))?+""",
)
_START: Final = re.compile(
    r"\s*+(?:<!--.{0,1000}?-->\s*+)?<(?:!doctype\s++html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_MAX_REMEMBERED: Final = 200  # characters of a tag's attributes

_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_RAW: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "iframe", "noembed", "noframes", "xmp")
}
_UNESCAPED: Final = frozenset({"textarea", "title"})  # raw texts in which `&amp;` is `&`
_HEAD: Final = frozenset({"base", "link", "meta", "noscript", "script", "style", "template", "title"})
_CELLS: Final = frozenset({"td", "th"})
_ROWS: Final = _CELLS | {"tr"}
_BLOCKS: Final = (
    "address article aside blockquote details dialog dir div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hgroup hr main menu nav ol p pre search section table ul"
)
_CLOSES: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(_BLOCKS.split(), frozenset({"p"})),
    "li": frozenset({"li", "p"}),
    **dict.fromkeys(("dt", "dd"), frozenset({"dt", "dd", "p"})),
    **dict.fromkeys(_CELLS, _CELLS),
    "tr": _ROWS,
    **dict.fromkeys(("tbody", "thead", "tfoot"), _ROWS | {"tbody", "thead", "tfoot", "caption", "colgroup"}),
    "option": frozenset({"option"}),
    "optgroup": frozenset({"option", "optgroup"}),
}
"""What is closed by the beginning of another element right inside it."""
_CONTROLS: Final = {"input": ("name", "value"), "meta": ("name", "content")}
_META_NAMES: Final = ("@property", "@http-equiv", "@itemprop")


def looks_like_html(text: str) -> bool:
    """Whether a text begins as only HTML does."""
    return _START.match(text) is not None


def read_html(text: str, limits: Limits) -> tuple[Json, tuple[Tree, ...]]:
    """A page as `{"title", "head", "body"}`, and the trees of the JSON that its scripts hold."""
    page = _Page(limits)
    at = 0
    search = _TOKEN.search
    while (token := search(text, at)) is not None:
        start = token.start()
        if start > at:
            page.text(text[at:start])
        at = token.end()
        name = token["name"]
        if name is None:
            continue
        name = name.lower()
        if token["end"]:
            page.end(name)
        elif page.start(name, token["attributes"]) and name in _RAW:
            at = page.raw(name, text, at)
    if at < len(text):
        page.text(text[at:])
    return page.finished(), tuple(page.parts)


class _Page:
    """A page under construction: first its head, then its body."""

    __slots__ = ("_body", "_elements", "_head", "_in_head", "_known", "_limits", "_open", "_root", "parts")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._root: dict[str, Json] = {}
        self._head: dict[str, Json] = {}
        self._body: dict[str, Json] = {}
        self._elements = Elements(limits, self._head)
        self._in_head = True
        self._open: Counter[str] = Counter()
        self._known: dict[str, dict[str, Json]] = {}
        self.parts: list[Tree] = []

    def text(self, text: str) -> None:
        """Text between two tags."""
        if self._in_head and not self._elements.depth:
            if text.isspace():
                return
            self._leave_head()
        self._elements.text(_plain(text))

    def start(self, name: str, attributes: str) -> bool:
        """A start tag; whether it opened an element that has content."""
        if name in {"html", "head", "body"}:
            self._section(name, attributes)
            return False
        if self._in_head and not self._elements.depth and name not in _HEAD:
            self._leave_head()
        closes = _CLOSES.get(name)
        if closes is not None:
            while self._elements.name in closes:
                self._close()
        node = self._attributes(attributes)
        if name in _CONTROLS:
            node = _named(node, *_CONTROLS[name])
        self._elements.open(name, node)
        self._open[name] += 1
        if name in _VOID or (attributes.endswith("/") and self._is_foreign()):
            self._close()
            return False
        return True

    def end(self, name: str) -> None:
        """An end tag, which closes all that was opened inside its element, or says nothing."""
        if name == "head" and self._in_head:
            self._leave_head()
        elif self._open[name]:
            while self._elements.name != name:
                self._close()
            self._close()

    def raw(self, name: str, text: str, at: int) -> int:
        """The content of an element that holds no tags; gives where its end tag begins."""
        if self._is_foreign():
            return at
        found = _RAW[name].search(text, at)
        end = found.start() if found else len(text)
        self._content(name, text[at:end])
        return end

    def finished(self) -> dict[str, Json]:
        """The whole page."""
        self._elements.close_all()
        self._head.pop("title", None)  # it stands above
        if self._head:
            self._root["head"] = self._head
        self._root["body"] = self._body
        return self._root

    def _content(self, name: str, content: str) -> None:
        if name in _UNESCAPED:
            content = _plain(content)
        if name == "title" and self._in_head:
            self._root["title"] = flat(content)
        elif name == "script" and _is_enclosed(content.strip()):
            self._json(content)
        elif content and not content.isspace():
            self._elements.text(content)

    def _json(self, content: str) -> None:
        tree = parse(content.encode("utf-8", "surrogatepass"), self._limits.depth)
        if isinstance(tree, Tree):
            self.parts.append(tree)
            self._elements.hold("#json", tree.root)
        else:
            self._elements.text(content)

    def _section(self, name: str, attributes: str) -> None:
        if name == "body" and self._in_head:
            self._leave_head()
        into = {"html": self._root, "head": self._head, "body": self._body}[name]
        for key, value in self._attributes(attributes).items():
            into.setdefault(key, value)

    def _is_foreign(self) -> bool:
        """Whether this is inside an element that is XML, where `<path/>` has no content."""
        return self._open["svg"] > 0 or self._open["math"] > 0

    def _leave_head(self) -> None:
        self._elements.close_all()
        self._in_head = False
        self._open.clear()
        self._elements = self._elements.other(self._body)

    def _close(self) -> None:
        self._open[self._elements.name] -= 1
        self._elements.close()

    def _attributes(self, text: str) -> dict[str, Json]:
        """The attributes of a tag, a fresh object each time; the same ones are read once."""
        if not text or text.isspace():
            return {}
        known = self._known.get(text)
        if known is None:
            known = _read_attributes(text)
            if len(text) <= _MAX_REMEMBERED:
                self._known[text] = known
        return dict(known)


def _is_enclosed(content: str) -> bool:
    """Whether a script may be JSON: all of it in one pair of brackets."""
    return content[:1] + content[-1:] in {"{}", "[]"}


def _read_attributes(text: str) -> dict[str, Json]:
    node: dict[str, Json] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        value = _plain(double or single or bare)
        key = f"@{name.lower()}"
        node.setdefault(key, flat(value) if key == "@class" else value)  # of two, browsers take the first
    return node


def _named(node: dict[str, Json], by: str, of: str) -> dict[str, Json]:
    """A control or piece of metadata, its value under its own name."""
    name = node.get(f"@{by}") or next((node[key] for key in _META_NAMES if key in node), "")
    value = node.get(f"@{of}")
    if value is not None and isinstance(name, str) and name and name[0] not in "@#":
        del node[f"@{of}"]
        node[name] = value
    return node


def _plain(text: str) -> str:
    """The text with its character references read."""
    if "&" not in text:
        return text
    try:
        return unescape(text)
    except ValueError:  # a number of more digits than Python reads
        return text
