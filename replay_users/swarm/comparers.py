"""The comparers of a run: started when there is something to judge, given a little at a time, and replaced when they die.

Law: an edge; runs in the hub and never waits. What a comparer holds is bounded, so that little has to be handed over again
when it dies; the rest waits in the desk's queue. Whatever happens, every flight comes back with a verdict.
The subtle thing is whom to blame for a death: the pair that was being judged is known, so the others are handed over again
and it has one more try, since the death may have come from outside. Deaths in a row without a verdict between them mean that
nothing can be judged here at all: then everything is unchecked, and the result says so.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from replay_users.compare.desk import COMPARER, QUEUE_FULL
from replay_users.compare.frames import (
    FULL,
    RULES,
    VERDICTS,
    Reply,
    pack_frame,
    pack_names,
    pack_pairs,
    unpack_reply,
)
from replay_users.swarm.comparer_process import COMMAND, ComparerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay_users.compare.rules import HostMap, Rules
    from replay_users.model import Flight

__all__ = ["Comparers"]

_logger = logging.getLogger(__name__)

_BATCH = 64  # pairs in a frame: 30 us of packing at 2 KB
_BATCH_BYTES = 128 << 10
_HELD = 256  # pairs that a comparer has: 15 ms of its work at 60 us each, more than the hub is ever away
_HELD_BYTES = 512 << 10
_HANGS_S = 15.0  # without progress; a pair has 4 s by the comparer's own clock, and a start takes 0.2
_DEATHS = 8  # in a row, without a verdict between them
_BACK_OFF_S = 0.05  # doubled with each death in a row
_LOOK_S = 0.25
_TOLD = 10  # exchanges that are named in the log


class Comparers:
    """Up to so many comparer processes; `ready` is what they have said.

    Attributes:
        started: processes that were started.
        restarts: those among them that took the place of one that had died.
        hung: those that were killed since they got nowhere.
        given_up: pairs without a verdict because a comparer died of them or raised.
        stopped: whether nothing is judged any more.
        pairs: pairs that were handed over.
    """

    def __init__(
        self,
        loop: Any,
        count: int,
        rules: Rules,
        endpoints: Sequence[str],
        *,
        hosts: HostMap | None = None,
        wake: Callable[[], None],
        tell: Callable[[str], None],
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        """Nothing is started before there is something to judge.

        `endpoints` are the names by index, which may become more; `wake` is called when there is something for the desk to do,
        `tell` with what a person should know.
        """
        self._loop = loop
        self._rules = rules, hosts
        self._endpoints = endpoints
        self._wake = wake
        self._tell = tell
        self._command = command
        self._seats = [_Seat(self) for _ in range(count)]
        self._queue: deque[Flight] = deque()
        self._suspects: dict[int, Flight] = {}
        self._leaving: list[ComparerProcess] = []
        self._clock: Any = None
        self._looked = 0.0
        self._deaths = self._named = 0
        self.ready: deque[tuple[Sequence[Flight], Reply]] = deque()
        self.started = self.restarts = self.hung = self.given_up = self.pairs = 0
        self.stopped = self._has_failed = False

    # What the desk asks

    def serve(self, queue: deque[Flight]) -> None:
        """Take what is to be judged from here."""
        self._queue = queue

    def hand_over(self) -> bool:
        """Give a batch to the first comparer that has room; the second one is started when the first has none."""
        if self.stopped and self._queue:
            self._return(COMPARER)
        return bool(self._queue) and any(seat.fill(self._queue) for seat in self._seats)

    def give_up(self) -> None:
        """Judge nothing more; what is not judged by now could not be judged in time."""
        if not self.stopped:
            self._stop(QUEUE_FULL)

    def crashed(self, flight: Flight, error: str) -> None:
        """Judging this one failed."""
        self.given_up += 1
        self._name(f"comparing exchange {flight.id} failed ({error}): it is unchecked")

    def _stop(self, reason: str) -> None:
        self.stopped, self._has_failed = True, reason == COMPARER
        for seat in self._seats:
            self._queue.extendleft(reversed(seat.leave()))
        self._return(reason)

    def _return(self, reason: str) -> None:
        """Everything in the queue, without a verdict."""
        flights = list(self._queue)
        self._queue.clear()
        if flights:
            self.ready.append((flights, Reply(0, [reason] * len(flights))))
            self._wake()

    # What seats ask

    def process(self, seat: _Seat) -> ComparerProcess | None:
        """A new process for a seat."""
        if self._clock is None:
            self._clock = self._loop.timer(_LOOK_S, repeat=_LOOK_S)
            self._clock.start(self._look)
            self._looked = time.monotonic()
        try:
            process = ComparerProcess(
                self._loop, heard=seat.heard, free=self._wake, ended=seat.ended, command=self._command
            )
        except OSError as error:
            self._died(seat, f"it cannot be started: {error}")
            return None
        self.started += 1
        process.send(pack_frame(RULES, pickle.dumps(self._rules)) + pack_names(self._endpoints))
        return process

    def names_beyond(self, told: int) -> Sequence[str]:
        """The endpoints that came up since so many were told."""
        return self._endpoints[told:]

    def progress(self, flights: Sequence[Flight], reply: Reply) -> None:
        """Verdicts have come."""
        self._deaths = 0
        if self._suspects:
            for flight in flights:
                self._suspects.pop(id(flight), None)
        self.ready.append((flights, reply))
        self._wake()

    def suspect(self, flight: Flight) -> None:
        """A comparer has died of this one already, as far as anybody knows."""
        self._suspects[id(flight)] = flight

    def lost(self, seat: _Seat, process: ComparerProcess, held: list[Flight], culprit: Flight | None) -> None:
        """A comparer is gone; `held` is what it had."""
        self._leaving.append(process)
        if culprit is not None and self._suspects.pop(id(culprit), None) is not None:
            held.remove(culprit)
            self.given_up += 1
            self.ready.append(([culprit], Reply(0, [COMPARER])))
            self._name(
                f"a comparer process ended{_how(process)} while it judged exchange {culprit.id}: it is unchecked"
            )
        elif culprit is not None:
            self.suspect(culprit)
        self._queue.extendleft(reversed(held))
        if seat.was_full:
            self.restarts += 1
            self._wake()
        else:
            self._died(seat, f"it ended{_how(process)}")

    def _died(self, seat: _Seat, why: str) -> None:
        self._deaths += 1
        self.restarts += 1
        if self._deaths >= _DEATHS:
            self._tell(f"answers are not compared any more: {_DEATHS} comparer processes died in a row ({why})")
            self._stop(COMPARER)
        else:
            seat.rest(_BACK_OFF_S * 2**self._deaths)
            self._wake()

    def _name(self, sentence: str) -> None:
        self._named += 1
        if self._named <= _TOLD:
            _logger.error("%s%s", sentence, "; further ones are counted only" if self._named == _TOLD else "")

    def _look(self) -> None:
        """Now and then: who gets nowhere, who may be started again, who is gone for good.

        The hub calls timers before sockets. Where it stood still, verdicts may lie there that nobody has read, so that time does
        not count.
        """
        now = time.monotonic()
        stood, self._looked = max(0.0, now - self._looked - _LOOK_S), now
        for seat in self._seats:
            if seat.hangs(now, stood):
                self.hung += 1
        self._leaving = [process for process in self._leaving if process.status is None and process.is_there]
        if self._queue:
            self._wake()

    def counters(self) -> dict[str, int]:
        """For the result."""
        return {
            "processes": sum(seat.is_used for seat in self._seats),
            "started": self.started,
            "restarts": self.restarts,
            "hung": self.hung,
            "pairs": self.pairs,
            "given_up": self.given_up,
            "stopped": int(self._has_failed),
        }

    def close(self) -> None:
        """End all of them, and wait until they are gone."""
        self.stopped = True
        for seat in self._seats:
            seat.leave()
        for process in self._leaving:
            process.end()
        if self._clock is not None:
            self._clock.stop()
            self._clock.close()
            self._clock = None

    def leaves(self, process: ComparerProcess) -> None:
        """A process is not needed any more."""
        process.close()
        self._leaving.append(process)


class _Seat:
    """The place of one comparer, whichever process has it."""

    def __init__(self, owner: Comparers) -> None:
        self._owner = owner
        self._process: ComparerProcess | None = None
        self._held: deque[Flight] = deque()
        self._bytes = 0
        self._next = self._told = 0
        self._not_before = self._moved_at = 0.0
        self._place = 0
        self.is_used = self.was_full = False

    def fill(self, queue: deque[Flight]) -> bool:
        """Send a batch, if there is room for more; whether it did."""
        process = self._process
        if process is None:
            if self._owner.stopped or time.monotonic() < self._not_before:
                return False
            self._told = len(self._owner.names_beyond(0))
            process = self._process = self._owner.process(self)
            if process is None:
                return False
            self.is_used, self.was_full, self._moved_at = True, False, time.monotonic()
        if not process.is_writable or len(self._held) >= _HELD or self._bytes >= _HELD_BYTES:
            return False
        self._send(process, queue)
        return True

    def _send(self, process: ComparerProcess, queue: deque[Flight]) -> None:
        """Send a batch."""
        batch: list[Flight] = []
        size = 0
        while queue and len(batch) < _BATCH and size < _BATCH_BYTES:
            flight = queue.popleft()
            batch.append(flight)
            size += _size(flight)
        if not self._held:
            self._moved_at = time.monotonic()
        news = self._owner.names_beyond(self._told)
        self._told += len(news)
        frame = pack_pairs(self._next, batch)
        process.send(pack_names(news) + frame if news else frame)
        self._held.extend(batch)
        self._bytes += size
        self._next += len(batch)
        self._owner.pairs += len(batch)

    def heard(self, letter: bytes, content: bytes) -> None:
        """The process has said something.

        Raises:
            ValueError: it makes no sense.
        """
        if letter == FULL:
            self.was_full = True
            return
        reply = unpack_reply(content)
        held = self._held
        if letter != VERDICTS or reply.first != self._first or not 0 < len(reply.verdicts) <= len(held):
            raise ValueError("verdicts of other pairs than were sent")
        flights = [held.popleft() for _ in reply.verdicts]
        self._bytes -= sum(map(_size, flights))
        self._moved_at = time.monotonic()
        self._owner.progress(flights, reply)

    def ended(self) -> None:
        """The process is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        nth = process.place - self._first
        held = self._empty()
        culprit = held[nth] if 0 <= nth < len(held) else None
        process.close()
        self._owner.lost(self, process, held, culprit)

    def hangs(self, now: float, stood: float) -> bool:
        """Whether it gets nowhere with what it has; then it is killed, which ends it. For `stood` seconds nobody listened."""
        process = self._process
        if process is None or not self._held:
            return False
        self._moved_at += stood
        place = process.place
        if place != self._place:
            self._place, self._moved_at = place, now
        if now - self._moved_at < _HANGS_S:
            return False
        self._moved_at = now
        nth = place - self._first
        if 0 <= nth < len(self._held):
            self._owner.suspect(self._held[nth])
        process.kill()
        return True

    @property
    def _first(self) -> int:
        """Number of the first pair that it has."""
        return self._next - len(self._held)

    def rest(self, seconds: float) -> None:
        """Start nothing for so long."""
        self._not_before = time.monotonic() + seconds

    def leave(self) -> list[Flight]:
        """Let the process go; gives what it held."""
        process, self._process = self._process, None
        if process is not None:
            self._owner.leaves(process)
        return self._empty()

    def _empty(self) -> list[Flight]:
        held = list(self._held)
        self._held.clear()
        self._bytes = 0
        return held


def _size(flight: Flight) -> int:
    return len(flight.answer_head) + len(flight.answer_body) + len(flight.response_head) + len(flight.body or b"")


def _how(process: ComparerProcess) -> str:
    """With which status a process ended, and its last words, as far as they are known."""
    status = f" with status {process.status}" if process.status is not None else ""
    return f"{status}, saying {process.said!r}" if process.said else status
