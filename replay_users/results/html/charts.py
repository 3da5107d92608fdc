"""The charts of the report: values to SVG.

Law: pure. What a chart shows it also says: labels at its axes, the values under the pointer, one sentence for who cannot see it.
Recorded and replayed differ in place or line as well as in colour. The subtle thing: heights of a distribution are square
roots of its shares, so that a tail of a hundredth is still seen beside the peak.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from replay_users.histogram import Over
from replay_users.results.html.figures import Figure, clock, count, ms, percent, times
from replay_users.results.html.scale import LinearScale, LogScale, spread
from replay_users.results.html.svg import WIDE, across, amount, area, canvas, line, tag, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.histogram import Histogram

__all__ = [
    "AXIS",
    "TWIN",
    "Curve",
    "Moment",
    "Times",
    "axis_chart",
    "bar_chart",
    "histogram_chart",
    "pair_chart",
    "ratio_mark",
    "time_chart",
    "times_of",
    "twin",
]

TWIN: Final = (208, 40)
"""Width and height of a distribution in a table."""
_TWIN_BINS, _PAIR_BINS, _BARS = 69, 96, 64
_OVER_WIDE = 6
_RATIOS: Final = LogScale(0.25, 8)
RATIO: Final = (96, 16)
AXIS = 18
"""Height of a row of labels."""
_PLOT = 120
_LABEL = 14
_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Durations of one side, in ms: the counts by bucket if there are any, some percentiles, the share without an answer."""

    buckets: dict[int, int]
    p50: Figure = None
    p90: Figure = None
    p99: Figure = None
    over: float = 0.0

    def heights(self, scale: LogScale, bins: int) -> list[float]:
        """How high the distribution stands along the axis; 1 is all of it in one place."""
        counted = spread(self.buckets, scale, bins)
        whole = sum(counted) / max(1e-9, 1 - self.over)
        return [sqrt(each / whole) if whole else 0.0 for each in counted]

    def told(self, name: str) -> str:
        """In words."""
        lost = f", {percent(self.over)} without an answer" if self.over else ""
        return f"{name} p50 {ms(self.p50)} ms, p90 {ms(self.p90)} ms, p99 {ms(self.p99)} ms{lost}"


@dataclass(frozen=True, slots=True)
class Curve:
    """A row of a time chart: a value per slot, and what one of them is."""

    name: str
    values: Sequence[float]
    class_: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened `at_s` seconds after the start, under its number in the list."""

    at_s: float
    number: int
    text: str


def times_of(histogram: Histogram) -> Times:
    """What a histogram says."""
    whole = histogram.count
    return Times(
        buckets=dict(histogram.buckets),
        p50=_ms(histogram, 0.5),
        p90=_ms(histogram, 0.9),
        p99=_ms(histogram, 0.99),
        over=histogram.over / whole if whole else 0.0,
    )


def _ms(histogram: Histogram, q: float) -> Figure:
    found = histogram.quantile(q)
    return None if found is None else str(found) if isinstance(found, Over) else found / _NS_PER_MS


def twin(recorded: Times, replayed: Times, scale: LogScale) -> Markup:
    """Recorded above the line, replayed below it: a row of a table, on the axis that the whole table shares."""
    width, height = TWIN
    middle, span = height / 2, width - _OVER_WIDE
    shapes = []
    for side, name, end in ((recorded, "rec", 1.0), (replayed, "rep", height - 1.0)):
        shapes.append(_half(side, scale, (span, middle, end), name))
        if side.over:
            tall = (end - middle) * max(0.15, sqrt(side.over))
            shapes.append(_rect(span + 1, min(middle, middle + tall), _OVER_WIDE - 1, abs(tall), class_=f"{name} lost"))
    told = f"{recorded.told('recorded')}; {replayed.told('replayed')}"
    rule = tag("path", d=f"M0 {amount(middle)}H{width}", class_="rule")
    return _picture(told, *shapes, rule, width=width, height=height, class_="twin")


def _half(side: Times, scale: LogScale, at: tuple[float, float, float], name: str) -> Markup:
    """One side of a twin, and where its middle lies; only that and the 90th of a side without counts."""
    span, base, end = at
    if side.buckets:
        heights = side.heights(scale, _TWIN_BINS)
        peak = max(1.0 / 3, *heights)
        shape = tag("path", d=area([each / peak for each in heights], span, base, end), class_=f"{name} shape")
    else:
        shape = _range(side, scale, at, name)
    if not isinstance(side.p50, int | float):
        return shape
    x = amount(scale.at(side.p50) * span)
    return shape + tag("path", d=f"M{x} {amount(base)}V{amount(end)}", class_=f"{name} middle")


def _range(side: Times, scale: LogScale, at: tuple[float, float, float], name: str) -> Markup:
    """From the 50th to the 99th percentile as a bar."""
    span, base, end = at
    if not isinstance(side.p50, int | float):
        return Markup()
    begin = scale.at(side.p50) * span
    close = span if side.p99 == "over" else scale.at(side.p99) * span if isinstance(side.p99, int | float) else begin
    y, tall = sorted((base + (end - base) * 0.25, base + (end - base) * 0.6))
    return _rect(begin, y, max(1.0, close - begin), tall - y, class_=f"{name} shape")


def axis_chart(scale: LogScale) -> Markup:
    """The axis above a table's distributions."""
    width, height = TWIN[0], AXIS
    span = width - _OVER_WIDE
    marks = []
    for tick in scale.ticks():
        x, anchor = (
            scale.at(tick) * span,
            "start" if scale.at(tick) < 0.1 else "end" if scale.at(tick) > 0.9 else "middle",
        )
        marks.append(tag("path", d=f"M{amount(x)} {height - 4}V{height}", class_="rule"))
        marks.append(tag("text", _short(tick), x=x, y=height - 6, class_=f"a-{anchor}"))
    return _picture(
        f"from {ms(scale.low)} to {ms(scale.high)} ms", *marks, width=width, height=height, class_="twin axis"
    )


def ratio_mark(value: Figure, lower: Figure, upper: Figure, limit: float) -> Markup:
    """A ratio with its bounds, on an axis from a quarter to eight times; 1x and the limit are marked."""
    width, height = RATIO
    ends = [
        width if each == "over" else _RATIOS.at(each) * width if isinstance(each, int | float) else None
        for each in (lower, value, upper)
    ]
    rules = [
        tag("path", d=f"M{amount(_RATIOS.at(at) * width)} 0V{height}", class_=name)
        for at, name in ((1, "rule"), (limit, "limit"))
    ]
    shapes = []
    if ends[0] is not None and ends[2] is not None:
        shapes.append(_rect(ends[0], height / 2 - 2, max(2.0, ends[2] - ends[0]), 4, class_="rep lost"))
    if ends[1] is not None:
        shapes.append(tag("circle", cx=min(width - 3.5, max(3.5, ends[1])), cy=height / 2, r=3.5, class_="rep dot"))
    told = f"replayed took {times(value)} of recorded, 99 % bounds {times(lower)} to {times(upper)}"
    return _picture(told, *rules, *shapes, width=width, height=height, class_="ratio")


def pair_chart(recorded: Times, replayed: Times, scale: LogScale) -> Markup:
    """Both distributions over each other, with their medians and 99th percentiles, on an axis of their own."""
    top, bottom = 2.0 * _LABEL + 4, 2.0 * _LABEL + 4 + _PLOT
    shapes, labels = [], []
    sides = [(side, name, side.heights(scale, _PAIR_BINS)) for side, name in ((recorded, "rec"), (replayed, "rep"))]
    peak = max([each for *_, heights in sides for each in heights], default=0.0) or 1.0
    for row, (side, name, heights) in enumerate(sides):
        scaled = [each / peak for each in heights]
        shapes.append(tag("path", d=area(scaled, WIDE, bottom, top), class_=f"{name} veil"))
        shapes.append(tag("path", d=line(scaled, WIDE, bottom, top), class_=f"{name} edge"))
        labels += _quantiles(side, scale, name, (_LABEL * (row + 1.0), bottom))
    told = f"{recorded.told('recorded')}; {replayed.told('replayed')}"
    return _plot(
        told, canvas(bottom, *shapes), *_grid(scale, top, bottom), *labels, height=bottom + AXIS, class_="pair"
    )


def _quantiles(side: Times, scale: LogScale, name: str, at: tuple[float, float]) -> list[Markup]:
    y, bottom = at
    marks = []
    for told, value in (("p50", side.p50), ("p99", side.p99)):
        if isinstance(value, int | float):
            x = across(scale.at(value))
            marks.append(tag("line", x1=x, x2=x, y1=y + 2, y2=bottom, class_=f"{name} middle"))
            marks.append(write(f"{told} {ms(value)}", scale.at(value), y, f"{name} told"))
    return marks


def histogram_chart(histogram: Histogram, scale: LogScale, name: str, limit_ms: float | None = None) -> Markup:
    """Durations as bars, with p50 and p99, and what lies over all of them in words."""
    side = times_of(histogram)
    top, bottom = _LABEL + 4.0, _LABEL + 4.0 + _PLOT
    heights = side.heights(scale, _BARS)
    peak = max(heights, default=0.0) or 1.0
    wide = WIDE / _BARS
    bars = [
        tag(
            "rect",
            x=number * wide,
            y=bottom - (bottom - top) * each / peak,
            width=wide - 1,
            height=(bottom - top) * each / peak,
            class_="bar",
        )
        for number, each in enumerate(heights)
        if each
    ]
    marks = _quantiles(side, scale, "ink", (_LABEL, bottom))
    if limit_ms is not None and scale.low < limit_ms < scale.high:
        x = across(scale.at(limit_ms))
        marks.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="limit"))
    return _plot(
        side.told(name),
        canvas(bottom, *bars),
        *_grid(scale, top, bottom),
        *marks,
        height=bottom + AXIS,
        class_="histogram",
    )


def _grid(scale: LogScale, top: float, bottom: float) -> list[Markup]:
    """The labels under an axis of ms and their lines."""
    marks = [tag("line", x1="0", x2="100%", y1=bottom, y2=bottom, class_="rule")]
    for tick in scale.ticks():
        x = across(scale.at(tick))
        marks.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        marks.append(write(f"{_short(tick)} ms", scale.at(tick), bottom + _LABEL))
    return marks


def time_chart(
    outline: Curve, filled: Curve, rows: Sequence[Curve], width_s: float, moments: Sequence[Moment] = ()
) -> Markup:
    """The course of a run: two curves over each other, below them a row for each further one, all on one axis of time."""
    top, bottom = _LABEL + 4.0, _LABEL + 4.0 + _PLOT
    scale = LinearScale(max([*outline.values, *filled.values, 1e-9]))
    parts = _levels(scale, top, bottom, outline.unit)
    shapes = [
        tag(
            "path",
            d=area([scale.at(each) for each in filled.values], WIDE, bottom, top),
            class_=f"{filled.class_} veil",
        ),
        tag(
            "path",
            d=line([scale.at(each) for each in outline.values], WIDE, bottom, top),
            class_=f"{outline.class_} edge",
        ),
    ]
    y = bottom
    for row in rows:
        y += _LABEL + 10
        parts.append(write(f"{row.name}, at most {_short(max(row.values, default=0))}{row.unit}", 0, y, "told"))
        peak = max(row.values, default=0) or 1
        shapes.append(
            tag("path", d=area([each / peak for each in row.values], WIDE, y + 32, y + 5), class_=f"{row.class_} strip")
        )
        y += 32
    whole = len(outline.values) * width_s
    parts += [mark for moment in moments if whole for mark in _moment(moment, whole, y)]
    hovers = _hovers([outline, filled, *rows], width_s, top, y)
    told = f"{outline.name} and {filled.name} over {clock(whole)}"
    return _plot(told, canvas(y, *shapes, *hovers), *parts, *_clocks(whole, y), height=y + AXIS, class_="course")


def _levels(scale: LinearScale, top: float, bottom: float, unit: str) -> list[Markup]:
    """Lines across with their values above them."""
    marks = []
    for tick in scale.ticks():
        y = bottom - (bottom - top) * scale.at(tick)
        marks.append(tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid" if tick else "rule"))
        if tick:
            marks.append(write(f"{_short(tick)}{unit}", 0, y - 3))
    return marks


def _clocks(whole: float, y: float) -> list[Markup]:
    return [write(clock(whole * part / 4), part / 4, y + _LABEL) for part in range(5)]


def _moment(moment: Moment, whole: float, bottom: float) -> list[Markup]:
    share = min(1.0, max(0.0, moment.at_s / whole))
    x = across(share)
    title = tag("title", f"{clock(moment.at_s)} {moment.text}")
    return [
        tag("line", title, x1=x, x2=x, y1=_LABEL, y2=bottom, class_="moment"),
        write(str(moment.number), share, _LABEL - 3, "told"),
    ]


def _hovers(curves: Sequence[Curve], width_s: float, top: float, bottom: float) -> list[Markup]:
    """What the pointer reads in each slot."""
    slots = max((len(curve.values) for curve in curves), default=0)
    wide = WIDE / max(1, slots)
    found = []
    for slot in range(slots):
        said = [
            f"{curve.name} {_short(curve.values[slot])}{curve.unit}" for curve in curves if slot < len(curve.values)
        ]
        title = tag("title", f"{clock(slot * width_s)}: {', '.join(said)}")
        found.append(tag("rect", title, x=slot * wide, y=top, width=wide, height=bottom - top, class_="hover"))
    return found


def bar_chart(parts: Sequence[tuple[str, int, str]], height: float = 14) -> Markup:
    """Shares of a whole as one bar: name, count and class of each."""
    whole = sum(size for _, size, _ in parts)
    x, shapes = 0.0, []
    for name, size, class_ in parts:
        if size:
            wide = WIDE * size / whole
            title = tag("title", f"{name} {count(size)} ({percent(size, whole)})")
            shapes.append(tag("rect", title, x=x, y=0, width=wide, height=height, class_=class_))
            x += wide
    told = ", ".join(f"{name} {count(size)}" for name, size, _ in parts if size)
    return _plot(told or "nothing", canvas(height, *shapes), height=height, class_="shares")


def _rect(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    return tag("rect", x=x, y=y, width=width, height=height, class_=class_)


def _picture(told: str, *shapes: str, width: float, height: float, class_: str) -> Markup:
    """A drawing of a fixed size."""
    size = f"0 0 {amount(width)} {amount(height)}"
    return tag("svg", tag("title", told), *shapes, class_=class_, width=width, height=height, viewBox=size, role="img")


def _plot(told: str, *parts: str, height: float, class_: str) -> Markup:
    """A drawing as wide as its place."""
    return tag("svg", *parts, class_=f"plot {class_}", width="100%", height=height, role="img", aria_label=told)


def _short(value: float) -> str:
    """A round value: `0.03`, `5`, `1,000`."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 - three digits
