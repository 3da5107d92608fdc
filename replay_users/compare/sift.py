"""What the walk found becomes differences: paths and texts for what is kept, a count for the rest.

Law: pure. Rules are asked before the caps apply, so that 10,000 ignored differences cannot hide the one that counts.
The subtle thing: paths grow along places and are remembered per place; the differences of one record share its path,
its rule state and its secrecy.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from replay_users.compare.difference import (
    MAX_DIFFERENCES,
    Difference,
    Differences,
    Kind,
    Match,
)
from replay_users.compare.rules.model import Normalise
from replay_users.compare.show import names_a_secret, names_its_secret, show_key, show_pair
from replay_users.endpoint.shape import names
from replay_users.path import Index, Key, Path, State

if TYPE_CHECKING:
    from typing import Self

    from replay_users.compare.rules import EndpointRules
    from replay_users.compare.rules.model import PlacedRule
    from replay_users.compare.tree import Json
    from replay_users.compare.walk import Found, Place, Side

__all__ = ["sift"]

# What makes an object a map of ids to values rather than a record (Diffy's JsonLifter draws the line there too).
_MAX_RECORD_KEYS = 50
_MAX_KEY_LENGTH = 100
_ID_SHAPES = frozenset({"{email}", "{hex}", "{uuid}"})
"""What no field is called: three of eight UUIDs begin with a letter."""
_MIN_ID = 6  # a@b.cd


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
    named: frozenset[str] = frozenset()

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
            return (*self.path, _index(step)), self.secret
        member = _member(step) if len(step) <= _MAX_KEY_LENGTH else _Member.of(step)
        secret = self.secret or member.secret or step in self.named
        return (*self.path, member.in_map if self.is_map else member.key), secret

    def longer(self, place: Place) -> _Trail:
        """The trail down to a place that lies one step below."""
        _, step, a, b = place
        path, secret = self.path_to(step)
        state = self.state if step is None or self.state.dead else self.state.after(step)
        is_map = _is_a_map(a) or (not _have_same_keys(a, b) and _is_a_map(b))
        return _Trail(path, state, secret, is_map, names_its_secret(a) or names_its_secret(b))


class _Trails:
    """The trail of each place, made once."""

    def __init__(self, rules: EndpointRules) -> None:
        self._root = _Trail((), rules.patterns.start, secret=False, is_map=False)
        # By identity: places hold whole trees, which must not be hashed; whoever asks keeps them alive.
        self._known: dict[int, _Trail] = {}

    def of(self, place: Place | None) -> _Trail:
        """The trail down to a place; what is above it is made on the way, without recursion."""
        known = self._known
        unknown: list[Place] = []
        while place is not None:
            trail = known.get(id(place))
            if trail is not None:
                break
            unknown.append(place)
            place = place[0]
        else:
            trail = self._root
        for place in reversed(unknown):
            trail = known[id(place)] = trail.longer(place)
        return trail


class _Member(NamedTuple):
    """The step to a member, the same in a map, and whether a secret stands there; a key that is itself one is not shown."""

    key: Key
    in_map: Key
    secret: bool

    @classmethod
    def of(cls, name: str) -> Self:
        shown = show_key(name)
        is_data = shown != name or _is_an_id(name) or _looks_like_an_id(name)
        return cls(Key(shown, is_data), Key(shown, in_map=True), names_a_secret(name))


# Keys are few and come again in every body; of a hostile one, these are half a megabyte.
_member = lru_cache(maxsize=4096)(_Member.of)
_index = lru_cache(maxsize=4096)(Index)


def _is_an_id(name: str) -> bool:
    return "0" <= name[:1] <= "9" or len(name) > _MAX_KEY_LENGTH


def _looks_like_an_id(name: str) -> bool:
    """Whether a key is data by its look wherever it stands; asked once per key, as it takes 3 us."""
    return len(name) >= _MIN_ID and names(f"/under/{name}")[1] in _ID_SHAPES


def _have_same_keys(a: Json, b: Json) -> bool:
    return isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys()


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
