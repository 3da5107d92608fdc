"""What a header block promises of its body and the body does not keep: type, charset, content coding, length.

Law: pure; sentences of a few words, nothing of the body in them. The subtle thing: of a recording only type and charset are
asked. Its body may have been decoded, and by that have become of another length, before anyone wrote it down; an answer's
body is what came over the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay_users.compare.head import codings, content_length
from replay_users.compare.lift import Form
from replay_users.compare.lift.media import media

if TYPE_CHECKING:
    from replay_users.compare.coding import Decoded
    from replay_users.compare.lift import Lifted

__all__ = ["broken_in_content", "broken_in_transfer"]

_ALIASES: Final = {"x-gzip": "gzip"}
_KEPT: Final[dict[Form, frozenset[Form]]] = {
    Form.TEXT: frozenset(Form) - {Form.OPAQUE},
    Form.HTML: frozenset({Form.HTML, Form.TEXT}),
    Form.XML: frozenset({Form.XML}),
}
"""What else a promised form may turn out to be: every other one is a text, and a text without tags is a page."""


def broken_in_content(head: bytes, lifted: Lifted) -> tuple[str, ...]:
    """How a body is not of the type or in the charset it was said to be."""
    if not lifted.text:
        return ()
    said = media(head)
    broken: tuple[str, ...] = ()
    if said.form is not None and said.form is not lifted.form and lifted.form not in _KEPT.get(said.form, ()):
        broken = (f"{said.name} that is {lifted.form}",)
    if lifted.is_misread:
        broken += (f"charset {said.charset or 'utf-8'} that is {lifted.charset}",)
    return broken


def broken_in_transfer(head: bytes, wire: bytes, decoded: Decoded) -> tuple[str, ...]:
    """How an answer's body is not coded, or not as long, as its head says."""
    if not wire:  # as after HEAD
        return ()
    named = tuple([_ALIASES.get(name, name) for name in codings(head)])
    broken: tuple[str, ...] = ()
    if named != decoded.undone:
        broken = (f"{_listed(named)} that is {_listed(decoded.undone)}",)
    length = content_length(head)
    if length is not None and length != len(wire):
        broken += (f"content-length {length} that is {len(wire)}",)
    return broken


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "no coding"
