"""Whether the replay was faithful: planned against sent over time, our own lag, the waiting that the target caused.

Law: pure; views of result.json and of the run's samples. The subtle thing: without samples the percentiles are still there, so
the section never is empty because a chart is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from replay_users.results.html.charts import histogram_chart
from replay_users.results.html.course import Curve, Moment, course_chart
from replay_users.results.html.reading import figure, flag, mapping, rows, text, texts
from replay_users.results.html.scale import LogScale, log_scale
from replay_users.results.html.visible import plain
from replay_users.results.validity import MAX_LAG_P99

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from replay_users.histogram import Histogram
    from replay_users.results.html.figures import Figure
    from replay_users.results.samples import Samples

__all__ = ["Delay", "Happening", "Timing", "happenings_of", "timing_of"]

_NS_PER_MS, _NS_PER_S = 1e6, 1e9
_POINTS: Final = ("p50", "p90", "p95", "p99", "p999", "max")
_DELAYS: Final = (
    (
        "lag",
        "Lag",
        "how late we took exchanges up: ours, and the only one that decides whether the replay was faithful",
    ),
    (
        "wait",
        "Wait",
        "how long exchanges waited for earlier answers of their session: the target's slowness, passed on",
    ),
    ("hub", "Event loop", "how late the event loop ran its own timers: if this is high, the machine was busy"),
)
_LEAST_MS = 0.01
_LEAST_STRETCH = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """One sort of delay: its percentiles, and a histogram if there are samples."""

    name: str
    says: str
    points: dict[str, Figure]
    chart: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The whole section."""

    valid: bool
    answer: str
    void: list[str]
    reasons: list[str]
    stretch: str
    delays: list[Delay]
    course: Markup
    slot_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event of the run, under the number it has in the chart."""

    number: int
    at_s: float
    event: str
    text: str


def timing_of(result: Mapping[str, Any], samples: Samples | None) -> Timing:
    """What a result says of its own timing."""
    validity, fidelity = mapping(result, "validity"), mapping(result, "fidelity")
    valid, void = flag(validity, "valid"), texts(validity, "void")
    course, slot_s = _course(result, samples)
    return Timing(
        valid=valid,
        answer=_answer(valid=valid, void=void),
        void=void,
        reasons=texts(validity, "reasons"),
        stretch=_stretch(figure(fidelity, "stretch_percent"), has_waited=_has_waited(fidelity)),
        delays=_delays(fidelity, samples),
        course=course,
        slot_s=slot_s,
    )


def happenings_of(result: Mapping[str, Any]) -> list[Happening]:
    """The run's events in order of time."""
    found = sorted(rows(result, "events"), key=_seconds)
    return [
        Happening(number=at + 1, at_s=_seconds(event), event=text(event, "event"), text=text(event, "text"))
        for at, event in enumerate(found)
    ]


def _seconds(event: Mapping[str, Any]) -> float:
    at = figure(event, "at_s")
    return at if isinstance(at, int | float) else 0.0


def _answer(*, valid: bool, void: Sequence[str]) -> str:
    if not valid:
        return "No: what this run says cannot be trusted as a whole."
    if void:
        return f"Not for {' and '.join(void)}; what is said about the rest stands."
    return "Yes: the replay kept the recorded timing, and all of the recording could be read."


def _has_waited(fidelity: Mapping[str, Any]) -> bool:
    """Whether it was answers that requests came late for, and not us."""
    wait, lag = (figure(mapping(fidelity, name), "max") for name in ("wait_ms", "lag_ms"))
    return isinstance(lag, int | float) and (wait == "over" or (isinstance(wait, int | float) and wait > lag))


def _stretch(percent: Figure, *, has_waited: bool) -> str:
    """How long the sending took against its due times; a fraction that nobody would notice is none."""
    if not isinstance(percent, int | float):
        return ""
    if abs(percent) < _LEAST_STRETCH:
        return "Sending took as long as it should."
    why = ", since requests waited for earlier answers of their sessions" if percent > 0 and has_waited else ""
    return f"Sending took {abs(percent):.2f} % {'longer' if percent > 0 else 'less'} than it should{why}."


def _delays(fidelity: Mapping[str, Any], samples: Samples | None) -> list[Delay]:
    kept = [] if samples is None else [samples.lag, samples.wait, samples.hub]
    scale = _scale(kept)
    return [
        Delay(
            name=title,
            says=says,
            points={point: figure(mapping(fidelity, f"{name}_ms"), point) for point in _POINTS},
            chart=_histogram(kept[place], scale, name) if kept and kept[place].count else Markup(),
        )
        for place, (name, title, says) in enumerate(_DELAYS)
    ]


def _scale(kept: Sequence[Histogram]) -> LogScale:
    """One axis for all three, so that they can be held against each other and against the limit."""
    peaks = [histogram.peak / _NS_PER_MS for histogram in kept if histogram.buckets]
    return log_scale([_LEAST_MS, 2 * MAX_LAG_P99 / _NS_PER_MS, *peaks], least=_LEAST_MS)


def _histogram(histogram: Histogram, scale: LogScale, name: str) -> Markup:
    return histogram_chart(histogram, scale, name, MAX_LAG_P99 / _NS_PER_MS if name == "lag" else None)


def _course(result: Mapping[str, Any], samples: Samples | None) -> tuple[Markup, float]:
    """Planned against sent over time, and what went wrong when; nothing without samples."""
    timeline = None if samples is None else samples.timeline
    if samples is None or timeline is None or not len(timeline):
        return Markup(), 0.0
    width_s, slots = timeline.width / _NS_PER_S, timeline.slots
    planned = [each / width_s for each in samples.planned[: len(slots)]] if samples.planned else []
    sent = Curve("sent", [slot.sent / width_s for slot in slots], "rep", "/s")
    outline = Curve("planned", planned or sent.values, "rec", "/s")
    moments = [Moment(each.at_s, each.number, plain(each.text or each.event, 200)) for each in happenings_of(result)]
    return course_chart(outline, sent, _rows(slots, width_s), width_s, moments), width_s


def _rows(slots: Sequence[Any], width_s: float) -> list[Curve]:
    """What there was of trouble, and how long answers took on average."""
    answered = [slot.sent - slot.failed for slot in slots]
    service = [slot.service_sum / n / _NS_PER_MS if n > 0 else 0.0 for slot, n in zip(slots, answered, strict=True)]
    found = [
        Curve("answers that differ", [slot.mismatched / width_s for slot in slots], "bad", "/s"),
        Curve("no answer", [slot.failed / width_s for slot in slots], "bad", "/s"),
        Curve("dropped", [slot.dropped / width_s for slot in slots], "bad", "/s"),
        Curve("mean service time", service, "rep", " ms"),
        Curve("largest lag", [slot.lag_max / _NS_PER_MS for slot in slots], "ink", " ms"),
    ]
    return [curve for curve in found if any(curve.values)]
