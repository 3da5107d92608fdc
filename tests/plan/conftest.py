"""A small recording for plans: a manifest and a count index made of a list of rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from replay_users.histogram import Histogram
from replay_users.model import OTHER_ENDPOINT
from replay_users.recording.acting import READ_METHODS, acts
from replay_users.recording.manifest import EndpointInfo, Manifest, SliceInfo
from replay_users.recording.traits import Trait

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from replay_users.plan import CountIndex
    from replay_users.plan.counts import Cell

SECOND = 1_000_000_000
START = 1_793_872_800 * SECOND
"""2026-11-05T10:00:00Z."""


@dataclass(frozen=True, slots=True)
class Row:
    """`rows` exchanges of one endpoint, recorded `at` ns after START; `more` traits than its name already says."""

    at: int
    endpoint: str
    more: int = 0
    sample: int = 0
    rows: int = 1

    @property
    def traits(self) -> int:
        """As ingest finds them: from method and path (here the endpoint's), and what else the row has."""
        return self.more | _of_name(self.endpoint)


def _of_name(endpoint: str) -> Trait:
    method, _, template = endpoint.partition(" ")
    if endpoint == OTHER_ENDPOINT:
        return Trait(0)
    if method not in READ_METHODS:
        return Trait.WRITE
    return Trait.ACTS if acts(template) else Trait(0)


@dataclass(frozen=True, slots=True)
class FakeIndex:
    """Counts the rows it was given, as the real index does."""

    names: tuple[str, ...]
    rows: tuple[Row, ...]

    def totals(self, start: int, end: int, buckets: int) -> dict[Cell, int]:
        """Rows by endpoint and traits."""
        found: Counter[Cell] = Counter()
        for row in self._inside(start, end, buckets):
            found[self.names.index(row.endpoint), row.traits] += row.rows
        return dict(found)

    def curve(self, start: int, end: int, buckets: int, keep: Collection[Cell]) -> list[int]:
        """Rows per second."""
        seconds = [0] * ((end - start) // SECOND)
        for row in self._inside(start, end, buckets):
            if (self.names.index(row.endpoint), row.traits) in keep:
                seconds[(START + row.at - start) // SECOND] += row.rows
        return seconds

    def _inside(self, start: int, end: int, buckets: int) -> list[Row]:
        return [r for r in self.rows if start <= START + r.at < end and r.sample < buckets]


@pytest.fixture
def row() -> type[Row]:
    """Rows of a recording."""
    return Row


class MakeRecording(Protocol):
    """Makes a manifest and its index."""

    def __call__(self, rows: Sequence[Row], **facts: object) -> tuple[Manifest, CountIndex]:
        """`facts` replace fields of the manifest."""


@pytest.fixture
def make_recording() -> MakeRecording:
    """Recordings from rows."""

    def make(rows: Sequence[Row], **facts: object) -> tuple[Manifest, CountIndex]:
        names = tuple(sorted({row.endpoint for row in rows}))
        return _manifest(rows, names, facts), FakeIndex(names, tuple(rows))

    return make


def _manifest(rows: Sequence[Row], names: Sequence[str], facts: dict[str, object]) -> Manifest:
    total = sum(row.rows for row in rows)
    first, last = START + min(r.at for r in rows), START + max(r.at for r in rows)
    methods: Counter[str] = Counter()
    for row in rows:
        methods[row.endpoint.partition(" ")[0]] += row.rows
    known = {
        "generation": 3,
        "partitions": 16,
        "first_at": first,
        "last_at": last,
        "rows": total,
        "slices": (
            SliceInfo(
                file="slice-a.parquet",
                size=2_000_000,
                content_hash="a",
                first_at=first,
                last_at=last,
                rows=total,
                footer=9000,
                raw_bytes=9_000_000,
                groups=(),
            ),
        ),
        "index": "",
        "endpoints": tuple(EndpointInfo(n, _rows_of(n, rows), _latency(nth)) for nth, n in enumerate(names)),
        "methods": dict(methods),
        "hosts": {"shop.example.com": total},
        "protocols": {"HTTP/1.1": total},
        "statuses": {"200": total},
        "session_kinds": {"cookie": total},
        "peak_concurrency": 7,
        "capture": {"complete": total},
        "redaction": {},
    }
    return Manifest(**{**known, **facts})  # type: ignore[arg-type]


def _rows_of(name: str, rows: Sequence[Row]) -> int:
    return sum(row.rows for row in rows if row.endpoint == name)


def _latency(nth: int) -> dict[str, object]:
    histogram = Histogram()
    for ms in range(1, 101):
        histogram.add((ms + nth * 100) * 1_000_000)
    return histogram.to_dict()
