"""A count index as an ingest of a long, busy recording would write it, without the recording: to measure what a plan costs.

Law: deterministic for a seed, an hour at a time, no I/O. The subtle thing: sessions are so many that nearly every row is an
entry of its own, which is what real traffic does to an index and what makes it large.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.make_recording import START
from replay_users.recording.index import IndexWriter, build_index
from replay_users.recording.partition import SAMPLE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["endpoint_names", "hours"]

SECOND = 1_000_000_000
HOUR_S = 3600


def endpoint_names(count: int) -> list[str]:
    """Names such as an ingest would find."""
    return [f"GET /api/v1/kind-{nth}/{{id}}" for nth in range(count)]


def hours(
    *, count: int, rate: int, endpoints: int, partitions: int, slice_rows: int = 5000
) -> Iterator[tuple[str, bytes]]:
    """`count` hours of `rate` rows per second from `START`: (folder, index file) of each, as `CountIndex` wants them."""
    names = pa.array(endpoint_names(endpoints))
    for nth in range(count):
        yield f"hour={nth:03d}/", _hour(nth, rate, names, partitions, slice_rows)


def _hour(nth: int, rate: int, names: pa.Array, partitions: int, slice_rows: int) -> bytes:
    writer, rows = IndexWriter(), rate * HOUR_S
    for first in range(0, rows, slice_rows):
        many = min(slice_rows, rows - first)
        at = START + (nth * rows + first) * SECOND // rate
        writer.add(build_index(f"slice-{nth:03d}-{first:09d}.parquet", _rows(at, many, rate, names, partitions)))
    return writer.finish()


def _rows(at: int, many: int, rate: int, names: pa.Array, partitions: int) -> pa.Table:
    """A slice's rows, those columns of them that an index counts by; a session has its partition and its bucket."""
    number = _numbers(at % (1 << 31))
    bucket = number(many, SAMPLE_BUCKETS)
    return pa.table(
        {
            "at": pa.array(range(at, at + many * SECOND // rate, SECOND // rate), pa.int64())[:many],
            "partition": number(many, partitions).cast(pa.uint16()),
            "sample": bucket.cast(pa.uint16()),
            "traits": pc.multiply(number(many, 2), 16).cast(pa.uint8()),
            "endpoint": names.take(number(many, len(names))),
        }
    )


def _numbers(seed: int) -> Callable[[int, int], pa.Array]:
    """Even random whole numbers below a limit; each call draws others."""
    drawn = iter(range(seed, seed + 100))

    def below(many: int, limit: int) -> pa.Array:
        shares = pc.random(many, initializer=next(drawn))
        return pc.cast(pc.floor(pc.multiply(shares, float(limit))), pa.int64())

    return below
