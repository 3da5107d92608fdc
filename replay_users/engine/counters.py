"""What happened to the connections of a run: counts that merge, and travel from worker to master.

Law: pure values; who opens and closes does the counting. The subtle thing: a connection that never opened took longer
than any that did, so it counts in the connect times as over, and a percentile that falls among those says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from replay_users.engine.tls_fault import Reasons
from replay_users.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_ADDRESSES", "OTHER", "Counters", "Reached"]

MOST_ADDRESSES = 64
"""Addresses counted by name: a host in a cloud gets new ones for as long as a run lasts."""

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
        tls_errors: what TLS failed of, by reason; every `Tls` of a run counts here by itself.
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
    tls_errors: Reasons = field(default_factory=Reasons)
    proxy_refusals: Reasons = field(default_factory=Reasons)

    def open(self, address: str, took: int, *, resumed: bool) -> None:
        """A connection has opened."""
        self.opened += 1
        self.resumed += resumed
        self.reached(address).opened += 1
        self.connect.add(took)

    def fail(self, address: str) -> None:
        """A connection has failed before it was open."""
        self.reached(address).failed += 1
        self.connect.add_over()

    def reached(self, address: str) -> Reached:
        """The counts of an address, or of those for which there is no room."""
        name = address if address in self.addresses or len(self.addresses) < MOST_ADDRESSES else OTHER
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
        self.tls_errors.merge(other.tls_errors)
        self.proxy_refusals.merge(other.proxy_refusals)

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
                tls_errors=Reasons(_naturals(data["tls_errors"])),
                proxy_refusals=Reasons(_naturals(data["proxy_refusals"])),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not counters of connections: {error!r}") from error


def _natural(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def _naturals(counts: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): _natural(count) for name, count in counts.items()}
