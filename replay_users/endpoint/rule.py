"""Rules people write for endpoints (`GET /users/{id}`), and how a path is held against them.

Law: pure; the text of a templates file in, rules or one sentence about the wrong line out. The subtle thing: a rule may
hold one parameter a segment at most, so that no path can make its pattern backtrack for long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from replay_users.endpoint.shape import printable
from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Rule", "Rules", "parse_rules"]

_METHOD: Final = re.compile(r"[A-Z][A-Z0-9!#$%&'*+.^_`|~-]*")
_PARAMETER: Final = re.compile(r"\{[^{}/]*\}")
_REST: Final = re.compile(r"(?<=/)\{[^{}/]*\.\.\.\}\Z")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a templates file: `method` (`None` = any) and a template such as `/users/{id}` or `/files/{path...}`."""

    method: str | None
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}" if self.method else self.template


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read a templates file: `GET /users/{id}` or `/users/{id}` a line, `#` begins a comment; the first that fits wins.

    `{name}` stands for one segment or a part of one (`{id}.json`), a last `{name...}` for all that follows.

    Raises:
        UsageError: a line is no template; the message has its number.
    """
    rules = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if words:
            rules.append(_rule(words, number))
    return tuple(rules)


def _rule(words: list[str], number: int) -> Rule:
    method, template = (None, words[0]) if len(words) == 1 else (words[0], words[1])
    fault = _fault(method, template) if len(words) <= 2 else "has more than two words"  # noqa: PLR2004 - method, template
    if fault:
        raise UsageError(f"templates line {number} {fault}; write it like 'GET /users/{{id}}' or '/users/{{id}}'")
    return Rule(method, template)


def _fault(method: str | None, template: str) -> str | None:
    """What is wrong with a rule, as the second half of a sentence."""
    found = _PARAMETER.findall(template)
    checks = {
        f"has {method!r} where a method in capitals belongs": method is not None and not _METHOD.fullmatch(method),
        f"has {template!r} where a path that begins with '/' belongs": not template.startswith("/"),
        "has a query, which endpoints leave out": "?" in template,
        "has a brace without its partner": any(c in _PARAMETER.sub("", template) for c in "{}"),
        "has two parameters in one segment": any(len(_PARAMETER.findall(s)) > 1 for s in template.split("/")),
        "has a '{name...}' that is not the whole last segment": "..." in "".join(found) and not _REST.search(template),
        "has more than one '{name...}'": "".join(found).count("...") > 1,
    }
    return next((fault for fault, is_so in checks.items() if is_so), None)


class Rules:
    """Rules ready to match; the first that fits a path names it."""

    __slots__ = ("_patterns", "_written", "rules")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._written = frozenset(self.rules)
        self._patterns = [(rule.method, _pattern(rule.template), rule.template) for rule in self.rules]

    def name(self, method: str, path: str) -> str | None:
        """`METHOD template` of the first rule that fits, `None` if none does."""
        for wanted, pattern, template in self._patterns:
            if wanted in {None, method} and pattern.fullmatch(path):
                return f"{method} {template}"
        return None

    def wrote(self, endpoint: str) -> bool:
        """Whether an endpoint's name comes from a rule."""
        method, _, template = endpoint.partition(" ")
        return Rule(None, template) in self._written or Rule(method, template) in self._written


def _pattern(template: str) -> re.Pattern[str]:
    rest = _REST.search(template)
    body = template[: rest.start()] if rest else template
    literals = [re.escape(printable(text.encode())) for text in _PARAMETER.split(body)]
    return re.compile("[^/]+".join(literals) + (".*" if rest else ""))
