"""What follows the first piece of an answer's body: kept as far as there is room, counted in any case.

Law: pure; bytes in, bytes out. Most answers come in one piece and never get here. The subtle thing: the room is that of
all answers under way in this process, so that very many large ones at once, from a target that sends slowly, cannot fill
the memory; an answer that found no room keeps its beginning, without gaps, and is then not compared but `unchecked`, as
one that is larger than what is kept of any. First pieces, of 64 KiB at most, are not counted: `max_in_flight` bounds them.
"""

from __future__ import annotations

from replay_users.trailers import CUT

__all__ = ["KEPT_BODY", "KEPT_END", "KEPT_IN_ALL", "Rest", "end_of"]

KEPT_BODY = 1 << 20
"""Bytes of an answer that are kept to be compared; recordings keep no more either."""

KEPT_IN_ALL = 64 << 20
"""Bytes of all answers under way; of 2,000 large ones at once (`max_in_flight`) there would be 2 GiB."""

KEPT_END = 8 << 10
"""Bytes of the end of a chunked answer that are kept for its trailers; nginx and Go take no larger fields by default."""


def end_of(kept: bytes, data: bytes) -> bytes:
    """The end of what was kept and came now; behind `CUT` where that is not all."""
    whole = kept + data
    return whole if len(whole) <= KEPT_END else CUT + whole[-KEPT_END:]


class Rest:
    """The pieces of one body after its first; `take` or `clear` before it is let go, or its room is lost."""

    __slots__ = ("_kept", "_pieces", "size")

    under_way = 0
    """Bytes that all of them together keep."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._pieces: list[bytes] = []
        self.size = self._kept = 0

    def add(self, data: bytes, before: int) -> None:
        """Another piece, `before` being the size of the first; kept if all that came before it was."""
        whole = self._kept == self.size
        self.size += len(data)
        if whole and before + self.size <= KEPT_BODY and Rest.under_way + len(data) <= KEPT_IN_ALL:
            self._pieces.append(data)
            self._kept += len(data)
            Rest.under_way += len(data)

    def after(self, first: bytes) -> bytes:
        """The body as far as it was kept."""
        return b"".join((first, *self._pieces)) if self._pieces else first

    def clear(self) -> None:
        """Forget everything, and give the room back."""
        Rest.under_way -= self._kept
        self._pieces = []
        self.size = self._kept = 0
