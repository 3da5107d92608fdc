"""YAML nodes, which know their lines, to texts, numbers, days and words; each complaint says where and what would be right.

Law: pure; knows YAML and nothing of rules. Nodes are composed and never built into objects, so that tags and anchors can do
nothing. The subtle thing: what a person meant as a text and YAML takes for a number, a flag or null is refused with the
advice to quote it, since guessing would turn `no` into false.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

import yaml

from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Nodes", "listed"]

_STRING = "tag:yaml.org,2002:str"
_TAGS_OF_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float", _STRING}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,15}", re.ASCII)
_NUMBER = re.compile(r"([0-9]{0,15}\.?[0-9]{1,15}(?:[eE][+-]?[0-9]{1,2})?)\s*(%?)", re.ASCII)


class Nodes:
    """Reads nodes of one file; `name` is what messages call it."""

    def __init__(
        self,
        name: str,
        *,
        what: str = "a list of rules",
        advice: str = "quote paths, as in \"root['a']\"",
        again: str = "begin another rule with '- '",
    ) -> None:
        """`what` such a file is, and advice: for one that is no YAML, and for a key that is there twice."""
        self._name = name
        self._what, self._advice, self._again = what, advice, again

    def compose(self, text: str) -> yaml.Node | None:
        """The file's root, None if nothing is written in it.

        Raises:
            UsageError: it is no YAML.
        """
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
            advice = "indent with spaces" if r"'\t'" in problem else self._advice
            raise UsageError(f"{self._name}{where}: this is not YAML ({problem}); {advice}.") from error
        except RecursionError as error:
            raise UsageError(f"{self._name} is nested too deep for {self._what}.") from error

    def fail(self, node: yaml.Node, message: str) -> NoReturn:
        """Refuse the file for what stands at this node."""
        mark, end = node.start_mark, "" if message.endswith("?") else "."
        raise UsageError(f"{self._name}, line {mark.line + 1}, column {mark.column + 1}: {message}{end}")

    def members(self, node: yaml.Node, known: Collection[str], what: str) -> dict[str, yaml.Node]:
        """An object's members, each of whose keys is known and stands there once."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"{what} has the keys {listed(known)}")
        members: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self._known(key, known, f"unknown key {_shown(key)}", f"{what} has {listed(known)}")
            if name in members:
                self.fail(key, f"{what} has {name!r} twice; {self._again}")
            members[name] = value
        return members

    def items(self, node: yaml.Node, key: str) -> Iterator[yaml.Node]:
        """The items of a list, or the one that stands for itself."""
        if not isinstance(node, yaml.SequenceNode):
            yield node
            return
        if not node.value:
            self.fail(node, f"{key!r} lists nothing; name at least one")
        yield from node.value

    def text(self, node: yaml.Node, key: str) -> str:
        """A text that says something."""
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, f"{key!r} is one text")
        if node.tag != _STRING:
            self.fail(node, f"{key!r} is a text; put {node.value!r} in quotes")
        if not node.value.strip():
            self.fail(node, f"{key!r} is empty; write what it is meant to say")
        return str(node.value)

    def texts(self, node: yaml.Node, key: str) -> list[str]:
        """One text or a list of them."""
        return [self.text(item, key) for item in self._scalars(node, key, "text")]

    def word(self, node: yaml.Node, key: str, known: Collection[str]) -> str:
        """One of some words."""
        return self._known(node, known, f"{key!r} is not {_shown(node)}", f"it is one of {listed(known, 'or')}")

    def words(self, node: yaml.Node, key: str, known: Collection[str]) -> list[str]:
        """One of some words, or a list of them."""
        return [self.word(item, key, known) for item in self.items(node, key)]

    def count(self, node: yaml.Node, key: str, least: int = 0, most: int = 10**15) -> int:
        """A whole number in a range."""
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not _COUNT.fullmatch(value) or not least <= int(value) <= most:
            self.fail(node, f"{key!r} is a whole number from {least} to {most}")
        return int(value)

    def counts(self, node: yaml.Node, key: str, least: int, most: int) -> list[int]:
        """A whole number or a list of them."""
        return [self.count(item, key, least, most) for item in self._scalars(node, key, "number")]

    def part(self, node: yaml.Node, key: str) -> Decimal:
        """A part of something: 0.01 or 1%."""
        number, percent = self._number(node, key)
        if percent:
            return number / 100
        if number > 1:
            self.fail(
                node, f"{key!r} is a part of the value, and {number} is more than all of it; did you mean {number}%?"
            )
        return number

    def number(self, node: yaml.Node, key: str) -> Decimal:
        """A number above 0, exactly as written."""
        number, percent = self._number(node, key)
        if percent:
            self.fail(node, f"{key!r} is a number; a part of the value is written 'relative: {number}%'")
        return number

    def day(self, node: yaml.Node, key: str) -> date:
        """A day such as 2027-01-31."""
        value = node.value if isinstance(node, yaml.ScalarNode) else ""
        try:
            return date.fromisoformat(value if _DAY.fullmatch(value) else "")
        except ValueError:
            self.fail(node, f"{key!r} is a day, written 2027-01-31")

    def _number(self, node: yaml.Node, key: str) -> tuple[Decimal, bool]:
        scalar = node.value if isinstance(node, yaml.ScalarNode) and node.tag in _TAGS_OF_NUMBERS else ""
        found = _NUMBER.fullmatch(scalar)
        if not found or not Decimal(found[1]):
            self.fail(node, f"{key!r} is a number above 0, such as 0.01")
        return Decimal(found[1]), bool(found[2])

    def _scalars(self, node: yaml.Node, key: str, what: str) -> Iterator[yaml.Node]:
        for item in self.items(node, key):
            if not isinstance(item, yaml.ScalarNode):
                self.fail(item, f"{key!r} is one {what} or a list of {what}s")
            yield item

    def _known(self, node: yaml.Node, known: Collection[str], problem: str, otherwise: str) -> str:
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        if name not in known:
            near = get_close_matches(name.lower(), known, n=1)
            self.fail(node, f"{problem}; " + (f"did you mean {near[0]!r}?" if near else otherwise))
        return str(name)


def listed(words: Collection[str], last: str = "and") -> str:
    """Words as a sentence has them."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def _shown(node: yaml.Node) -> str:
    return repr(node.value) if isinstance(node, yaml.ScalarNode) else "a list or an object"
