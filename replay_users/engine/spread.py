"""Which of a target's addresses the next connection goes to.

Law: pure. The addresses take turns, and one that did not answer is left out until they are resolved again. The subtle
thing: where none is left all are used again, so that a target that comes back is found without waiting for its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.engine.connection import Address

__all__ = ["Spread"]


class Spread:
    """The addresses of a target, at least one, in turn."""

    __slots__ = ("_addresses", "_turn", "_usable")

    def __init__(self, addresses: Sequence[Address]) -> None:
        """Every address is worth a try."""
        self._turn = 0
        self.renew(addresses)

    def __len__(self) -> int:
        return len(self._addresses)

    def __contains__(self, address: Address) -> bool:
        return address in self._addresses

    def renew(self, addresses: Sequence[Address]) -> None:
        """The addresses are now these, each worth another try."""
        self._addresses = self._usable = list(addresses)

    def next(self) -> Address:
        """The address whose turn it is."""
        address = self._usable[self._turn % len(self._usable)]
        self._turn += 1
        return address

    def avoid(self, address: Address) -> bool:
        """Leave an address out until the next `renew`; whether that is new."""
        if address not in self._usable or len(self._addresses) == 1:
            return False
        self._usable = [other for other in self._usable if other != address] or self._addresses
        return True
