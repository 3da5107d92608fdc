"""What a response says its body is: the form its content type stands for, and its charset.

Law: pure; reads a header's value, never a body. The subtle thing: a content type nobody knows promises nothing, so that
its body is taken for what it looks like, while an image is not looked at further.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from replay_users.compare.head import LAST, content_type
from replay_users.compare.lift.lifted import Form

__all__ = ["NO_MEDIA", "Media", "is_textual", "media"]


class Media(NamedTuple):
    """A content type: its name, the form it promises (None where it promises none), its charset (lower case).

    `boundary` is what stands between the parts of a multipart body, empty for anything else.
    """

    name: str
    form: Form | None
    charset: str
    boundary: bytes = b""


NO_MEDIA: Final = Media("", None, "")

_CHARSET: Final = re.compile(r";[ \t]*charset[ \t]*=[ \t]*[\"']?([^\"';, \t]{1,40})")
_BOUNDARY: Final = re.compile(
    rb"""^[ \t]*multipart/[^;]*;(?:.*;)?[ \t]*boundary[ \t]*=[ \t]*"?([^";]{1,70})""", re.IGNORECASE
)
_MAX_NAME: Final = 100  # a name of a type has no more than 127 characters, each half of it (RFC 6838)
_KNOWN: Final = {
    "application/json": Form.JSON,
    "text/json": Form.JSON,
    "application/x-ndjson": Form.NDJSON,
    "application/ndjson": Form.NDJSON,
    "application/jsonl": Form.NDJSON,
    "application/jsonlines": Form.NDJSON,
    "application/x-jsonlines": Form.NDJSON,
    "application/json-seq": Form.NDJSON,
    "application/stream+json": Form.NDJSON,
    "text/event-stream": Form.SSE,
    "application/x-www-form-urlencoded": Form.FORM,
    "text/html": Form.HTML,
    "application/xhtml+xml": Form.HTML,
    "application/xml": Form.XML,
    "text/xml": Form.XML,
    "application/javascript": Form.TEXT,
    "application/x-javascript": Form.TEXT,
    "application/ecmascript": Form.TEXT,
    "application/yaml": Form.TEXT,
    "application/x-yaml": Form.TEXT,
    "application/toml": Form.TEXT,
    "application/sql": Form.TEXT,
    "application/graphql": Form.TEXT,
    "application/pdf": Form.OPAQUE,
    "application/zip": Form.OPAQUE,
    "application/wasm": Form.OPAQUE,
    "application/x-protobuf": Form.OPAQUE,
    "application/protobuf": Form.OPAQUE,
    "application/grpc": Form.OPAQUE,
    "application/msgpack": Form.OPAQUE,
    "application/x-msgpack": Form.OPAQUE,
    "application/cbor": Form.OPAQUE,
}
_ENDINGS: Final = {"+json": Form.JSON, "+xml": Form.XML, "+yaml": Form.TEXT, "+json-seq": Form.NDJSON}
_BEGINNINGS: Final = {
    "text/": Form.TEXT,
    "image/": Form.OPAQUE,
    "audio/": Form.OPAQUE,
    "video/": Form.OPAQUE,
    "font/": Form.OPAQUE,
}


@lru_cache(maxsize=LAST)
def media(head: bytes) -> Media:
    """What a header block says its body is."""
    value = content_type(head)
    return _read(value) if value else NO_MEDIA


def is_textual(said: Media) -> bool:
    """Whether a body of this type is a text of some kind."""
    return said.form is not None and said.form is not Form.OPAQUE


@lru_cache(maxsize=512)
def _read(value: bytes) -> Media:
    text = value.decode("latin-1").strip().lower()
    name = text.partition(";")[0].strip()[:_MAX_NAME]
    found = _CHARSET.search(text)
    boundary = _BOUNDARY.match(value)
    return Media(name, _form(name), found[1] if found else "", boundary[1].rstrip() if boundary else b"")


def _form(name: str) -> Form | None:
    known = _KNOWN.get(name)
    if known is not None:
        return known
    for ending, form in _ENDINGS.items():
        if name.endswith(ending):
            return form
    return next((form for beginning, form in _BEGINNINGS.items() if name.startswith(beginning)), None)
