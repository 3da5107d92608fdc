"""The look-ahead: rows are loaded into the schedule before they are due, as far as there is room.

Law: takes decoded tables in time order, fetches and decodes nothing. A piece of work is a few rows, because making
Python objects holds the hub. The subtle thing: what is loaded is bounded in rows and in bytes until it is judged. The
bytes are those of the recorded side, of rows that wait for answers too, and of the answers that wait to be judged; so
neither a slow target nor slow judging makes memory grow. Answers under way are not in it: `body` bounds what is kept of
them. When everything loaded waits for answers, the oldest are dropped and counted, since the target is saturated; when
judging is behind, nothing is dropped, since judging makes room.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from replay_users.engine.rows import ROWS, pieces
from replay_users.model import Flight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from replay_users.engine.loader import Loader
    from replay_users.engine.schedule import Schedule
    from replay_users.model import SkipReason

__all__ = ["Feed", "LookAhead"]

_OBJECT = 700
"""Bytes a flight takes beside its wire and body: the object, its numbers and short strings (measured with tracemalloc)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAhead:
    """How much may be loaded and not yet judged."""

    rows: int = 6000
    bytes: int = 24 << 20


class Feed:
    """Loads rows into the schedule while there is room."""

    def __init__(
        self,
        schedule: Schedule,
        loader: Loader,
        endpoints: Mapping[str, int],
        *,
        skipped: Callable[[int, SkipReason], None],
        pulled: Callable[[], None],
        ahead: LookAhead,
        waiting_bytes: Callable[[], int],
    ) -> None:
        """Loads nothing before `work`.

        `skipped` is told of each row that is not sent: its endpoint's index and why; `pulled`, that a table is used up.
        `waiting_bytes` says how many bytes of answers wait to be judged.
        """
        self._schedule = schedule
        self._loader = loader
        self._endpoints = endpoints
        self._skipped = skipped
        self._pulled = pulled
        self._ahead = ahead
        self._waiting_bytes = waiting_bytes
        self._tables: deque[Iterator[list[list[Any]]]] = deque()
        self._ended = False
        self._pushed = 0
        self.rows = 0
        self.held_bytes = 0
        self.held_rows = 0

    @property
    def tables(self) -> int:
        """Tables that are not used up."""
        return len(self._tables)

    @property
    def drained(self) -> bool:
        """Whether every row has been handed on."""
        return self._ended and not self._tables

    def push(self, table: Any) -> None:
        """Give the next table, in time order (a `pyarrow.Table`)."""
        if table.num_rows:
            self._pushed += table.num_rows
            self._tables.append(pieces(table, self._endpoints, placed=self._loader.placed))

    def end(self) -> None:
        """No more tables will come."""
        self._ended = True

    def stop(self) -> int:
        """Load nothing more; gives the number of rows that were decoded and not loaded."""
        left = self._pushed - self.rows
        self._pushed = self.rows
        self._tables.clear()
        self._ended = True
        return left

    def work(self, now: int) -> bool:
        """Load a few rows if there is room; whether anything was done."""
        if not self._tables:
            return False
        if self.held_rows >= self._ahead.rows or self.held_bytes >= self._ahead.bytes:
            return self._relieve(now)
        if self.held_bytes + self._waiting_bytes() >= self._ahead.bytes:
            return False
        piece = next(self._tables[0], None)
        if piece is None:
            self._tables.popleft()
            self._pulled()
        else:
            self._load(piece)
        return True

    def _load(self, piece: list[list[Any]]) -> None:
        make, offer = self._loader.flight, self._schedule.offer
        self.rows += len(piece[0])
        for row in zip(*piece, strict=True):
            flight = make(*row)
            if isinstance(flight, Flight):
                flight.weight = _weight(flight)
                self.held_rows += 1
                self.held_bytes += flight.weight
                offer(flight)
            else:
                self._skipped(row[3], flight)

    def _relieve(self, now: int) -> bool:
        """There is no room: shed, if everything loaded waits for answers and rows that are due have begun to be late."""
        schedule = self._schedule
        if (
            schedule.upcoming
            or schedule.released
            or not schedule.waiting
            or now - schedule.last_due < schedule.patience
        ):
            return False
        schedule.shed(ROWS, now)
        return True

    def settled(self, flight: Flight) -> None:
        """A flight has ended and been judged: it makes room."""
        self.held_rows -= 1
        self.held_bytes -= flight.weight


def _weight(flight: Flight) -> int:
    """Of the recorded side; what was answered is the desk's to count."""
    return len(flight.wire) + len(flight.target) + len(flight.response_head) + len(flight.body or b"") + _OBJECT
