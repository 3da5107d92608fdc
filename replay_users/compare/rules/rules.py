"""All rules of a run: read from a file, those of today, those of one endpoint.

Law: pure; the day is told. The subtle thing: an endpoint's rules are compiled when it is first asked for, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from replay_users.compare.rules.endpoint import EndpointRules
from replay_users.compare.rules.model import Normalise, covers_endpoint
from replay_users.compare.rules.read import read_rules
from replay_users.compare.rules.write import write_rules

if TYPE_CHECKING:
    from datetime import date
    from typing import Self

    from replay_users.compare.rules.hosts import HostMap
    from replay_users.compare.rules.model import Rule

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a run; `Rules()` has none."""

    rules: tuple[Rule, ...] = ()
    _compiled: dict[str, EndpointRules] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Read a rules file; `name` is what messages call it.

        Raises:
            UsageError: it is no YAML, not a list of rules, or two contradict each other; the message says where and what
                would be right.
        """
        return cls(read_rules(text, name))

    def write(self) -> str:
        """The rules as a file that `parse` reads back."""
        return write_rules(self.rules)

    def expired(self, today: date) -> tuple[Rule, ...]:
        """The rules whose last day is over."""
        return tuple([rule for rule in self.rules if rule.expires is not None and rule.expires < today])

    def on(self, today: date) -> Self:
        """The rules that hold on this day."""
        over = set(map(id, self.expired(today)))
        return type(self)(tuple([rule for rule in self.rules if id(rule) not in over])) if over else self

    def at(self, hosts: HostMap | None) -> Self:
        """The rules where the target has other hosts than the recording: what bodies say of one is as good as the other."""
        if hosts is None:
            return self
        ours = Normalise(where=((),), hosts=hosts, silent=True, reason="the target has other hosts")
        return type(self)((*self.rules, ours))

    @property
    def content(self) -> tuple[Rule, ...]:
        """What they say, in order, without why and since when: the same for files that differ in comments and reasons only."""
        return tuple(replace(rule, reason="", learnt=None, expires=None, line=0) for rule in self.rules)

    def for_endpoint(self, endpoint: str) -> EndpointRules:
        """The rules of one endpoint (`GET /users/{id}`), compiled once."""
        compiled = self._compiled.get(endpoint)
        if compiled is None:
            chosen = tuple([rule for rule in self.rules if covers_endpoint(rule, endpoint)])
            compiled = self._compiled[endpoint] = EndpointRules(chosen)
        return compiled
