"""The seam: one recorded response, one answer, and whether they say the same.

Law: pure; whatever bytes either side holds, the result is a value and comes within a bounded time. What cannot be
compared is `Unchecked`, never a match.
The subtle thing is the order, cheapest first: status, bytes as they were on the wire, bytes with the content coding
undone, trees. Rules pair lists during the walk and are asked about differences after it: `Match.ignored` holds what they
took away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from replay_users.compare.bodies import Bodies
from replay_users.compare.difference import (
    Difference,
    Differences,
    Kind,
    Match,
    Unchecked,
    UncheckedReason,
    joined,
)
from replay_users.compare.head import codings
from replay_users.compare.headers import Heads
from replay_users.compare.lift import Form
from replay_users.compare.lift.media import media
from replay_users.compare.lift.opaque import body_hash
from replay_users.compare.limits import LIMITS, MAX_BODY

if TYPE_CHECKING:
    from replay_users.compare.limits import Limits
    from replay_users.compare.rules import EndpointRules, Rules
    from replay_users.model import Answer

__all__ = ["MAX_BODY", "Recorded", "joined", "judge"]

_BODILESS = frozenset({204, 304})
_MATCH: Final = Match()
_HEADS: Final = Heads()


class Recorded(NamedTuple):
    """The recorded response: `body` as it was on the wire, None where it was not kept or cut.

    `size` is its true size, 0 beside a body that was not kept where that is not known; `hash` is that of the whole body, where
    it is known. Without body and head, capture saw nothing of the answer but its status. `trailers` are empty on both sides
    where they are not compared.
    """

    status: int
    head: bytes
    body: bytes | None
    size: int
    hash: bytes | None = None
    trailers: bytes = b""


def judge(
    recorded: Recorded,
    replayed: Answer,
    rules: Rules,
    endpoint: str,
    *,
    heads: Heads = _HEADS,
    limits: Limits = LIMITS,
) -> Match | Unchecked | Differences:
    """Compare one answer with its recording; `heads` knows how to compare headers.

    Returns:
        `Match`, with what a rule ignored; `Unchecked` with the reason; or the differences that count, a tuple.
    """
    a, b = recorded.status, replayed.status
    compiled = rules.for_endpoint(endpoint)
    if a == b:
        return _messages(recorded, replayed, compiled, endpoint, heads, limits)
    difference = Difference(endpoint, (), Kind.STATUS, str(a), str(b))
    if compiled.status_settled_by(a, b) is None:
        return Differences((difference,))
    if a // 100 != b // 100 or not _BODILESS.isdisjoint((a, b)):  # nothing else of the two can be the same
        return Match((difference,))
    return joined(_messages(recorded, replayed, compiled, endpoint, heads, limits), Match((difference,)))


def _messages(
    recorded: Recorded, replayed: Answer, rules: EndpointRules, endpoint: str, heads: Heads, limits: Limits
) -> Match | Unchecked | Differences:
    """Compare all but the statuses of two answers."""
    fields = heads.compare(recorded.head, replayed.head, endpoint, rules=rules)
    said = joined(_bodies(recorded, replayed, rules, endpoint, limits), fields)
    if recorded.trailers == replayed.trailers:
        return said
    behind = heads.compare(recorded.trailers, replayed.trailers, endpoint, rules=rules, kind=Kind.TRAILER)
    return joined(said, behind)


def _bodies(
    recorded: Recorded, replayed: Answer, rules: EndpointRules, endpoint: str, limits: Limits
) -> Match | Unchecked | Differences:
    """Compare the bodies of two answers whose statuses may stand beside each other."""
    if recorded.status in _BODILESS:
        return _MATCH
    bodies = Bodies(recorded.head, replayed.head, endpoint, rules, limits)
    if recorded.body == replayed.body:
        return bodies.judge_equal(replayed.body)
    if recorded.body is None or len(recorded.body) < recorded.size:
        return _unseen(recorded, replayed, bodies)
    if len(recorded.body) > limits.body or len(replayed.body) > limits.body:
        return Unchecked(UncheckedReason.SIZE)
    return bodies.judge(recorded.body, replayed.body)


def _unseen(recorded: Recorded, replayed: Answer, bodies: Bodies) -> Match | Unchecked | Differences:
    """Compare an answer with a body that was not kept, or only its beginning: by hash and size.

    Another hash proves a difference only where each byte counts: a coded text, or one with a field that rules ignore,
    may differ on the wire and say the same.
    """
    if recorded.hash is not None and recorded.hash == body_hash(replayed.body):
        return _MATCH
    if recorded.body is None and not recorded.head:
        return Unchecked(UncheckedReason.STATUS_ONLY)
    is_opaque = media(recorded.head).form is media(replayed.head).form is Form.OPAQUE
    is_other = recorded.hash is not None or recorded.size not in {0, len(replayed.body)}
    if is_opaque and is_other and not codings(recorded.head) and not codings(replayed.head):
        return bodies.whole(Kind.VALUE, *_told_apart(recorded, replayed.body))
    return Unchecked(UncheckedReason.NOT_RECORDED)


def _told_apart(recorded: Recorded, replayed: bytes) -> tuple[str, str]:
    """Two bodies by what tells them apart: their sizes, or, where the recorded one is not known or the same, their hashes."""
    if recorded.hash is not None and recorded.size in {0, len(replayed)}:
        return f"BLAKE2b {recorded.hash.hex()}", f"BLAKE2b {body_hash(replayed).hex()}"
    return f"{recorded.size} bytes", f"{len(replayed)} bytes"
