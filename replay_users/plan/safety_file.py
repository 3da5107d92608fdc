"""Reading `--safety FILE`: a YAML list of endpoint rules.

Law: text to rules. Each complaint says line and column, because the file is written by hand; nothing is guessed, since a
misread rule could send a write. The subtle thing: the YAML is composed into nodes and never built into objects, which is
where the positions come from, and also why tags and anchors in the file can do nothing.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import yaml

from replay_users.errors import UsageError
from replay_users.plan.safety import EndpointRule, RuleKind
from replay_users.plan.selection import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parse_safety"]

_KEYS = ("endpoint", "rule", "reason")
_KINDS = tuple(kind.value for kind in RuleKind)


def parse_safety(text: str, name: str) -> tuple[EndpointRule, ...]:
    """Read rules such as `- {endpoint: "POST /graphql", rule: safe, reason: "queries only"}`, in the file's order.

    `name` is the file's name, for messages. Endpoints are globs, as in `--endpoints`; an empty file has no rules.

    Raises:
        UsageError: not YAML, an unknown or missing key, a bad value, or two rules for one endpoint; with line and column.
    """
    root = _compose(text, name)
    if root is None:
        return ()
    if not isinstance(root, yaml.SequenceNode):
        raise _at(root, name, "expected a list of rules, each beginning with `- endpoint:`")
    rules: dict[Pattern, EndpointRule] = {}
    for node in root.value:
        rule = _rule(node, name)
        if rule.pattern in rules:
            raise _at(node, name, f"a second rule for {rule.pattern.text!r}: keep one of them")
        rules[rule.pattern] = rule
    return tuple(rules.values())


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UsageError(f"{name}{where}: not YAML: {error.problem or error}") from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{name}: not YAML: {reason}") from None


def _rule(node: yaml.Node, name: str) -> EndpointRule:
    if not isinstance(node, yaml.MappingNode):
        raise _at(node, name, "expected a rule with the keys endpoint, rule and reason")
    fields: dict[str, yaml.ScalarNode] = {}
    for key, value in node.value:
        word = _key(key, name)
        if word in fields:
            raise _at(key, name, f"{word!r} is given twice in one rule")
        fields[word] = _scalar(value, name, word)
    for word in _KEYS:
        if word not in fields:
            raise _at(node, name, f"the rule has no {word!r}; endpoint, rule and reason are required")
    kind = _kind(fields["rule"], name)
    return EndpointRule(Pattern(fields["endpoint"].value.strip()), kind, fields["reason"].value.strip())


def _key(node: yaml.Node, name: str) -> str:
    word = node.value if isinstance(node, yaml.ScalarNode) else "(not a word)"
    if word not in _KEYS:
        raise _at(node, name, f"unknown key {word!r}{_meant(word, _KEYS)}")
    return str(word)


def _scalar(node: yaml.Node, name: str, key: str) -> yaml.ScalarNode:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        raise _at(node, name, f"{key!r} must be a text that is not empty")
    return node


def _kind(node: yaml.ScalarNode, name: str) -> RuleKind:
    if node.value not in _KINDS:
        raise _at(node, name, f"unknown rule {node.value!r}{_meant(node.value, _KINDS)}")
    return RuleKind(node.value)


def _meant(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word.lower(), list(known), n=1)
    return f": did you mean {close[0]!r}?" if close else f": write one of {', '.join(known)}"


def _at(node: yaml.Node, name: str, problem: str) -> UsageError:
    mark = node.start_mark
    return UsageError(f"{name}, line {mark.line + 1}, column {mark.column + 1}: {problem}")
