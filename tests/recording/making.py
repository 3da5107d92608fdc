"""Recordings to test with: exchanges, ways to write them, a store that counts what is asked of it.

Law: builders only, no assertions.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from replay_users.model import Capture, Exchange, SessionKind
from replay_users.recording.folder import FolderStore
from replay_users.recording.ingest import Ingested, write_recording
from replay_users.recording.reader import Selection, rows_in_order
from replay_users.recording.recording import Recording, open_recording
from replay_users.recording.schema import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from replay_users.recording.store import ObjectInfo, Store

__all__ = [
    "FIELDS",
    "HOUR",
    "SECOND",
    "START",
    "WatchedStore",
    "make_exchange",
    "make_exchanges",
    "read_all",
    "record",
    "record_in",
    "wild_exchanges",
]

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
START = 1_793_872_800 * SECOND
"""2026-11-05T10:00:00Z, a whole hour."""

FIELDS = tuple(field.name for field in fields(Exchange))


def make_exchange(nth: int = 0, **changes: Any) -> Exchange:
    """The `nth` of a stream of exchanges, 10 ms apart, of seven sessions."""
    plain = Exchange(
        at=START + nth * 10_000_000,
        id=f"id-{nth}",
        session=b"session-%d" % (nth % 7),
        session_kind=SessionKind.COOKIE,
        method="GET",
        target=b"/items/%d?page=1" % (1000 + nth),
        authority="shop.example",
        connection=f"c{nth % 3}",
        source="pod-1",
        request_head=b"User-Agent: test\r\nAccept: */*\r\n",
        status=200,
        response_head=b"content-type: application/json\r\n",
        response_body=b'{"n": %d}' % nth,
        response_size=len(b'{"n": %d}' % nth),
        first_byte=1_000_000,
        duration=2_000_000,
    )
    return replace(plain, **changes)


def make_exchanges(count: int, *, start: int = 0, **changes: Any) -> list[Exchange]:
    """`count` exchanges in a row."""
    return [make_exchange(nth, **changes) for nth in range(start, start + count)]


def record(store: Store, exchanges: Iterable[Exchange], **options: Any) -> Ingested:
    """Ingest exchanges into a store."""
    with tempfile.TemporaryDirectory() as scratch:
        return write_recording(exchanges, store, scratch=Path(scratch), **options)


def record_in(folder: Path, exchanges: Iterable[Exchange], **options: Any) -> Recording:
    """A recording of these exchanges in a folder, opened."""
    record(FolderStore(folder), exchanges, **options)
    return open_recording(FolderStore(folder))


def read_all(recording: Recording, **changes: Any) -> list[dict[str, Any]]:
    """Every row, all columns, in the order a replay gets them."""
    everything = Selection(
        partitions=frozenset(range(recording.manifest.partitions)), start=0, end=1 << 62, buckets=1000, columns=COLUMNS
    )
    return [row for table in rows_in_order(recording, replace(everything, **changes)) for row in table.to_pylist()]


@dataclass(slots=True)
class WatchedStore:
    """Another store that remembers what was read of it and what was written, and can refuse to write."""

    inner: Store
    reads: list[tuple[str, int, int]] = field(default_factory=list)
    puts: list[str] = field(default_factory=list)
    refuses: str = ""

    @property
    def name(self) -> str:
        """The other's."""
        return self.inner.name

    @property
    def blocking(self) -> bool:
        """The other's."""
        return self.inner.blocking

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The other's."""
        return self.inner.objects(prefix)

    def get(self, key: str) -> bytes | None:
        """The other's."""
        return self.inner.get(key)

    def read(self, key: str, start: int, end: int, version: str) -> bytes:
        """The other's, remembered."""
        self.reads.append((key, start, end))
        return self.inner.read(key, start, end, version)

    def put(self, key: str, data: bytes) -> None:
        """The other's, remembered; raises where the key holds `refuses`."""
        if self.refuses and self.refuses in key:
            raise InterruptedError(key)
        self.puts.append(key)
        self.inner.put(key, data)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_BYTES = st.binary(max_size=24)
_SIZES = st.integers(0, 1 << 62)


@st.composite
def wild_exchanges(draw: st.DrawFn, max_size: int = 12) -> list[Exchange]:
    """Exchanges that hold anything their types allow; only the ids differ."""
    exchange = st.builds(
        Exchange,
        at=st.integers(START - 20 * SECOND, START + 20 * SECOND) | st.integers(START, START + 3),
        id=st.just(""),
        session=st.sampled_from([b"", b"\x00", b"a", b"b"]) | _BYTES,
        session_kind=st.sampled_from(SessionKind),
        method=st.sampled_from(["GET", "POST"]) | _TEXT,
        target=_BYTES,
        authority=_TEXT,
        scheme=_TEXT,
        protocol=_TEXT,
        identity=st.none() | _TEXT,
        connection=st.none() | _TEXT,
        source=_TEXT,
        client=st.none() | _TEXT,
        request_head=_BYTES,
        request_body=st.none() | _BYTES,
        request_size=_SIZES,
        status=st.integers(0, 999),
        response_head=_BYTES,
        response_body=st.none() | _BYTES,
        response_size=_SIZES,
        response_hash=st.none() | _BYTES,
        trailers=st.none() | _BYTES,
        first_byte=st.none() | st.integers(0, 1 << 40),
        duration=st.none() | st.integers(0, 1 << 40),
        end_flags=_TEXT,
        capture=st.sampled_from(Capture),
    )
    drawn = draw(st.lists(exchange, min_size=1, max_size=max_size))
    return [replace(exchange, id=f"{nth}") for nth, exchange in enumerate(drawn)]
