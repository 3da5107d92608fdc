r"""Trailers: what stands behind a body, and where they are kept on their way through a run.

Law: pure; bytes in, bytes out; off the path that an answer without trailers takes. Blocks are `Name: value\r\n` per line.
The subtle thing is where they are kept: behind the head that they belong to, since nearly no answer has any, and a place of
their own would be a cost to all the others. A recorded head ends without an empty line, so one in it says that trailers
follow; what was received holds them as they came, behind the last chunk.

Reading backwards is safe: a trailer has a colon behind its name, and the line of the last chunk has none before a semicolon,
so the first line from the end that is no trailer is that of the last chunk, whatever the body looks like (RFC 9112 7.1).
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["CUT", "announces", "both", "divided", "is_chunked", "joined", "trailers_of", "with_trailers"]

CUT: Final = b"\0"
"""Stands where bytes are left out: no line of a trailer or a chunk can hold it, so nothing is read across."""

_NEW_LINE: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
_BREAKS: Final = (b"\n", b"\r")
_BARE_END: Final = b"\r\n0\r\n\r\n"
_CHUNKED: Final = re.compile(rb"\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*\r\n").search
_ANNOUNCED: Final = re.compile(rb"(?:^|\n)trailer[ \t]*:", re.IGNORECASE).search
_LAST_CHUNK: Final = re.compile(rb"0+[ \t]*(?:;[^\0]*)?").fullmatch
_FIELD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*:.*", re.DOTALL).fullmatch
_FOLDED: Final = (b" ", b"\t")


def joined(head: bytes, trailers: bytes) -> bytes:
    """A header block with these trailers behind it, if there are any."""
    return head + _NEW_LINE + trailers if trailers else head


def divided(head: bytes) -> tuple[bytes, bytes]:
    """A header block, and the trailers behind it."""
    if head.startswith(_NEW_LINE):
        return b"", head[2:]
    end = head.find(_END)
    return (head, b"") if end < 0 else (head[: end + 2], head[end + 4 :])


def announces(head: bytes) -> bool:
    """Whether a header block says that trailers will follow the body."""
    return _ANNOUNCED(head) is not None


def is_chunked(received: bytes) -> bool:
    """Whether what was received begins with a head after which the body comes in chunks (as the last coding: RFC 9112 6.3)."""
    return _CHUNKED(received[: received.find(_END) + 2].lower()) is not None


def trailers_of(received: bytes) -> bytes | None:
    """The trailers of an answer, of which the head, what followed it at once and its end were kept.

    Empty if there are none; `None` if they are so large that their beginning was not kept.
    """
    if not received.endswith(_BREAKS) or received.endswith(_BARE_END):
        return b""
    received = received.strip(_NEW_LINE) + _NEW_LINE  # line breaks after an answer mean nothing, as those before it
    end = received.find(_END)
    if end < 0 or not is_chunked(received):
        return b""
    return _behind_the_last_chunk(received[end + len(_END) :])


def _behind_the_last_chunk(sent: bytes) -> bytes | None:
    """The lines at the end of what was sent after a head, each with its line break, as far back as that of the last chunk."""
    begin = len(sent)
    while begin > 0:
        before = sent.rfind(_NEW_LINE, 0, begin - 2)
        start = before + 2 if before >= 0 else 0
        line = sent[start : begin - 2]
        if _LAST_CHUNK(line):
            return sent[begin:]
        if CUT in line or not (line.startswith(_FOLDED) or _FIELD(line)):
            return None
        begin = start
    return None


def with_trailers(received: bytes) -> bytes:
    """What was received without its body: the head, and behind an empty chunk the trailers, if there are any."""
    received = received.lstrip(_NEW_LINE)
    end = received.find(_END) + len(_END)
    if not len(_END) <= end < len(received):
        return received
    trailers = trailers_of(received)
    if trailers is None:
        return received[:end] + CUT + _END
    return received[:end] + b"0\r\n" + trailers + _NEW_LINE if trailers else received[:end]


def both(head: bytes, trailers: bytes, answer_head: bytes, answered: bytes | None) -> tuple[bytes, bytes]:
    """The trailers of both sides as far as they are compared: if some were recorded, or if the answer announces its own.

    Where the recorded head announces trailers and none were recorded, the capture did not see them; where it saw no head, it
    knows nothing of them. What was answered without a word of it, and never recorded, could not be seen in every answer, and so
    it is compared in none.
    """
    if answered is None:
        return b"", b""
    if trailers or (answered and head and announces(answer_head) and not announces(head)):
        return trailers, answered
    return b"", b""
