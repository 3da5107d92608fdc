"""Where a run writes down what comparing said: its tally, and the pairs behind a few exemplars.

Law: hands on; the tally counts, the exhibits keep. Nothing is searched or copied here, since it runs on the hub.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from replay_users.compare.redaction import Redaction
from replay_users.results.exhibits import Exhibits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from replay_users.compare.difference import Difference, Differences
    from replay_users.model import Flight
    from replay_users.results.tally import Tally

__all__ = ["Witness"]

_KEY_BYTES = 32


class Witness:
    """The ledger of a run."""

    def __init__(self, tally: Tally, endpoints: Sequence[str]) -> None:
        """`endpoints` are the names by index, which may become more."""
        self._tally = tally
        self._endpoints = endpoints
        self._exhibits = Exhibits()
        self._redacted: list[dict[str, Any]] | None = None
        self.unchecked = tally.unchecked
        self.noise = tally.noise

    def ignored(self, differences: Iterable[Difference], capped: int = 0) -> None:
        """Rules ignored differences of a pair, and `capped` more."""
        self._tally.ignored(differences, capped)

    def differences(self, flight: Flight, differences: Differences) -> None:
        """A pair differs."""
        if self._tally.differences(flight, differences):
            self._exhibits.keep(flight, self._endpoints[flight.endpoint])

    def exhibits(self) -> list[dict[str, Any]]:
        """The pairs that were kept, redacted (200 of 10 KB: 0.7 s, HTML 1.5 s); to be asked when the run is over."""
        if self._redacted is None:
            self._redacted = self._exhibits.redacted(Redaction(secrets.token_bytes(_KEY_BYTES)))
        return self._redacted
