r"""Paths as people write them: JSONPath (`$.items[*].price`) beside DeepDiff's syntax, and either where it is not known which.

Law: text to steps and back at the edges, as `path` does; JSONPath here is RFC 9535 as far as it names places: members,
indices, wildcards and descendants. Filters, slices and unions choose by content or count, which no rule and no
signature does. The subtle thing: `..` is any number of steps, none included. It may also end a path or stand twice, which
the standard does not know, and a lone surrogate is written as an escape: so what JSON can hold survives a round trip.
"""

from __future__ import annotations

import re

from replay_users.errors import UsageError
from replay_users.path import Any, Deep, Index, Key, Path, Step, parse_path

__all__ = ["format_json_path", "parse_json_path", "read_path"]

_ROOT = "$"
_PLAIN = r"[A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff][0-9A-Za-z_\u0080-\ud7ff\ue000-\U0010ffff]*"
_NAME = re.compile(_PLAIN)
_STEP = re.compile(
    rf"""(?P<deep>\.\.) | \.(?P<name>{_PLAIN}) | (?P<any>\.\*|\[\s*\*\s*\]) | \[\s*(?P<index>[0-9]{{1,18}})\s*\]
       | \[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\] | \[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]""",
    re.VERBOSE | re.DOTALL,
)
_AFTER_DEEP = re.compile(rf"(?P<name>{_PLAIN})|(?P<any>\*)")
_ESCAPE = re.compile(
    r"\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|\\(.)|\\$", re.DOTALL
)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", "'": "'", '"': '"'}
_WRITTEN = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "'": "\\'"}
_SURROGATES = 0xD800, 0xDC00, 0x10000


def read_path(text: str) -> Path:
    """Read a path in either syntax: one that begins with `$` is JSONPath, any other DeepDiff's.

    Raises:
        UsageError: the text is no path; the message names the character and what would be right.
    """
    if text.startswith(_ROOT):
        return parse_json_path(text)
    if not text.startswith("root"):
        raise _bad(text, 0, "a path begins with root or $, as in root['items'][*]['price'] or $.items[*].price")
    return parse_path(text)


def format_json_path(path: Path) -> str:
    """A path as JSONPath; `parse_json_path` reads it back to an equal path, if its keys are such as JSON can hold."""
    written = [_ROOT]
    for step in path:
        written.append(_format_step(step, deep=written[-1] == ".."))
    return "".join(written)


def parse_json_path(text: str) -> Path:
    r"""Read `$.items[*].price`, `$..etag` or `$['a b'][0]`; in quotes, escapes are JSON's, and `\'`.

    Raises:
        UsageError: the text is no path; the message names the character, counted from 1.
    """
    if not text.startswith(_ROOT):
        raise _bad(text, 0, "a JSONPath begins with $, as in $.items[*].price")
    steps: list[Step] = []
    at = len(_ROOT)
    while at < len(text):
        after_deep = _AFTER_DEEP.match(text, at) if steps[-1:] == [Deep()] else None
        found = after_deep or _STEP.match(text, at)
        if found is None:
            raise _bad(text, at, _cure(text, at))
        steps.append(_parse_step(text, found))
        at = found.end()
    return tuple(steps)


def _format_step(step: Step, *, deep: bool) -> str:
    """One step, in the short form where there is one; after `..` a name and a star need no dot."""
    if isinstance(step, Key):
        plain = _NAME.fullmatch(step.name) and step.name.isprintable()
        return ("" if deep else ".") + step.name if plain else f"['{''.join(map(_escaped, step.name))}']"
    if isinstance(step, Index):
        return f"[{step.position}]"
    return "[*]" if isinstance(step, Any) else ".."


def _escaped(char: str) -> str:
    if char in _WRITTEN:
        return _WRITTEN[char]
    if char.isprintable():
        return char
    code, (high, low, beyond) = ord(char), _SURROGATES
    if code < beyond:
        return f"\\u{code:04x}"
    return f"\\u{high + (code - beyond >> 10):04x}\\u{low + (code - beyond & 0x3FF):04x}"


def _parse_step(text: str, found: re.Match[str]) -> Step:
    match found.lastgroup:
        case "deep":
            return Deep()
        case "any":
            return Any()
        case "index":
            return Index(int(found["index"]))
        case "name":
            return Key(found["name"])
        case group:
            return Key(_unescaped(text, found.start(group or ""), found.end(group or "")))


def _unescaped(text: str, start: int, end: int) -> str:
    """The key between these quotes, its escapes undone."""

    def plain(found: re.Match[str]) -> str:
        high, low, beyond = _SURROGATES
        if found[1]:
            return chr(beyond + (int(found[1], 16) - high << 10) + int(found[2], 16) - low)
        if found[3]:
            return chr(int(found[3], 16))
        if found[4] in _ESCAPED:
            return _ESCAPED[found[4]]
        raise _bad(text, start + found.start(), "unknown escape; a backslash is written \\\\")

    return _ESCAPE.sub(plain, text[start:end])


def _cure(text: str, at: int) -> str:
    """What to write instead of the step that begins here."""
    rest = text[at + 1 :].lstrip()
    if text[at] == ".":
        return "a name with such a character stands in quotes, as in $['my-key']"
    if text[at] != "[":
        return "a step begins with a dot or [, as in $.items[0]"
    if rest[:1] in {"'", '"'}:
        return f"one key in quotes is closed with {rest[0]}] (a quote inside it is written \\{rest[0]})"
    if rest[:1] == "-":
        return "an index counts from 0"
    if re.match(r"\?|[^\]]*[:,]", rest):
        return "filters, slices and lists of indices are not known here: [*] names every item"
    return "in brackets stands an index, a * or a key in quotes"


def _bad(text: str, at: int, cure: str) -> UsageError:
    return UsageError(f"bad path {text!r}, character {at + 1}: {cure}.")
