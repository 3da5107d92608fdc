"""The points about ourselves: how each process that sends is doing, and the account of the run so far.

Law: pure; gives its lines in pieces, as `points` does. The subtle thing: percentiles are those of an interval, taken from
what came to a histogram in it, since the percentile of a whole run hardly moves when something goes wrong late in it. And in
five seconds a worker reports once or twice, of three seconds each: what it sent is divided by the time that its reports are of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from replay_users.histogram import Over
from replay_users.results.influx_lines import Places, in_ms
from replay_users.results.influx_schema import GENERATOR, OTHER, RUN, WORKERS_KEPT
from replay_users.results.interval import Times, times_of
from replay_users.results.validity import MAX_LAG_DROPS, MAX_LAG_P99

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from replay_users.events import WorkerHealth
    from replay_users.results.fidelity import Fidelity
    from replay_users.results.influx_lines import Lines
    from replay_users.results.tally import Tally

__all__ = ["AccountPoints", "WorkerPoints"]

_Lateness: TypeAlias = tuple[Times, Times, Times]
"""Lag, wait and the hub's."""

_NEVER: _Lateness = (Times(), Times(), Times())

_SHORT_S, _SHORTEST_S = 0.5, 1e-3
"""Of less, a rate says nothing, since answers are counted in batches; but for the first one, which is of the whole run."""


def _lateness(of: WorkerHealth | Fidelity) -> _Lateness:
    return times_of(of.lag), times_of(of.wait), times_of(of.hub)


def _since(now: _Lateness, before: _Lateness) -> _Lateness:
    return now[0].since(before[0]), now[1].since(before[1]), now[2].since(before[2])


def _summed(parts: Sequence[_Lateness]) -> _Lateness:
    first, *others = parts
    for other in others:
        first = first[0].plus(other[0]), first[1].plus(other[1]), first[2].plus(other[2])
    return first


@dataclass(frozen=True, slots=True)
class _Before:
    """What was known of a process: what it had sent, when that was, how late it was, and its rate."""

    sent: int = 0
    at_s: float = 0.0
    late: _Lateness = _NEVER
    rate: float | None = None


class WorkerPoints:
    """How the processes that send are doing."""

    def __init__(self, run_id: str, lines: Lines) -> None:
        self._run = run_id
        self._lines = lines
        self._places = Places(WORKERS_KEPT)
        self._before: dict[str, _Before] = {}

    @property
    def rate(self) -> float | None:
        """Requests sent a second, by all of them that have said something of late."""
        rates = [before.rate for before in self._before.values() if before.rate is not None]
        return sum(rates) if rates else None

    def interval(self, workers: Mapping[str, WorkerHealth], *, begin: float, end: float, at: int) -> Iterator[str]:
        """A line for each, of the time from `begin` to `end`, in seconds of the run."""
        others: list[WorkerHealth] = []
        for name, health in workers.items():
            if name != OTHER and self._places.has(name):
                at_s = end if health.at_s is None else health.at_s
                yield from self._of(name, [health], begin, at_s, at)
            else:
                others.append(health)
        if others:
            yield from self._of(OTHER, others, begin, end, at)

    def _of(self, name: str, healths: Sequence[WorkerHealth], begin: float, at_s: float, at: int) -> Iterator[str]:
        total, now = sum(each.sent for each in healths), _summed([_lateness(each) for each in healths])
        before = self._before.get(name, _Before())
        if total < before.sent or at_s < before.at_s:  # a second pass
            before = _Before(at_s=min(begin, at_s))
        sent, took = total - before.sent, at_s - before.at_s
        rate = sent / took if took >= (_SHORT_S if before.sent else _SHORTEST_S) else None
        self._before[name] = _Before(total, at_s, now, before.rate if rate is None and took else rate)
        yield ""
        lag, wait, hub = _since(now, before.late)
        yield ""
        lag_p50, lag_p99 = map(in_ms, lag.quantiles(0.5, 0.99))
        values = {
            "sent": sent,
            "rate": rate,
            "lag_p50_ms": lag_p50,
            "lag_p99_ms": lag_p99,
            "lag_max_ms": lag.peak / 1e6 if lag.buckets and not lag.over else None,
            "wait_p99_ms": _p99(wait),
            "hub_p99_ms": _p99(hub),
            "queued": sum(each.queued for each in healths),
            "in_flight": sum(each.in_flight for each in healths),
        }
        yield self._lines.of(GENERATOR, (self._run, name), values, at)


class AccountPoints:
    """The account of the run so far, and its pace.

    Args:
        run_id: the run's name.
        lines: makes them.
        planned: exchanges of the whole plan.
        rates: exchanges per second over each `rate_step_s` seconds of the plan, if they are known.
        rate_step_s: how long each of these is.
    """

    def __init__(self, run_id: str, lines: Lines, *, planned: int, rates: Sequence[float], rate_step_s: float) -> None:
        self._run = run_id
        self._lines = lines
        self._planned = planned
        self._rates, self._step = rates, rate_step_s
        self._before = _NEVER
        self._sent = 0

    def interval(
        self,
        tally: Tally,
        totals: Mapping[str, int],
        *,
        begin: float,
        end: float,
        at: int,
        rate: float | None,
        points_dropped: int,
    ) -> Iterator[str]:
        """The line of the time from `begin` to `end`, in seconds of the run.

        `totals` are the sums over all endpoints; `rate` is what all processes sent a second.
        """
        sent, now = totals["sent"], _lateness(tally.fidelity)
        if sent < self._sent:  # a second pass
            self._sent, self._before = 0, _NEVER
        yield ""
        lag, wait, hub = _since(now, self._before)
        yield ""
        values = {
            **totals,
            "planned": self._planned,
            "unread": sum(tally.unread_by.values()),
            "in_doubt": tally.in_doubt,
            "planned_rate": self._planned_rate(begin, end),
            "sent_rate": rate,
            "lag_p99_ms": _p99(lag),
            "wait_p99_ms": _p99(wait),
            "hub_p99_ms": _p99(hub),
            "stretch_percent": tally.fidelity.stretch_percent,
            "valid": self._is_valid(tally, now[0]),
            "points_dropped": points_dropped,
        }
        self._sent, self._before = sent, now
        yield self._lines.of(RUN, (self._run,), values, at)

    def _is_valid(self, tally: Tally, lag: Times) -> bool:
        """Whether nothing has happened so far that makes checks of a finished run void."""
        (p99,) = lag.quantiles(0.99)
        late = isinstance(p99, Over) or (p99 or 0) > MAX_LAG_P99 or lag.over > MAX_LAG_DROPS * self._planned
        return not (late or tally.unread_by or tally.in_doubt)

    def _planned_rate(self, begin: float, end: float) -> float | None:
        """Exchanges a second that the plan had in the meantime."""
        if not self._rates or self._step <= 0:
            return None
        spans = [min(end, (n + 1) * self._step) - max(begin, n * self._step) for n in range(len(self._rates))]
        return sum(rate * max(span, 0.0) for rate, span in zip(self._rates, spans, strict=True)) / (end - begin)


def _p99(times: Times) -> float | None:
    return in_ms(times.quantiles(0.99)[0])
