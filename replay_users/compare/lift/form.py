"""URL-encoded forms as `{name: [value, ...]}`.

Law: pure. Names and values are UTF-8 as every browser writes them; what is not keeps its bytes as lone surrogates, so that
two that differ stay apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.lift.lifted import Beyond

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits
    from replay_users.compare.tree import Json

__all__ = ["read_form"]


def read_form(text: str, limits: Limits) -> Json:
    """The fields by name, each with all its values in order."""
    if text.count("&") >= limits.nodes:
        raise Beyond(UncheckedReason.NODES)
    form: dict[str, list[Json]] = {}
    for name, value in parse_qsl(text.strip("\r\n"), keep_blank_values=True, errors="surrogateescape"):
        form.setdefault(name, []).append(value)
    return dict(form)
