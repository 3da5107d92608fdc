"""Where finished flights are judged: at once where the wire is equal, else by comparers, or in slices of the hub's time.

Law: runs in the hub, so all that happens to a flight when it arrives is a look at its bytes; the rest waits for `work`,
which looks at a clock that it is given. The queue is bounded in bytes: what does not fit is `unchecked`, never a match, and
load goes on. A flight counts in it until it is judged, wherever that happens.
The subtle thing: this is the seam behind which judging happens in processes of their own (`Crew`); nothing outside knows
where a verdict was reached, and they come in another order than the answers.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from replay_users.compare.case import Judge, case_of, sides
from replay_users.compare.classes import COOKIE, Classifier, carries_a_cookie, excused
from replay_users.compare.difference import Differences, Match
from replay_users.compare.frames import CLEAN, NOISY, Crash, differences_of
from replay_users.compare.head import codings
from replay_users.compare.headers import Heads
from replay_users.compare.known_heads import KnownHeads
from replay_users.compare.limits import IN_HUB
from replay_users.compare.sampling import SAMPLED, Sampling
from replay_users.model import Verdict
from replay_users.trailers import with_trailers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from replay_users.compare.difference import Difference
    from replay_users.compare.frames import Reply
    from replay_users.compare.frames import Verdict as Said
    from replay_users.compare.rules import HostMap, Rules
    from replay_users.model import Flight

__all__ = ["COMPARER", "QUEUE_FULL", "Crew", "Desk", "Ledger"]

QUEUE_BYTES = 12 << 20
"""Half of the look-ahead, in which they count, both sides of them: loading goes on however far judging is behind."""
QUEUE_ROWS = 3000
"""The same of its rows. Measured: where only bytes were bounded, small answers filled the look-ahead, and all was sent late."""

QUEUE_FULL = "queue"
"""Why a pair was not compared when more differed than could be judged in time."""
COMPARER = "comparer"
"""Why a pair was not compared when the comparer failed at it, or there is none any more."""


class Ledger(Protocol):
    """Where what comparing said is written down."""

    def unchecked(self, flight: Flight, reason: str) -> None:
        """A pair could not be compared."""

    def ignored(self, differences: Iterable[Difference], capped: int = 0) -> None:
        """Rules ignored differences of a pair, and `capped` more."""

    def noise(self, endpoint: str, path: str, kind: str, count: int) -> None:
        """In `count` pairs, rules ignored what differed here."""

    def differences(self, flight: Flight, differences: Differences) -> object:
        """A pair differs."""


class Crew(Protocol):
    """Processes that judge."""

    ready: deque[tuple[Sequence[Flight], Reply]]
    """What they have said, in no order."""

    def serve(self, queue: deque[Flight]) -> None:
        """Take what is to be judged from here; what a process held that died is put back."""

    def hand_over(self) -> bool:
        """Take a little from the queue, if there is room; whether anything was taken."""

    def give_up(self) -> None:
        """Judge nothing more: everything held or queued is ready as unchecked."""

    def crashed(self, flight: Flight, error: str) -> None:
        """Judging this one failed."""


class Desk:
    """Judges flights; each comes back judged exactly once, from `receive` or from `work`."""

    def __init__(
        self,
        rules: Rules,
        endpoints: Sequence[str],
        ledger: Ledger,
        clock: Callable[[], int],
        *,
        crew: Crew | None = None,
        sampling: Sampling | None = None,
        hosts: HostMap | None = None,
        left_out: Iterable[str] = (),
    ) -> None:
        """`endpoints` are the names by index; `clock` gives ns. Without a crew, `work` judges here."""
        self._judge = Judge(rules, hosts=hosts, limits=IN_HUB)
        self._endpoints = endpoints
        self._ledger = ledger
        self._clock = clock
        self._crew = crew
        self._sampling = sampling or Sampling()
        self._heads = Heads(hosts)
        self._known = KnownHeads()
        self._agree = self._known.agree
        self._classes = Classifier(left_out)
        self._queue: deque[Flight] = deque()
        self._said: deque[tuple[Flight, Said]] = deque()
        self._bytes = self._burden = self._count = 0
        self._gave_up = self.moved = False
        self.peak_bytes = 0
        if crew is not None:
            crew.serve(self._queue)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the answers that wait to be judged, heads included."""
        return self._bytes

    def __len__(self) -> int:
        return self._count

    def receive(self, flights: Sequence[Flight]) -> list[Flight]:
        """Take finished flights; gives back those that need no more judging: failed, equal on the wire, or not to be judged."""
        done = []
        matched, agree, sampled = Verdict.MATCHED, self._agree, bool(self._sampling)
        for flight in flights:
            body = flight.body
            if flight.fault is not None:
                self.unsent(flight)
                done.append(flight)
            elif sampled and not self._sampling.chooses(self._endpoints[flight.endpoint], flight.id):
                self._unchecked(flight, SAMPLED)
                done.append(flight)
            elif (  # the same on the wire, and heads too but for what is known to be none of our business
                flight.answer_body == body
                and flight.answer_status == flight.status
                and flight.answer_size <= len(body)
                and (
                    not (head := flight.response_head)
                    or agree(flight.endpoint, len(body), head, flight.answer_head)
                    or self._heads_agree(flight)
                )
            ):
                flight.judged = matched
                done.append(flight)
            elif body is None and flight.hash is None:  # nothing but the status to look at
                self._decide(flight)
                done.append(flight)
            elif self._burden >= QUEUE_BYTES or self._count >= QUEUE_ROWS:
                self._unchecked(flight, QUEUE_FULL)
                done.append(flight)
            else:
                self._put(flight)
        self.peak_bytes = max(self.peak_bytes, self._bytes)
        return done

    def unsent(self, flight: Flight) -> None:
        """A flight got no answer, or was never sent: what it would have written is not there for its session."""
        self._classes.unsent(flight)

    def _heads_agree(self, flight: Flight) -> bool:
        """Whether heads say the same once they are read, rules aside: 4 to 7 us (measured), less than handing a pair over."""
        recorded, received = flight.response_head, flight.answer_head
        head, block, trailers, theirs = sides(recorded, received)
        if trailers != theirs:
            return False
        if flight.answer_body and codings(head) != codings(block):  # equal bytes that are not read alike
            return False
        verdict = self._heads.compare(head, block, self._endpoints[flight.endpoint])
        if isinstance(verdict, Differences):
            verdict = excused(flight, verdict)
        if isinstance(verdict, Differences):
            return False
        if verdict.ignored:
            self._ledger.ignored(verdict.ignored, verdict.capped)
        else:
            self._known.learn(flight.endpoint, len(flight.answer_body), recorded, received)
        return True

    def _put(self, flight: Flight) -> None:
        """Queue it, with nothing that is not needed any more; verdicts come in another order, so statuses are seen now."""
        if flight.answer_status != flight.status:
            self._classes.see(flight)
        flight.wire = COOKIE if carries_a_cookie(flight.wire) else b""
        flight.answer_head = with_trailers(flight.answer_head)
        if flight.answer_body == flight.body and not _is_cut(flight):
            flight.answer_body = flight.body  # one object, which frames know by
        self._queue.append(flight)
        size = _size(flight)
        self._bytes += size
        self._burden += size + flight.weight
        self._count += 1

    def work(self, budget: int) -> list[Flight]:
        """Judge queued flights for about `budget` ns, or take what comparers said of them; gives back those judged.

        `moved` says whether pairs were handed over meanwhile, so that there may be more to do although none came back.
        """
        until = self._clock() + budget
        if self._crew is not None:
            self.moved = self._crew.hand_over()
            return self._take_said(self._crew, until)
        done = []
        while self._queue:
            flight = self._queue.popleft()
            if self._gave_up:
                self._unchecked(flight, QUEUE_FULL)
            else:
                self._decide(flight)
            done.append(self._out(flight))
            if self._clock() >= until:
                break
        return done

    def give_up(self) -> None:
        """Judge nothing more: what still waits comes back from `work` as unchecked."""
        if self._crew is not None:
            self._crew.give_up()
        self._gave_up = True

    def _take_said(self, crew: Crew, until: int) -> list[Flight]:
        done: list[Flight] = []
        said = self._said
        while said or crew.ready:
            if not said:
                flights, reply = crew.ready.popleft()
                self._note(reply)
                said.extend(zip(flights, reply.verdicts, strict=True))
            flight, verdict = said.popleft()
            self._apply(flight, verdict, crew)
            done.append(self._out(flight))
            if self._clock() >= until:
                break
        return done

    def _out(self, flight: Flight) -> Flight:
        size = _size(flight)
        self._bytes -= size
        self._burden -= size + flight.weight
        self._count -= 1
        return flight

    def _note(self, reply: Reply) -> None:
        for (endpoint, path, kind), count in reply.noise.items():
            if endpoint < len(self._endpoints):
                self._ledger.noise(self._endpoints[endpoint], path, kind, count)
        if reply.capped:
            self._ledger.ignored((), reply.capped)

    def _apply(self, flight: Flight, verdict: Said, crew: Crew) -> None:
        if verdict == CLEAN:
            self._matched(flight)
        elif verdict == NOISY:
            flight.judged = Verdict.MATCHED
        elif isinstance(verdict, list):
            self._take_differences(flight, verdict, crew)
        elif isinstance(verdict, Crash):
            crew.crashed(flight, verdict.error)
            self._unchecked(flight, COMPARER)
        else:
            self._unchecked(flight, str(verdict))

    def _take_differences(self, flight: Flight, verdict: list[Any], crew: Crew) -> None:
        try:
            differences = differences_of(verdict, self._endpoints[flight.endpoint])
        except ValueError as error:
            crew.crashed(flight, str(error))
            self._unchecked(flight, COMPARER)
        else:
            self._mismatched(flight, differences)

    def _decide(self, flight: Flight) -> None:
        verdict = self._judge.judge(case_of(flight), self._endpoints[flight.endpoint])
        if isinstance(verdict, Match):
            if not verdict.ignored and not verdict.capped:
                self._matched(flight)
            flight.judged = Verdict.MATCHED
            self._ledger.ignored(verdict.ignored, verdict.capped)
        elif isinstance(verdict, Differences):
            self._mismatched(flight, verdict)
        else:
            self._unchecked(flight, verdict.reason)

    def _matched(self, flight: Flight) -> None:
        """Nothing differs, so if the bodies are equal these heads agree."""
        flight.judged = Verdict.MATCHED
        body = flight.body
        if body is not None and body == flight.answer_body:
            self._known.learn(flight.endpoint, len(body), flight.response_head, flight.answer_head)

    def _mismatched(self, flight: Flight, differences: Differences) -> None:
        verdict = excused(flight, differences)
        if isinstance(verdict, Match):
            flight.judged = Verdict.MATCHED
            self._ledger.ignored(verdict.ignored, verdict.capped)
            return
        differences = verdict
        flight.judged = Verdict.MISMATCHED
        differences.classes = self._classes.classify(flight, differences)
        flight.differences = differences
        self._ledger.differences(flight, differences)

    def _unchecked(self, flight: Flight, reason: str) -> None:
        flight.judged = Verdict.UNCHECKED
        self._ledger.unchecked(flight, reason)


def _size(flight: Flight) -> int:
    return len(flight.answer_head) + len(flight.answer_body)


def _is_cut(flight: Flight) -> bool:
    """Whether more was answered than is kept of an answer: what is kept may equal the recording, the whole does not."""
    return flight.answer_size > len(flight.answer_body)
