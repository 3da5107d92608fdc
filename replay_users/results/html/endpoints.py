"""The table of endpoints: what became of each, and how recorded and replayed times lie beside each other.

Law: pure; views of result.json and of the run's samples. The subtle thing: all rows share one axis, so that the eye compares
endpoints too (those of few pairs do not stretch it); where a run has no samples, its percentiles are drawn instead, and the
page says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from replay_users.results.html.charts import pair_chart
from replay_users.results.html.reading import counts, figure, mapping, number, rows, text
from replay_users.results.html.scale import LogScale, log_scale
from replay_users.results.html.spans import Times, times_of
from replay_users.results.html.sparks import ratio_axis, ratio_mark, twin, twin_axis
from replay_users.results.slow import SLOW_RATIO, Speed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from replay_users.results.html.figures import Figure
    from replay_users.results.samples import Samples

__all__ = ["Endpoint", "SlowPair", "Status", "Table", "table_of"]

_POINTS: Final = ("p50", "p90", "p95", "p99", "p999", "max")
_MOST_CHARTS = 60
"""Endpoints that have a large chart of their own, those with trouble first."""
_TROUBLED: Final = frozenset({Speed.SLOW, Speed.FAILING})
_FAILED = 400


@dataclass(frozen=True, slots=True)
class Status:
    """How often one status became another."""

    recorded: str
    replayed: str
    count: int
    is_worse: bool

    @property
    def is_same(self) -> bool:
        """Whether it stayed."""
        return self.recorded == self.replayed


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowPair:
    """An exchange that took much longer than recorded."""

    id: str
    request: str
    recorded: Figure
    replayed: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A row of the table, and what unfolds under it."""

    number: int
    name: str
    verdict: str
    trouble: int
    sent: int
    sessions: int
    compared: int
    differing: int
    regressions: int
    failed: int
    unchecked: int
    used: int
    recorded: Mapping[str, Figure]
    service: Mapping[str, Figure]
    latency: Mapping[str, Figure]
    ratio: tuple[Figure, Figure, Figure]
    twin: Markup
    mark: Markup
    chart: Markup
    statuses: list[Status]
    reasons: dict[str, dict[str, int]]
    broken: Figure
    mended: Figure
    slow_count: Figure
    slow: list[SlowPair]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All endpoints on one axis."""

    endpoints: list[Endpoint]
    axis: Markup
    ratio_axis: Markup
    has_samples: bool
    troubled: int


def table_of(result: Mapping[str, Any], samples: Samples | None) -> Table:
    """The table of a result, endpoints with trouble first."""
    found = sorted(rows(result, "endpoints"), key=_trouble, reverse=True)
    sides = [_sides(each, samples) for each in found]
    telling = [pair for each, pair in zip(found, sides, strict=True) if text(each, "verdict") != Speed.FEW]
    scale = _scale(telling or sides)
    endpoints = [_endpoint(at, each, sides[at], scale, is_charted=at < _MOST_CHARTS) for at, each in enumerate(found)]
    return Table(
        endpoints=endpoints,
        axis=twin_axis(scale),
        ratio_axis=ratio_axis(SLOW_RATIO),
        has_samples=any(side.buckets for pair in sides for side in pair),
        troubled=sum(each.trouble > 0 for each in endpoints),
    )


def _sides(endpoint: Mapping[str, Any], samples: Samples | None) -> tuple[Times, Times]:
    """Recorded and replayed service times, from the samples or from the percentiles."""
    kept = samples.times.get(text(endpoint, "endpoint")) if samples is not None else None
    if kept is not None and kept.recorded.count and kept.service.count:
        return times_of(kept.recorded), times_of(kept.service)
    return _told(endpoint, "recorded_ms"), _told(endpoint, "service_ms")


def _told(endpoint: Mapping[str, Any], name: str) -> Times:
    of = mapping(endpoint, name)
    return Times(p50=figure(of, "p50"), p90=figure(of, "p90"), p99=figure(of, "p99"))


def _scale(sides: Iterable[tuple[Times, Times]]) -> LogScale:
    """From half of the fastest median to beyond the slowest tail; single outliers stand at the ends."""
    values = [
        value
        for pair in sides
        for side in pair
        for value in (side.p50, side.p90, side.p99)
        if isinstance(value, int | float)
    ]
    return log_scale([*values, *(min(values, default=1.0) / 2, max(values, default=1.0) * 1.3)], least=0.01)


def _trouble(endpoint: Mapping[str, Any]) -> int:
    """How much there is to look at: what failed or differs, and whether it is slow."""
    worse = number(mapping(endpoint, "mismatched_by"), "regression") + sum(counts(endpoint, "failed_by").values())
    is_slow = text(endpoint, "verdict") in _TROUBLED
    return worse + number(endpoint, "count") * is_slow + sum(counts(endpoint, "dropped_by").values())


def _endpoint(
    at: int, of: Mapping[str, Any], sides: tuple[Times, Times], scale: LogScale, *, is_charted: bool
) -> Endpoint:
    ratio = mapping(of, "ratio")
    bounds = figure(ratio, "lower"), figure(ratio, "value"), figure(ratio, "upper")
    differing = number(of, "mismatched")
    has_counts = bool(sides[0].buckets and sides[1].buckets)
    return Endpoint(
        number=at + 1,
        name=text(of, "endpoint"),
        verdict=text(of, "verdict"),
        trouble=_trouble(of),
        sent=number(of, "count"),
        sessions=number(of, "sessions"),
        compared=number(of, "matched") + differing,
        differing=differing,
        regressions=number(mapping(of, "mismatched_by"), "regression") if "mismatched_by" in of else differing,
        failed=sum(counts(of, "failed_by").values()),
        unchecked=number(of, "unchecked"),
        used=number(of, "used"),
        recorded=_points(of, "recorded_ms"),
        service=_points(of, "service_ms"),
        latency=_points(of, "latency_ms"),
        ratio=bounds,
        twin=twin(*sides, scale) if number(of, "count") else Markup(),
        mark=ratio_mark(bounds[1], bounds[0], bounds[2], SLOW_RATIO) if bounds[1] is not None else Markup(),
        chart=pair_chart(*sides, _scale([sides])) if is_charted and has_counts else Markup(),
        statuses=_statuses(of),
        reasons={name: found for name in _REASONS if (found := counts(of, name))},
        broken=figure(mapping(of, "broken"), "count"),
        mended=figure(mapping(of, "mended"), "count"),
        slow_count=figure(mapping(of, "slow_pairs"), "count"),
        slow=[_slow(each) for each in rows(mapping(of, "slow_pairs"), "exemplars")],
    )


_REASONS: Final = ("mismatched_by", "failed_by", "dropped_by", "skipped_by", "excluded_by")


def _points(of: Mapping[str, Any], name: str) -> dict[str, Figure]:
    return {point: figure(mapping(of, name), point) for point in _POINTS}


def _statuses(of: Mapping[str, Any]) -> list[Status]:
    """All pairs of statuses, the changed ones first, then the most frequent."""
    matrix = mapping(of, "statuses")
    found = [
        Status(str(recorded), replayed, times, _is_worse(str(recorded), replayed))
        for recorded in matrix
        for replayed, times in counts(matrix, recorded).items()
    ]
    return sorted(found, key=lambda status: (status.is_same, -status.count, status.recorded, status.replayed))


def _is_worse(recorded: str, replayed: str) -> bool:
    """An answer that went well and does not now; a fault is no status."""
    return recorded.isdigit() and int(recorded) < _FAILED and (not replayed.isdigit() or int(replayed) >= _FAILED)


def _slow(pair: Mapping[str, Any]) -> SlowPair:
    return SlowPair(
        id=text(pair, "id"),
        request=f"{text(pair, 'method')} {text(pair, 'target')}",
        recorded=_duration(pair, "recorded"),
        replayed=_duration(pair, "service"),
    )


def _duration(pair: Mapping[str, Any], name: str) -> Figure:
    """In ms, under whichever name it stands."""
    return figure(pair, f"{name}_ms") if f"{name}_ms" in pair else figure(pair, name)
