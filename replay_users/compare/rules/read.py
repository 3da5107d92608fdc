"""Rules files, YAML to rules: what every line means, or where it goes wrong and what would be right.

Law: pure; text in, rules out, and one kind of complaint, which names line, column and cure. Nodes are read, not values,
because only nodes know their lines. The subtle thing: a rule is what its first word says (`ignore`, `within` ...), and
each word goes with some keys only; a key that means nothing beside it is refused, not passed over.

    - endpoint: "GET /nyc*"              # * any text, ? one character; every endpoint if left out
      ignore: "root['query_ms']"         # one place or a list of them; [*] any one step, [**] any number of steps
      reason: how long the query took    # required
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from replay_users.compare.difference import Kind
from replay_users.compare.rules.hosts import HostMap
from replay_users.compare.rules.model import (
    ByKey,
    Header,
    How,
    Ignore,
    IgnoreStatus,
    Learnt,
    Matching,
    Normalise,
    Trailer,
    TypeOnly,
    Unordered,
    Within,
)
from replay_users.compare.rules.nodes import Nodes, listed
from replay_users.compare.rules.precedence import conflict, name_of
from replay_users.compare.rules.shapes import parse_shape
from replay_users.errors import UsageError
from replay_users.path_json import read_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.compare.rules.model import Place, Rule
    from replay_users.compare.rules.precedence import Conflict
    from replay_users.path import Path

__all__ = ["read_rules"]

_COMMON = ("endpoint", "reason", "expires", "learnt")
_EXTRAS: dict[str, tuple[str, ...]] = {
    "ignore": ("kinds", "from", "to"),
    "unordered": (),
    "key": ("by",),
    "within": ("absolute", "relative"),
    "match": ("shape", "kinds"),
    "normalise": ("how", "host"),
    "type_only": ("kinds",),
}
"""What a rule may do, and what goes with each."""
_KEYS = (*_EXTRAS, *dict.fromkeys(extra for extras in _EXTRAS.values() for extra in extras), *_COMMON)
_LEARNT = ("source", "seen", "total", "sessions", "confidence", "shapes")
_HOWS = tuple([how.value for how in How])
_OF_BODIES = tuple([kind.value for kind in Kind if kind not in {Kind.STATUS, Kind.HEADER, Kind.TRAILER}])
_FIELD = re.compile(r"(headers?|trailers?)\s*:\s*([!#$%&'*+.^_`|~0-9a-z?-]+)", re.ASCII)
_STATUSES = 100, 599


def read_rules(text: str, name: str) -> tuple[Rule, ...]:
    """Read a rules file; `name` is what messages call it.

    Raises:
        UsageError: it is no YAML, not a list of rules, or two of them contradict each other.
    """
    nodes = Nodes(name)
    root = nodes.compose(text)
    if root is None:
        return ()
    if not isinstance(root, yaml.SequenceNode):
        nodes.fail(root, "a rules file is a list, each rule beginning with '- '")
    rules = [_Reader(nodes, node).rule() for node in root.value]
    if found := conflict(rules):
        at = next(node for node, rule in zip(root.value, rules, strict=True) if rule is found.second)
        nodes.fail(at, _contradiction(found))
    return tuple(rules)


class _Reader:
    """Reads one rule."""

    def __init__(self, nodes: Nodes, node: yaml.Node) -> None:
        self._nodes = nodes
        self._node = node
        self._members = nodes.members(node, _KEYS, "a rule")
        self._verb = self._one_verb()

    def rule(self) -> Rule:
        """The rule that stands here."""
        for key, node in self._members.items():
            if key not in (self._verb, *_COMMON, *_EXTRAS[self._verb]):
                verbs = [verb for verb, extras in _EXTRAS.items() if key in extras]
                self._nodes.fail(node, f"{key!r} goes with {listed(verbs)}, not with {self._verb}")
        about = self._about()
        return _READERS[self._verb](self, about)

    def _one_verb(self) -> str:
        verbs = [key for key in self._members if key in _EXTRAS]
        if not verbs:
            self._nodes.fail(self._node, f"this rule does nothing; say where it does what: {listed(_EXTRAS, 'or')}")
        if len(verbs) > 1:
            self._nodes.fail(
                self._members[verbs[1]],
                f"a rule does one thing, and this one does {listed(verbs)}; begin another rule with '- '",
            )
        return verbs[0]

    def _about(self) -> dict[str, Any]:
        """What every rule has."""
        nodes, members = self._nodes, self._members
        if "reason" not in members:
            nodes.fail(self._node, "this rule has no 'reason'; every rule says why")
        endpoint = nodes.text(members["endpoint"], "endpoint") if "endpoint" in members else "*"
        return {
            "reason": nodes.text(members["reason"], "reason"),
            "endpoint": endpoint,
            "expires": nodes.day(members["expires"], "expires") if "expires" in members else None,
            "learnt": self._learnt(members["learnt"]) if "learnt" in members else None,
            "line": self._node.start_mark.line + 1,
        }

    def _learnt(self, node: yaml.Node) -> Learnt:
        nodes, members = self._nodes, self._nodes.members(node, _LEARNT, "'learnt'")
        for key in _LEARNT[:3]:
            if key not in members:
                nodes.fail(node, f"'learnt' has no {key!r}; it needs {listed(_LEARNT[:3])}")
        return Learnt(
            source=nodes.text(members["source"], "source"),
            seen=nodes.count(members["seen"], "seen"),
            total=nodes.count(members["total"], "total"),
            sessions=nodes.count(members["sessions"], "sessions") if "sessions" in members else 0,
            confidence=nodes.text(members["confidence"], "confidence") if "confidence" in members else "",
            shapes=tuple(nodes.texts(members["shapes"], "shapes")) if "shapes" in members else (),
        )

    def ignore(self, about: dict[str, Any]) -> Rule:
        members = self._members
        node = members["ignore"]
        if isinstance(node, yaml.ScalarNode) and node.value.strip().lower() == "status":
            return self._ignore_status(about)
        for key in ("from", "to"):
            if key in members:
                self._nodes.fail(members[key], f"{key!r} goes with 'ignore: status'")
        where = self._places()
        return Ignore(where=where, kinds=self._kinds(where), **about)

    def _ignore_status(self, about: dict[str, Any]) -> Rule:
        members = self._members
        if "kinds" in members:
            self._nodes.fail(members["kinds"], "'kinds' is about bodies; a status has 'from' and 'to'")
        for key in ("from", "to"):
            if key not in members:
                self._nodes.fail(self._node, f"'ignore: status' needs {key!r}, as in  from: 200  to: [201, 204]")
        recorded, replayed = (tuple(self._nodes.counts(members[key], key, *_STATUSES)) for key in ("from", "to"))
        return IgnoreStatus(recorded=recorded, replayed=replayed, **about)

    def unordered(self, about: dict[str, Any]) -> Rule:
        return Unordered(where=self._paths(), **about)

    def by_key(self, about: dict[str, Any]) -> Rule:
        by = self._nodes.texts(self._needed("by", "by: id"), "by")
        return ByKey(where=self._paths(), by=tuple(by), **about)

    def within(self, about: dict[str, Any]) -> Rule:
        members = self._members
        if "absolute" not in members and "relative" not in members:
            self._needed("absolute", "absolute: 0.01 or relative: 1%")
        absolute = self._nodes.number(members["absolute"], "absolute") if "absolute" in members else None
        relative = self._nodes.part(members["relative"], "relative") if "relative" in members else None
        return Within(where=self._paths(), absolute=absolute, relative=relative, **about)

    def match(self, about: dict[str, Any]) -> Rule:
        node = self._needed("shape", "shape: uuid")
        shape = self._complaining(node, parse_shape, self._nodes.text(node, "shape"))
        where = self._places()
        return Matching(where=where, shape=shape, kinds=self._kinds(where), **about)

    def normalise(self, about: dict[str, Any]) -> Rule:
        members = self._members
        if "how" not in members and "host" not in members:
            self._needed("how", "how: [case, trim] or host: shop.example=staging.example")
        how = self._nodes.words(members["how"], "how", _HOWS) if "how" in members else []
        hosts = None
        if "host" in members:
            hosts = self._complaining(members["host"], HostMap.parse, self._nodes.texts(members["host"], "host"))
        return Normalise(where=self._places(), how=frozenset(map(How, how)), hosts=hosts, **about)

    def type_only(self, about: dict[str, Any]) -> Rule:
        where = self._paths()
        return TypeOnly(where=where, kinds=self._kinds(where), **about)

    def _needed(self, key: str, example: str) -> yaml.Node:
        if key not in self._members:
            self._nodes.fail(self._node, f"{self._verb!r} needs more, as in  {example}")
        return self._members[key]

    def _kinds(self, where: tuple[Place, ...]) -> frozenset[Kind] | None:
        node = self._members.get("kinds")
        if node is None:
            return None
        if not all(isinstance(place, tuple) for place in where):
            self._nodes.fail(node, "'kinds' is about bodies; a header has one kind of difference")
        return frozenset(map(Kind, self._nodes.words(node, "kinds", _OF_BODIES)))

    def _paths(self) -> tuple[Path, ...]:
        """The places of a rule that is about bodies only."""
        paths = []
        for node in self._nodes.items(self._members[self._verb], self._verb):
            place = self._place(node)
            if not isinstance(place, tuple):
                self._nodes.fail(
                    node, f"{self._verb!r} is about bodies; for headers there are ignore, match and normalise"
                )
            paths.append(place)
        return tuple(paths)

    def _places(self) -> tuple[Place, ...]:
        nodes = self._nodes.items(self._members[self._verb], self._verb)
        return tuple([self._place(node) for node in nodes])

    def _place(self, node: yaml.Node) -> Place:
        if not isinstance(node, yaml.ScalarNode):
            self._nodes.fail(node, f"{self._verb!r} is one place or a list of texts")
        text = self._nodes.text(node, self._verb)
        if found := _FIELD.fullmatch(text.strip().lower()):
            return (Header if found[1].startswith("header") else Trailer)(found[2])
        word = text.partition(":")[0].strip().lower()
        if word == "status":
            self._nodes.fail(node, "a status stands alone, as in  ignore: status  from: 200  to: 204")
        if word in {"header", "headers", "trailer", "trailers"}:
            self._nodes.fail(
                node, f"{text!r} names no field; write {word.rstrip('s')}:x-build or {word.rstrip('s')}:x-*"
            )
        path: Path = self._complaining(node, read_path, text)
        return path

    def _complaining(self, node: yaml.Node, read: Callable[[Any], Any], value: object) -> Any:
        """What `read` makes of a value, its complaint with the line."""
        try:
            return read(value)
        except UsageError as error:
            self._nodes.fail(node, str(error).rstrip("."))


_READERS: dict[str, Callable[[_Reader, dict[str, Any]], Rule]] = {
    "ignore": _Reader.ignore,
    "unordered": _Reader.unordered,
    "key": _Reader.by_key,
    "within": _Reader.within,
    "match": _Reader.match,
    "normalise": _Reader.normalise,
    "type_only": _Reader.type_only,
}


def _contradiction(found: Conflict) -> str:
    """Name both rules and the cure."""
    first, second, place = found
    verbs = f"'{name_of(second)}' here and '{name_of(first)}' in line {first.line}"
    if name_of(first) == name_of(second):
        verbs = f"this '{name_of(second)}' and the one in line {first.line}"
    return (
        f"{verbs} contradict each other at {place} on {second.endpoint!r}; take one out, or give them different paths, "
        "endpoints or kinds"
    )
