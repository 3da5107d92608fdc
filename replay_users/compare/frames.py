"""Pairs and verdicts as bytes between a hub and its comparer, and back.

Law: pure. A frame is its length (4 bytes, little-endian), a letter and its content; what does not fit together is a
`ValueError`, whatever bytes come. Verdicts are plain values in MessagePack and never pickles, since they come from a process
that handles bodies of strangers.
The subtle thing: pairs are packed on the hub, so they are a fixed row of numbers and the bytes as they are (measured:
0.5 us a pair; as MessagePack 1.5). Verdicts stand in the order of the pairs, which is why a match is one byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Any, TypeAlias

import msgpack  # type: ignore[import-untyped]

from replay_users.compare.case import Case, sides
from replay_users.compare.difference import Difference, Differences, Kind
from replay_users.path import Index, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from replay_users.model import Flight
    from replay_users.path import Path

__all__ = [
    "CLEAN",
    "FULL",
    "MAX_FRAME",
    "NAMES",
    "NOISY",
    "PAIRS",
    "RULES",
    "VERDICTS",
    "Crash",
    "Frames",
    "Noise",
    "Reply",
    "Verdict",
    "differences_of",
    "pack_differences",
    "pack_frame",
    "pack_names",
    "pack_pairs",
    "pack_reply",
    "size_of",
    "unpack_names",
    "unpack_pairs",
    "unpack_reply",
]

MAX_FRAME = 16 << 20
"""No frame is longer: a pair is two bodies of a mebibyte and two heads at most, and a batch ends with the pair that fills it."""

NAMES, PAIRS, RULES = b"N", b"P", b"R"
"""To a comparer."""
VERDICTS, FULL = b"V", b"F"
"""From one: of these pairs, and that it has grown too large and ends, with nothing wrong."""

CLEAN, NOISY = 0, 1
"""Verdicts of pairs that match: nothing differs, or rules ignore what does."""

_MAX_VERDICT = 256 << 10
"""Bytes of the differences of one pair; paths may be long. Beyond, they are counted only."""

_MAX_REASON = 40  # characters of a reason, which is a key of result.json
_LENGTH = Struct("<I")
_PREFIX = Struct("<Ic")
_BATCH = Struct("<QI")
_PAIR = Struct("<IiiQIiII")
_NONE, _HASHED = -1, -2  # lengths of a recorded body that there is not; of the second there is the hash instead
_HASH = 16
_KINDS = tuple(Kind)
_NUMBERS = {kind: nth for nth, kind in enumerate(_KINDS)}
_ERRORS = "surrogatepass"  # keys of bodies may hold lone surrogates

Noise: TypeAlias = "tuple[int, str, str]"
"""Where rules ignored something: endpoint, path without its indices, kind."""


@dataclass(frozen=True, slots=True)
class Crash:
    """Judging a pair raised this, which is an error of ours."""

    error: str


Verdict: TypeAlias = "int | str | Crash | list[Any]"
"""`CLEAN`, `NOISY`, why it is unchecked, what broke, or the differences, still packed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was said of a batch, or of the next part of it.

    Attributes:
        first: number of the first pair.
        verdicts: one for each pair, in their order.
        noise: in how many pairs rules ignored something, by where.
        capped: how many differences were found in pairs that match beyond those that were looked at.
    """

    first: int
    verdicts: list[Verdict]
    noise: dict[Noise, int] = field(default_factory=dict)
    capped: int = 0


# Hub to comparer


def pack_frame(letter: bytes, content: bytes) -> bytes:
    """Any frame."""
    return _PREFIX.pack(len(content) + 1, letter) + content


def pack_names(names: Sequence[str]) -> bytes:
    """The frame of endpoint names that follow those told before."""
    return pack_frame(NAMES, msgpack.packb(list(names), unicode_errors=_ERRORS))


def unpack_names(content: bytes) -> list[str]:
    """The names of such a frame."""
    names = _unpacked(content)
    if type(names) is not list or not all(type(name) is str for name in names):
        raise ValueError("names are a list of texts")
    return names


def pack_pairs(first: int, flights: Sequence[Flight]) -> bytes:
    """The frame of these answered flights, numbered from `first`. Runs on the hub, so a head is sent as it was received.

    Of equal bodies, which are one object, nothing is sent: two empty ones say the same.
    """
    parts = [b""]
    pack = _PAIR.pack
    for flight in flights:
        head, body, answer_head, answer = flight.response_head, flight.body, flight.answer_head, flight.answer_body
        if body is answer and flight.answer_size <= len(answer):
            parts += (
                pack(flight.endpoint, flight.status, flight.answer_status, 0, len(head), 0, len(answer_head), 0),
                head,
                answer_head,
            )
            continue
        if body is not None:
            length = len(body)
        else:
            body, length = (b"", _NONE) if flight.hash is None else (flight.hash, _HASHED)
        parts += (
            pack(
                flight.endpoint,
                flight.status,
                flight.answer_status,
                flight.answer_size,
                len(head),
                length,
                len(answer_head),
                len(answer),
            ),
            head,
            body,
            answer_head,
            answer,
        )
    parts[0] = _PREFIX.pack(1 + _BATCH.size + sum(map(len, parts)), PAIRS) + _BATCH.pack(first, len(flights))
    return b"".join(parts)


def unpack_pairs(content: bytes) -> tuple[int, list[Case]]:
    """The number of the first pair, and all of them."""
    if len(content) < _BATCH.size:
        raise ValueError("a batch begins with two numbers")
    first, count = _BATCH.unpack_from(content)
    if count * _PAIR.size > len(content):
        raise ValueError("a batch is longer than it says")
    return first, list(_pairs(content, count))


def _pairs(content: bytes, count: int) -> Iterator[Case]:
    at = _BATCH.size
    for _ in range(count):
        if at + _PAIR.size > len(content):
            raise ValueError("a batch ends within a pair")
        endpoint, status, answer_status, answer_size, *lengths = _PAIR.unpack_from(content, at)
        at += _PAIR.size
        texts = []
        for length in lengths:
            held = _HASH if length == _HASHED else max(0, length)
            texts.append(content[at : at + held])
            at += held
        recorded, body, received, answer = texts
        whole, known = None if lengths[1] < 0 else body, body if lengths[1] == _HASHED else None
        head, answer_head, *trailers = sides(recorded, received)
        yield Case(endpoint, status, head, whole, answer_status, answer_head, answer, answer_size, known, *trailers)
    if at != len(content):
        raise ValueError("a batch has not the length that it says")


# Comparer to hub


def pack_differences(differences: Differences) -> list[Any]:
    """A pair's differences as a verdict, the first ones whole as far as there is room; the rest is counted."""
    packed: list[list[Any]] = []
    room = _MAX_VERDICT
    for difference in differences:
        path = msgpack.packb([_pack_step(step) for step in difference.path], unicode_errors=_ERRORS)
        room -= len(path) + 4 * (len(difference.recorded) + len(difference.replayed))
        if room < 0 and packed:
            break
        packed.append([path, _NUMBERS[difference.kind], difference.recorded, difference.replayed])
    return [differences.capped + len(differences) - len(packed), packed]


def size_of(verdict: Verdict) -> int:
    """About how many bytes it takes in a reply."""
    if isinstance(verdict, list):
        return sum([len(path) + len(recorded) + len(replayed) for path, _, recorded, replayed in verdict[1]])
    return len(verdict.error) if isinstance(verdict, Crash) else 1


def differences_of(verdict: list[Any], endpoint: str) -> Differences:
    """The differences of a verdict, without what was ignored.

    Raises:
        ValueError: these are none.
    """
    try:
        capped, packed = verdict
        differences = [_difference(endpoint, *each) for each in packed]
    except TypeError as error:
        raise ValueError(f"no differences: {error}") from None
    if type(capped) is not int or not differences:
        raise ValueError("a pair that differs has differences")
    return Differences(differences, capped=capped)


def _difference(endpoint: str, path: bytes, kind: int, recorded: str, replayed: str) -> Difference:
    if not (type(path) is bytes and type(kind) is int and type(recorded) is type(replayed) is str):
        raise ValueError("a difference has a path, a kind and two texts")
    if not 0 <= kind < len(_KINDS):
        raise ValueError("no such kind")
    return Difference(endpoint, _unpack_path(path), _KINDS[kind], recorded, replayed)


def _pack_step(step: object) -> Any:
    """A key is a text, or a list of one where it is a key of a map; an index is a number."""
    if isinstance(step, Key):
        return [step.name] if step.in_map else step.name
    if isinstance(step, Index):
        return step.position
    raise TypeError(f"no step into a body: {step!r}")


@lru_cache(maxsize=4096)
def _unpack_path(packed: bytes) -> Path:
    """Most exchanges differ where others did."""
    steps = _unpacked(packed)
    if type(steps) is not list:
        raise ValueError("a path is a list")
    return tuple([_step(step) for step in steps])


def _step(step: object) -> Key | Index:
    if type(step) is str:
        return Key(step)
    if type(step) is int:
        return Index(step)
    if type(step) is list and len(step) == 1 and type(step[0]) is str:
        return Key(step[0], in_map=True)
    raise ValueError("a step is a key or an index")


def pack_reply(reply: Reply) -> bytes:
    """The frame of verdicts."""
    verdicts = [
        verdict.error.encode("utf-8", "replace") if isinstance(verdict, Crash) else verdict
        for verdict in reply.verdicts
    ]
    noise = [[*where, count] for where, count in reply.noise.items()]
    return pack_frame(VERDICTS, msgpack.packb([reply.first, verdicts, noise, reply.capped], unicode_errors=_ERRORS))


def unpack_reply(content: bytes) -> Reply:
    """The verdicts of such a frame; differences stay packed until they are asked for.

    Raises:
        ValueError: these are none.
    """
    try:
        first, verdicts, noise, capped = _unpacked(content)
        verdicts = [_verdict(each) for each in verdicts]
        noise = {_noise(*where): _number(count) for *where, count in noise}
    except TypeError as error:
        raise ValueError(f"no verdicts: {error}") from None
    return Reply(_number(first), verdicts, noise, _number(capped))


def _verdict(said: Any) -> Verdict:
    sort = type(said)
    if sort is int and said in {CLEAN, NOISY}:
        return CLEAN if said == CLEAN else NOISY
    if sort is list or (sort is str and said.isidentifier() and len(said) <= _MAX_REASON):
        verdict: str | list[Any] = said
        return verdict
    if sort is bytes:
        return Crash(said.decode("utf-8", "replace"))
    raise ValueError("no verdict")


def _noise(endpoint: object, path: object, kind: object) -> Noise:
    if type(path) is str and type(kind) is str:
        return _number(endpoint), path, kind
    raise ValueError("noise has an endpoint, a path and a kind")


def _number(said: object) -> int:
    if type(said) is int and said >= 0:
        return said
    raise ValueError("a number is missing")


def _unpacked(content: bytes) -> Any:
    try:
        return msgpack.unpackb(content, unicode_errors=_ERRORS, strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise ValueError(f"not MessagePack: {error}") from None


# The stream


class Frames:
    """Frames out of a stream that comes in pieces."""

    __slots__ = ("_piece",)

    def __init__(self) -> None:
        self._piece = bytearray()

    def feed(self, data: bytes) -> Iterable[tuple[bytes, bytes]]:
        """The letter and content of each frame that is whole by now.

        Raises:
            ValueError: a frame has no length, or one that no frame has.
        """
        piece = self._piece
        piece += data
        at, whole = 0, []
        while at + _LENGTH.size < len(piece):
            (length,) = _LENGTH.unpack_from(piece, at)
            if not 1 <= length <= MAX_FRAME:
                raise ValueError(f"a frame of {length} bytes")
            end = at + _LENGTH.size + length
            if end > len(piece):
                break
            whole.append((bytes(piece[at + 4 : at + 5]), bytes(piece[at + 5 : end])))
            at = end
        del piece[:at]
        return whole
