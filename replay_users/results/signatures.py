"""What differed, counted by signature (endpoint, path, kind, class), in a bounded table that merges.

Law: pure. A signature counts exchanges that show it, not differences: a list of fifty changed
prices is one. At most 200 signatures per endpoint and 2,000 per run are kept; the rest is counted.
The subtle thing: the exemplars of a signature are those whose ids have the smallest hashes, so that
they are a fair sample of the run and the same ones whichever worker saw them first.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias
from zlib import crc32

from replay_users.compare.difference import Class, Differences
from replay_users.compare.show import redact
from replay_users.results.sessions import SessionSketch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.compare.difference import Difference
    from replay_users.model import Flight

__all__ = [
    "Exemplar",
    "SignatureCount",
    "SignatureKey",
    "SignatureTable",
    "key_of",
    "session_of",
]

PER_ENDPOINT = 200
PER_RUN = 2_000
EXEMPLARS = 5
SESSIONS = 64
"""Sketch of one signature: exact to 63 sessions, then within 13 %; 2,000 sketches take < 10 MB."""

_TARGET_SHOWN = 500
"""A target's characters in an exemplar."""

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
    """How many exchanges, of how many sessions, showed one signature, with a few of them."""

    __slots__ = ("count", "exemplars", "sessions")

    def __init__(self) -> None:
        self.count = 0
        self.sessions = SessionSketch(SESSIONS)
        self.exemplars: dict[int, Exemplar] = {}

    def see(self, flight: Flight, difference: Difference) -> None:
        """Count one exchange."""
        self.count += 1
        self.sessions.see(session_of(flight))
        number = crc32(flight.id.encode())
        if len(self.exemplars) < EXEMPLARS or number < max(self.exemplars):
            self.exemplars[number] = _exemplar(flight, difference)
            self._trim()

    def merge(self, other: SignatureCount) -> None:
        """Count every exchange the other counted as well."""
        self.count += other.count
        self.sessions.merge(other.sessions)
        self.exemplars |= other.exemplars
        self._trim()

    def _trim(self) -> None:
        for number in sorted(self.exemplars)[EXEMPLARS:]:
            del self.exemplars[number]

    def shown(self) -> list[Exemplar]:
        """The exemplars in the order of their hashes."""
        return [self.exemplars[number] for number in sorted(self.exemplars)]

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "count": self.count,
            "sessions": self.sessions.to_list(),
            "exemplars": [asdict(exemplar) for exemplar in self.shown()],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignatureCount:
        """What `to_dict` wrote."""
        counted = cls()
        counted.count = data["count"]
        counted.sessions = SessionSketch(SESSIONS, data["sessions"])
        read = [Exemplar(**exemplar) for exemplar in data["exemplars"]]
        counted.exemplars = {crc32(exemplar.id.encode()): exemplar for exemplar in read}
        return counted


class SignatureTable:
    """All signatures of a run, and how often one found no place (`overflow`, by endpoint)."""

    __slots__ = ("_of_endpoint", "counts", "overflow")

    def __init__(self) -> None:
        self.counts: dict[SignatureKey, SignatureCount] = {}
        self.overflow: defaultdict[str, int] = defaultdict(int)
        self._of_endpoint: defaultdict[str, int] = defaultdict(int)

    def see(self, flight: Flight, differences: Sequence[Difference]) -> None:
        """Count one exchange under each signature it shows, once."""
        shown: dict[SignatureKey, Difference] = {}
        classes = differences.classes if isinstance(differences, Differences) else ()
        for difference, found in zip(differences, classes or repeat(Class.REGRESSION), strict=False):
            shown.setdefault(key_of(difference, found), difference)
        for key, difference in shown.items():
            if (count := self._place(key)) is None:
                self.overflow[key[0]] += 1
            else:
                count.see(flight, difference)

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

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "signatures": [[*key, count.to_dict()] for key, count in self.ranked()],
            "overflow": dict(self.overflow),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SignatureTable:
        """What `to_dict` wrote."""
        table = cls()
        for endpoint, path, kind, found, counted in data["signatures"]:
            table.counts[endpoint, path, kind, found] = SignatureCount.from_dict(counted)
            table._of_endpoint[endpoint] += 1
        table.overflow.update(data["overflow"])
        return table


def key_of(difference: Difference, found: Class = Class.REGRESSION) -> SignatureKey:
    """Under which signature a difference of this class counts."""
    signature = difference.signature
    return signature.endpoint, signature.path_text, str(signature.kind), str(found)


def session_of(flight: Flight) -> bytes:
    """The exchange's session; one that belongs to none is its own."""
    return flight.session if flight.session is not None else flight.id.encode()


def _exemplar(flight: Flight, difference: Difference) -> Exemplar:
    return Exemplar(
        id=flight.id,
        method=flight.method,
        target=redact(flight.target.decode("latin-1"))[:_TARGET_SHOWN],
        recorded=difference.recorded,
        replayed=difference.replayed,
    )
