"""What a run's targets are is looked at again while it goes on: their addresses, and the files their TLS was read from.

Law: greenlets only, never on the hot path. What cannot be looked at keeps what it was, and is told: once, not every time,
and no more than so many things, since a worker's are in each of its reports.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from replay_users.engine.target import resolve
from replay_users.errors import ReplayError
from replay_users.results.result import RunEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.engine.connection import Address
    from replay_users.engine.origin import Origin
    from replay_users.engine.target import Target

__all__ = ["Upkeep"]

_logger = logging.getLogger(__name__)

_EVENTS = 20  # of one run; what comes then is only logged


class Upkeep:
    """Keeps the targets of one run as they are by now; what went wrong is in `events`."""

    def __init__(
        self,
        targets: Sequence[Target],
        readdress: Callable[[int, Sequence[Address]], None],
        elapsed: Callable[[], int],
    ) -> None:
        """`readdress` is told the addresses of the nth target; `elapsed` gives ns since the run's start."""
        self.events: list[RunEvent] = []
        self._origins = [target.origin for target in targets]
        self._readdress = readdress
        self._elapsed = elapsed
        self._told: set[str] = set()

    def look(self) -> None:
        """Look at every target once."""
        for nth, origin in enumerate(self._origins):
            self._resolve(nth, origin)
            if origin.tls is not None:
                self.tell(origin.tls.renew())

    def _resolve(self, nth: int, origin: Origin) -> None:
        try:
            self._readdress(nth, resolve(origin.name, origin.port))
        except ReplayError as error:
            self.tell(f"keeping the old addresses: {error}")

    def tell(self, sentence: str | None) -> None:
        """Something has gone wrong that a person should know, now and in the result."""
        if sentence is None or sentence in self._told:
            return
        self._told.add(sentence)
        if len(self.events) < _EVENTS:
            self.events.append(RunEvent(at_s=self._elapsed() / 1e9, event="warning", text=sentence))
        _logger.warning("%s", sentence)
