"""What happened to the connections of a run: counts that merge, and travel from worker to master.

Law: pure values; who opens and closes does the counting. The subtle thing: a connection that never opened took longer
than any that did, so it counts in the connect times as over, and a percentile that falls among those says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from replay_users.histogram import Histogram
from replay_users.model import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_NAMES", "OTHER", "Counters", "Reached"]

MOST_NAMES = 64
"""Addresses, and reasons, counted by name: a host in a cloud gets new addresses for as long as a run lasts."""

OTHER = "other"
"""Where those beyond are counted."""

_NUMBERS = (
    "opened",
    "reused",
    "resumed",
    "retired",
    "extra",
    "forgotten",
    "closed_idle",
    "late_bytes",
    "resent",
    "avoided_addresses",
)


@dataclass(slots=True)
class Reached:
    """How connecting to one address went."""

    opened: int = 0
    failed: int = 0


@dataclass(slots=True)
class Counters:
    """What happened to connections.

    Attributes:
        opened: connections that came to be, TLS and proxy included.
        reused: requests on connections that had carried one before.
        resumed: connections whose TLS session was resumed.
        retired: closed by us for their age, or because their address is the target's no more.
        extra: opened because the recorded connection of a request was still busy.
        forgotten: recorded connections that were closed because nothing more came for them.
        closed_idle: idle ones that the peer closed.
        late_bytes: idle ones that were closed because bytes came that nobody had asked for.
        resent: requests sent a second time on a fresh connection.
        avoided_addresses: how often an address was left out because it did not answer.
        addresses: by address, how many opened and how many never did.
        connect: how long it took from the first packet until a request could be written, ns.
        tls_errors: handshakes that failed, by reason.
        proxy_refusals: tunnels that the proxy refused, by reason.
    """

    opened: int = 0
    reused: int = 0
    resumed: int = 0
    retired: int = 0
    extra: int = 0
    forgotten: int = 0
    closed_idle: int = 0
    late_bytes: int = 0
    resent: int = 0
    avoided_addresses: int = 0
    addresses: dict[str, Reached] = field(default_factory=dict)
    connect: Histogram = field(default_factory=Histogram)
    tls_errors: dict[str, int] = field(default_factory=dict)
    proxy_refusals: dict[str, int] = field(default_factory=dict)

    def open(self, address: str, took: int, *, resumed: bool) -> None:
        """A connection has opened."""
        self.opened += 1
        self.resumed += resumed
        self.reached(address).opened += 1
        self.connect.add(took)

    def fail(self, address: str, fault: Fault, reason: str) -> None:
        """A connection has failed before it was open; `reason` is what TLS or the proxy said."""
        self.reached(address).failed += 1
        self.connect.add_over()
        if fault is Fault.TLS:
            _count(self.tls_errors, reason)
        elif fault is Fault.PROXY:
            _count(self.proxy_refusals, reason)

    def reached(self, address: str) -> Reached:
        """The counts of an address, or of those for which there is no room."""
        name = address if address in self.addresses or len(self.addresses) < MOST_NAMES else OTHER
        return self.addresses.setdefault(name, Reached())

    def merge(self, other: Counters) -> None:
        """Count everything the other counted as well."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for address, count in other.addresses.items():
            reached = self.reached(address)
            reached.opened += count.opened
            reached.failed += count.failed
        self.connect.merge(other.connect)
        for reason, times in other.tls_errors.items():
            _count(self.tls_errors, reason, times)
        for reason, times in other.proxy_refusals.items():
            _count(self.proxy_refusals, reason, times)

    def summary(self) -> dict[str, Any]:
        """As result.json shows it."""
        return {**self._counts(), "connect_ms": self.connect.to_ms_summary()}

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, to be merged elsewhere."""
        return {**self._counts(), "connect": self.connect.to_dict()}

    def _counts(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _NUMBERS},
            "addresses": {name: {"opened": r.opened, "failed": r.failed} for name, r in self.addresses.items()},
            "tls_errors": dict(self.tls_errors),
            "proxy_refusals": dict(self.proxy_refusals),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Counters:
        """What `to_dict` wrote.

        Raises:
            ValueError: these are no counters.
        """
        try:
            return cls(
                **{name: _natural(data[name]) for name in _NUMBERS},
                addresses={str(name): Reached(**_naturals(counts)) for name, counts in data["addresses"].items()},
                connect=Histogram.from_dict(data["connect"]),
                tls_errors=_naturals(data["tls_errors"]),
                proxy_refusals=_naturals(data["proxy_refusals"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not counters of connections: {error!r}") from error


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def _naturals(counts: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): _natural(count) for name, count in counts.items()}


def _count(counts: dict[str, int], name: str, count: int = 1) -> None:
    if name not in counts and len(counts) >= MOST_NAMES:
        name = OTHER
    counts[name] = counts.get(name, 0) + count
