"""What values look like: uuid, timestamp, jwt, int, any, or a regular expression of a person's own.

Law: pure, no clock. Two values that are equal have the same shapes, however they are written: 1 has that of 1.0. The
subtle thing: shapes are asked about the peer's texts, so the patterns here cannot run away, and longer texts than a shape
can have are not looked at.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from replay_users.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.compare.tree import Json

__all__ = ["SHAPES", "Shape", "parse_shape", "shapes_of"]

_REGEX = "regex:"
_MAX_TEXT = 10_000
"""Characters of a text that is looked at; a JWT with many claims has 4,000."""

_UUID = re.compile(r"[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}", re.ASCII)
_JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*", re.ASCII)
_INT = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:[.,][0-9]{1,9})?)?"
_WEEKDAY, _MONTH = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIMESTAMP = re.compile(
    rf"{_DATE}(?:[Tt ]{_TIME}(?:\s?(?:[Zz]|UTC|GMT|[+-][0-9]{{2}}:?[0-9]{{2}}))?)?"
    rf"|{_WEEKDAY}, [0-9]{{2}} {_MONTH} [0-9]{{4}} {_TIME} GMT",  # RFC 3339 and HTTP dates
    re.ASCII,
)
_EPOCH_S = 946_684_800, 4_102_444_800  # the years 2000 to 2100
_MAX_EPOCH_DIGITS = 19
_EPOCH_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape by its name, or `regex:` and a pattern that whole texts match."""

    name: str

    def fits(self, value: Json) -> bool:
        """Whether a value has this shape."""
        return _fitting(self.name)(value)


def parse_shape(text: str) -> Shape:
    """The shape of this name.

    Raises:
        UsageError: there is none, or its pattern is no regular expression.
    """
    if text not in SHAPES and not text.startswith(_REGEX):
        raise UsageError(f"unknown shape {text!r}; there are {', '.join(SHAPES)} and {_REGEX} with a pattern")
    try:
        _fitting(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"{text!r} is no regular expression: {error}") from error
    return Shape(text)


@lru_cache(maxsize=1024)
def _fitting(name: str) -> Callable[[Json], bool]:
    """The question that a shape asks of values."""
    if name in SHAPES:
        return SHAPES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return partial(_matches, re.compile(name.removeprefix(_REGEX)))


def shapes_of(value: Json) -> tuple[str, ...]:
    """The names of the shapes that a value has, but for `any`: all that may be told of it without telling it."""
    return tuple(name for name, fits in SHAPES.items() if name != "any" and fits(value))


def _matches(pattern: re.Pattern[str], value: Json) -> bool:
    """Whether all of a text matches; of a number or a flag, its text as JSON."""
    if isinstance(value, str):
        return len(value) <= _MAX_TEXT and pattern.fullmatch(value) is not None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool | int | float):
        text = str(value).lower() if isinstance(value, bool) else format(value, "d" if isinstance(value, int) else "")
        return pattern.fullmatch(text) is not None
    return False


def _is_uuid(value: Json) -> bool:
    return _matches(_UUID, value) if isinstance(value, str) else False


def _is_jwt(value: Json) -> bool:
    return _matches(_JWT, value) if isinstance(value, str) else False


def _is_int(value: Json) -> bool:
    """Whole numbers, and texts of digits."""
    if isinstance(value, str):
        return _matches(_INT, value)
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def _is_timestamp(value: Json) -> bool:
    """RFC 3339, an HTTP date, or a Unix time of this century in seconds or parts of it, also as a text."""
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) <= _MAX_EPOCH_DIGITS:
            return _is_epoch(int(value))
        return _matches(_TIMESTAMP, value)
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_epoch(value)


def _is_epoch(value: float) -> bool:
    first, last = _EPOCH_S
    return any(first * unit <= value < last * unit for unit in _EPOCH_UNITS)


def _is_any(_value: Json) -> bool:
    return True


SHAPES: dict[str, Callable[[Json], bool]] = {
    "uuid": _is_uuid,
    "timestamp": _is_timestamp,
    "jwt": _is_jwt,
    "int": _is_int,
    "any": _is_any,
}
"""Every shape that has a name."""
