"""The rules of one endpoint as one automaton over path steps, whose states tell what holds there.

Law: pure. Whoever walks a body takes the automaton along and asks for what holds only where something differs or a list
has to be paired; without rules it is dead from the start and costs nothing.
The subtle thing: a rule about values goes on below its path, so its pattern ends in `[**]` here; one that pairs a list is
asked at that list alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from replay_users.compare.difference import Kind
from replay_users.compare.rules.holding import Holding
from replay_users.compare.rules.model import ByKey, Header, How, IgnoreStatus, Normalise, Trailer, Unordered
from replay_users.compare.rules.precedence import rank
from replay_users.path import Deep, Index, Path, Patterns, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from replay_users.compare.rules.holding import ListRule
    from replay_users.compare.rules.model import PlacedRule, Rule
    from replay_users.compare.walk import Side

__all__ = ["EndpointRules"]

_NOTHING = Holding(())
_MAX_FIELDS = 1000
"""Names of headers whose rules are remembered: they are the peer's, who may never use one twice."""


class EndpointRules:
    """The rules that hold for one endpoint, compiled; `pairs_lists`: whether a walk has to ask how lists are paired."""

    __slots__ = ("_entries", "_fields", "_held", "_held_fields", "_statuses", "pairs_lists", "patterns")

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        """The endpoint's own rules, already chosen."""
        rules = tuple(rules)
        self._statuses = tuple([rule for rule in rules if isinstance(rule, IgnoreStatus)])
        places = [(rule, place) for rule in rules if not isinstance(rule, IgnoreStatus) for place in rule.where]
        places.sort(key=lambda each: rank(*each), reverse=True)
        self._fields = [(rule, place) for rule, place in places if isinstance(place, Header | Trailer)]
        self._entries = [entry for rule, place in places if isinstance(place, tuple) for entry in _entries(rule, place)]
        self.patterns = Patterns([entry.pattern for entry in self._entries])
        self.pairs_lists = any(isinstance(entry, _Pairing) for entry in self._entries)
        self._held: dict[State, Holding] = {}
        self._held_fields: dict[tuple[Kind, str], Holding] = {}

    def at(self, state: State) -> Holding:
        """What holds where the automaton stands."""
        if not state.final:
            return _NOTHING
        held = self._held.get(state)
        if held is None:
            held = self._held[state] = self._holding(state)
        return held

    def ignores(self, path: Path) -> bool:
        """Whether whatever differs in a body at this path does not count."""
        return self.at(self.patterns.after(path)).ignores_all

    def settled_by(self, path: Path, kind: Kind, x: Side, y: Side) -> PlacedRule | None:
        """The rule by which a difference of a body at this path does not count, if there is one."""
        step = path[-1] if path else None
        position = step.position if isinstance(step, Index) else None
        return self.at(self.patterns.after(path)).settled_by(kind, position, x, y)

    def field(self, kind: Kind, name: str) -> Holding:
        """What holds for a header or trailer (by kind) of this name in lower case."""
        held = self._held_fields.get((kind, name))
        if held is None:
            sort = Header if kind is Kind.HEADER else Trailer
            rules = [
                rule for rule, place in self._fields if isinstance(place, sort) and _glob(place.glob).fullmatch(name)
            ]
            held = Holding(rules)
            if len(self._held_fields) < _MAX_FIELDS:  # names are the peer's
                self._held_fields[kind, name] = held
        return held

    def status_settled_by(self, recorded: int, replayed: int) -> IgnoreStatus | None:
        """The rule by which one status is as good as the other, if there is one."""
        for rule in self._statuses:
            if recorded in rule.recorded and replayed in rule.replayed:
                return rule
        return None

    def _holding(self, state: State) -> Holding:
        """The rules whose patterns end here, which are in order of precedence by their numbers."""
        ends = [self._entries[number] for number in state.ends]
        pairing = next((entry.rule for entry in ends if isinstance(entry, _Pairing)), None)
        return Holding([entry.rule for entry in ends if isinstance(entry, _Deciding)], pairing)


class _Deciding(NamedTuple):
    """A rule about values, and where it holds: at a path and below."""

    rule: PlacedRule
    pattern: Path


class _Pairing(NamedTuple):
    """A rule that pairs the items of a list, and where the list is."""

    rule: ListRule
    pattern: Path


def _entries(rule: PlacedRule, path: Path) -> Iterator[_Deciding | _Pairing]:
    if isinstance(rule, Unordered | ByKey):
        yield _Pairing(rule, path)
        return
    if isinstance(rule, Normalise) and How.SORT in rule.how:
        yield _Pairing(rule, path)
    yield _Deciding(rule, (*path, Deep()))


@lru_cache(maxsize=1024)
def _glob(text: str) -> re.Pattern[str]:
    return re.compile("".join([{"*": ".*", "?": "."}.get(char, re.escape(char)) for char in text]), re.DOTALL)
