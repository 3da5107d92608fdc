"""The seam: one recorded response, one answer, and whether they say the same.

Law: pure; whatever bytes either side holds, the result is a value and comes within a bounded time. What cannot be
compared is `Unchecked`, never a match.
The subtle thing is the order, cheapest first: status, bytes as they were on the wire, bytes with the content coding
undone, trees. Rules are asked after the walk, for paths only: `Match.ignored` holds what they took away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from replay_users.compare.coding import Undecoded, decode
from replay_users.compare.difference import (
    Difference,
    Differences,
    Kind,
    Match,
    Unchecked,
    UncheckedReason,
)
from replay_users.compare.head import codings, declares_json
from replay_users.compare.show import show_texts
from replay_users.compare.sift import sift
from replay_users.compare.tree import Tree, Unparsed, hides_a_key, parse
from replay_users.compare.walk import walk

if TYPE_CHECKING:
    from replay_users.compare.rules import EndpointRules, Rules
    from replay_users.model import Answer

__all__ = ["MAX_BODY", "Recorded", "judge"]

MAX_BODY = 65536
"""Bytes of a body as on the wire that are compared while judging takes the hub's own time."""

_BODILESS = frozenset({204, 304})
_MATCH: Final = Match()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorded response: `body` as it was on the wire, None where it was not kept or cut; `size` its true size.

    Without a head too, capture saw nothing of the answer but its status.
    """

    status: int
    head: bytes
    body: bytes | None
    size: int


def judge(recorded: Recorded, replayed: Answer, rules: Rules, endpoint: str) -> Match | Unchecked | Differences:
    """Compare one answer with its recording.

    Returns:
        `Match`, with what a rule ignored; `Unchecked` with the reason; or the differences that count, a tuple.
    """
    if recorded.status != replayed.status:
        statuses = str(recorded.status), str(replayed.status)
        return Differences((Difference(endpoint, (), Kind.STATUS, *statuses),))
    if recorded.status in _BODILESS or recorded.body == replayed.body:
        return _MATCH
    if recorded.body is None and not recorded.head:
        return Unchecked(UncheckedReason.STATUS_ONLY)
    if recorded.body is None or len(recorded.body) < recorded.size:
        return Unchecked(UncheckedReason.NOT_RECORDED)
    if len(recorded.body) > MAX_BODY or len(replayed.body) > MAX_BODY:
        return Unchecked(UncheckedReason.SIZE)
    bodies = decode(recorded.body, recorded.head), decode(replayed.body, replayed.head)
    pair = _Pair(recorded.head, replayed.head, endpoint, rules.for_endpoint(endpoint))
    return pair.judge(*bodies)


@dataclass(frozen=True, slots=True)
class _Pair:
    """What is known of two bodies beside their bytes."""

    recorded_head: bytes
    replayed_head: bytes
    endpoint: str
    rules: EndpointRules

    def judge(self, a: bytes | Undecoded, b: bytes | Undecoded) -> Match | Unchecked | Differences:
        """Compare two bodies whose coding was undone, if it could be."""
        if isinstance(a, bytes) and isinstance(b, bytes):
            return _MATCH if a == b else self._texts(a, b)
        if Undecoded.UNKNOWN in (a, b) or a is b:
            reason = UncheckedReason.SIZE if a is Undecoded.TOO_LARGE else UncheckedReason.ENCODING
            return Unchecked(reason)
        if Undecoded.BROKEN in (a, b):
            coding = _coding(self.recorded_head, a), _coding(self.replayed_head, b)
            return self._whole(Kind.ENCODING, *coding)
        return Unchecked(UncheckedReason.SIZE)

    def _texts(self, a: bytes, b: bytes) -> Match | Unchecked | Differences:
        """Compare two different bodies: as trees where both are JSON, else by what they say."""
        declared = declares_json(self.recorded_head) or declares_json(self.replayed_head)
        if not declared and not (_looks_like_json(a) and _looks_like_json(b)):
            return self._whole(Kind.VALUE, *show_texts(a, b))
        x, y = parse(a), parse(b)
        if isinstance(x, Tree) and isinstance(y, Tree):
            return self._trees(x, y)
        if not declared or x is y is Unparsed.INVALID:
            return self._whole(Kind.VALUE, *show_texts(a, b))
        if Unparsed.BEYOND in (x, y):
            return Unchecked(UncheckedReason.JSON)
        return self._whole(Kind.TYPE, *show_texts(a, b))

    def _trees(self, x: Tree, y: Tree) -> Match | Unchecked | Differences:
        verdict = sift(walk(x.root, y.root), self.rules, self.endpoint)
        if isinstance(verdict, Match) and (hides_a_key(x) or hides_a_key(y)):
            return Unchecked(UncheckedReason.JSON)
        return verdict

    def _whole(self, kind: Kind, recorded: str, replayed: str) -> Match | Differences:
        """One difference of the whole body; a rule for `root` ignores it."""
        difference = Difference(self.endpoint, (), kind, recorded, replayed)
        if self.rules.ignores(()):
            return Match((difference,))
        return Differences((difference,))


def _looks_like_json(text: bytes) -> bool:
    return text.lstrip()[:1] in {b"{", b"["}


def _coding(head: bytes, body: bytes | Undecoded) -> str:
    name = ", ".join(codings(head)) or "none"
    return f"{name}, broken" if body is Undecoded.BROKEN else name
