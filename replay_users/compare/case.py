r"""One pair to be judged, as values that can travel: what was recorded, what was answered, and how it is judged.

Law: pure. Wherever a pair is judged, in the hub or in a comparer process, it is judged here, so that both say the same.
The subtle thing: of an answer more may have come than was kept. What was kept may equal the recording; the whole does not.
Nor does the hash of what was kept say anything of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from replay_users.compare.difference import Unchecked, UncheckedReason
from replay_users.compare.headers import Heads
from replay_users.compare.judge import Recorded, judge
from replay_users.compare.limits import LIMITS
from replay_users.model import Answer
from replay_users.trailers import both, divided, trailers_of

if TYPE_CHECKING:
    from replay_users.compare.difference import Differences, Match
    from replay_users.compare.limits import Limits
    from replay_users.compare.rules import HostMap, Rules
    from replay_users.model import Flight

__all__ = ["Case", "Judge", "case_of", "head_of", "sides"]

_END = b"\r\n\r\n"


class Case(NamedTuple):
    """A pair. `head` and `answer_head` are header blocks; `body` is None where it was not kept or not whole.

    `hash` is that of the whole recorded body where `body` is None and capture saw it all. `trailers` and `answer_trailers` are
    those that are compared.
    """

    endpoint: int
    status: int
    head: bytes
    body: bytes | None
    answer_status: int
    answer_head: bytes
    answer_body: bytes
    answer_size: int
    hash: bytes | None = None
    trailers: bytes = b""
    answer_trailers: bytes = b""


def case_of(flight: Flight) -> Case:
    """The pair of a flight that was answered."""
    head, answer_head, *trailers = sides(flight.response_head, flight.answer_head)
    return Case(
        flight.endpoint,
        flight.status,
        head,
        flight.body,
        flight.answer_status,
        answer_head,
        flight.answer_body,
        flight.answer_size,
        flight.hash,
        *trailers,
    )


def sides(recorded: bytes, received: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Both header blocks and then both sides' trailers, of a recorded head and an answer's as flights have them."""
    head, trailers = divided(recorded)
    answer_head = head_of(received)
    return head, answer_head, *both(head, trailers, answer_head, trailers_of(received))


class Judge:
    """Judges pairs by the rules of a run; `hosts` are those of the recording and what they are at the target."""

    def __init__(self, rules: Rules, *, hosts: HostMap | None = None, limits: Limits = LIMITS) -> None:
        """Remembers lines of heads, so keep it for a run."""
        self._rules = rules.at(hosts)
        self._heads = Heads(hosts)
        self._limits = limits

    def judge(self, case: Case, endpoint: str) -> Match | Unchecked | Differences:
        """What comparing them says; `endpoint` is the name behind the index."""
        body = case.body
        is_cut = case.answer_size > len(case.answer_body)
        whole = None if is_cut else body
        size, known = (0, None if is_cut else case.hash) if whole is None else (len(whole), None)
        recorded = Recorded(case.status, case.head, whole, size, known, case.trailers)
        answer = Answer(case.answer_status, case.answer_head, case.answer_body, case.answer_trailers)
        said = judge(recorded, answer, self._rules, endpoint, heads=self._heads, limits=self._limits)
        return Unchecked(UncheckedReason.SIZE) if whole is not body and isinstance(said, Unchecked) else said


def head_of(received: bytes) -> bytes:
    """The header block of what was received: without the status line, and without what follows the head."""
    received = received.lstrip(b"\r\n")  # of the answer before it, come late
    begin, end = received.find(b"\r\n") + 2, received.find(_END)
    return received[begin : end + 2] if 0 < begin <= end else b""
