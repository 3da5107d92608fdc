"""Two bodies that differ on the wire: what differs once they are decoded and lifted, if anything does.

Law: pure; a value for any two bodies. Bodies are compared as what they are; where one side is not what its head says and
the other side is, that is a difference of its own (`encoding`), whatever else differs.
The subtle thing: a rule for `root` covers the whole body, so such a difference too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from replay_users.compare.coding import Decoded, Undecoded, decode
from replay_users.compare.difference import (
    Difference,
    Differences,
    Kind,
    Match,
    Unchecked,
    UncheckedReason,
    joined,
)
from replay_users.compare.guide import guide
from replay_users.compare.head import codings
from replay_users.compare.lift import Form, Unlifted, lift
from replay_users.compare.lift.element import settle
from replay_users.compare.promise import broken_in_content, broken_in_transfer
from replay_users.compare.show import show_texts
from replay_users.compare.sift import sift
from replay_users.compare.tree import hides_a_key
from replay_users.compare.walk import walk

if TYPE_CHECKING:
    from replay_users.compare.lift import Lifted
    from replay_users.compare.limits import Limits
    from replay_users.compare.rules import EndpointRules

__all__ = ["Bodies"]

_MATCH: Final = Match()
_KEPT: Final = "as declared"
_MARKUP: Final = frozenset({Form.HTML, Form.XML})


class Bodies(NamedTuple):
    """What is known of two bodies beside their bytes."""

    recorded_head: bytes
    replayed_head: bytes
    endpoint: str
    rules: EndpointRules
    limits: Limits

    def judge(self, recorded: bytes, replayed: bytes) -> Match | Unchecked | Differences:
        """Compare two bodies as they were on the wire."""
        a = decode(recorded, self.recorded_head, self.limits.decoded)
        b = decode(replayed, self.replayed_head, self.limits.decoded)
        if isinstance(a, Undecoded) or isinstance(b, Undecoded):
            return self._undecoded(a, b)
        broken = broken_in_transfer(self.replayed_head, replayed, b)
        if broken:
            before = broken_in_transfer(self.recorded_head, recorded, a)
            broken = tuple([each for each in broken if each not in before])
        return self._decoded(a.body, b.body, broken)

    def judge_equal(self, body: bytes) -> Match | Differences:
        """Compare what two heads say of bodies that are equal on the wire: only one of two codings can be that of the bytes.

        What cannot be undone is equal all the same.
        """
        if not body or codings(self.recorded_head) == codings(self.replayed_head):
            return _MATCH
        verdict = self.judge(body, body)
        return _MATCH if isinstance(verdict, Unchecked) else verdict

    def _undecoded(self, a: Decoded | Undecoded, b: Decoded | Undecoded) -> Match | Unchecked | Differences:
        """Of what only one side can be read, that is the difference; of what neither can, there is none to be told."""
        sides = [side for side in (a, b) if isinstance(side, Undecoded)]
        if all(side.is_broken for side in sides) and len(sides) == 1:
            coding = _coding(self.recorded_head, a), _coding(self.replayed_head, b)
            return self.whole(Kind.ENCODING, *coding)
        reasons = {side.reason for side in sides}
        return Unchecked(UncheckedReason.ENCODING if UncheckedReason.ENCODING in reasons else UncheckedReason.SIZE)

    def _decoded(self, a: bytes, b: bytes, broken: tuple[str, ...]) -> Match | Unchecked | Differences:
        verdict: Match | Unchecked | Differences = _MATCH
        before: tuple[str, ...] = ()
        if a != b:
            x, y = lift(a, self.recorded_head, self.limits), lift(b, self.replayed_head, self.limits)
            if isinstance(x, Unlifted):
                return Unchecked(x.reason)
            if isinstance(y, Unlifted):
                return Unchecked(y.reason)
            before = broken_in_content(self.recorded_head, x)
            broken = (*broken_in_content(self.replayed_head, y), *broken)
            verdict = self._lifted(x, y)
        if before == broken:
            return verdict
        told = self.whole(Kind.ENCODING, "; ".join(before) or _KEPT, "; ".join(broken) or _KEPT)
        return joined(verdict, told)

    def _lifted(self, x: Lifted, y: Lifted) -> Match | Unchecked | Differences:
        """Compare two trees of one form; of two forms, that they are two is the difference."""
        if x.form is not y.form:
            return self.whole(Kind.TYPE, *show_texts(x.text, y.text))
        if x.form is Form.OPAQUE:
            if x.text == y.text:  # parts between other boundaries
                return _MATCH
            return self.whole(Kind.VALUE, *show_texts(x.text, y.text))
        found = walk(x.root, y.root, guide(self.rules))
        if x.form in _MARKUP:
            found = settle(found)
        verdict = sift(found, self.rules, self.endpoint)
        if isinstance(verdict, Match) and any(map(hides_a_key, (*x.parts, *y.parts))):
            return Unchecked(UncheckedReason.JSON)
        return verdict

    def whole(self, kind: Kind, recorded: str, replayed: str) -> Match | Differences:
        """One difference of the whole body; a rule for `root` ignores it."""
        difference = Difference(self.endpoint, (), kind, recorded, replayed)
        if self.rules.ignores(()):
            return Match((difference,))
        return Differences((difference,))


def _coding(head: bytes, body: Decoded | Undecoded) -> str:
    name = ", ".join(codings(head)) or "none"
    return f"{name}, broken" if isinstance(body, Undecoded) else name
