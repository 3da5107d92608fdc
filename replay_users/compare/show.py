"""How a value is shown to people: at most 120 characters, on one line, and without secrets.

Law: every text of a body that leaves this stage was made here. Redaction comes before shortening, and never cuts a secret
into a piece too short to be known as one. `[redacted:N]` says how long the secret was, as in the recording.
The subtle thing: the text around a difference is found in the bytes, and only that window is decoded and searched, so
that 64 KB of HTML cost as much as 1 KB.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar
from unicodedata import normalize

from replay_users.capture.redact import redacted_target
from replay_users.compare.walk import MISSING
from replay_users.credential import PARAMETER_WORDS, SECRET_WORDS, is_secret_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from replay_users.compare.tree import Json
    from replay_users.compare.walk import Side

__all__ = [
    "MAX_SHOWN",
    "names_a_secret",
    "names_its_secret",
    "redact",
    "redact_parameters",
    "redact_target",
    "show",
    "show_key",
    "show_pair",
    "show_texts",
]

MAX_SHOWN = 120
"""Characters of one shown value, the ellipsis included."""

_BEFORE = 40  # of the 120 characters, how many stand before the first difference
_MARGIN = 4 * MAX_SHOWN  # what is searched for secrets beyond what is shown, as redaction makes texts shorter
_MAX_RUN = 4096  # how far the edge of a window moves to keep a token whole
_NUMBERS = frozenset({int, float})
_MAX_DEPTH = 5  # 120 characters show no deeper nesting

_WORD = f"(?:{'|'.join(SECRET_WORDS)})"
# A secret's name and then its value: `"token": "abc"`, `password=abc`, `name="csrftoken" type="hidden" value="abc"`. What is
# in quotes or brackets is one to their end, if they have one; else a value ends with the word.
_IN_QUOTES = (
    rf"""(?<=\\")[^"\\\r\n]{{1,{_MAX_RUN}}}+(?=\\")|(?<=")(?<!\\")(?:[^"\\\r\n]|\\.){{1,{_MAX_RUN}}}+(?=")"""
    rf"""|(?<=')[^'\r\n]{{1,{_MAX_RUN}}}+(?=')"""
)
_IN_BRACKETS = rf"\[(?:[^\[\]]|\[[^\[\]]*+\]){{1,{_MAX_RUN}}}+\]|\{{(?:[^{{}}]|\{{[^{{}}]*+\}}){{1,{_MAX_RUN}}}+\}}"
_NAMED_SECRET = re.compile(
    rf"""({_WORD}[\w-]{{0,40}}+(?:\\?["'])?\s{{0,4}}+
          (?:[:=]|(?:[^<>]{{0,200}}?\s)?(?:value|content)\s{{0,4}}=)\s{{0,4}}(?:\\?["'])?)
        ({_IN_QUOTES}|(?:{_IN_BRACKETS})(?=[\s"'\\&;,<>\]}}]|\Z)|(?:(?:bearer|basic)\s)?[^\s"'\\&;,<>]+)""",
    re.IGNORECASE | re.VERBOSE,
)
# The other way round, `value="abc" name="csrftoken"`, and as an element, `<Password Type="text">abc</Password>`.
_SECRET_BEFORE_NAME = re.compile(
    rf"""(\b(?:value|content)\s{{0,4}}=\s{{0,4}}["']?)([^\s"'<>]{{1,{_MAX_RUN}}}+)
        (?=["']?[^<>]{{0,200}}?\b(?:name|property)\s{{0,4}}=\s{{0,4}}["']?[\w-]{{0,40}}?{_WORD})""",
    re.IGNORECASE | re.VERBOSE,
)
_SECRET_ELEMENT = re.compile(
    rf"""({_WORD}[\w.-]{{0,40}}+(?:[\s"'][^<>]{{0,200}}+)?>\s{{0,40}}+)([^<>\s][^<>]{{0,{_MAX_RUN}}}+)
        (?=</[\w:.-]{{0,40}}?{_WORD})""",
    re.IGNORECASE | re.VERBOSE,
)
# As a part of a form: `name="password"`, an empty line, and the value.
_SECRET_PART = re.compile(
    rf"""(\bname="[^"\r\n]{{0,60}}?{_WORD}[^"\r\n]{{0,60}}+"(?:;[^\r\n]{{0,200}})?\r?\n(?:[\w-]{{1,40}}:[^\r\n]{{0,200}}\r?\n){{0,4}}\r?\n)
        ([^\r\n]+)""",
    re.IGNORECASE | re.VERBOSE,
)
# A user's password in a URL: `https://bob:abc@example.org`.
_IN_A_URL = re.compile(r"""(://[^\s/@:"'<>?#]{0,100}:)([^\s/@"'<>?#]{1,200}+)(?=@)""")
_WHOLE_NAMES = frozenset({"bearer", "cvc", "cvv", "otp", "pass", "pin", "sid", "sig", "totp"})
"""Keys of a body, and of a query, that are secrets by their whole name; as a part of one they mean anything (`shipping`)."""
_NAMES = ("name", "key", "header", "Name", "Key")
_VALUES: frozenset[str] = frozenset({"value", "values", "Value"})
"""Members that name something, and those that hold it."""
_NONE: frozenset[str] = frozenset()
_WHOLE_PARAMETER = re.compile(rf"([?&;](?:{'|'.join(sorted(_WHOLE_NAMES))})=)([^&;#\s]+)", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    rf"""([?&;\#][^?&;\#=\s]{{0,60}}?(?:{"|".join(PARAMETER_WORDS)})[^?&;\#=\s]{{0,60}}+=)([^&;\#\s<>"',]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=-."  # noqa: S105
_MIN_TOKEN = 24
_TOKEN = re.compile(rf"eyJ[\w-]{{5,}}(?:\.[\w-]*){{1,4}}|[A-Za-z0-9+/_=-]{{{_MIN_TOKEN},}}", re.ASCII)
# What is as long as a token and none: words between dashes or slashes, and a UUID.
_WORDS = re.compile(
    r"(?:[A-Za-z]{0,20}[0-9]{0,4}|[0-9]{1,12})(?:[-/_=+]+(?:[A-Za-z]{1,20}[0-9]{0,4}|[0-9]{1,12}))*[-/_=+]*"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
)

_Text = TypeVar("_Text", str, bytes)


def show(value: Side, *, secret: bool = False) -> str:
    """A value as JSON on one line, "" for nothing; with `secret`, only how long it is."""
    if value is MISSING:
        return ""
    if isinstance(value, str):
        return _shortened(_quoted(value, secret=secret))
    if isinstance(value, dict | list):
        return _shortened(_joined(_pieces(value, secret=secret, depth=_MAX_DEPTH)))
    return _shortened(_scalar(value, secret=secret))


def show_pair(x: Side, y: Side, *, secret: bool = False) -> tuple[str, str]:
    """Both values of one difference; of two long texts, what surrounds the first character that differs."""
    if type(x) in _NUMBERS and type(y) in _NUMBERS and not secret:  # the same as below, in a third of the time
        return _shortened(str(x)), _shortened(str(y))
    if isinstance(x, str) and isinstance(y, str) and max(len(x), len(y)) > MAX_SHOWN and not secret:
        at = _first_difference(x, y)
        return _visibly(_around(x, at), _around(y, at))
    return _visibly(show(x, secret=secret), show(y, secret=secret))


def _visibly(one: str, other: str) -> tuple[str, str]:
    """Both texts, escaped where nobody could see how they differ: one letter as one character or as two."""
    if one == other or (one.isascii() and other.isascii()) or normalize("NFKC", one) != normalize("NFKC", other):
        return one, other
    at = _first_difference(one, other)
    return _shortened(one[:at] + _in_ascii(one[at:])), _shortened(other[:at] + _in_ascii(other[at:]))


def _in_ascii(text: str) -> str:
    return "".join([char if char.isascii() else ascii(char)[1:-1] for char in text])


def show_texts(x: bytes, y: bytes) -> tuple[str, str]:
    """Both of two bodies that are not JSON: what surrounds the first character that differs, or its place if binary."""
    at = _first_difference(x, y)
    return _text_around(x, at), _text_around(y, at)


def show_key(name: str) -> str:
    """A key as a path shows it: as it is, unless it is long or itself a secret (a name of letters alone is none)."""
    name = _beginning(name)
    spoken = name.replace("_", "").replace("-", "").isalpha()
    return _shortened(name if spoken else redact(name))


def redact(text: str, hide: Callable[[str], str] | None = None) -> str:
    """The text without what looks like a token or is named like a secret; `hide` says what stands there instead."""
    if len(text) < _MIN_TOKEN and "=" not in text and ":" not in text and "<" not in text:
        return text
    for pattern in (*_named(text), _TOKEN):
        text = pattern.sub(_hiding(pattern, hide or _hidden), text)
    return text


def _hiding(pattern: re.Pattern[str], hide: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    """What takes the place of what a pattern finds: behind its name a secret, or a token that is no words."""
    if pattern is _TOKEN:
        return lambda found: found[0] if _WORDS.fullmatch(found[0]) else hide(found[0])
    return lambda found: found[1] + hide(found[2])


def redact_target(target: bytes) -> str:
    """A request's target as text; in a query more names are secrets than in a body (`code`, `key`)."""
    text = redacted_target(target).decode("latin-1")
    return redact(_WHOLE_PARAMETER.sub(lambda found: found[1] + _hidden(found[2]), text))


def redact_parameters(text: str, hide: Callable[[str], str] | None = None) -> str:
    """The text of a header without what the query or fragment of a URL in it calls a secret; `hide` as of `redact`."""
    hidden = hide or _hidden
    if "=" in text:
        for pattern in (_SECRET_PARAMETER, _WHOLE_PARAMETER):
            text = pattern.sub(_hiding(pattern, hidden), text)
    return text


def names_a_secret(text: str) -> bool:
    """Whether what stands under this key, or after this text, is a secret."""
    return is_secret_header(text) or text.lower() in _WHOLE_NAMES


def names_its_secret(value: Side) -> frozenset[str]:
    """The members of an object that are a secret because another one says so: `{"name": "DB_PASSWORD", "value": "abc"}`."""
    if isinstance(value, dict) and (
        "value" in value or "values" in value or "Value" in value
    ):  # of each object on the way
        names = (value.get(key) for key in _NAMES)
        if any(isinstance(name, str) and names_a_secret(name) for name in names):
            return _VALUES
    return _NONE


def _named(text: str) -> Iterator[re.Pattern[str]]:
    """What finds the secrets that have a name in this text; none as a rule."""
    if is_secret_header(text):
        yield _NAMED_SECRET
        if "form-data" in text:
            yield _SECRET_PART
        if "<" in text:
            yield _SECRET_BEFORE_NAME
            yield _SECRET_ELEMENT
    if "://" in text and "@" in text:
        yield _IN_A_URL


def _hidden(secret: str) -> str:
    return secret if secret.startswith("[redacted:") else f"[redacted:{len(secret)}]"


def _pieces(value: Json, *, secret: bool, depth: int) -> Iterator[str]:
    """A value piece by piece, so that a large one is written no further than it is shown."""
    if isinstance(value, dict):
        yield from _members(value, secret=secret, depth=depth)
    elif isinstance(value, list):
        yield "["
        for number, item in enumerate(value if depth else value[:1]):
            yield ", " if number else ""
            if depth:
                yield from _pieces(item, secret=secret, depth=depth - 1)
            else:
                yield "…"
        yield "]"
    elif isinstance(value, str):
        yield _quoted(value, secret=secret)
    else:
        yield _scalar(value, secret=secret)


def _members(value: dict[str, Json], *, secret: bool, depth: int) -> Iterator[str]:
    if not depth:
        yield "{…}"
        return
    yield "{"
    named = names_its_secret(value)
    for number, (name, member) in enumerate(value.items()):
        yield ", " if number else ""
        yield f'"{_on_one_line(show_key(name))}": '
        yield from _pieces(member, secret=secret or name in named or names_a_secret(name), depth=depth - 1)
    yield "}"


def _joined(pieces: Iterator[str]) -> str:
    shown = ""
    for piece in pieces:
        shown += piece
        if len(shown) > MAX_SHOWN:
            break
    return shown


def _quoted(value: str, *, secret: bool) -> str:
    if secret:
        return f'"{_hidden(value)}"'
    return f'"{_on_one_line(redact(_beginning(value)))}"'


def _beginning(text: str) -> str:
    """Enough of a long text to show, without a token cut in two at its end."""
    return text if len(text) <= _MARGIN else text[:_MARGIN].rstrip(_TOKEN_CHARS) or text[:_MAX_RUN]


def _scalar(value: Decimal | float | bool | None, *, secret: bool) -> str:
    """A number, true, false or null; whether a secret is null or a flag is none."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    return _hidden(text) if secret else text


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _on_one_line(text: str) -> str:
    """Nothing that moves a terminal's cursor, breaks a line or cannot be encoded."""
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() else ascii(char)[1:-1] for char in text])


def _first_difference(x: _Text, y: _Text) -> int:
    """Where two texts part: by halves, as comparing slices is faster than any loop."""
    low, high = 0, min(len(x), len(y))
    while low < high:
        middle = (low + high + 1) // 2
        if x[low:middle] == y[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _text_around(body: bytes, at: int) -> str:
    while 0 < at < len(body) and body[at] & 0xC0 == 0x80:  # noqa: PLR2004 - a UTF-8 continuation byte
        at -= 1
    start = max(0, at - _MARGIN - _MAX_RUN)
    window = body[start : at + _MARGIN + _MAX_RUN]
    if b"\0" in window:
        return f"{len(body)} bytes, byte {at + 1} differs"
    before = window[: at - start].decode("utf-8", "replace")
    return _around(before + window[at - start :].decode("utf-8", "replace"), len(before))


def _around(text: str, at: int) -> str:
    """What stands around a place of a text, redacted; a token that reaches over an edge of it is seen whole."""
    start = max(0, at - _MARGIN)
    start = max(0, at - _MARGIN - _MAX_RUN, len(text[:start].rstrip(_TOKEN_CHARS)))
    end = at + _MARGIN
    rest = text[end : end + _MAX_RUN]
    end += len(rest) - len(rest.lstrip(_TOKEN_CHARS))
    window, at = text[start:end], at - start
    for pattern in (*_named(window), _TOKEN):
        window, at = _hidden_beside(at, window, pattern)
    before, after = _on_one_line(window[:at]), _on_one_line(window[at:])
    cut = "…" if start or len(before) > _BEFORE else ""
    return _shortened(cut + before[-_BEFORE:] + after)


def _hidden_beside(at: int, text: str, pattern: re.Pattern[str]) -> tuple[str, int]:
    """The text without what a pattern finds, and where a place of it is then: of what was found there, the beginning.

    The text as a whole, since what says that there is a secret may stand on the other side of the place.
    """
    hidden, moved = _hiding(pattern, _hidden), at
    for found in pattern.finditer(text):
        if found.start() >= at:
            break
        if at < found.end():
            moved += found.start() - at
            break
        moved += len(hidden(found)) - len(found[0])
    return pattern.sub(hidden, text), moved
