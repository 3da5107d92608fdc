"""What the walk found becomes differences: paths and texts for what is kept, a count for the rest.

Law: pure. Rules are asked before the caps apply, so that 10,000 ignored differences cannot hide the one that counts.
The subtle thing: paths grow along places and are remembered per place; the differences of one record share its path,
its rule state and its secrecy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from replay_users.compare.difference import (
    MAX_DIFFERENCES,
    Difference,
    Differences,
    Kind,
    Match,
)
from replay_users.compare.rules.model import Normalise
from replay_users.compare.show import names_a_secret, show_key, show_pair
from replay_users.path import Index, Key, Path, State

if TYPE_CHECKING:
    from replay_users.compare.rules import EndpointRules
    from replay_users.compare.rules.model import PlacedRule
    from replay_users.compare.tree import Json
    from replay_users.compare.walk import Found, Place, Side

__all__ = ["sift"]

# What makes an object a map of ids to values rather than a record (Diffy's JsonLifter draws the line there too).
_MAX_RECORD_KEYS = 50
_MAX_KEY_LENGTH = 100


def sift(found: list[Found], rules: EndpointRules, endpoint: str) -> Match | Differences:
    """Divide what was found into what counts and what a rule ignores, at most 200 of each, the rest counted."""
    trails = _Trails(rules)
    kept: list[Difference] = []
    ignored: list[Difference] = []
    last: object = trails
    alike = 0
    for place, step, kind, x, y in found:
        if place is not last:
            last, trail = place, trails.of(place)
        rule = trail.settled_by(rules, kind, step, x, y)
        if isinstance(rule, Normalise) and rule.silent:
            alike += 1
            continue
        into = kept if rule is None else ignored
        if len(into) < MAX_DIFFERENCES:
            path, secret = trail.path_to(step)
            into.append(Difference(endpoint, path, kind, *_shown(kind, x, y, secret=secret)))
        elif into is kept:  # the verdict stands, and whatever follows is counted only
            break
    capped = len(found) - len(kept) - len(ignored) - alike
    if kept:
        return Differences(kept, ignored=tuple(ignored), capped=capped)
    return Match(tuple(ignored), capped)


class _Trail(NamedTuple):
    """What the steps down to a place add up to."""

    path: Path
    state: State
    secret: bool
    is_map: bool

    def settled_by(
        self, rules: EndpointRules, kind: Kind, step: str | int | None, x: Side, y: Side
    ) -> PlacedRule | None:
        """The rule by which a difference here, or one step below, does not count, if there is one."""
        if self.state.dead:
            return None
        state = self.state if step is None else self.state.after(step)
        return rules.at(state).settled_by(kind, step, x, y) if state.final else None

    def path_to(self, step: str | int | None) -> tuple[Path, bool]:
        """The path one step below, or here without a step, and whether what stands there is a secret."""
        if step is None:
            return self.path, self.secret
        if isinstance(step, int):
            return (*self.path, Index(step)), self.secret
        return (*self.path, _key(step, in_map=self.is_map)), self.secret or names_a_secret(step)

    def longer(self, place: Place) -> _Trail:
        """The trail down to a place that lies one step below."""
        _, step, a, b = place
        path, secret = self.path_to(step)
        state = self.state if step is None or self.state.dead else self.state.after(step)
        return _Trail(path, state, secret, _is_a_map(a) or _is_a_map(b))


class _Trails:
    """The trail of each place, made once."""

    def __init__(self, rules: EndpointRules) -> None:
        self._root = _Trail((), rules.patterns.start, secret=False, is_map=False)
        # By identity: places hold whole trees, which must not be hashed; whoever asks keeps them alive.
        self._known: dict[int, _Trail] = {}

    def of(self, place: Place | None) -> _Trail:
        """The trail down to a place; what is above it is made on the way, without recursion."""
        unknown: list[Place] = []
        while place is not None and id(place) not in self._known:
            unknown.append(place)
            place = place[0]
        trail = self._root if place is None else self._known[id(place)]
        for place in reversed(unknown):
            trail = self._known[id(place)] = trail.longer(place)
        return trail


def _key(name: str, *, in_map: bool) -> Key:
    """The step to a member; a key that is itself a secret is not shown."""
    shown = show_key(name)
    return Key(shown, in_map or shown != name or _is_an_id(name))


def _is_an_id(name: str) -> bool:
    return "0" <= name[:1] <= "9" or len(name) > _MAX_KEY_LENGTH


def _is_a_map(container: Json) -> bool:
    if not isinstance(container, dict) or not container:
        return False
    size = len(container)
    # Nearly always decided here, at the speed of C: digits sort before letters.
    if size <= _MAX_RECORD_KEYS and min(container) > ":" and max(map(len, container)) < _MAX_KEY_LENGTH:
        return False
    return size > _MAX_RECORD_KEYS or 2 * sum(map(_is_an_id, container)) > size


def _shown(kind: Kind, x: Side, y: Side, *, secret: bool) -> tuple[str, str]:
    if kind is Kind.LENGTH and isinstance(x, list) and isinstance(y, list):
        return f"{len(x)} items", f"{len(y)} items"
    if kind is Kind.REPEAT:
        return f"{x} times", f"{y} times"
    return show_pair(x, y, secret=secret)
