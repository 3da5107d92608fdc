"""Tallies as small values for a message, and back, exactly.

Law: pure. Everything a tally holds goes in and comes out the same; a test walks its slots and fails when one is not carried.
The subtle thing: a histogram is one `bytes`, its counts as narrow as they allow; as a dict with text for keys it takes four
times the time and the space. Little-endian, because workers and master need not be of one kind.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from struct import Struct, pack, unpack_from
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

from replay_users.histogram import Histogram, RatioHistogram
from replay_users.results.endpoint_tally import EndpointTally
from replay_users.results.fidelity import Fidelity
from replay_users.results.pairs import PairSample
from replay_users.results.sessions import SessionCount, SessionSketch
from replay_users.results.signatures import SESSIONS, Exemplar, SignatureCount
from replay_users.results.slow_pairs import SlowPair, SlowPairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = [
    "pack_endpoint",
    "pack_fidelity",
    "pack_signature",
    "packed_sent",
    "unpack_answers",
    "unpack_counts",
    "unpack_endpoint",
    "unpack_fidelity",
    "unpack_signature",
]

_AnyHistogram = TypeVar("_AnyHistogram", Histogram, RatioHistogram)

_COUNTS = ("sent", "resent", "matched", "mismatched", "unchecked")
_REASONS = ("dropped_by", "skipped_by", "failed_by", "excluded_by", "mismatched_by")
_TIMES = ("recorded", "service", "latency")
_SERVICE = _TIMES.index("service")
_MARKS = ("lag", "wait", "hub")
_SPANS = ("first_due", "last_due", "first_sent", "last_sent")
_SKETCHES = ("compared_sessions", "other_sessions", "differing")
_TURNS = ("broken", "mended")

_SHOWN = attrgetter(*(field.name for field in fields(Exemplar)))  # `astuple` takes ten times as long
_SLOW = attrgetter(*(field.name for field in fields(SlowPair)))

_HEAD = Struct("<QQ16sBI")
"""Over, peak, total (a sum of ns may need more than 64 bits), the width of a count, the number of buckets."""

_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}


def pack_endpoint(mine: EndpointTally, *, pairs: bool) -> list[Any]:
    """An endpoint's counts as a message's values, with its sample of pairs or without."""
    return [
        [getattr(mine, name) for name in _COUNTS],
        [_plain(getattr(mine, name)) for name in _REASONS],
        [[recorded, replayed, count] for (recorded, replayed), count in mine.statuses.items()],
        [_pack_times(getattr(mine, name)) for name in _TIMES],
        _pack(mine.ratio, 0, 0),
        [_numbers(getattr(mine, name).members) for name in _SKETCHES],
        [_pack_turn(getattr(mine, name)) for name in _TURNS],
        [[number, *_SLOW(pair)] for number, pair in mine.slow.kept],
        list(mine.pairs.pack()) if pairs else None,
    ]


def packed_sent(data: list[Any]) -> int:
    """How many exchanges were sent to a packed endpoint."""
    sent: int = data[0][_COUNTS.index("sent")]
    return sent


def unpack_counts(data: list[Any]) -> EndpointTally:
    """What was packed, without statuses, times and sessions: what totals are made of, in a tenth of the time."""
    mine = EndpointTally()
    for name, count in zip(_COUNTS, data[0], strict=True):
        setattr(mine, name, count)
    for name, each in zip(_REASONS, data[1], strict=True):
        getattr(mine, name).update(each)
    return mine


def unpack_answers(data: list[Any]) -> EndpointTally:
    """What was packed of what came back and how long it took: counts, statuses and service, in a fifth of the time."""
    mine = unpack_counts(data)
    mine.statuses.update({(recorded, replayed): count for recorded, replayed, count in data[2]})
    mine.service = _unpack_times(data[3][_SERVICE])
    return mine


def unpack_endpoint(data: list[Any]) -> EndpointTally:
    """What was packed."""
    _, _, _, times, ratio, sketches, turns, slow, pairs = data
    mine = unpack_answers(data)
    for name, packed in zip(_TIMES, times, strict=True):
        setattr(mine, name, _unpack_times(packed))
    mine.ratio = _unpack(RatioHistogram(), ratio)[0]
    for name, packed in zip(_SKETCHES, sketches, strict=True):
        setattr(mine, name, SessionSketch(members=_members(packed)))
    for name, (count, sessions) in zip(_TURNS, turns, strict=True):
        setattr(mine, name, SessionCount(count, _members(sessions)))
    mine.slow = SlowPairs(kept=[(number, SlowPair(*pair)) for number, *pair in slow])
    if pairs is not None:
        mine.pairs = PairSample.unpack(*pairs)
    return mine


def pack_fidelity(fidelity: Fidelity) -> list[Any]:
    """Lag, wait, the hub's stalls and the spans as a message's values."""
    histograms = (_pack_times(getattr(fidelity, name)) for name in _MARKS)
    return [[getattr(fidelity, name) for name in _SPANS], *histograms]


def unpack_fidelity(data: list[Any]) -> Fidelity:
    """What was packed."""
    spans, *histograms = data
    fidelity = Fidelity()
    for name, at in zip(_SPANS, spans, strict=True):
        setattr(fidelity, name, at)
    for name, packed in zip(_MARKS, histograms, strict=True):
        setattr(fidelity, name, _unpack_times(packed))
    return fidelity


def pack_signature(
    count: int, sessions: Collection[int], traits: Sequence[Collection[str]], exemplars: Iterable[Exemplar] | None
) -> list[Any]:
    """A signature's count as a message's values, with its exemplars or without; `traits` are its looks and its members."""
    shown = None if exemplars is None else [list(_SHOWN(each)) for each in exemplars]
    return [count, _numbers(sessions), *map(list, traits), shown]


def unpack_signature(data: list[Any], known: SignatureCount | None) -> SignatureCount:
    """What was packed; the exemplars of `known`, if it came without its own."""
    counted = SignatureCount()
    counted.count, sessions, looks, members, exemplars = data
    counted.looks, counted.members = set(looks), set(members)
    counted.sessions = SessionSketch(SESSIONS, _members(sessions))
    if exemplars is not None:
        counted.exemplars = {crc32(each[0].encode()): Exemplar(*each) for each in exemplars}
    elif known is not None:
        counted.exemplars = dict(known.exemplars)
    return counted


def _pack_turn(turned: SessionCount) -> list[Any]:
    return [turned.count, _numbers(turned.sessions.members)]


def _pack_times(histogram: Histogram) -> bytes:
    return _pack(histogram, histogram.peak, histogram.total)


def _unpack_times(data: bytes) -> Histogram:
    histogram, peak, total = _unpack(Histogram(), data)
    histogram.peak, histogram.total = peak, total
    return histogram


def _pack(histogram: Histogram | RatioHistogram, peak: int, total: int) -> bytes:
    buckets = histogram.buckets
    widest = max(buckets.values(), default=0)
    width = 1 if widest < 1 << 8 else 2 if widest < 1 << 16 else 4 if widest < 1 << 32 else 8
    head = _HEAD.pack(histogram.over, peak, total.to_bytes(16, "little"), width, len(buckets))
    return head + pack(f"<{len(buckets)}H{len(buckets)}{_WIDTHS[width]}", *buckets, *buckets.values())


def _unpack(histogram: _AnyHistogram, data: bytes) -> tuple[_AnyHistogram, int, int]:
    histogram.over, peak, total, width, size = _HEAD.unpack_from(data)
    numbers = unpack_from(f"<{size}H{size}{_WIDTHS[width]}", data, _HEAD.size)
    histogram.buckets.update(zip(numbers[:size], numbers[size:], strict=True))
    return histogram, peak, int.from_bytes(total, "little")


def _numbers(members: Collection[int]) -> bytes:
    return pack(f"<{len(members)}I", *members)


def _members(data: bytes) -> tuple[int, ...]:
    return unpack_from(f"<{len(data) // 4}I", data)


def _plain(counts: Mapping[str, int]) -> dict[str, int]:
    return {str(reason): count for reason, count in counts.items()}
