"""Bodies made to cost more than they weigh, by name: each for any size, for lifting and judging to stay linear in.

Law: makers only; each gives about as many bytes as it is asked for, the same ones each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HOSTILE"]

JSON, NDJSON, SSE = "application/json", "application/x-ndjson", "text/event-stream"
FORM, HTML, XML, TEXT = "application/x-www-form-urlencoded", "text/html", "text/xml", "text/plain"


def _again(piece: bytes, before: bytes = b"", after: bytes = b"") -> Callable[[int], bytes]:
    """A piece as often as there is room for it."""
    return lambda size: before + piece * (size // len(piece)) + after


def _numbered(piece: bytes, before: bytes = b"", after: bytes = b"", *, most: int = 1 << 30) -> Callable[[int], bytes]:
    """A piece with another number in it each time."""
    return lambda size: before + b"".join([piece % n for n in range(min(most, size // (len(piece) + 4)))]) + after


HOSTILE: Final[dict[str, tuple[str, Callable[[int], bytes]]]] = {
    "json-empty-lists": (JSON, _again(b"[],", b"[", b"1]")),
    "json-open-lists": (JSON, _again(b"[")),
    "json-open-objects": (JSON, _again(b'{"a":')),
    "json-deep-lists": (JSON, _again(b"[" * 1500 + b"]" * 1500 + b",", b"[", b"1]")),
    "json-one-number": (JSON, _again(b"9")),
    "json-one-fraction": (JSON, _again(b"1", b"0.")),
    "json-beyond-doubles": (JSON, _again(b"1e400,", b"[", b"1]")),
    "json-long-integers": (JSON, _again(b"9" * 4290 + b",", b"[", b"1]")),
    "json-escapes": (JSON, _again(b"\\ud800", b'"', b'"')),
    "json-open-text": (JSON, _again(b"a", b'"')),
    "json-nan": (JSON, _again(b"NaN,", b"[", b"1]")),
    "json-spaces": (JSON, _again(b" ")),
    "json-one-key": (JSON, _again(b'"a":1,', b"{", b'"a":1}')),
    "json-many-keys": (JSON, _numbered(b'"a%d":1,', b"{", b'"a":1}')),
    "json-broken-lines": (JSON, _again(b"{\n")),
    "ndjson-lines": (NDJSON, _again(b'{"a":1}\n')),
    "ndjson-broken-lines": (NDJSON, _again(b"{\n", b"{}\n")),
    "ndjson-deep-lines": (NDJSON, _again(b"[" * 2000 + b"\n", b"{}\n")),
    "sse-events": (SSE, _again(b'data:{"a":1}\n\n')),
    "sse-broken-events": (SSE, _again(b"data:{,}\n\n")),
    "sse-one-event": (SSE, _again(b"data:{\n")),
    "sse-empty-lines": (SSE, _again(b"\r")),
    "form-fields": (FORM, _again(b"a=1&")),
    "form-escapes": (FORM, _again(b"%e4")),
    "html-open-paragraphs": (HTML, _again(b"<p>")),
    "html-open-links": (HTML, _again(b"<a>")),
    "html-closed-links": (HTML, _again(b"<a></a>")),
    "html-ends-of-nothing": (HTML, _again(b"</b>", b"<a>" * 500)),
    "html-crossed": (HTML, _again(b"<b></i><i>", b"<i>" * 500)),
    "html-brackets": (HTML, _again(b"<")),
    "html-open-comments": (HTML, _again(b"<!--")),
    "html-dashes": (HTML, _again(b"-", b"<!--")),
    "html-unended-comments": (HTML, _again(b"<!-- -- ")),
    "html-one-attribute": (HTML, _again(b"a=1 ", b"<a ", b">")),
    "html-many-attributes": (HTML, _numbered(b"a%d=1 ", b"<a ", b">")),
    "html-open-quotes": (HTML, _again(b'<a b="')),
    "html-equal-signs": (HTML, _again(b"=", b"<a ")),
    "html-spaces-in-a-tag": (HTML, _again(b" ", b"<a b")),
    "html-spaces-before-a-value": (HTML, _again(b" ", b"<a b=")),
    "html-open-tags": (HTML, _again(b"<a ")),
    "html-open-titles": (HTML, _again(b"<title>")),
    "html-unended-script": (HTML, _again(b"<script></script ")),
    "html-scripts": (HTML, _again(b"<script></script>")),
    "html-broken-json": (HTML, _again(b"<script>{,}</script>")),
    "html-foreign": (HTML, _again(b"<a/>", b"<svg>")),
    "html-references": (HTML, _again(b"&notit;", b"<p>")),
    "html-one-reference": (HTML, _again(b"9", b"<p>&#")),
    "html-items": (HTML, _again(b"<li>x")),
    "html-cells": (HTML, _again(b"<tr><td>x", b"<table>")),
    "html-names": (HTML, _numbered(b"<t%d>", most=500)),
    "html-order": (HTML, _again(b"<b></b><i></i>")),
    "html-one-name": (HTML, _again(b"a", b"<")),
    "xml-open": (XML, _again(b"<a>")),
    "xml-items": (XML, _again(b"<a>x</a>", b"<r>", b"</r>")),
    "xml-attributes": (XML, _numbered(b' a%d="1"', b"<a", b"/>")),
    "xml-namespaces": (XML, _numbered(b' xmlns:a%d="u"', b"<a", b"/>")),
    "xml-sections": (XML, _again(b"<![CDATA[x]]>", b"<a>", b"</a>")),
    "xml-references": (XML, _again(b"x\n&amp;", b"<a>", b"</a>")),
    "xml-open-comment": (XML, _again(b"-", b"<a><!--")),
    "text-lines": (TEXT, _again(b"a\n")),
    "text-returns": (TEXT, _again(b"\r")),
    "text-switches": (TEXT + "; charset=iso-2022-jp", _again(b"\x1b$B")),
    "bytes": ("", _again(bytes(range(256)))),
}
