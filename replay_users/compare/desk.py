"""Where finished flights are judged: at once where the bytes are equal, else in a queue that is worked off in slices.

Law: runs in the hub, so wire equality is all that happens to a flight when it arrives; the rest waits for `work`, which
looks at a clock that it is given. The queue is bounded in bytes: what does not fit is `unchecked`, never a match, and
load goes on. The subtle thing: this is the seam behind which judging moves to processes of its own; nothing outside
knows where a verdict was reached.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from replay_users.compare.difference import Differences, Match, UncheckedReason
from replay_users.compare.judge import Recorded, judge
from replay_users.model import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from replay_users.compare.difference import Difference
    from replay_users.compare.rules import Rules
    from replay_users.model import Flight

__all__ = ["Desk", "Ledger"]

QUEUE_BYTES = 12 << 20
"""Half of the look-ahead, in which they count: loading goes on however far judging is behind."""

QUEUE_FULL = "queue"
"""Why a pair was not compared when more differed than could be judged in time."""


class Ledger(Protocol):
    """Where what comparing said is written down."""

    def unchecked(self, flight: Flight, reason: str) -> None:
        """A pair could not be compared."""

    def ignored(self, differences: Iterable[Difference], capped: int = 0) -> None:
        """Rules ignored differences of a pair, and `capped` more."""

    def differences(self, flight: Flight, differences: Differences) -> None:
        """A pair differs."""


class Desk:
    """Judges flights; each comes back judged exactly once, from `receive` or from `work`."""

    def __init__(self, rules: Rules, endpoints: Sequence[str], ledger: Ledger, clock: Callable[[], int]) -> None:
        """`endpoints` are the names by index; `clock` gives ns."""
        self._rules = rules
        self._endpoints = endpoints
        self._ledger = ledger
        self._clock = clock
        self._queue: deque[Flight] = deque()
        self._bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the answers that wait to be judged, heads included."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._queue)

    def receive(self, flights: Sequence[Flight]) -> list[Flight]:
        """Take finished flights; gives back those that need no more judging: failed, equal on the wire, or not to be judged."""
        done = []
        for flight in flights:
            if flight.fault is not None:
                done.append(flight)
            elif flight.answer_body == flight.body and flight.answer_status == flight.status and not _is_cut(flight):
                flight.judged = Verdict.MATCHED
                done.append(flight)
            elif flight.body is None:  # nothing but the status to look at
                self._judge(flight)
                done.append(flight)
            elif self._bytes >= QUEUE_BYTES:
                self._unchecked(flight, QUEUE_FULL)
                done.append(flight)
            else:
                self._queue.append(flight)
                self._bytes += _size(flight)
        return done

    def work(self, budget: int) -> list[Flight]:
        """Judge queued flights for about `budget` ns; gives back those judged."""
        done = []
        until = self._clock() + budget
        while self._queue:
            flight = self._queue.popleft()
            self._bytes -= _size(flight)
            self._judge(flight)
            done.append(flight)
            if self._clock() >= until:
                break
        return done

    def _judge(self, flight: Flight) -> None:
        body = flight.body
        if body is not None and _is_cut(flight) and flight.answer_status == flight.status:
            self._unchecked(flight, UncheckedReason.SIZE)
            return
        recorded = Recorded(flight.status, flight.response_head, body, len(body) if body is not None else 0)
        answer = Answer(flight.answer_status, head_of(flight.answer_head), flight.answer_body)
        verdict = judge(recorded, answer, self._rules, self._endpoints[flight.endpoint])
        if isinstance(verdict, Match):
            flight.judged = Verdict.MATCHED
            self._ledger.ignored(verdict.ignored, verdict.capped)
        elif isinstance(verdict, Differences):
            flight.judged = Verdict.MISMATCHED
            flight.differences = verdict
            self._ledger.differences(flight, verdict)
        else:
            self._unchecked(flight, verdict.reason)

    def _unchecked(self, flight: Flight, reason: str) -> None:
        flight.judged = Verdict.UNCHECKED
        self._ledger.unchecked(flight, reason)


def _size(flight: Flight) -> int:
    return len(flight.answer_head) + len(flight.answer_body)


def _is_cut(flight: Flight) -> bool:
    """Whether more was answered than is kept of an answer: what is kept may equal the recording, the whole does not."""
    return flight.answer_size > len(flight.answer_body)


def head_of(received: bytes) -> bytes:
    """The header block of what was received: without the status line, and without what follows the head."""
    received = received.lstrip(b"\r\n")  # of the answer before it, come late
    begin, end = received.find(b"\r\n") + 2, received.find(b"\r\n\r\n")
    return received[begin : end + 2] if 0 < begin <= end else b""
