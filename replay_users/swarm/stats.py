"""Locust's own statistics, fed from the engine's outcomes in batches, so that its tables, CSV and HTML agree with ours.

Law: the only place that touches `StatsEntry`. The subtle thing: answered exchanges are added up first and merged with
`StatsEntry.extend`, which keeps Locust's current percentiles; when the `request` event is fired instead, Locust's own
listener counts, so it is always one or the other.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from locust import stats
from locust.exception import LocustError
from locust.stats import StatsEntry

from replay_users.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Flight

__all__ = ["LocustStats", "ReplayFault", "ReplayMismatch", "wants_events"]

_FLUSH_S = 0.25


class ReplayFault(LocustError):
    """What Locust shows for an exchange that got no answer."""

    def __repr__(self) -> str:
        """Locust's tables and files show this: a sentence rather than Python."""
        return str(self)


class ReplayMismatch(ReplayFault):
    """What Locust shows for an answer that differs, with `--mismatch-is-failure`."""


def wants_events(events: Any, choice: str) -> bool:
    """Whether the `request` event is fired for each exchange: asked for, or somebody besides Locust listens to it."""
    listeners = len(events.request._handlers)  # noqa: SLF001 - Locust offers no other way to ask
    return choice == "always" or (choice == "auto" and listeners > 1)


class LocustStats:
    """Counts flights into a Locust environment's statistics."""

    def __init__(self, environment: Any, endpoints: Sequence[str], *, fire: bool, mismatch_is_failure: bool) -> None:
        """`endpoints` are the names by index."""
        self._environment = environment
        self._stats = environment.runner.stats
        self._endpoints = endpoints
        self._fire = fire
        self._mismatch_is_failure = mismatch_is_failure
        self._slow_path = fire or mismatch_is_failure
        self._batches: dict[int, _Batch] = {}
        self._flushed = time.monotonic()

    def add(self, flights: Sequence[Flight]) -> None:
        """Count finished flights."""
        batches = self._batches
        for flight in flights:
            if self._slow_path or flight.fault is not None:
                self._one(flight)
                continue
            batch = batches.get(flight.endpoint)
            if batch is None:
                name = self._endpoints[flight.endpoint]
                if not _has_method(name):
                    self._one(flight)
                    continue
                batch = batches[flight.endpoint] = _Batch()
            batch.took.append(flight.done - flight.sent)
            batch.length += flight.answer_size
        if batches and time.monotonic() - self._flushed > _FLUSH_S:
            self.flush()

    def _one(self, flight: Flight) -> None:
        """What is not simply an answer of an endpoint of one method: an event, a failure, an answer of `__other__`."""
        error = self._error(flight)
        method, name = _label(self._endpoints[flight.endpoint], flight.method)
        if self._fire:
            self._fire_event(flight, method, name, error)
            return
        self._stats.log_request(method, name, _service_ms(flight), flight.answer_size)
        if error is not None:
            self._stats.log_error(method, name, error)

    def _error(self, flight: Flight) -> ReplayFault | None:
        if flight.fault is not None:
            return ReplayFault(flight.fault.value)
        if self._mismatch_is_failure and flight.judged is Verdict.MISMATCHED:
            return ReplayMismatch("answer differs from the recording")
        return None

    def flush(self) -> None:
        """Merge what was added up into Locust's tables."""
        batches, self._batches = self._batches, {}
        self._flushed = time.monotonic()
        for endpoint, batch in batches.items():
            method, name = _label(self._endpoints[endpoint], "")
            merged = batch.entry(self._stats, name, method)
            for entry in (self._stats.get(name, method), self._stats.total):
                entry.extend(merged)

    def _fire_event(self, flight: Flight, method: str, name: str, error: ReplayFault | None) -> None:
        self._environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=_service_ms(flight),
            response_length=flight.answer_size,
            response=None,
            context={"replay_id": flight.id, "status": flight.answer_status, "judged": flight.judged},
            exception=error,
            start_time=time.time() - _service_ms(flight) / 1e3,
            url=flight.target.decode("latin-1"),
        )


class _Batch:
    """Answered exchanges of one endpoint: how long each took, in ns."""

    __slots__ = ("length", "took")

    def __init__(self) -> None:
        self.took: list[int] = []
        self.length = 0

    def entry(self, owner: Any, name: str, method: str) -> Any:
        """The batch as Locust's own kind of entry."""
        took = [ns / 1e6 for ns in self.took]
        now = time.time()
        entry: Any = StatsEntry(owner, name, method)
        entry.num_requests = len(took)
        entry.total_response_time = sum(took)
        entry.total_content_length = self.length
        entry.min_response_time = min(took)
        entry.max_response_time = max(took)
        entry.response_times = Counter(map(stats.bucket_response_time, took))
        entry.num_reqs_per_sec = {int(now): len(took)}
        entry.last_request_timestamp = now
        return entry


def _service_ms(flight: Flight) -> float:
    return (flight.done - flight.sent) / 1e6


def _has_method(endpoint: str) -> bool:
    """Whether an endpoint's name begins with its method, which `__other__` and what a user's code named may not."""
    method, _, rest = endpoint.partition(" ")
    return bool(rest) and method.isupper()


def _label(endpoint: str, method: str) -> tuple[str, str]:
    """Locust shows the method in a column of its own: the endpoint's, or that of the exchange if it has none."""
    if not _has_method(endpoint):
        return method, endpoint
    own, _, name = endpoint.partition(" ")
    return own, name
