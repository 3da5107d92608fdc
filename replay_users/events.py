"""The hooks of a run: what happened, for whoever wants to know.

Law: ground floor; knows the nouns of `model` and nothing else of ours. Our own comparer's results
and publishers are ordinary listeners here, and can be replaced.
The subtle thing: a listener is somebody else's code on our hot path. One that raises is reported
once, counted every time, and harms neither the run nor the listeners after it.

    from replay_users.events import events

    @events.outcomes.add_listener
    def count(outcomes, **_):
        ...

Who takes the place of another listener removes that one first: `listeners` has all of a hook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from replay_users.histogram import Histogram
    from replay_users.model import Outcome

__all__ = ["Differing", "EventHook", "ListenerFailure", "Mismatch", "ReplayEvents", "WorkerHealth", "events"]

_Listener = TypeVar("_Listener", bound="Callable[..., object]")


class Differing(Protocol):
    """What a listener may read of a difference: where, of what kind, and both values shortened."""

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""

    @property
    def kind(self) -> str:
        """The kind of difference: `value`, `type`, `added`, `removed`, `status` and so on."""

    @property
    def recorded(self) -> str:
        """The recorded side."""

    @property
    def replayed(self) -> str:
        """The replayed side."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An exchange whose answer differs from the recording after the rules, and how."""

    outcome: Outcome
    differences: tuple[Differing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHealth:
    """How a process that sends is doing.

    Attributes:
        sent: exchanges it has sent so far.
        lag: how late it took exchanges up, by its own fault, in ns; so far, as the others.
        wait: how long exchanges waited for the answers of their sessions.
        hub: how much later than asked its hub ran a timer.
        queued: answers that wait to be compared, now.
        in_flight: exchanges under way, now.
        at_s: when it was so, in seconds of the run: a worker reports every three seconds; `None` if it is so now.
    """

    sent: int
    lag: Histogram
    wait: Histogram
    hub: Histogram
    queued: int
    in_flight: int
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class ListenerFailure:
    """The first exception of one listener, for a log."""

    hook: str
    listener: str
    error: Exception


class EventHook:
    """Calls its listeners with keyword arguments; true if it has any: `if hook: hook.fire(...)`."""

    __slots__ = ("_broken", "_listeners", "failures", "name", "report")

    def __init__(self, name: str = "", report: Callable[[ListenerFailure], object] | None = None) -> None:
        self.name = name
        self.report = report
        self.failures = 0
        self._listeners: tuple[Callable[..., object], ...] = ()
        self._broken: list[Callable[..., object]] = []

    def __bool__(self) -> bool:
        return bool(self._listeners)

    @property
    def listeners(self) -> tuple[Callable[..., object], ...]:
        """Those it calls, in the order they were added."""
        return self._listeners

    def add_listener(self, listener: _Listener) -> _Listener:
        """Call `listener` from now on, after those already there; also a decorator."""
        self._listeners = (*self._listeners, listener)
        return listener

    def remove_listener(self, listener: Callable[..., object]) -> None:
        """Call `listener` no more; no harm if it was not there."""
        self._listeners = tuple(known for known in self._listeners if known != listener)

    def fire(self, **facts: object) -> None:
        """Hand the facts to every listener, in the order they were added."""
        for listener in self._listeners:
            try:
                listener(**facts)
            except Exception as error:  # noqa: BLE001 - whatever a user's code does, the run goes on
                self._failed(listener, error)

    def _failed(self, listener: Callable[..., object], error: Exception) -> None:
        self.failures += 1
        if self.report is None or listener in self._broken:
            return
        self._broken.append(listener)
        name = getattr(listener, "__qualname__", repr(listener))
        self.report(ListenerFailure(self.name, name, error))


class ReplayEvents:
    """The five hooks, each with its keyword arguments.

    - `run_started(...)`: the start time is agreed, nothing has been sent. What the run is going to be: `run_id: str`,
      `started_at: float` (its time 0, seconds of the wall clock), `recording: str`, `target: str`, `pace: str`,
      `labels: Mapping[str, str]`, `planned: int`, `to_send: int` (of those), `endpoints: Sequence[str]`, `duration_s: float`,
      `rates: Sequence[float]` and `rate_step_s: float` (exchanges per second over each step of the run), and
      `concludes: bool` (whether this process writes the result; a worker does not).
    - `outcomes(outcomes: Sequence[Outcome])`: how a batch of planned exchanges ended.
    - `mismatches(mismatches: Sequence[Mismatch])`: those of a batch that answered differently.
    - `progress(run_id: str, at_s: float, tally: Tally, workers: Mapping[str, WorkerHealth])`: every 5 s, and once when
      everything is counted, in the process that writes the result. `tally` has all counts so far; in one process it is the
      live one, to be read and neither kept nor changed. `workers` are the processes that send, by name.
    - `run_finished(summary: Mapping)`: the content of result.json, once everything is counted.

    A listener should also take `**_`, so that arguments may be added.
    """

    __slots__ = ("mismatches", "outcomes", "progress", "run_finished", "run_started")

    def __init__(self) -> None:
        self.outcomes = EventHook("outcomes")
        self.mismatches = EventHook("mismatches")
        self.run_started = EventHook("run_started")
        self.progress = EventHook("progress")
        self.run_finished = EventHook("run_finished")

    @property
    def hooks(self) -> tuple[EventHook, ...]:
        """All five."""
        return (self.outcomes, self.mismatches, self.run_started, self.progress, self.run_finished)

    @property
    def failures(self) -> int:
        """How often a listener raised, over all hooks."""
        return sum(hook.failures for hook in self.hooks)

    def report_to(self, report: Callable[[ListenerFailure], object] | None) -> None:
        """Tell `report` about each listener's first exception (the edge logs it)."""
        for hook in self.hooks:
            hook.report = report


events = ReplayEvents()
"""The hooks of this process."""
