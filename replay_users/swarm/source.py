"""The recording's rows on their way into the feed: fetched in greenlets, decoded in a pool thread, one slice ahead.

Law: sockets only in greenlets, pyarrow only in the pool thread, the two meet in bytes; a pool thread never touches a
gevent primitive. What cannot be read is counted as unread, by the count index's word, and named; it never becomes a
silent gap. The subtle thing: at most one table waits behind the one being loaded, and one slice's bytes behind that,
whatever the recording's size.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.monkey import get_original
from gevent.threadpool import ThreadPool

from replay_users.errors import DamagedRecording, ReplayError
from replay_users.recording.reader import TimeOrder, decode, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from replay_users.engine.feed import Feed
    from replay_users.recording.manifest import SliceInfo
    from replay_users.recording.reader import Part, Selection
    from replay_users.recording.recording import Recording

__all__ = ["Source"]

_logger = logging.getLogger(__name__)

_NICE = 5  # decoding gives way to sending, yet is not starved where neighbours are busy


class Source:
    """Reads the selected rows of a recording into a feed."""

    def __init__(
        self,
        recording: Recording,
        selection: Selection,
        expected: dict[str, int],
        *,
        unread: Callable[[int, str], None],
        wake: Callable[[], None],
    ) -> None:
        """`expected` is the count index's rows per slice; `unread` is told of rows that could not be read, and of which slice."""
        self._recording = recording
        self._selection = selection
        self._expected = expected
        self._unread = unread
        self._wake = wake
        self._items = [item for item in recording.manifest.slices if selection.touches(item)]
        self._order = TimeOrder()
        self._pool = ThreadPool(1)
        self._room = Event()
        self._greenlet: gevent.Greenlet[[Feed], None] | None = None
        self._left = sum(expected.values())
        self.first_error: ReplayError | None = None

    def start(self, feed: Feed) -> None:
        """Begin reading."""
        self._greenlet = gevent.spawn(self._run, feed)

    def pulled(self) -> None:
        """The feed has used up a table."""
        self._room.set()

    def _run(self, feed: Feed) -> None:
        try:
            self._read(feed)
        except Exception as error:
            _logger.exception("reading the recording failed; this is a bug of replay_users, please report it")
            self._lose(self._left, "the rest", ReplayError(f"reading failed ({error!r}): report this and start again"))
        feed.end()
        self._wake()

    def _read(self, feed: Feed) -> None:
        fetched = self._ahead(0)
        for nth, item in enumerate(self._items):
            while feed.tables > 1:
                self._room.clear()
                self._room.wait()
            parts, fetched = fetched, self._ahead(nth + 1)
            table = self._table(item, parts, self._next_at(nth))
            if table is not None:
                self._left -= table.num_rows
                feed.push(table)
                self._wake()

    def _ahead(self, nth: int) -> Any:
        if nth < len(self._items):
            return gevent.spawn(self._fetch, self._items[nth])
        return None

    def _fetch(self, item: SliceInfo) -> Sequence[Part] | ReplayError:
        """In a greenlet, or in the pool thread where reading would block the hub."""
        if self._recording.store.blocking:
            return self._pool.apply(self._fetched, (item,))
        return self._fetched(item)

    def _fetched(self, item: SliceInfo) -> Sequence[Part] | ReplayError:
        """An error is a value here: gevent prints what is raised in a pool thread."""
        try:
            return fetch(self._recording, item, self._selection.partitions)
        except ReplayError as error:
            return error

    def _next_at(self, nth: int) -> int | None:
        return self._items[nth + 1].first_at if nth + 1 < len(self._items) else None

    def _table(self, item: SliceInfo, fetching: Any, next_at: int | None) -> pa.Table | None:
        """The rows that come before the next slice's; the rows of a slice that cannot be read are counted as unread."""
        parts, error = fetching.get(), None
        if isinstance(parts, ReplayError):
            table, error = self._pool.apply(self._order.push, (None, next_at)), parts
        else:
            table, error = self._pool.apply(self._decode, (item, parts, next_at))
        if error is not None:
            self._lose(self._expected.get(item.file, 0), item.file, error)
        return table

    def _decode(
        self, item: SliceInfo, parts: Sequence[Part], next_at: int | None
    ) -> tuple[pa.Table | None, ReplayError | None]:
        """In the pool thread; nothing but `TimeOrder` holds a slice's rows, so that sorting them can let them go."""
        _be_nice()
        try:
            return self._order.push(self._checked(item, decode(item, parts, self._selection)), next_at), None
        except ReplayError as error:
            return self._order.push(None, next_at), error

    def _checked(self, item: SliceInfo, rows: pa.Table) -> pa.Table:
        expected = self._expected.get(item.file, 0)
        if rows.num_rows != expected:
            raise DamagedRecording(
                f"slice {item.file} holds {rows.num_rows} of the planned rows where its index says {expected};"
                " ingest the capture again"
            )
        return rows

    def _lose(self, rows: int, where: str, error: ReplayError) -> None:
        self.first_error = self.first_error or error
        self._left -= rows
        self._unread(rows, where)
        _logger.error("%d rows are unread: %s", rows, error)

    def stop(self) -> int:
        """Read no more; gives the number of planned rows that never reached the feed."""
        if self._greenlet is not None:
            self._greenlet.kill()
        return self._left

    def close(self) -> None:
        """Give the pool thread back."""
        self._pool.kill()


def _be_nice() -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, get_original("_thread", "get_native_id")(), _NICE)
    except (OSError, AttributeError):
        return  # not on this system; decoding then competes with sending
