"""The shape of a path's segments: which are values by their look (`17` is `{id}`), which are names.

Law: pure; text in, text out, one segment at a time. What only the other paths can tell is `tree`'s.
The subtle thing: names never hold a brace, blank or byte over 126 (they are percent-encoded), so a path cannot forge a
parameter, and an endpoint name is safe in a report, a tag and a line of text.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["names", "path", "printable", "star"]

_MAX_DEPTH: Final = 12
"""Segments that are told apart; all of a deeper path is `{...}` from there."""
_LONGEST_NAME: Final = 64
"""A longer segment is nobody's route name."""

_SUFFIXES: Final = frozenset(
    """atom avif bmp bz2 css csv doc docx eot gif gz htm html ico ics jpeg jpg js json jsonl jsp map md mjs mp3 mp4 ndjson
    pdf php png ppt pptx rss rst svg tar tgz tiff toml ts tsv ttf txt wasm webm webmanifest webp woff woff2 xls xlsx xml
    yaml yml zip zst""".split()  # noqa: SIM905 - one word a line would be sixty lines
)
"""File suffixes that stay visible. A list, because `john.smith` has none."""

_SHAPES: Final = re.compile(
    r"(?P<id>[+-]?\d+)"
    r"|(?P<uuid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"
    r"|(?P<date>\d{4}-\d\d(?:-\d\d(?:(?:[T_]|%20).*)?)?)"
    r"|(?P<email>[^@]+(?:@|%40)[^@]+\.[^@.]+)"
    r"|(?P<hex>(?=.*\d)(?:[0-9a-f]{12,}|[0-9A-F]{12,}))"
    # A random token has digits, and capitals or no hyphens: a title made into a slug has hyphens and no capitals.
    r"|(?P<token>(?=.*\d)(?=.*[A-Z]|[^-]*\Z)[A-Za-z0-9_.=~-]{24,})"
    # `mug-12`, `2024-in-review`, `N10156`; but `oauth2` and `sha256` are names.
    r"|(?P<slug>(?:.*[-_.])?\d+(?:[-_.].*)?|(?:\D*\d){5}.*)"
)
_VERSION: Final = re.compile(r"v\d{1,3}(?:\.\d+)*(?:(?:alpha|beta|rc|p)\d*)?", re.IGNORECASE)
_FREE: Final = frozenset({"{*}", "{hex}", "{slug}", "{token}"})
"""Shapes that a level of free names holds beside plain words, and which fold with them; the others are kinds of their own."""

_ORIGIN: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PARAMS: Final = re.compile(rb";[^/]*")
_UNPRINTABLE: Final = re.compile(rb"[^!-z|~]")


def path(target: bytes) -> str:
    """The path of a target in any form, without query, `;parameters`, and the origin of the absolute form."""
    raw = target.partition(b"?")[0].partition(b"#")[0]
    if not raw.startswith(b"/"):
        raw = b"/" + _ORIGIN.sub(b"", raw, count=1).lstrip(b"/")
    return printable(_PARAMS.sub(b"", raw))


def printable(text: bytes) -> str:
    """Text for a name: what is not printable ASCII, and braces, percent-encoded."""
    return _UNPRINTABLE.sub(lambda found: f"%{ord(found[0]):02X}".encode(), text).decode("ascii")


def names(of_path: str) -> list[str]:
    """The segments of a path, each by its shape or as it is."""
    first, *rest = of_path.split("/", _MAX_DEPTH + 1)[1:]
    shapes = [_shape(first, first=True), *map(_shape, rest[: _MAX_DEPTH - 1])]
    return [*shapes, "{...}"] if len(rest) == _MAX_DEPTH else shapes


def _shape(segment: str, *, first: bool = False) -> str:
    """`{id}.json` for `17.json`; the segment itself where it has no shape (a slug, at the first level, is a name)."""
    stem, suffix = _split(segment)
    if _VERSION.fullmatch(stem):
        return segment
    if len(stem) > _LONGEST_NAME:
        return "{token}" + suffix
    found = _SHAPES.fullmatch(stem)
    if found is None or (first and found.lastgroup == "slug"):
        return segment
    return f"{{{found.lastgroup}}}{suffix}"


def _split(segment: str) -> tuple[str, str]:
    stem, dot, suffix = segment.rpartition(".")
    return (stem, dot + suffix) if stem and suffix.lower() in _SUFFIXES else (segment, "")


def star(name: str) -> str | None:
    """What a name folds into: `{*}` and its file suffix; `None` for what never folds (versions, `{id}`, the empty name)."""
    stem, suffix = _split(name)
    if not name or _VERSION.fullmatch(stem) or (stem.startswith("{") and stem not in _FREE):
        return None
    return "{*}" + suffix
