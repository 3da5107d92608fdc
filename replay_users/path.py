r"""Paths into a body: tuples of steps inside, DeepDiff's `root['items'][*]['price']` at the edges.

Law: pure values; nothing here knows what a body, a rule or a difference is. Text is read and written only at the edges
(rules files, results, dashboards); everything between handles tuples.
The subtle thing: a pattern is matched by an automaton that is built as far as bodies walk into it. `[*]` is any one
step, `[**]` any number of steps, none included, as in DeepDiff 9.1. DeepDiff escapes quotes with a musical symbol and
cannot write every key; here a backslash escapes, so that every key survives a round trip.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Any",
    "Deep",
    "Index",
    "Key",
    "Path",
    "Patterns",
    "State",
    "Step",
    "format_path",
    "format_signature",
    "matches",
    "parse_path",
    "signature",
]


@dataclass(frozen=True, slots=True)
class Key:
    """A member of an object. `in_map` says that the object is a map (ids to values), so that a signature stars the key."""

    name: str
    in_map: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """An item of a list, counted from 0."""

    position: int


@dataclass(frozen=True, slots=True)
class Any:
    """`[*]`: any one step, key or index."""


@dataclass(frozen=True, slots=True)
class Deep:
    """`[**]`: any number of steps, none included."""


Step: TypeAlias = Key | Index | Any | Deep
Path: TypeAlias = tuple[Step, ...]

_ANY = Any()
_DEEP = Deep()
_ROOT = "root"
_MAX_REMEMBERED = 32  # steps
# 18 digits: no list is longer, and int() of a text without a bound is quadratic.
_STEP = re.compile(
    r"""\[(?: (?P<index>[0-9]{1,18}) | (?P<deep>\*\*) | (?P<any>\*)
        | '(?P<single>(?:[^'\\]|\\.)*)' | "(?P<double>(?:[^"\\]|\\.)*)" )\]""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.)|$)", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"'}
_WRITTEN = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def format_path(path: Path) -> str:
    """A path as text in DeepDiff's syntax; `parse_path` reads it back to an equal path."""
    return _ROOT + "".join([_format_step(step) for step in path])


def parse_path(text: str) -> Path:
    r"""Read `root['items'][*]["it's"][0][**]`; in quotes, `\\ \' \" \n \r \t \xNN \uNNNN \UNNNNNNNN` are escapes.

    Raises:
        UsageError: the text is no path; the message names the character, counted from 1.
    """
    if not text.startswith(_ROOT):
        raise _bad(text, 0, "a path begins with root, as in root['items'][*]['price']")
    steps: list[Step] = []
    at = len(_ROOT)
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise _bad(text, at, _cure(text, at))
        steps.append(_parse_step(text, found))
        at = found.end()
    return tuple(steps)


def signature(path: Path) -> Path:
    """The path without what varies: every index, and every key of a map-like object, becomes `[*]`."""
    return tuple([_ANY if _varies(step) else step for step in path])


def format_signature(path: Path) -> str:
    """The text of a path's signature: there are few, so they are remembered."""
    if len(path) > _MAX_REMEMBERED:
        return format_path(signature(path))
    return _format_names(tuple([step.name if type(step) is Key and not step.in_map else type(step) for step in path]))


@lru_cache(maxsize=512)
def _format_names(names: tuple[str | type[Step], ...]) -> str:
    """A path of keys, and of other steps by their types."""
    return format_path(
        tuple([Key(name) if isinstance(name, str) else _DEEP if name is Deep else _ANY for name in names])
    )


def matches(pattern: Path, path: Path) -> bool:
    """Whether the pattern names exactly this path."""
    return _compiled(pattern).matches(path)


class State:
    """Where an automaton stands after some steps. `ends`: the numbers of the patterns that end exactly here, `final`: any."""

    __slots__ = ("_named", "_other", "_owner", "_places", "ends", "final")

    def __init__(self, owner: Patterns, places: frozenset[tuple[int, int]]) -> None:
        """`places` are (pattern, offset of its next step) pairs, closed over `[**]` taking no step."""
        self._owner = owner
        self._places = places
        self._named: dict[str | int | None, State] | None = None
        self._other = self
        self.ends = tuple(sorted([number for number, offset in places if offset == len(owner.patterns[number])]))
        self.final = bool(self.ends)

    @property
    def dead(self) -> bool:
        """Whether no further step can reach a pattern's end."""
        return not self._places

    def after(self, step: str | int | None) -> State:
        """The state one step on: a key's name, an index's position, or None for a step that is itself a wildcard."""
        named = self._named
        if named is None:
            named = self._expand()
        return named.get(step, self._other)

    def _expand(self) -> dict[str | int | None, State]:
        """Work out the steps that patterns name from here; every other step leads to one and the same state."""
        owner = self._owner
        nexts = [
            (number, offset, owner.patterns[number][offset])
            for number, offset in self._places
            if offset < len(owner.patterns[number])
        ]
        free = [
            (number, offset + isinstance(step, Any)) for number, offset, step in nexts if isinstance(step, Any | Deep)
        ]
        by_name: dict[str | int | None, list[tuple[int, int]]] = {}
        for number, offset, step in nexts:
            if isinstance(step, Key | Index):
                by_name.setdefault(_name(step), []).append((number, offset + 1))
        self._other = owner.state(free)
        self._named = {name: owner.state(free + places) for name, places in by_name.items()}
        return self._named


class Patterns:
    """Many patterns as one automaton: a step costs one dictionary look-up, however many patterns there are.

    Built lazily: only states that real paths reach exist, so `[**]` cannot make it explode beforehand.
    """

    __slots__ = ("_states", "patterns", "start")

    def __init__(self, patterns: Iterable[Path]) -> None:
        """An empty set of patterns matches nothing."""
        self.patterns = tuple(patterns)
        self._states: dict[frozenset[tuple[int, int]], State] = {}
        self.start = self.state([(number, 0) for number in range(len(self.patterns))])

    def state(self, places: list[tuple[int, int]]) -> State:
        """The one state that stands at these places (each a pattern's number and the offset of its next step)."""
        closed = set(places)
        for number, offset in places:
            pattern, end = self.patterns[number], offset
            while end < len(pattern) and pattern[end] == _DEEP:
                end += 1
                closed.add((number, end))
        key = frozenset(closed)
        if key not in self._states:
            self._states[key] = State(self, key)
        return self._states[key]

    def after(self, path: Path) -> State:
        """Where these steps lead from the start."""
        state = self.start
        for step in path:
            state = state.after(_name(step))
        return state

    def matches(self, path: Path) -> bool:
        """Whether a pattern names exactly this path."""
        return self.after(path).final

    def covers(self, path: Path) -> bool:
        """Whether a pattern names this path or something it lies in."""
        state = self.start
        for step in path:
            if state.final:
                return True
            state = state.after(_name(step))
        return state.final


@lru_cache(maxsize=1024)
def _compiled(pattern: Path) -> Patterns:
    return Patterns((pattern,))


def _name(step: Step) -> str | int | None:
    """What an automaton steps by."""
    if isinstance(step, Key):
        return step.name
    return step.position if isinstance(step, Index) else None


def _varies(step: Step) -> bool:
    return isinstance(step, Index) or (isinstance(step, Key) and step.in_map)


def _format_step(step: Step) -> str:
    if isinstance(step, Key):
        return f"[{_quoted(step.name)}]"
    if isinstance(step, Index):
        return f"[{step.position}]"
    return "[*]" if isinstance(step, Any) else "[**]"


def _quoted(name: str) -> str:
    """The key in quotes as DeepDiff chooses them: single ones unless the key holds one and no double one."""
    if "'" not in name and "\\" not in name and name.isprintable():
        return f"'{name}'"
    quote = '"' if "'" in name and '"' not in name else "'"
    return quote + "".join([_escaped(char, quote) for char in name]) + quote


def _escaped(char: str, quote: str) -> str:
    if char == quote:
        return f"\\{char}"
    if char in _WRITTEN:
        return _WRITTEN[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"


def _parse_step(text: str, found: re.Match[str]) -> Step:
    match found.lastgroup:
        case "index":
            return Index(int(found["index"]))
        case "deep":
            return _DEEP
        case "any":
            return _ANY
        case group:
            return Key(_unescaped(text, found.start(group or ""), found.end(group or "")))


def _unescaped(text: str, start: int, end: int) -> str:
    """The key between these quotes, its escapes undone."""

    def plain(found: re.Match[str]) -> str:
        digits = found[1] or found[2] or found[3]
        if digits and int(digits, 16) <= 0x10FFFF:  # noqa: PLR2004 - the last code point
            return chr(int(digits, 16))
        if found[4] in _NAMED:
            return _NAMED[found[4]]
        raise _bad(text, start + found.start(), "unknown escape; a backslash is written \\\\")

    return _ESCAPE.sub(plain, text[start:end])


def _cure(text: str, at: int) -> str:
    """What to write instead of the step that begins here."""
    if text[at] == ".":
        return "a member is written ['name'], not .name"
    if text[at] != "[":
        return "a step begins with ["
    inside = text[at + 1 : at + 2]
    if inside in {"'", '"'}:
        return f"the key has no closing {inside}] (a quote inside it is written \\{inside})"
    if inside.isdigit() or inside == "*":
        return "an index or a wildcard is closed with ], as in [0], [*] or [**]"
    return "a key stands in quotes, as in ['name']; an index counts from 0"


def _bad(text: str, at: int, cure: str) -> UsageError:
    return UsageError(f"bad path {text!r}, character {at + 1}: {cure}.")
