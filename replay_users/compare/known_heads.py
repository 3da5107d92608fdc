"""Pairs of heads that were found to agree, recognised again in 0.3 to 1.1 us although time and trace ids have moved on.

Law: pure and bounded. It only ever says what a comparison has said before; whatever it does not recognise is compared.
The subtle thing: one pair is remembered per endpoint, size of the body and length of the recorded head, since then nothing
but the time of day differs as a rule, and values that are not compared (`x-request-id`, `traceparent`), once they were seen
to. Of each head it keeps what stands between these gaps. Nothing may hide in one: the eight bytes of a time of day cannot
hold a header, and where there are others a head must have as many lines as before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from replay_users.compare.policy import Treatment, treatment
from replay_users.trailers import announces, divided

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KnownHeads"]

_MOST = 2048
_LARGEST = 2048
"""Bytes of a head that is remembered, so that all of them take 24 MB at most."""

_TIME: Final = re.compile(rb"\w{3}, \d\d \w{3} \d{4} (\d\d:\d\d:\d\d) GMT")
_LINE: Final = re.compile(rb"^([^:\s]+):[ \t]*([^\r\n]*)\r\n", re.MULTILINE)
_NEW_LINE = b"\r\n"
_END = b"\r\n\r\n"
_REDACTED = b"[redacted:"
"""What capture redacted agrees with everything, so the next value need not."""
_FREE: Final = frozenset({Treatment.IGNORE, Treatment.PRESENCE})
_COUNTS = frozenset({b"date", b"connection", b"content-encoding"})
"""Not compared by their values, and yet: the date has its own gap, `connection` names other headers, and of equal bytes one
coding is right and another wrong."""

_Piece: TypeAlias = "tuple[bytes, int]"
"""Bytes that stay, and where they stand."""


class _Kept(NamedTuple):
    """What stays of a head: all before its first gap, all after its last, and what is between if there are gaps of values."""

    before: bytes
    after: bytes
    after_at: int
    pieces: tuple[_Piece, ...]
    lines: int
    end: int


class _Pair(NamedTuple):
    """The two heads as they were when they were found to agree, the names whose values may differ, and what stays of both."""

    recorded: bytes
    received: bytes
    loose: frozenset[bytes]
    stays: tuple[bytes, bytes, int, bytes, bytes, int, _Kept | None, _Kept | None]


class KnownHeads:
    """The pairs that agree, by endpoint, size of the body and length of the recorded head."""

    __slots__ = ("_pairs",)

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, int, int], _Pair] = {}

    def agree(self, endpoint: int, size: int, recorded: bytes, received: bytes) -> bool:
        """Whether these two are a known pair, but for what does not count; `received` may go on after the head."""
        pair = self._pairs.get((endpoint, size, len(recorded)))
        if pair is None:
            return False
        before, after, end, their_before, their_after, their_end, ours, theirs = pair[3]
        return (
            received.startswith(their_after, their_end)
            and received.startswith(their_before)
            and recorded.startswith(after, end)
            and recorded.startswith(before)
            and (ours is None or _is_alike(ours, recorded))
            and (theirs is None or _is_alike(theirs, received))
        )

    def learn(self, endpoint: int, size: int, recorded: bytes, received: bytes) -> None:
        """Remember that these two agree; what is not compared and differs from what was known here may differ from now on.

        Where there are trailers to be compared, it is not the heads alone that agree.
        """
        whole = received.find(_END) + len(_END)
        if whole < len(_END) or max(len(recorded), whole) > _LARGEST:
            return
        if divided(recorded)[1] or announces(received[:whole]):
            return
        key, received = (endpoint, size, len(recorded)), received[:whole]
        if len(self._pairs) >= _MOST and key not in self._pairs:
            self._pairs.clear()
        known = self._pairs.get(key)
        loose = (
            known.loose | _moved(known.recorded, recorded) | _moved(known.received, received) if known else frozenset()
        )
        self._pairs[key] = _Pair(recorded, received, loose, _stays(_kept(recorded, loose), _kept(received, loose)))


def _stays(ours: _Kept, theirs: _Kept) -> tuple[bytes, bytes, int, bytes, bytes, int, _Kept | None, _Kept | None]:
    """The ends of both, and each whole if it has gaps of values."""
    return *ours[:3], *theirs[:3], ours if ours.lines else None, theirs if theirs.lines else None


def _is_alike(kept: _Kept, head: bytes) -> bool:
    """Whether the pieces stand where they did, and no gap holds another line."""
    for piece, at in kept.pieces:
        if not head.startswith(piece, at):
            return False
    return head.count(_NEW_LINE, 0, kept.end) == kept.lines


def _moved(known: bytes, head: bytes) -> frozenset[bytes]:
    """Names of lines of which only a value that is not compared has become another one, of the same length."""
    lines = zip(_LINE.finditer(known), _LINE.finditer(head), strict=False)
    return frozenset(
        name for one, other in lines if one[2] != other[2] and one.span(2) == other.span(2) and (name := _free(other))
    )


def _free(line: re.Match[bytes]) -> bytes:
    """The name of a line whose value means nothing; nothing if it does."""
    name = line[1].lower()
    means_nothing = name not in _COUNTS and treatment(name.decode("latin-1")) in _FREE and _REDACTED not in line[2]
    return name if means_nothing else b""


def _kept(head: bytes, loose: frozenset[bytes]) -> _Kept:
    gaps = list(_gaps(head, loose))
    if not gaps:
        return _Kept(b"", head, 0, (), 0, len(head))
    ends = [end for _, end in gaps]
    is_time = len(gaps) == 1 and gaps[0] in _gaps(head, frozenset())
    pieces = tuple((head[end:begin], end) for end, (begin, _) in zip(ends, gaps[1:], strict=False))
    return _Kept(
        head[: gaps[0][0]], head[ends[-1] :], ends[-1], pieces, 0 if is_time else head.count(_NEW_LINE), len(head)
    )


def _gaps(head: bytes, loose: frozenset[bytes]) -> Iterator[tuple[int, int]]:
    """From where to where of a head the bytes mean nothing."""
    for line in _LINE.finditer(head):
        if (name := line[1].lower()) == b"date" and (time := _TIME.fullmatch(line[2])):
            yield line.start(2) + time.start(1), line.start(2) + time.end(1)
        elif name in loose and _free(line):
            yield line.span(2)
