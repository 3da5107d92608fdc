"""Whole answers without their secrets, such that rules can still be tried on them.

Law: pure; heads and bodies in, the same as text out, or nothing where it cannot be done well. What `show` would hide is
hidden here, wherever it stands: `[redacted:N:abcd]`, its length and a keyed mark. The subtle thing is that mark: with one
key, equal secrets stay equal and different ones different, so that a difference in a secret is still one when rules are
tried; without the key, which is thrown away, four digits tell nobody anything. What a redacted value looked like is gone: a
rule that asks for a shape there cannot be tried.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from replay_users.compare.coding import Decoded, decode
from replay_users.compare.lift import Form, Lifted, lift
from replay_users.compare.lift.charset import read_text
from replay_users.compare.lift.media import media
from replay_users.compare.limits import Limits
from replay_users.compare.show import names_a_secret, names_its_secret, redact, redact_parameters
from replay_users.compare.tree import Tree, parse
from replay_users.credential import is_secret_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.compare.tree import Json

__all__ = ["MAX_KEPT", "Redaction"]

MAX_KEPT: Final = 64 << 10
"""Bytes of a body that is kept, decoded."""

_LIMITS: Final = Limits(body=MAX_KEPT, decoded=MAX_KEPT, depth=100, nesting=100)
_MARK_BYTES = 2
_OF_LINES = frozenset({Form.NDJSON, Form.SSE})
_DERIVED = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_LINE_ENDS = re.compile(r"(\r\n|\n|\r)")
_SCRIPTS = re.compile(r"(<script\b[^<>]*+>)(.*?)(?=</script\b|\Z)", re.IGNORECASE | re.DOTALL)
_CONTAINERS = frozenset({"{}", "[]"})
_CHARSET = re.compile(r"charset\s*=\s*[^\s;]+", re.IGNORECASE)


class Redaction:
    """Redacts the answers of one run, with one key."""

    def __init__(self, key: bytes) -> None:
        """`key` is random, and kept nowhere."""
        self._key = key

    def head(self, head: bytes) -> str:
        """A header block; what belongs to the coding of a body that is kept decoded is left out."""
        lines = head.decode("latin-1").split("\r\n")
        return "".join([self._line(line) + "\r\n" for line in lines if line and not _is_derived(line)])

    def body(self, body: bytes, head: bytes) -> str | None:
        """A body, decoded; None if it is no text, or larger or deeper than is kept."""
        decoded = decode(body, head, MAX_KEPT)
        if not isinstance(decoded, Decoded) or len(decoded.body) > MAX_KEPT:
            return None
        lifted = lift(decoded.body, head, _LIMITS)
        if not isinstance(lifted, Lifted) or lifted.form is Form.OPAQUE:
            return None
        if lifted.form is Form.JSON:
            return self._json(lifted.root)
        text = read_text(decoded.body, media(head).charset).text
        return self._text(text, lifted.form)

    def _text(self, text: str, form: Form) -> str:
        """A text; JSON that it holds is read as such, as in it secrets stand under keys, however deep."""
        if form in _OF_LINES:
            return "".join([self._line_of_json(line) for line in _LINE_ENDS.split(text)])
        if form is Form.HTML:
            pieces = _SCRIPTS.split(text)
            pieces[2::3] = map(self._script, pieces[2::3])
            pieces[::3] = [redact(piece, self._hide) for piece in pieces[::3]]
            return "".join(pieces)
        return redact(self._form(text) if form is Form.FORM else text, self._hide)

    def _line_of_json(self, line: str) -> str:
        """A line, which may be a value or what an event says."""
        begin = "data: " if line.startswith("data:") else ""
        written = self._embedded(line.removeprefix("data:"))
        return redact(line, self._hide) if written is None else begin + written

    def _script(self, content: str) -> str:
        written = self._embedded(content)
        return redact(content, self._hide) if written is None else written.replace("</", "<\\/")

    def _embedded(self, text: str) -> str | None:
        """A piece of a text written again, if it is JSON."""
        text = text.strip(" \t\r\n\x1e")
        tree = (
            parse(text.encode("utf-8", "surrogatepass"), _LIMITS.depth) if text[:1] + text[-1:] in _CONTAINERS else None
        )
        return self._json(tree.root) if isinstance(tree, Tree) else None

    def _json(self, root: Json) -> str | None:
        """Written again, as secrets stand under keys and may be numbers."""
        try:
            return json.dumps(self._value(root, secret=False))
        except (_Unwritable, RecursionError):
            return None

    def _form(self, text: str) -> str:
        """A form without the values that stand under secrets' names."""
        return "&".join([self._field(pair) for pair in text.split("&")])

    def _field(self, pair: str) -> str:
        name, equals, value = pair.partition("=")
        return name + equals + (self._hide(value) if value and names_a_secret(unquote_plus(name)) else value)

    def _value(self, value: Json, *, secret: bool) -> Json:
        if isinstance(value, dict):
            named = names_its_secret(value)
            return {
                redact(key, self._hide): self._value(member, secret=secret or key in named or names_a_secret(key))
                for key, member in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, secret=secret) for item in value]
        if isinstance(value, Decimal):
            raise _Unwritable
        if value is None or isinstance(value, bool):
            return value
        if secret:
            return self._hide(str(value))
        return redact(value, self._hide) if isinstance(value, str) else value

    def _line(self, line: str) -> str:
        name, colon, value = line.partition(":")
        lowered = name.strip().lower()
        if lowered == "set-cookie":
            return name + colon + _cookie(value, self._hide)
        if is_secret_header(lowered):
            return f"{name}{colon} {self._hide(value.strip())}"
        value = redact(redact_parameters(value, self._hide), self._hide)
        return name + colon + (_CHARSET.sub("charset=utf-8", value) if lowered == "content-type" else value)

    def _hide(self, secret: str) -> str:
        if secret.startswith("[redacted:"):
            return secret
        mark = blake2b(secret.encode("utf-8", "surrogatepass"), key=self._key, digest_size=_MARK_BYTES).hexdigest()
        return f"[redacted:{len(secret)}:{mark}]"


class _Unwritable(Exception):
    """A number that JSON as Python writes it would change."""


def _cookie(value: str, hide: Callable[[str], str]) -> str:
    """Name and attributes stay; the value is a secret, whatever it is called."""
    pair, semicolon, attributes = value.partition(";")
    name, equals, secret = pair.partition("=")
    return name + equals + (hide(secret) if secret else "") + semicolon + attributes


def _is_derived(line: str) -> bool:
    return line.partition(":")[0].strip().lower() in _DERIVED
