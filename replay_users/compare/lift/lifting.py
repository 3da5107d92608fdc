"""The one way from a body to its tree: what was promised is tried first, then what it looks like, then text, then bytes.

Law: pure; `lift` takes any bytes under any header and gives a value. JSON comes first everywhere and is never turned into
text before it is read.
The subtle thing: a body is taken for what it is, not for what its header says, but it is asked in the order of the promise:
`1` is a number where JSON was promised and a text where a text was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.lift.charset import Text, read_text
from replay_users.compare.lift.form import read_form
from replay_users.compare.lift.html import looks_like_html, read_html
from replay_users.compare.lift.lifted import Beyond, Form, Lifted, Unlifted
from replay_users.compare.lift.media import Media, media
from replay_users.compare.lift.ndjson import read_ndjson
from replay_users.compare.lift.opaque import read_opaque
from replay_users.compare.lift.sse import read_sse
from replay_users.compare.lift.text import read_lines
from replay_users.compare.lift.xml import looks_like_xml, read_xml
from replay_users.compare.limits import LIMITS
from replay_users.compare.tree import Tree, Unparsed, parse

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits

__all__ = ["lift"]

_EMPTY: Final = Lifted(Form.TEXT, [], b"")
_STREAMS: Final = frozenset({Form.NDJSON, Form.SSE})
_CONTAINERS: Final = (b"{", b"[")
_BOUNDARY: Final = b"--boundary"
_BEYOND: Final = {Unparsed.BEYOND: UncheckedReason.JSON, Unparsed.TOO_DEEP: UncheckedReason.DEPTH}


def lift(body: bytes, head: bytes, limits: Limits = LIMITS) -> Lifted | Unlifted:
    """The tree of a body whose content codings are undone; equal bodies under one header give equal trees."""
    if not body:
        return _EMPTY
    if len(body) > limits.decoded:
        return Unlifted(UncheckedReason.SIZE)
    said = media(head)
    if said.boundary:  # another one in each answer
        body = body.replace(b"--" + said.boundary, _BOUNDARY)
    first, then = (_streamed, _json) if said.form in _STREAMS else (_json, _streamed)
    try:
        return first(body, said, limits) or then(body, said, limits) or _written(body, said, limits)
    except Beyond as beyond:
        return Unlifted(beyond.reason)


def _json(body: bytes, said: Media, limits: Limits) -> Lifted | None:
    """The body as one JSON value, if it was promised or it begins like an object or a list, and is one."""
    promised = said.form is Form.JSON
    if not promised and body.lstrip()[:1] not in _CONTAINERS:
        return None
    if len(body) > limits.nodes and body.count(b",") + body.count(b"[") + body.count(b"{") > limits.nodes:
        raise Beyond(UncheckedReason.NODES)
    tree = parse(body, limits.depth)
    if isinstance(tree, Tree):
        return Lifted(Form.JSON, tree.root, body, (tree,))
    if tree in _BEYOND and promised:
        raise Beyond(_BEYOND[tree])
    return _json_in_another_charset(body, said, limits)


def _json_in_another_charset(body: bytes, said: Media, limits: Limits) -> Lifted | None:
    """JSON is UTF-8; services write it otherwise all the same."""
    text = read_text(body, said.charset)
    if text.charset == "utf-8" or not text.text.lstrip().startswith(("{", "[", '"')):
        return None
    recoded = text.text.encode("utf-8", "surrogatepass")
    tree = parse(recoded, limits.depth)
    if not isinstance(tree, Tree):
        return None
    return Lifted(Form.JSON, tree.root, recoded, (tree,), text.charset, is_misread=text.is_misread or not said.charset)


def _streamed(body: bytes, said: Media, limits: Limits) -> Lifted | None:
    """The body as lines of JSON or as events, if it is."""
    if said.form is Form.SSE:
        read = read_sse(body, limits)
        return Lifted(Form.SSE, read[0], body, read[1]) if read else None
    promised = said.form is Form.NDJSON
    if promised or (b"\n" in body.strip() and body.lstrip()[:1] in _CONTAINERS):
        read = read_ndjson(body, limits, strict=not promised)
        return Lifted(Form.NDJSON, read[0], body, read[1]) if read else None
    return None


def _written(body: bytes, said: Media, limits: Limits) -> Lifted:
    """The body as a text of some form, if it is one, else as bytes."""
    text = read_text(body, said.charset)
    if not _is_text(text, said):
        return Lifted(Form.OPAQUE, read_opaque(body), body)
    form = _form(text.text, said)
    found = _structured(form, text, body, limits)
    return found or Lifted(Form.TEXT, read_lines(text.text, limits), body, (), text.charset, text.is_misread)


def _structured(form: Form, text: Text, body: bytes, limits: Limits) -> Lifted | None:
    parts: tuple[Tree, ...] = ()
    if form is Form.HTML:
        root, parts = read_html(text.text, limits)
    elif form is Form.XML:
        document = read_xml(text.text, limits)
        if document is None:
            return None
        root = document
    elif form is Form.FORM:
        root = read_form(text.text, limits)
    else:
        return None
    return Lifted(form, root, body, parts, text.charset, text.is_misread)


def _form(text: str, said: Media) -> Form:
    """What a text is: what it begins like, where that is unmistakable, else what was promised."""
    if looks_like_html(text):
        return Form.HTML
    if said.form is Form.HTML or said.form is Form.FORM:
        return said.form if said.form is Form.FORM or "<" in text else Form.TEXT
    if said.form is Form.XML or text.lstrip().startswith("<?xml"):
        return Form.XML if looks_like_xml(text) else Form.TEXT
    return Form.TEXT


def _is_text(text: Text, said: Media) -> bool:
    """Whether what was read is meant to be read: in a charset that can be wrong, or promised, and without a zero."""
    if "\0" in text.text[:4096]:
        return False
    if said.form is Form.OPAQUE:
        return looks_like_html(text.text)
    return text.charset != "latin-1" or said.form is not None
