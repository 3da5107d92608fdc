"""Which release of the shop runs: version 1, or version 2 with changes planted in it for a replay to find.

Law: reads three environment variables, decides nothing about any page. Version 1 never has a planted change.

    SHOP_VERSION=1|2              the release (default 1)
    SHOP_PLANTED=price,error,slow what version 2 changes (default all three; empty: nothing)
    SHOP_EXTRA=1                  one more change: a field of the user's profile is gone
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHANGES", "Release"]

CHANGES = ("price", "error", "slow")
"""Prices rounded to ten cents; a search sorted by price fails; recommendations are no longer cached."""

_EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Release:
    """A version and what is changed in it."""

    version: int = 1
    changes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Release:
        """Read the switches.

        Raises:
            ValueError: there is no such version or change.
        """
        version = environment.get("SHOP_VERSION", "1")
        planted = {change for change in environment.get("SHOP_PLANTED", ",".join(CHANGES)).split(",") if change}
        if version not in {"1", "2"} or not planted <= set(CHANGES):
            raise ValueError(f"SHOP_VERSION is 1 or 2, SHOP_PLANTED some of {','.join(CHANGES)}")
        if environment.get("SHOP_EXTRA") == "1":
            planted.add(_EXTRA)
        return cls(int(version), frozenset(planted) if version == "2" else frozenset())

    def has(self, change: str) -> bool:
        """Whether a change is in this release."""
        return change in self.changes
