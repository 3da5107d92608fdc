"""Typed access to the keys of a capture line; what is missing or of another kind makes the line unusable.

Law: pure; knows JSON and its traps, not what a key means. A line that cannot be used is raised as `Unusable` in here
only, and `read_line` turns it into a value: nobody outside the capture readers sees it. The subtle thing: Envoy before
1.40 writes whole numbers as `1e+05`, which JSON reads as a float; a time is never read as one, for a float has too few
digits for µs since 1970.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Final

import orjson

__all__ = ["Fields", "Ignored", "Rejected", "Unusable", "checked"]

_MOST: Final = 9 * 10**12
"""No size, µs or ms is larger (9 TB, 104 days, 285 years), and as ns they all fit into 64 bits."""
_SECONDS: Final = re.compile(r"(\d{1,10})(?:\.(\d{1,9}))?", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LATEST: Final = (1 << 63) - 1
_LINES: Final = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\r\n\0]*+(?:\n|\Z))*+")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no usable capture line; it belongs into the rejects file with this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A sound line that is not recorded, and why."""

    reason: str


class Unusable(Exception):
    """Carries the verdict on a line out of the parts that read it."""

    def __init__(self, verdict: Rejected | Ignored) -> None:
        self.verdict = verdict

    @classmethod
    def because(cls, reason: str) -> Unusable:
        """The line is rejected for this reason."""
        return cls(Rejected(reason))


class Fields:
    """The keys of one line."""

    __slots__ = ("_values",)

    def __init__(self, line: bytes) -> None:
        """Raises `Unusable` unless the line is a JSON object."""
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise Unusable.because("not JSON") from None
        if not isinstance(values, dict):
            raise Unusable.because("not a JSON object")
        self._values: dict[str, object] = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str) -> object:
        """Whatever is there; `None` where it is absent."""
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """A text, `None` where it is absent or empty."""
        value = self._values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise Unusable.because(f"{key} is not a text")
        return value

    def needed_text(self, key: str) -> str:
        """A text that must be there."""
        text = self.text(key)
        if text is None:
            raise Unusable.because(f"{key} is missing")
        return text

    def number(self, key: str) -> int | None:
        """A whole number from 0, however it is written; `None` where it is absent."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not 0 <= value <= _MOST:
            raise Unusable.because(f"{key} is not a whole number")
        return value

    def needed_number(self, key: str) -> int:
        """A whole number that must be there."""
        number = self.number(key)
        if number is None:
            raise Unusable.because(f"{key} is missing")
        return number

    def time(self, key: str) -> int:
        """Unix seconds with a fraction, as text, in UTC ns; exact."""
        found = _SECONDS.fullmatch(self.needed_text(key))
        at = int(found[1]) * 10**9 + int((found[2] or "").ljust(9, "0")) if found else _LATEST + 1
        if at > _LATEST:
            raise Unusable.because(f"{key} is not Unix seconds")
        return at

    def hash(self, key: str) -> bytes | None:
        """A BLAKE2b-128 in hexadecimal digits; `None` where it is absent."""
        text = self.text(key)
        if text is None:
            return None
        if not _HASH.fullmatch(text):
            raise Unusable.because(f"{key} is not a hash")
        return bytes.fromhex(text)

    def headers(self, key: str) -> bytes | None:
        """The header lines of a message, one a line: the text at `key`, else base64 at `key_b64`.

        A line that is no `name: value`, or holds what ends a line early, makes the capture line unusable.
        """
        encoded = self.text(f"{key}_b64")
        plain = self._values.get(key)
        if encoded is not None:
            lines = _decoded(encoded, f"{key}_b64")
        elif isinstance(plain, str):
            lines = plain.encode()
        elif plain is None:
            return None
        else:
            raise Unusable.because(f"{key} is not a text")
        return checked(lines, key)

    def parts(self, key: str) -> bytes | None:
        """A body: base64 in numbered parts, joined in the order of their numbers; `None` where none was kept."""
        parts = self._values.get(key)
        if parts is None:
            return None
        if not isinstance(parts, dict):
            raise Unusable.because(f"{key} is not an object of parts")
        try:
            return b"".join(_decoded(parts[number], key) for number in sorted(parts, key=int))
        except ValueError:
            raise Unusable.because(f"{key} has a part without a number") from None

    def entry(self, key: str, inner: str) -> str | None:
        """A text one level down; `None` where it or its object is absent."""
        within = self._values.get(key)
        if within is None:
            return None
        text = within.get(inner) if isinstance(within, dict) else within
        if text is None or (isinstance(text, str) and isinstance(within, dict)):
            return text
        raise Unusable.because(f"{key} is not an object of texts")


def checked(lines: bytes, key: str) -> bytes:
    """Header lines, if they are only that."""
    if not _LINES.fullmatch(lines):
        raise Unusable.because(f"{key} holds a line that is no header")
    return lines


def _decoded(text: object, key: str) -> bytes:
    if isinstance(text, str):
        try:
            return binascii.a2b_base64(text, strict_mode=True)
        except ValueError:
            pass
    raise Unusable.because(f"{key} is not base64")
