"""Hands what happened to whoever listens: `replay_users.events` and a user's `on_answer`.

Law: makes public values of flights, in batches, and only while somebody listens, because making them costs as much as
sending. Truth of the object is that question. What `run_started` tells and how a listener's failure is logged is the same
for a process that sends and for a master, so both are functions here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from replay_users.compare.case import head_of
from replay_users.events import ListenerFailure, Mismatch, events
from replay_users.model import Answer, Fate, Verdict, outcome_of
from replay_users.trailers import trailers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Drop, Flight, Outcome
    from replay_users.swarm.hooks import Hooks
    from replay_users.swarm.prepare import Prepared

__all__ = ["Listening", "report_failure", "tell_start"]

_logger = logging.getLogger(__name__)


class Listening:
    """The listeners of one run."""

    def __init__(self, names: Sequence[str], hooks: Hooks) -> None:
        """`names` are the endpoints by index."""
        self._names = names
        self._hooks = hooks
        self._failed_before = events.failures
        events.report_to(report_failure)

    def __bool__(self) -> bool:
        return bool(events.outcomes) or bool(events.mismatches) or self._hooks.answers

    @property
    def failures(self) -> int:
        """How often a listener raised in this run."""
        return events.failures - self._failed_before

    def ended(self, flights: Sequence[Flight]) -> None:
        """Flights were answered and judged, or failed."""
        outcomes = [self._outcome(flight, Fate.SENT, "") for flight in flights]
        if events.outcomes and outcomes:
            events.outcomes.fire(outcomes=outcomes)
        differing = [
            Mismatch(outcome, flight.differences)
            for outcome, flight in zip(outcomes, flights, strict=True)
            if flight.judged is Verdict.MISMATCHED
        ]
        if events.mismatches and differing:
            events.mismatches.fire(mismatches=differing)
        if self._hooks.answers:
            self._hand_over(flights, outcomes)

    def _hand_over(self, flights: Sequence[Flight], outcomes: Sequence[Outcome]) -> None:
        for flight, outcome in zip(flights, outcomes, strict=True):
            if flight.fault is None:
                head, trailers = head_of(flight.answer_head), trailers_of(flight.answer_head)
                answer = Answer(flight.answer_status, head, flight.answer_body, trailers or b"")
                self._hooks.on_answer(outcome, answer)

    def dropped(self, flight: Flight, reason: Drop) -> None:
        """A flight was not sent."""
        if events.outcomes:
            events.outcomes.fire(outcomes=[self._outcome(flight, Fate.DROPPED, reason)])

    def _outcome(self, flight: Flight, fate: Fate, reason: str) -> Outcome:
        return outcome_of(flight, endpoint=self._names[flight.endpoint], fate=fate, reason=reason)


def tell_start(run_id: str, prepared: Prepared, started_at: float, *, concludes: bool) -> None:
    """The run's start is agreed: say what it is going to be, if anybody listens."""
    if not events.run_started:
        return
    plan = prepared.plan
    events.run_started.fire(
        run_id=run_id,
        started_at=started_at,
        recording=plan.recording,
        target=plan.target or "",
        pace=plan.pace.describe(),
        labels=prepared.settings.labels,
        planned=plan.planned,
        to_send=plan.will_send,
        endpoints=tuple(info.name for info in prepared.recording.manifest.endpoints),
        duration_s=plan.duration_s,
        rates=plan.rate.values,
        rate_step_s=plan.rate.step_s,
        concludes=concludes,
    )


def report_failure(failure: ListenerFailure) -> None:
    """Log the first exception of a listener."""
    _logger.error(
        "listener %s of %s raised; reported once, counted from now on",
        failure.listener,
        failure.hook,
        exc_info=failure.error,
    )
