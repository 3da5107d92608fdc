"""Bytes to JSON trees, exactly: what one parser rounds or hides, another one reads.

Law: a body is the peer's, so whatever it holds comes back as a value, never as an exception.
The subtle thing: orjson is 4 times faster than `json`, but turns integers beyond 64 bits into floats (so that two
different ones can be equal), refuses NaN, lone surrogates and UTF-16, and like every parser keeps only the last of two
equal keys. Bodies that hold such numbers or that it refuses go to `json`, and what is nested too deep for that to a reader
without recursion; equal keys are looked for only where a match would otherwise be claimed, since that costs as much as
parsing.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

import orjson

from replay_users.compare.deep import TooDeep, read_deep
from replay_users.compare.limits import MAX_DEPTH

__all__ = ["Json", "Tree", "Unparsed", "hides_a_key", "parse", "same", "written_same"]

Json: TypeAlias = "bool | int | float | Decimal | str | list[Json] | dict[str, Json] | None"
"""A number is a Decimal only where neither int (4,300 digits) nor float (1.8e308) of Python can hold it."""

_MAX_INT_DIGITS = 4300  # CPython refuses longer texts (sys.int_info.default_max_str_digits)
_DIGITS_ALONE = bytes(
    code if code == ord("-") else ord("0") if ord("0") <= code <= ord("9") else ord(" ") for code in range(256)
)
# 2**64 has 20 digits and 2**63 has 19: shorter numbers fit, and what looks longer is only parsed more slowly.
_LONG = b"0" * 19
_TOO_LONG = b"0" * 20
_TOO_LONG_NEGATIVE = b"-" + _LONG


class Unparsed(Enum):
    """Why there is no tree."""

    INVALID = "not JSON"
    BEYOND = "a number larger than can be read"
    TOO_DEEP = "nested deeper than the limit"


@dataclass(frozen=True, slots=True)
class Tree:
    """A body read as JSON, and the text it came from; `repeats`: whether an object holds a key twice, None if not known."""

    text: bytes
    root: Json
    repeats: bool | None = field(default=None, compare=False)


def parse(text: bytes, depth: int = MAX_DEPTH) -> Tree | Unparsed:
    """Read a decoded body (UTF-8, -16 or -32, a byte order mark allowed) as JSON."""
    if not _has_long_number(text):
        try:
            return Tree(text, orjson.loads(text))
        except orjson.JSONDecodeError:
            pass  # not JSON, or one of the things that only json reads
    return _parse_slowly(text, depth)


def same(x: Json, y: Json) -> bool:
    """Whether two trees are equal for certain, at the speed of C: where it says no they may still be.

    `==` takes 1 and true for equal, wherever they stand; equal bytes prove that it was not misled. (They also tell 1 from
    1.0 and one order of keys from another, which are equal: hence "for certain".)
    """
    try:
        if x != y:
            return False
    except RecursionError:  # too deep
        return False
    return written_same(x, y) if isinstance(x, dict | list) else isinstance(x, bool) == isinstance(y, bool)


def written_same(x: Json, y: Json) -> bool:
    """Whether objects or lists that are `==` are the same for certain: asked of many in one list, it costs a fifth."""
    try:
        return orjson.dumps(x) == orjson.dumps(y)
    except (orjson.JSONEncodeError, RecursionError):  # too deep, or a text or number that orjson cannot write
        return False


def hides_a_key(tree: Tree) -> bool:
    """Whether an object of the text holds a key twice, so that the tree is not all there was.

    A key costs one colon: if the tree written again has as many as the text, and the text has no escaped ones, none is
    lost. Otherwise the text is read again, counting. What cannot be decided counts as hidden.
    """
    if tree.repeats is not None:
        return tree.repeats
    try:
        written = orjson.dumps(tree.root)
    except orjson.JSONEncodeError:
        return _repeats_a_key(tree.text)
    if b"\\u003" not in tree.text and written.count(b":") == tree.text.count(b":"):
        return False
    return _repeats_a_key(tree.text)


def _has_long_number(text: bytes) -> bool:
    digits = text.translate(_DIGITS_ALONE)
    return _LONG in digits and (_TOO_LONG in digits or _TOO_LONG_NEGATIVE in digits)


def _parse_slowly(text: bytes, depth: int) -> Tree | Unparsed:
    try:
        return Tree(text, json.loads(text, parse_int=_integer, parse_float=_real))
    except ValueError:
        return Unparsed.INVALID
    except ArithmeticError:
        return Unparsed.BEYOND
    except RecursionError:
        return _parse_deep(text, depth)


def _parse_deep(text: bytes, depth: int) -> Tree | Unparsed:
    try:
        decoded = text.decode(json.detect_encoding(text), "surrogatepass")
        root, repeats = read_deep(decoded, depth, _integer, _real)
    except ValueError:
        return Unparsed.INVALID
    except ArithmeticError:
        return Unparsed.BEYOND
    except TooDeep:
        return Unparsed.TOO_DEEP
    return Tree(text, root, repeats)


def _repeats_a_key(text: bytes) -> bool:
    repeated = False

    def check(pairs: list[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in pairs}) < len(pairs)

    try:
        json.loads(text, object_pairs_hook=check, parse_int=_integer)
    except (ValueError, RecursionError):
        return True
    return repeated


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) < _MAX_INT_DIGITS else Decimal(text)


def _real(text: str) -> float | Decimal:
    value = float(text)
    return value if math.isfinite(value) else Decimal(text)
