"""What lies beside result.json for those who judge and draw: the sample of pairs, the histograms, the course of the run.

Law: pure values, and histograms.json from them and back. Everything here was counted by the tally, but what was planned when.
The subtle thing: the plan knows expected rows per step of its own, so they are spread over the slots of what was sent; a run
that stopped early has slots until its planned end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from replay_users.histogram import Histogram, RatioHistogram
from replay_users.results.timeline import Slot, Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.plan.rate import RateCurve
    from replay_users.results.pairs import Pair
    from replay_users.results.tally import Tally

__all__ = ["SCHEMA_VERSION", "EndpointTimes", "Samples", "histograms_json", "samples_from", "samples_of", "storable"]

SCHEMA_VERSION = 1

_SECOND = 1_000_000_000
_MARKS = ("lag", "wait", "hub")
_TIMES = ("recorded", "service", "latency")
_COLUMNS = {
    "sent": "sent",
    "failed": "failed",
    "mismatched": "mismatched",
    "dropped": "dropped",
    "lag_max_ns": "lag_max",
    "lag_sum_ns": "lag_sum",
    "service_sum_ns": "service_sum",
}
"""Names in histograms.json, and those of a slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTimes:
    """The histograms of one endpoint, in ns."""

    recorded: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)
    ratio: RatioHistogram = field(default_factory=RatioHistogram)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The samples of a finished run.

    `pairs` are those kept of each endpoint, by id; `seen` is out of how many. `planned` are the exchanges that the plan meant
    to send in each slot of the `timeline`, so without those it skips; none where the plan is not known.
    """

    pairs: Mapping[str, Sequence[Pair]] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    times: Mapping[str, EndpointTimes] = field(default_factory=dict)
    lag: Histogram = field(default_factory=Histogram)
    wait: Histogram = field(default_factory=Histogram)
    hub: Histogram = field(default_factory=Histogram)
    timeline: Timeline = field(default_factory=Timeline)
    planned: tuple[float, ...] = ()


def samples_of(tally: Tally, planned_curve: RateCurve | None = None) -> Samples:
    """The samples of a finished run; its endpoints are those of which anything was sent or dropped."""
    endpoints = {name: mine for name, mine in tally.endpoints.items() if mine.latency.count}
    end = 0 if planned_curve is None else round(len(planned_curve.values) * planned_curve.step_s * _SECOND)
    timeline = tally.timeline.widened(end)
    return Samples(
        pairs={name: tuple(mine.pairs.pairs()) for name, mine in endpoints.items()},
        seen={name: mine.paired for name, mine in endpoints.items()},
        times={
            name: EndpointTimes(recorded=mine.recorded, service=mine.service, latency=mine.latency, ratio=mine.ratio)
            for name, mine in endpoints.items()
        },
        lag=tally.fidelity.lag,
        wait=tally.fidelity.wait,
        hub=tally.fidelity.hub,
        timeline=timeline,
        planned=() if planned_curve is None else _by_slot(planned_curve, timeline),
    )


def _by_slot(curve: RateCurve, timeline: Timeline) -> tuple[float, ...]:
    """The curve's rows spread over the slots; each step's evenly over its length."""
    rows, width = [0.0] * len(timeline), timeline.width / _SECOND
    for nth, rate in enumerate(curve.values):
        begin, end = nth * curve.step_s, (nth + 1) * curve.step_s
        for slot in range(int(begin / width), min(int(end / width) + 1, len(rows))):
            rows[slot] += rate * max(min(end, (slot + 1) * width) - max(begin, slot * width), 0.0)
    return tuple([round(each, 3) for each in rows])


def histograms_json(samples: Samples) -> dict[str, Any]:
    """The content of histograms.json: all but the pairs."""
    slots = samples.timeline.slots
    columns = {name: [getattr(slot, attribute) for slot in slots] for name, attribute in _COLUMNS.items()}
    return {
        "schema_version": SCHEMA_VERSION,
        **{name: getattr(samples, name).to_dict() for name in _MARKS},
        "endpoints": {name: _endpoint(samples, name) for name in samples.times},
        "timeline": {"width_ns": samples.timeline.width, "planned": list(samples.planned), **columns},
    }


def _endpoint(samples: Samples, name: str) -> dict[str, Any]:
    times = samples.times[name]
    histograms = {each: getattr(times, each).to_dict() for each in (*_TIMES, "ratio")}
    return {"pairs_seen": samples.seen.get(name, 0), "pairs_kept": len(samples.pairs.get(name, ())), **histograms}


def samples_from(data: Mapping[str, Any], pairs: Mapping[str, Sequence[Pair]]) -> Samples:
    """What `histograms_json` wrote, with the pairs, which have their endpoints' `storable` names.

    Raises:
        ValueError: this is no histograms.json of this schema version, or the pairs belong to another.
    """
    try:
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema version {data['schema_version']!r}, not {SCHEMA_VERSION}")
        endpoints = dict(data["endpoints"].items())
        kept = {name: pairs.get(storable(name), ()) for name in endpoints}
        if {name: len(rows) for name, rows in kept.items()} != {n: of["pairs_kept"] for n, of in endpoints.items()}:
            raise ValueError("other pairs than it speaks of")
        return Samples(
            pairs=kept,
            seen={name: int(of["pairs_seen"]) for name, of in endpoints.items()},
            times={name: _times(of) for name, of in endpoints.items()},
            **{name: Histogram.from_dict(data[name]) for name in _MARKS},
            timeline=_timeline(data["timeline"]),
            planned=_planned(data["timeline"]),
        )
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{error!r}") from error


def storable(name: str) -> str:
    """An endpoint's name as UTF-8 can hold it: one that a user's code gave may have lone surrogates."""
    return name.encode("utf-8", "backslashreplace").decode()


def _times(data: Mapping[str, Any]) -> EndpointTimes:
    durations = {name: Histogram.from_dict(data[name]) for name in _TIMES}
    return EndpointTimes(**durations, ratio=RatioHistogram.from_dict(data["ratio"]))


def _timeline(data: Mapping[str, Any]) -> Timeline:
    slots = list(zip(*(data[name] for name in _COLUMNS), strict=True))
    if not all(isinstance(number, int) and number >= 0 for slot in slots for number in slot):
        raise ValueError("slots that are no counts")
    return Timeline.of(data["width_ns"], [Slot(*slot) for slot in slots])


def _planned(data: Mapping[str, Any]) -> tuple[float, ...]:
    planned = tuple(map(float, data["planned"]))
    if len(planned) not in {0, len(data["sent"])} or not all(0 <= rows < inf for rows in planned):
        raise ValueError("a plan that is none")
    return planned
