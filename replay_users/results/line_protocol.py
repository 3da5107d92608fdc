r"""InfluxDB's line protocol: `measurement,tag=value field=1i,other=2.0 1700000000000000000`.

Law: pure text, exact escaping; one call gives one line without its end.
The subtle thing: what the protocol cannot say is said by what looks like it. A tag has no way to hold a line break (it
becomes the picture `␊`), to be empty (`-`), or to have a backslash before something escaped, which one server reads as an
escaped backslash and the next one does not (it becomes the mathematical one, U+29F5). Everything else comes back from a
server as it went in; tested on real ones, 1.6 and 2.7.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING
from zlib import crc32

from replay_users.results.influx_schema import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from replay_users.results.influx_schema import Measurement

__all__ = ["line", "series", "tag_text"]

_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
"""Control characters and the pictures that Unicode has of them."""

_ESCAPED = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_QUOTED = str.maketrans({"\\": r"\\", '"': r"\""})
_DOUBTFUL = re.compile(r"\\(?=[,= \\]|\Z)")
_SLASH = "\N{REVERSE SOLIDUS OPERATOR}"
_LONGEST_TAG = 500
"""Characters; a series' key may have 65,535 bytes (InfluxDB 1.x, models/points.go, MaxKeyLength), of up to 4 tags here."""
_LONGEST_TEXT = 2_000
_DIGITS = 6
"""Of a float: a nanosecond, where it is milliseconds."""


def tag_text(text: str) -> str:
    r"""What a tag of this text holds: the text itself, unless the protocol cannot say it.

    >>> tag_text("GET /a b"), tag_text(""), tag_text("two\nlines")
    ('GET /a b', '-', 'two␊lines')
    """
    text = _plain(text)
    if len(text) > _LONGEST_TAG:  # those that differ further on must not become one
        text = f"{text[: _LONGEST_TAG - 9]}…{crc32(text.encode()):08x}"
    return _DOUBTFUL.sub(_SLASH, text) or "-"


def series(name: str, tags: Iterable[tuple[str, str]]) -> str:
    r"""The part of a line that says which series it is of; tags come in their order.

    >>> print(series("replay_compare", [("endpoint", "GET /a,b"), ("run", "r1")]))
    replay_compare,endpoint=GET\ /a\,b,run=r1
    """
    return "".join([name, *(f",{key}={tag_text(value).translate(_ESCAPED)}" for key, value in tags)])


def line(key: str, measurement: Measurement, values: Mapping[str, object], at: int) -> str:
    """A point of a series at a time (UTC ns); empty if it has no value.

    What is no finite number where there should be one is left out, and so is what is `None`.

    >>> from replay_users.results.influx_schema import DIFF
    >>> print(line("replay_diff,run=r", DIFF, {"count": 2, "sessions": None}, 5))
    replay_diff,run=r count=2i 5
    """
    texts = [(field.name, _value(field.kind, values.get(field.name))) for field in measurement.fields]
    fields = ",".join(f"{name}={text}" for name, text in texts if text)
    return f"{key} {fields} {at}" if fields else ""


def _value(kind: Kind, value: object) -> str:
    if value is None:
        return ""
    if kind is Kind.TEXT:
        return f'"{_plain(str(value))[:_LONGEST_TEXT].translate(_QUOTED)}"'
    if not isinstance(value, int | float) or not isfinite(value):
        return ""
    return f"{int(value)}i" if kind is Kind.INT else repr(round(float(value), _DIGITS))


def _plain(text: str) -> str:
    """Without control characters, nor halves of surrogate pairs, which no encoding has."""
    return text.encode("utf-8", "replace").decode("utf-8").translate(_PICTURES)
