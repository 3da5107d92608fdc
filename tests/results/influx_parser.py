"""A reader of line protocol, written from its documentation and not from our writer, for the tests to read back what we wrote.

Law: one strict reading, character by character; what the protocol does not allow is an error. It reads a backslash before
`,`, `=`, a space (in tags) and before `"`, a backslash (in strings) as an escape, and any other one as itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["Point", "parse", "parse_all"]

Value: TypeAlias = "float | int | str | bool"


@dataclass(frozen=True)
class Point:
    """One point as a server would store it."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Value]
    at: int
    order: list[str] = field(default_factory=list)

    @property
    def series(self) -> tuple[object, ...]:
        """What makes its series."""
        return self.measurement, *sorted(self.tags.items())


def parse_all(text: str) -> list[Point]:
    """Every line of a payload, comments left out."""
    assert not text or text.endswith("\n"), "the last line has no end"
    return [parse(each) for each in text.split("\n")[:-1] if not each.startswith("#")]


def parse(text: str) -> Point:
    """One line.

    Raises:
        ValueError: it is none.
    """
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError("a line break within a line")
    key, rest = _until(text, " ")
    fields, stamp = _until_outside_strings(rest, " ")
    name, *tags = _split(key, ",")
    pairs = [_pair(tag) for tag in tags]
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"a tag twice: {text!r}")
    values = {}
    for part in _split_outside_strings(fields, ","):
        field_name, value = _split(part, "=", most=1)
        values[_unescape(field_name, ",= ")] = _value(value)
    if not values:
        raise ValueError("no fields")
    return Point(_unescape(name, ", "), dict(pairs), values, int(stamp), [each for each, _ in pairs])


def _pair(tag: str) -> tuple[str, str]:
    parts = _split(tag, "=")
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"no tag: {tag!r}")
    if parts[1].endswith("\\"):
        raise ValueError(f"a tag that ends with a backslash: {tag!r}")
    return _unescape(parts[0], ",= "), _unescape(parts[1], ",= ")


def _until(text: str, end: str) -> tuple[str, str]:
    parts = _split(text, end, most=1)
    if len(parts) != 2:
        raise ValueError(f"nothing after {parts[0]!r}")
    return parts[0], parts[1]


def _until_outside_strings(text: str, end: str) -> tuple[str, str]:
    parts = _split_outside_strings(text, end)
    if len(parts) != 2:
        raise ValueError(f"fields and one time, not {parts}")
    return parts[0], parts[1]


def _split(text: str, at: str, most: int = -1) -> list[str]:
    """Split where `at` stands with no backslash before it."""
    parts, begin = [], 0
    for nth, char in enumerate(text):
        if char == at and (nth == 0 or text[nth - 1] != "\\") and most:
            parts.append(text[begin:nth])
            begin, most = nth + 1, most - 1
    return [*parts, text[begin:]]


def _split_outside_strings(text: str, at: str) -> list[str]:
    parts, begin, inside, nth = [], 0, False, 0
    while nth < len(text):
        char = text[nth]
        if char == "\\" and inside:
            nth += 1
        elif char == '"':
            inside = not inside
        elif char == at and not inside:
            parts.append(text[begin:nth])
            begin = nth + 1
        nth += 1
    if inside:
        raise ValueError(f"a string without an end: {text!r}")
    return [*parts, text[begin:]]


def _value(text: str) -> Value:
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"'):
            raise ValueError(f"no string: {text!r}")
        return _unescape(text[1:-1], '"\\')
    if text in {"t", "true", "f", "false"}:
        return text.startswith("t")
    if text.endswith("i"):
        return int(text[:-1])
    number = float(text)
    if number != number or number in {float("inf"), float("-inf")}:  # noqa: PLR0124 - the definition of NaN
        raise ValueError(f"no finite number: {text!r}")
    return number


def _unescape(text: str, escaped: str) -> str:
    found, nth = [], 0
    while nth < len(text):
        if text[nth] == "\\" and text[nth + 1 : nth + 2] in set(escaped):
            nth += 1
        found.append(text[nth])
        nth += 1
    return "".join(found)
