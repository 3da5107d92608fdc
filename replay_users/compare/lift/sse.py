"""Server-sent events as a list of `{"event", "data"}`, data as JSON where it is JSON.

Law: pure; lines are read as HTML's standard says. `id`, `retry` and comments are left out: they steer the connection and
differ between two streams that say the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from replay_users.compare.difference import UncheckedReason
from replay_users.compare.lift.lifted import Beyond
from replay_users.compare.lift.ndjson import read_part
from replay_users.compare.tree import Tree

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits
    from replay_users.compare.tree import Json

__all__ = ["read_sse"]

_LINE: Final = re.compile(rb"\r\n|\n|\r")
_BOM: Final = b"\xef\xbb\xbf"
_CONTAINERS: Final = (b"{}", b"[]")


def read_sse(body: bytes, limits: Limits) -> tuple[list[Json], tuple[Tree, ...]] | None:
    """The events in order, and the trees of those that carry JSON; None if there is no event."""
    events: list[Json] = []
    trees: list[Tree] = []
    name = b""
    data: list[bytes] = []
    for line in [*_LINE.split(body.removeprefix(_BOM)), b""]:  # an event that was cut counts as far as it came
        if line:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                name = value
            elif field == b"data":
                data.append(value)
        else:
            if data or name:
                events.append(_event(name, b"\n".join(data), trees, limits))
            name, data = b"", []
        if len(events) > limits.nodes:
            raise Beyond(UncheckedReason.NODES)
    return (events, tuple(trees)) if events else None


def _event(name: bytes, data: bytes, trees: list[Tree], limits: Limits) -> Json:
    event: dict[str, Json] = {"event": name.decode("utf-8", "replace")} if name else {}
    bare = data.strip()
    part = read_part(data, limits) if bare[:1] + bare[-1:] in _CONTAINERS else data.decode("utf-8", "replace")
    if isinstance(part, Tree):
        trees.append(part)
    event["data"] = part.root if isinstance(part, Tree) else part
    return event
