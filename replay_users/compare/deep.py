"""JSON nested deeper than parsers that call themselves can go, read with a list for a stack.

Law: pure; reads what `json` reads, no more and no less, in linear time; only asked for what `json` gave up on, since it is
ten times slower. The subtle thing: it knows on the way whether an object holds a key twice, which the others do not.
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.compare.tree import Json

__all__ = ["TooDeep", "read_deep"]

_NEXT: Final = re.compile(
    r"""[ \t\n\r]*+(?:
        (?P<open>[\[{]) | (?P<close>[\]}]) | (?P<mark>[,:]) | (?P<quote>")
      | (?P<number>-?(?:0|[1-9][0-9]*+)(?P<fraction>(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+))
      | (?P<word>true|false|null|NaN|-?Infinity)
    )""",
    re.VERBOSE,
)
_WORDS: Final = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_SPACE: Final = re.compile(r"[ \t\n\r]*+")


class TooDeep(Exception):
    """The text is nested deeper than the limit."""


def read_deep(text: str, depth: int, integer: Callable[[str], Json], real: Callable[[str], Json]) -> tuple[Json, bool]:
    """Read a text as JSON of at most so many levels.

    Returns:
        The tree, and whether an object holds a key twice.

    Raises:
        ValueError: it is not JSON.
        TooDeep: it is nested deeper.
    """
    reader = _Reader(text, depth, integer, real)
    root = reader.read()
    if _SPACE.fullmatch(text, reader.at) is None:
        raise ValueError("something follows the value")
    return root, reader.repeats


class _Reader:
    """A place in the text, and the containers that are open there."""

    def __init__(self, text: str, depth: int, integer: Callable[[str], Json], real: Callable[[str], Json]) -> None:
        self._text = text
        self._depth = depth
        self._integer = integer
        self._real = real
        self._open: list[tuple[list[Json] | dict[str, Json], str]] = []
        self.at = 0
        self.repeats = False

    def read(self) -> Json:
        """The value that begins here, to its end."""
        while True:
            value = self._begin()
            while not isinstance(value, _Opened):
                if not self._open:
                    return value
                self._add(value)
                closed = self._after()
                if closed is None:
                    break
                value = closed

    def _begin(self) -> Json | _Opened:
        """A whole scalar or empty container, or a container opened (its first key read)."""
        found = self._next()
        if found["open"]:
            return self._opened(found["open"])
        if found["quote"]:
            return self._string()
        if found["number"]:
            return self._real(found["number"]) if found["fraction"] else self._integer(found["number"])
        if found["word"]:
            return _WORDS[found["word"]]
        raise ValueError("no value")

    def _opened(self, bracket: str) -> Json | _Opened:
        container: list[Json] | dict[str, Json] = [] if bracket == "[" else {}
        space = _SPACE.match(self._text, self.at)
        self.at = space.end() if space else self.at
        if self._text[self.at : self.at + 1] == ("]" if bracket == "[" else "}"):
            self.at += 1
            return container
        if len(self._open) >= self._depth:
            raise TooDeep
        self._open.append((container, self._key() if bracket == "{" else ""))
        return _OPENED

    def _add(self, value: Json) -> None:
        container, key = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        else:
            self.repeats = self.repeats or key in container
            container[key] = value

    def _after(self) -> Json | None:
        """What follows a member: another one (None), or the end of its container, which is then given back."""
        found = self._next()
        container, _ = self._open[-1]
        if found["mark"] == ",":
            if isinstance(container, dict):
                self._open[-1] = container, self._key()
            return None
        if found["close"] != ("]" if isinstance(container, list) else "}"):
            raise ValueError("neither a comma nor the end")
        self._open.pop()
        return container

    def _key(self) -> str:
        if not self._next()["quote"]:
            raise ValueError("no key")
        key = self._string()
        if self._next()["mark"] != ":":
            raise ValueError("no colon after a key")
        return key

    def _string(self) -> str:
        text, self.at = scanstring(self._text, self.at, True)
        return str(text)

    def _next(self) -> re.Match[str]:
        found = _NEXT.match(self._text, self.at)
        if found is None:
            raise ValueError("nothing that JSON has")
        self.at = found.end()
        return found


class _Opened:
    """Stands for a container that was opened and not yet closed."""


_OPENED: Final = _Opened()
