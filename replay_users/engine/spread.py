"""Which of a target's addresses the next connection goes to.

Law: pure. The addresses resolved last take turns; one that did not answer is left out, and after each resolving that still
finds it one connection tries it again. The subtle thing: a name may answer with some of its addresses, others each time, so
one that is missing gets no new connection and yet is not gone; and where none is left to use all are used, so that a target
that comes back is found without waiting for its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.engine.connection import Address

__all__ = ["Spread"]

_GONE = 3
"""Answers in a row without an address until it is gone: one that is cut off or comes from a stale server proves nothing."""

_GONE_ROTATING = 30
"""The same of a name that has brought an address back: with 8 of 50 at random, 0.84**30 = 0.5 % are missing for so long."""


class Spread:
    """The addresses of a target, at least one, in turn.

    Each address that `next` gives is told once what became of it: `opened`, or `avoid` or `failed`.
    """

    __slots__ = ("_addresses", "_avoided", "_missed", "_opening", "_rotates", "_turn", "_untried", "_usable")

    def __init__(self, addresses: Sequence[Address]) -> None:
        """Every address is worth a try."""
        self._turn = 0
        self._rotates = False
        self._avoided: set[Address] = set()
        self._untried: set[Address] = set()
        self._missed: dict[Address, int] = {}
        self._opening: dict[Address, int] = {}
        self.renew(addresses)

    def __len__(self) -> int:
        return len(self._addresses)

    def __contains__(self, address: Address) -> bool:
        """Whether it was among the addresses resolved last."""
        return address in self._addresses

    def is_gone(self, address: Address) -> bool:
        """Whether it has been missing for so long that it is none of the target's any more."""
        return address not in self._missed

    def renew(self, addresses: Sequence[Address]) -> None:
        """The name was resolved to these; what is avoided of them is worth one try."""
        self._rotates = self._rotates or any(self._missed.get(address) for address in addresses)
        most = _GONE_ROTATING if self._rotates else _GONE
        missed = {address: count + 1 for address, count in self._missed.items() if count + 1 < most}
        self._missed = {**missed, **dict.fromkeys(addresses, 0)}
        self._addresses = list(addresses)
        self._avoided &= self._missed.keys()
        self._untried = self._avoided.intersection(addresses)
        self._choose()

    def _choose(self) -> None:
        self._usable = [address for address in self._addresses if address not in self._avoided] or self._addresses

    def next(self, *, probes: bool = True) -> Address:
        """The address whose turn it is; one to be tried again if it may be, and nobody is at it."""
        is_choice = self._usable is not self._addresses
        address = self._probed() if probes and is_choice and self._untried else None
        if address is None:
            address = self._usable[self._turn % len(self._usable)]
            self._turn += 1
        self._opening[address] = self._opening.get(address, 0) + 1
        return address

    def _probed(self) -> Address | None:
        free = (address for address in self._addresses if address in self._untried and address not in self._opening)
        address = next(free, None)
        if address is not None:
            self._untried.remove(address)
        return address

    def opened(self, address: Address) -> None:
        """A connection to it is open, so it is as good as any."""
        self.failed(address)
        if address in self._avoided:
            self._avoided.remove(address)
            self._untried.discard(address)
            self._choose()

    def failed(self, address: Address) -> None:
        """A connection to it was not opened, for whatever reason; if it was avoided it still is."""
        left = self._opening.pop(address, 1) - 1
        if left:
            self._opening[address] = left

    def avoid(self, address: Address) -> bool:
        """A connection to it had no answer: leave it out until one is opened; whether that is new."""
        self.failed(address)
        if address in self._avoided or self.is_gone(address) or len(self._addresses) == 1:
            return False
        self._avoided.add(address)
        self._choose()
        if self._usable is self._addresses:
            self._untried = self._avoided.intersection(self._addresses)  # once one opens, the others are worth a try
        return True
