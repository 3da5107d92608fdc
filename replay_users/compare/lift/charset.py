"""Bytes to text: in the charset that was declared if that works, else in the one it must be.

Law: pure; every body gives a text. The subtle thing: only charsets of a fixed list are tried, as Python's codecs under other
names inflate, execute or take quadratic time; and latin-1 reads anything, so what was read with it as a last resort is
marked as misread if anything else was promised.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Text", "read_text"]


class Text(NamedTuple):
    """A body as text, in which charset it was, and whether that is another one than was declared."""

    text: str
    charset: str
    is_misread: bool


_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_KNOWN: Final = frozenset(
    {"utf-8", "ascii", "us-ascii", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
    | {"koi8-r", "koi8-u", "macintosh", "shift-jis", "euc-jp", "iso-2022-jp", "euc-kr", "gb2312", "gbk", "gb18030"}
    | {"big5", "big5-hkscs", "tis-620"}
    | {f"iso-8859-{part}" for part in range(1, 17) if part != 12}  # noqa: PLR2004 - that part was never finished
    | {f"windows-{page}" for page in (874, *range(1250, 1259))}
)
_NAMES: Final = {
    "utf8": "utf-8",
    "latin1": "latin-1",
    "iso-8859-1": "latin-1",
    "sjis": "shift-jis",
    "x-sjis": "shift-jis",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "x-gbk": "gbk",
}
_INSIDE: Final = re.compile(rb"""(?:charset|encoding)\s{0,4}=\s{0,4}["']?([A-Za-z0-9._-]{2,40})""", re.IGNORECASE)
_FIRST: Final = 1024  # bytes in which HTML's standard looks for a declaration


def read_text(body: bytes, declared: str = "") -> Text:
    """Read a body as text; without a declaration and where it is no UTF-8, by what it says of itself."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            text = _decoded(body[len(mark) :], name)
            if text is not None:
                return Text(text, name, bool(declared) and not _agree(declared, name))
    charset = _plain_name(declared)
    text = _decoded(body, charset) if charset else None
    if text is not None:
        return Text(text, charset, is_misread=False)
    text = _decoded(body, "utf-8")
    if text is not None:
        return Text(text, "utf-8", is_misread=bool(charset))
    return _by_itself(body, is_declared=bool(declared))


def _by_itself(body: bytes, *, is_declared: bool) -> Text:
    found = _INSIDE.search(body, 0, _FIRST)
    name = _plain_name(found[1].decode("ascii").lower()) if found and not is_declared else ""
    text = _decoded(body, name) if name else None
    if text is not None:
        return Text(text, name, is_misread=False)
    return Text(body.decode("latin-1"), "latin-1", is_misread=is_declared)


def _decoded(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except UnicodeDecodeError:
        return None


def _plain_name(declared: str) -> str:
    """The charset under the name that Python knows it by, empty for one that is not read."""
    name = declared.replace("_", "-")
    name = _NAMES.get(name, name)
    return name if name in _KNOWN else ""


def _agree(declared: str, charset: str) -> bool:
    """Whether a byte order mark says what was declared: `utf-16` is either order."""
    return charset.startswith(_plain_name(declared) or "?")
