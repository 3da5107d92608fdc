"""The points about ourselves: how each process that sends is doing, and the account of the run so far.

Law: pure; gives its lines in pieces, as `points` does. The subtle thing: percentiles are those of an interval, taken from
what came to a histogram in it, since the percentile of a whole run hardly moves when something goes wrong late in it.
"""

from __future__ import annotations

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


def _lateness(of: WorkerHealth | Fidelity) -> _Lateness:
    return times_of(of.lag), times_of(of.wait), times_of(of.hub)


def _since(now: _Lateness, before: _Lateness) -> _Lateness:
    return now[0].since(before[0]), now[1].since(before[1]), now[2].since(before[2])


def _summed(parts: Sequence[_Lateness]) -> _Lateness:
    first, *others = parts
    for other in others:
        first = first[0].plus(other[0]), first[1].plus(other[1]), first[2].plus(other[2])
    return first


class WorkerPoints:
    """How the processes that send are doing."""

    def __init__(self, run_id: str, lines: Lines) -> None:
        self._run = run_id
        self._lines = lines
        self._places = Places(WORKERS_KEPT)
        self._before: dict[str, tuple[int, _Lateness]] = {}

    def interval(self, workers: Mapping[str, WorkerHealth], took: float, at: int) -> Iterator[str]:
        """A line for each, of the last `took` seconds."""
        others: list[WorkerHealth] = []
        for name, health in workers.items():
            if name != OTHER and self._places.has(name):
                yield from self._of(name, [health], took, at)
            else:
                others.append(health)
        if others:
            yield from self._of(OTHER, others, took, at)

    def _of(self, name: str, healths: Sequence[WorkerHealth], took: float, at: int) -> Iterator[str]:
        total, now = sum(each.sent for each in healths), _summed([_lateness(each) for each in healths])
        total_before, before = self._before.get(name, (0, _NEVER))
        if total < total_before:  # a second pass
            total_before, before = 0, _NEVER
        self._before[name] = total, now
        yield ""
        sent, (lag, wait, hub) = total - total_before, _since(now, before)
        yield ""
        lag_p50, lag_p99 = map(in_ms, lag.quantiles(0.5, 0.99))
        values = {
            "sent": sent,
            "rate": sent / took,
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
        self._sent = 0
        self._before = _NEVER

    def interval(
        self, tally: Tally, totals: Mapping[str, int], *, begin: float, end: float, at: int, points_dropped: int
    ) -> Iterator[str]:
        """The line of the time from `begin` to `end`, in seconds of the run; `totals` are the sums over all endpoints."""
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
            "sent_rate": (sent - self._sent) / (end - begin),
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
