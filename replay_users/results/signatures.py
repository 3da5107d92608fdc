"""What differed, counted by signature (endpoint, path, kind, class), in a bounded table that merges.

Law: pure. A signature counts exchanges that show it, not differences: a list of fifty changed
prices is one. At most 200 signatures per endpoint and 2,000 per run are kept; the rest is counted.
The subtle thing: the exemplars of a signature are those whose ids have the smallest hashes, so that
they are a fair sample of the run and the same ones whichever worker saw them first.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

from replay_users.compare.difference import Class, Differences
from replay_users.compare.looks import look_of_pair
from replay_users.compare.show import redact_target
from replay_users.path import Index, Key, format_path, signature
from replay_users.results.sessions import SessionSketch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from replay_users.compare.difference import Difference
    from replay_users.model import Flight
    from replay_users.path import Path

__all__ = [
    "Exemplar",
    "SignatureCount",
    "SignatureKey",
    "SignatureState",
    "SignatureTable",
    "key_of",
    "member_of",
    "session_of",
]

PER_ENDPOINT = 200
PER_RUN = 2_000
EXEMPLARS = 5
SESSIONS = 64
"""Sketch of one signature: exact to 63 sessions, then within 13 %; 2,000 sketches take < 10 MB."""

LOOKS = 8
"""What the values of one signature look like, in so many ways at most."""
LOOKED_AT = 64
"""Exchanges of a signature whose values are looked at: 5 us each (measured), and the rest looks alike."""
MEMBERS = 9
"""Members of maps that are told apart; so many stand for any."""

_TARGET_SHOWN = 500
"""A target's characters in an exemplar."""

SignatureState: TypeAlias = (
    "tuple[int, Collection[int], tuple[Collection[str], Collection[str]], Mapping[int, Exemplar]]"
)
"""Of a signature its count, hashes of sessions, looks and members, and exemplars."""

SignatureKey: TypeAlias = tuple[str, str, str, str]
"""Endpoint, path in DeepDiff's syntax with starred indices (of a status `200 -> 500`), kind, class."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One exchange that shows a signature, redacted; the id finds it in the recording again."""

    id: str
    method: str
    target: str
    recorded: str
    replayed: str


class SignatureCount:
    """How many exchanges, of how many sessions, showed one signature, with a few of them.

    `looks` are what its values look like. `members` tell apart what the path's `[*]` may cover: keys of a map, places in a
    page, items that are no records. They are whole paths, up to eight, and a ninth stands for all the others.
    """

    __slots__ = ("count", "exemplars", "looks", "members", "sessions")

    def __init__(self) -> None:
        self.count = 0
        self.sessions = SessionSketch(SESSIONS)
        self.exemplars: dict[int, Exemplar] = {}
        self.looks: set[str] = set()
        self.members: set[str] = set()

    def see(self, flight: Flight, difference: Difference) -> bool:
        """Count one exchange; whether it is the first of the exemplars now."""
        self.count += 1
        self.sessions.see(session_of(flight))
        if self.count <= LOOKED_AT:
            self._look(difference)
        if len(self.members) < MEMBERS and (member := member_of(difference.path)):
            self.members.add(member)
        number = crc32(flight.id.encode())
        if len(self.exemplars) < EXEMPLARS or number < max(self.exemplars):
            self.exemplars[number] = _exemplar(flight, difference)
            self._trim()
            return number == min(self.exemplars)
        return False

    def _look(self, difference: Difference) -> None:
        if len(self.looks) < LOOKS:
            self.looks.add(look_of_pair(difference.recorded, difference.replayed))

    def merge(self, other: SignatureCount) -> None:
        """Count every exchange the other counted as well."""
        self.count += other.count
        self.sessions.merge(other.sessions)
        self.exemplars |= other.exemplars
        self.looks = set(sorted(self.looks | other.looks)[:LOOKS])
        self.members = set(sorted(self.members | other.members)[:MEMBERS])
        self._trim()

    def state(self) -> SignatureState:
        """All of it, as it is."""
        return self.count, self.sessions.members, (self.looks, self.members), self.exemplars

    def copied(self) -> SignatureState:
        """The same, which stays as it is."""
        traits = tuple(self.looks), tuple(self.members)
        return self.count, tuple(self.sessions.members), traits, dict(self.exemplars)

    def _trim(self) -> None:
        for number in sorted(self.exemplars)[EXEMPLARS:]:
            del self.exemplars[number]

    def shown(self) -> list[Exemplar]:
        """The exemplars in the order of their hashes."""
        return [self.exemplars[number] for number in sorted(self.exemplars)]


class SignatureTable:
    """All signatures of a run, and how often one found no place (`overflow`, by endpoint)."""

    __slots__ = ("_held", "_of_endpoint", "counts", "overflow")

    def __init__(self) -> None:
        self.counts: dict[SignatureKey, SignatureCount] = {}
        self.overflow: defaultdict[str, int] = defaultdict(int)
        self._of_endpoint: defaultdict[str, int] = defaultdict(int)
        self._held: dict[SignatureKey, SignatureState | None] = {}

    def hold(self, keys: Iterable[SignatureKey]) -> None:
        """Keep these and no others as they are now, until `release`: one is copied when it is seen again, which few are."""
        self._held = dict.fromkeys(keys)

    def release(self, key: SignatureKey) -> SignatureState:
        """What one was when it was held; what it is, if it is not."""
        return self._held.pop(key, None) or self.counts[key].state()

    def see(self, flight: Flight, differences: Sequence[Difference]) -> bool:
        """Count one exchange under each signature it shows, once; whether it is the first exemplar of one of them now."""
        shown: dict[SignatureKey, Difference] = {}
        classes = differences.classes if isinstance(differences, Differences) else ()
        for difference, found in zip(differences, classes or repeat(Class.REGRESSION), strict=False):
            shown.setdefault(key_of(difference, found), difference)
        is_first = False
        for key, difference in shown.items():
            if (count := self._place(key)) is None:
                self.overflow[key[0]] += 1
                continue
            if key in self._held and self._held[key] is None:
                self._held[key] = count.copied()
            if count.see(flight, difference):
                is_first = True
        return is_first

    def _place(self, key: SignatureKey) -> SignatureCount | None:
        if (known := self.counts.get(key)) is not None:
            return known
        if self._of_endpoint[key[0]] >= PER_ENDPOINT or len(self.counts) >= PER_RUN:
            return None
        self._of_endpoint[key[0]] += 1
        return self.counts.setdefault(key, SignatureCount())

    def ranked(self) -> list[tuple[SignatureKey, SignatureCount]]:
        """The most frequent first."""
        return sorted(self.counts.items(), key=lambda item: (-item[1].count, item[0]))

    def merge(self, other: SignatureTable) -> None:
        """Count everything the other counted as well; the most frequent keep their places."""
        for endpoint, count in other.overflow.items():
            self.overflow[endpoint] += count
        for key, theirs in other.counts.items():
            self.counts.setdefault(key, SignatureCount()).merge(theirs)
        self._trim()

    def _trim(self) -> None:
        ranked, self.counts = self.ranked(), {}
        self._of_endpoint.clear()
        for key, count in ranked:
            if self._of_endpoint[key[0]] >= PER_ENDPOINT or len(self.counts) >= PER_RUN:
                self.overflow[key[0]] += count.count
            else:
                self._of_endpoint[key[0]] += 1
                self.counts[key] = count


def key_of(difference: Difference, found: Class = Class.REGRESSION) -> SignatureKey:
    """Under which signature a difference of this class counts."""
    signature = difference.signature
    return signature.endpoint, signature.path_text, str(signature.kind), str(found)


def session_of(flight: Flight) -> bytes:
    """The exchange's session; one that belongs to none is its own."""
    return flight.session if flight.session is not None else flight.id.encode()


def member_of(path: Path) -> str:
    """A path with those of its steps that tell fields apart although a signature stars them; empty if there are none.

    The rows of a list have the same fields, so their places tell nothing; keys of a map, elements of a page (`@href`,
    `#text`) and items that are values themselves may each be another field.
    """
    if not path:
        return ""
    last = path[-1]
    if isinstance(last, Index) or (isinstance(last, Key) and last.name[:1] in {"@", "#"}):
        return format_path(path) if any(isinstance(step, Index) for step in path) else ""
    if any(isinstance(step, Key) and step.in_map for step in path):
        return format_path(tuple([signature((step,))[0] if isinstance(step, Index) else step for step in path]))
    return ""


def _exemplar(flight: Flight, difference: Difference) -> Exemplar:
    return Exemplar(
        id=flight.id,
        method=flight.method,
        target=redact_target(flight.target)[:_TARGET_SHOWN],
        recorded=difference.recorded,
        replayed=difference.replayed,
    )
