"""What a walk asks rules for on its way: how the list is paired that it has come to.

Law: pure; one guide for one walk, and none where no rule pairs a list, so that nobody pays for what he does not use. The
subtle thing: states are remembered by the place's identity, which holds as long as the walk holds the place, and it holds
each place until those below it are done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay_users.compare.bag import pair_items
from replay_users.compare.difference import Kind
from replay_users.compare.rules.model import Normalise
from replay_users.compare.walk import MISSING

if TYPE_CHECKING:
    from replay_users.compare.bag import Bag
    from replay_users.compare.pairing import Pair
    from replay_users.compare.rules.endpoint import EndpointRules
    from replay_users.compare.walk import Found, Place
    from replay_users.path import State

__all__ = ["Guide", "guide"]


class Guide:
    """Goes along with one walk."""

    def __init__(self, rules: EndpointRules) -> None:
        self._rules = rules
        self._states: dict[int, State] = {}

    def pairs(self, place: Place, found: list[Found]) -> list[Pair] | None:
        """The items to walk of a list that a rule pairs, None for anything else; what has no partner is noted."""
        state = self._state(place)
        _, _, a, b = place
        if state.dead or not isinstance(a, list) or not isinstance(b, list):
            return None
        rule = self._rules.at(state).pairing
        if rule is None:
            return None
        try:
            bag = pair_items(a, b, rule, state, self._rules)
        except RecursionError:  # nested deeper than Python goes: compared in order, as without the rule
            return None
        if isinstance(rule, Normalise) and len(a) != len(b):
            found.append((place, None, Kind.LENGTH, a, b))
        found += _found(place, bag)
        return bag.pairs

    def _state(self, place: Place) -> State:
        above, step = place[0], place[1]
        state = self._rules.patterns.start if above is None else self._states[id(above)]
        if step is not None:
            state = state.after(step)
        self._states[id(place)] = state
        return state


def guide(rules: EndpointRules) -> Guide | None:
    """The guide that a walk under these rules needs, if it needs one."""
    return Guide(rules) if rules.pairs_lists else None


def _found(place: Place, bag: Bag) -> list[Found]:
    """What only one of two lists has, and what both have in different numbers."""
    _, _, a, b = place
    if not isinstance(a, list) or not isinstance(b, list):
        raise AssertionError("a bag is made of two lists")  # noqa: TRY004
    found: list[Found] = [(place, at, Kind.REMOVED, a[at], MISSING) for at in bag.gone]
    found += [(place, at, Kind.ADDED, MISSING, b[at]) for at in bag.new]
    found += [(place, at, Kind.REPEAT, ours, theirs) for at, ours, theirs in bag.repeated]
    return found
