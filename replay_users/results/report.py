"""What a worker tells the master of its run: numbered reports of its tally, and the ledger that takes them.

Law: pure; `at` is given. Everything in a report is cumulative and of one moment, so that the account balances in each of
them, whichever turns out to be the last. A report either holds everything or what changed since an earlier one, which it
names: a ledger that lacks that one leaves the report out, stays as it was, and catches up with the next whole one.
Samples of pairs go with the last report of a run only: they are of no use before, and with 200 endpoints 3.4 MB.
The subtle thing is the hub, which packing 200 busy endpoints would hold for 15 ms. So a report that goes out while there is
load is begun ahead (`work`, a chore): the endpoints and signatures that changed stand still in the tally while counting goes
on beside them, and are packed and let go a few at a time. `next` is for the last report: whole, and of this very moment.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from replay_users.results.fidelity import Fidelity
from replay_users.results.packing import (
    pack_endpoint,
    pack_fidelity,
    pack_signature,
    packed_sent,
    unpack_answers,
    unpack_counts,
    unpack_endpoint,
    unpack_fidelity,
    unpack_signature,
)
from replay_users.results.signatures import SignatureTable
from replay_users.results.tally import Tally
from replay_users.results.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from replay_users.results.endpoint_tally import EndpointTally
    from replay_users.results.signatures import SignatureCount, SignatureKey
    from replay_users.results.tally import Totals

__all__ = ["Ledger", "Reporter"]

_AHEAD = 2_500_000_000
"""Ns after a report at which the next one is begun: half a second before Locust asks for it (every 3 s)."""

_PIECE = 2
"""Endpoints packed in one piece of work: 0.2 ms at 1,400 filled buckets each (measured)."""

_SIGNATURES = 50
"""Signatures packed in one piece of work: 0.2 ms (measured)."""

_WHOLE_EVERY = 10
"""Every tenth report is whole (30 s), so that a lost one is made good."""

_COUNTS = ("capped", "in_doubt", "never_loaded")
_REASONS = ("unchecked_by", "unread_by", "ignored_by", "noise_by")


class _Draft:
    """A report under way: what is packed, what is still to pack, and how much of each endpoint it will have told."""

    __slots__ = ("endpoints", "is_last", "report", "signatures", "told_endpoints")

    def __init__(self, report: dict[str, Any], *, is_last: bool) -> None:
        self.report = report
        self.is_last = is_last
        self.endpoints: list[str] = []
        self.signatures: list[SignatureKey] = []
        self.told_endpoints: dict[str, int] = {}


class Reporter:
    """The worker's side: makes the reports of one run."""

    def __init__(self, tally: Tally, connections: Callable[[], dict[str, Any]]) -> None:
        """`connections` gives what the engine counted of its connections, as a message's values."""
        self._tally = tally
        self._connections = connections
        self._seq = 0
        self._handed_at = 0
        self._endpoints: dict[str, int] = {}
        self._signatures: dict[SignatureKey, tuple[int, frozenset[int]]] = {}
        self._draft: _Draft | None = None

    def work(self, at: int) -> bool:
        """A piece of the next report, if it is time for it; whether anything was done."""
        if self._draft is None:
            if at - self._handed_at < _AHEAD:
                return False
            self._draft = self._begin(at, whole=self._seq % _WHOLE_EVERY == 0)
            self._tally.hold(self._draft.endpoints)
            self._tally.signatures.hold(self._draft.signatures)
            return True
        return self._pack(self._draft)

    def prepared(self, at: int) -> dict[str, Any]:
        """The report that was begun, or one of what changed until now."""
        draft = self._draft or self._begin(at, whole=self._seq % _WHOLE_EVERY == 0)
        return self._hand_over(draft, at)

    def next(self, at: int) -> dict[str, Any]:
        """A report of everything, as it is now; the last one of a run is made like this."""
        if self._draft is not None:
            for name in self._draft.endpoints:
                self._tally.release(name)
            self._tally.signatures.hold(())
        return self._hand_over(self._begin(at, whole=True, is_last=True), at)

    def _hand_over(self, draft: _Draft, at: int) -> dict[str, Any]:
        while self._pack(draft):
            pass
        self._draft = None
        self._seq, self._handed_at = draft.report["seq"], at
        self._endpoints.update(draft.told_endpoints)
        return draft.report

    def _begin(self, at: int, *, whole: bool, is_last: bool = False) -> _Draft:
        """All that is small, packed; and which endpoints and signatures changed."""
        tally = self._tally
        draft = _Draft(
            {
                "seq": self._seq + 1,
                "since": 0 if whole else self._seq,
                "at": at,
                "endpoints": [],
                "signatures": [],
                "overflow": dict(tally.signatures.overflow),
                "fidelity": pack_fidelity(tally.fidelity),
                "timeline": tally.timeline.pack(),
                "counts": [getattr(tally, name) for name in _COUNTS],
                "reasons": [dict(getattr(tally, name)) for name in _REASONS],
                "connections": self._connections(),
            },
            is_last=is_last,
        )
        for name, mine in tally.endpoints.items():
            if (ended := mine.ended) != self._endpoints.get(name) or whole:
                draft.told_endpoints[name] = ended
        draft.endpoints.extend(draft.told_endpoints)
        counts, told, nothing = tally.signatures.counts.items(), self._signatures, (0, frozenset[int]())
        draft.signatures += [key for key, counted in counts if whole or counted.count != told.get(key, nothing)[0]]
        return draft

    def _pack(self, draft: _Draft) -> bool:
        """A few endpoints, or signatures where no endpoint is left; whether there was anything to pack."""
        if draft.endpoints:
            for name in _taken(draft.endpoints, _PIECE):
                packed = pack_endpoint(self._tally.endpoints[name], pairs=draft.is_last)
                draft.report["endpoints"].append([name, packed])
                self._tally.release(name)
            return True
        signatures = _taken(draft.signatures, _SIGNATURES)
        for key in signatures:
            draft.report["signatures"].append([*key, self._pack_signature(key, whole=not draft.report["since"])])
        return bool(signatures)

    def _pack_signature(self, key: SignatureKey, *, whole: bool) -> list[Any]:
        """A signature's count, with its exemplars if they are others than those that were told."""
        count, sessions, traits, exemplars = self._tally.signatures.release(key)
        now, before = frozenset(exemplars), self._signatures.get(key)
        is_told = not whole and before is not None and before[1] == now
        self._signatures[key] = count, now
        return pack_signature(count, sessions, traits, None if is_told else exemplars.values())


def _taken(waiting: list[Any], most: int) -> list[Any]:
    """Up to so many off the end of a list."""
    taken = waiting[-most:]
    del waiting[-most:]
    return taken


class Ledger:
    """The master's side: what one worker has told of a run.

    Attributes:
        seq: the number of the report it stands at; 0 before the first.
        at: of what moment that is, ns of the run.
        missed: reports left out because the one they build on never came.
        connections: what the worker counted of its connections.
    """

    def __init__(self) -> None:
        self.seq = self.at = self.missed = 0
        self.connections: dict[str, Any] = {}
        self._endpoints: dict[str, list[Any]] = {}
        self._signatures: dict[SignatureKey, SignatureCount] = {}
        self._rest: Mapping[str, Any] | None = None

    def take(self, data: Mapping[str, Any]) -> None:
        """Stand at this report; one that is older than that, or builds on one that never came, changes nothing.

        Raises:
            ValueError: this is not a report.
        """
        try:
            seq, since = int(data["seq"]), int(data["since"])
            if seq <= self.seq or since > self.seq:
                self.missed += since > self.seq
                return
            self._stand_at(data, seq)
        except (KeyError, TypeError, AttributeError, ValueError, struct.error) as error:
            raise ValueError(f"not a report: {error!r}") from error

    def _stand_at(self, data: Mapping[str, Any], seq: int) -> None:
        """Endpoints stay packed: a master of many workers would have no time to unpack each three times a second."""
        at, connections, endpoints = int(data["at"]), dict(data["connections"]), dict(data["endpoints"])
        signatures = {}
        for endpoint, path, kind, found, packed in data["signatures"]:
            key = endpoint, path, kind, found
            signatures[key] = unpack_signature(packed, self._signatures.get(key))
        rest = {name: data[name] for name in ("overflow", "fidelity", "timeline", "counts", "reasons")}
        self.seq, self.at, self.connections, self._rest = seq, at, connections, rest
        self._endpoints.update(endpoints)
        self._signatures.update(signatures)

    def totals(self) -> Totals:
        """The sums of its tally, in a tenth of the time that the tally takes."""
        tally = self._unpacked_rest()
        for name, packed in self._endpoints.items():
            tally.add(name, unpack_counts(packed))
        return tally.totals()

    @property
    def sent(self) -> int:
        """How many exchanges it has sent, by itself."""
        return sum(packed_sent(packed) for packed in self._endpoints.values())

    def fidelity(self) -> Fidelity:
        """How late it was, by itself."""
        return Fidelity() if self._rest is None else unpack_fidelity(self._rest["fidelity"])

    def answers(self) -> Iterator[tuple[str, EndpointTally]]:
        """Endpoints with what came back and how long it took, one after the other; of one report, whatever comes meanwhile."""
        for name, packed in list(self._endpoints.items()):
            yield name, unpack_answers(packed)

    def tally(self) -> Tally:
        """The worker's tally as that report told it; a new one, to be kept or merged."""
        tally = self._unpacked_rest()
        for name, packed in self._endpoints.items():
            tally.add(name, unpack_endpoint(packed))
        return tally

    def _unpacked_rest(self) -> Tally:
        """The tally without its endpoints."""
        tally = Tally(())
        if self._rest is None:
            return tally
        tally.fidelity = unpack_fidelity(self._rest["fidelity"])
        tally.timeline = Timeline.unpack(self._rest["timeline"])
        signatures = SignatureTable()
        signatures.counts = self._signatures
        signatures.overflow.update(self._rest["overflow"])
        tally.signatures.merge(signatures)
        for name, count in zip(_COUNTS, self._rest["counts"], strict=True):
            setattr(tally, name, count)
        for name, reasons in zip(_REASONS, self._rest["reasons"], strict=True):
            getattr(tally, name).update(reasons)
        return tally
