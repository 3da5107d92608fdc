"""Which differences do not count, and why: rules are data that people write, review and give a reason for.

Law: pure; text in, rules out. A rule only ever takes differences away from the count (they are kept beside it), so it
cannot make a match a mismatch, and it sees bodies only: a status cannot be ignored by a path.
The subtle thing: a rule covers its path and all that lies below, as DeepDiff's `exclude_paths` does; `root` is the whole
body, which is what a page of HTML needs. Every complaint names line, column and the nearest thing that would be right.

    - endpoint: "GET /nyc*"              # * any text, ? one character; every endpoint if left out
      ignore: "root['query_ms']"         # one path or a list of them; [*] any one step, [**] any number of steps
      reason: how long the query took    # required
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

import yaml

from replay_users.errors import UsageError
from replay_users.path import Path, Patterns, parse_path

if TYPE_CHECKING:
    from typing import Self

__all__ = ["EndpointRules", "Rule", "Rules"]

_STRING = "tag:yaml.org,2002:str"
_KEYS = ("endpoint", "ignore", "reason")
_REQUIRED = ("ignore", "reason")


@dataclass(frozen=True, slots=True)
class Rule:
    """Differences at or below these paths do not count on these endpoints. `line` is where the file says so."""

    endpoint: str
    ignore: tuple[Path, ...]
    reason: str
    line: int = 0


class EndpointRules:
    """The rules that hold for one endpoint, compiled."""

    __slots__ = ("patterns",)

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        """The endpoint's own rules, already chosen."""
        self.patterns = Patterns(path for rule in rules for path in rule.ignore)

    def ignores(self, path: Path) -> bool:
        """Whether a difference of a body at this path does not count."""
        return self.patterns.covers(path)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a run; `Rules()` has none."""

    rules: tuple[Rule, ...] = ()
    _compiled: dict[str, EndpointRules] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Read a rules file; `name` is what messages call it.

        Raises:
            UsageError: it is no YAML, or not a list of rules; the message says where and what would be right.
        """
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise _no_yaml(error, name) from error
        except RecursionError as error:
            raise UsageError(f"{name} is nested too deep for a list of rules.") from error
        return cls() if root is None else cls(_Reader(name).rules(root))

    @property
    def content(self) -> frozenset[tuple[str, Path]]:
        """What they ignore where: the same for files that say it in another order, in other words or for other reasons."""
        return frozenset((rule.endpoint, path) for rule in self.rules for path in rule.ignore)

    def for_endpoint(self, endpoint: str) -> EndpointRules:
        """The rules of one endpoint (`GET /users/{id}`), compiled once."""
        compiled = self._compiled.get(endpoint)
        if compiled is None:
            chosen = tuple(rule for rule in self.rules if _covers(rule.endpoint, endpoint))
            compiled = self._compiled[endpoint] = EndpointRules(chosen)
        return compiled


class _Reader:
    """Turns YAML nodes into rules; nodes, not values, because only nodes know their lines."""

    def __init__(self, name: str) -> None:
        self._name = name

    def rules(self, root: yaml.Node) -> tuple[Rule, ...]:
        if not isinstance(root, yaml.SequenceNode):
            self._fail(root, "a rules file is a list, each rule beginning with '- '")
        return tuple(self._rule(node) for node in root.value)

    def _rule(self, node: yaml.Node) -> Rule:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"a rule has the keys {_listed(_KEYS)}")
        members: dict[str, yaml.Node] = {}
        for key, value in node.value:
            members[self._key(key, members)] = value
        for required in _REQUIRED:
            if required not in members:
                self._fail(node, f"this rule has no {required!r}; every rule needs {_listed(_REQUIRED)}")
        endpoint = self._text(members["endpoint"], "endpoint") if "endpoint" in members else "*"
        reason = self._text(members["reason"], "reason")
        return Rule(endpoint, self._paths(members["ignore"]), reason, node.start_mark.line + 1)

    def _key(self, node: yaml.Node, seen: dict[str, yaml.Node]) -> str:
        key = node.value if isinstance(node, yaml.ScalarNode) else ""
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            cure = f"did you mean {near[0]!r}?" if near else f"a rule has {_listed(_KEYS)}"
            self._fail(node, f"unknown key {key!r}; {cure}")
        if key in seen:
            self._fail(node, f"this rule has {key!r} twice; begin another rule with '- '")
        return str(key)

    def _paths(self, node: yaml.Node) -> tuple[Path, ...]:
        if not isinstance(node, yaml.SequenceNode):
            return (self._path(node),)
        if not node.value:
            self._fail(node, "'ignore' lists no path; name at least one")
        return tuple(self._path(item) for item in node.value)

    def _path(self, node: yaml.Node) -> Path:
        text = self._text(node, "ignore")
        if text.partition(":")[0].strip().lower() in {"status", "header", "headers"}:
            self._fail(node, f"{text!r} is no path into a body, and a rule ignores nothing else")
        try:
            return parse_path(text)
        except UsageError as error:
            self._fail(node, str(error).rstrip("."))

    def _text(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._fail(node, f"{key!r} is one text{' or a list of texts' * (key == 'ignore')}")
        if node.tag != _STRING:
            self._fail(node, f"{key!r} is a text; put {node.value!r} in quotes")
        if not node.value.strip():
            self._fail(node, f"{key!r} is empty; write what it is meant to say")
        return str(node.value)

    def _fail(self, node: yaml.Node, message: str) -> NoReturn:
        mark = node.start_mark
        raise UsageError(f"{self._name}, line {mark.line + 1}, column {mark.column + 1}: {message}.")


def _no_yaml(error: yaml.YAMLError, name: str) -> UsageError:
    """Say what the YAML parser said, in one line."""
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
    return UsageError(f"{name}{where}: this is not YAML ({problem}); quote paths, as in \"root['a']\".")


def _covers(glob: str, endpoint: str) -> bool:
    """Whether an endpoint glob covers an endpoint: `*` any text, `?` one character, braces and brackets themselves."""
    pattern = re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, endpoint, re.DOTALL) is not None


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"
