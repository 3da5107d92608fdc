"""The charts as wide as the page: distributions on a logarithmic axis of ms, and shares of a whole.

Law: pure; values to SVG. What a chart shows it also says: labels at its axes, the values that matter beside their marks, one
sentence for who cannot see it. Recorded and replayed differ in their lines as well as in colour. The subtle thing: two labels
that would lie over each other become one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from replay_users.results.html.figures import count, ms, percent
from replay_users.results.html.spans import times_of
from replay_users.results.html.svg import WIDE, across, area, canvas, plot, short, tag, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from replay_users.histogram import Histogram
    from replay_users.results.html.scale import LogScale
    from replay_users.results.html.spans import Times

__all__ = ["bar_chart", "histogram_chart", "pair_chart"]

_PAIR_BINS, _BARS = 80, 64
_PLOT, _LABEL, _AXIS = 120.0, 14.0, 18.0
"""Heights: of a plot, of a line of labels, of the labels under it."""
_BAR = 14.0
_NEAR = 0.18
"""Two labels less than this share of the width apart would touch on a small screen."""
_EDGES: Final = (0.12, 0.88)


def pair_chart(recorded: Times, replayed: Times, scale: LogScale) -> Markup:
    """Both distributions over each other, with their medians and 99th percentiles."""
    top = 2 * _LABEL + 4
    bottom = top + _PLOT
    sides = [(side, name, side.heights(scale, _PAIR_BINS)) for side, name in ((recorded, "rec"), (replayed, "rep"))]
    peak = max([each for *_, heights in sides for each in heights], default=0.0) or 1.0
    shapes, labels = [], []
    for row, (side, name, heights) in enumerate(sides):
        scaled = [each / peak for each in heights]
        shapes.append(tag("path", d=area(scaled, WIDE, bottom, top), class_=f"{name} veil edge"))
        labels += _quantiles(side, scale, name, (_LABEL * (row + 1) - 3, bottom))
    told = f"{recorded.told('recorded')}; {replayed.told('replayed')}"
    parts = (*_grid(scale, top, bottom), canvas(bottom, *shapes), *labels)
    return plot(told, *parts, height=bottom + _AXIS, class_="pair")


def histogram_chart(histogram: Histogram, scale: LogScale, name: str, limit_ms: float | None = None) -> Markup:
    """Durations as bars, with p50 and p99; a limit is a dashed line."""
    side, top = times_of(histogram), _LABEL + 4
    bottom = top + _PLOT
    heights = side.heights(scale, _BARS)
    peak = max(heights, default=0.0) or 1.0
    scaled = [each / peak for each in heights]
    bars = tag("path", d=area(scaled, WIDE, bottom, top), class_="bar")
    marks = _quantiles(side, scale, "ink", (_LABEL - 3, bottom))
    if limit_ms is not None and scale.low < limit_ms < scale.high:
        marks += _limit(limit_ms, scale, top, bottom)
    parts = (*_grid(scale, top, bottom), canvas(bottom, bars), *marks)
    return plot(side.told(name), *parts, height=bottom + _AXIS, class_="histogram")


def _limit(limit_ms: float, scale: LogScale, top: float, bottom: float) -> list[Markup]:
    share = scale.at(limit_ms)
    x = across(share)
    return [
        tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="limit"),
        _beside("limit", share, top + 10, "", before=False),
    ]


def _quantiles(side: Times, scale: LogScale, name: str, at: tuple[float, float]) -> list[Markup]:
    """Uprights at p50 and p99, with what they are."""
    y, bottom = at
    found = [(told, value) for told, value in (("p50", side.p50), ("p99", side.p99)) if isinstance(value, int | float)]
    places = [scale.at(value) for _, value in found]
    marks = [tag("line", x1=across(at), x2=across(at), y1=y + 4, y2=bottom, class_=f"{name} middle") for at in places]
    texts = [f"{told} {ms(value)}" for told, value in found]
    if len(texts) > 1 and places[1] - places[0] < _NEAR:
        return [*marks, _beside(", ".join(texts), places[1], y, name, before=places[1] > _EDGES[1] - _NEAR)]
    befores = (True, False)
    labels = [
        _beside(text, at, y, name, before=before) for text, at, before in zip(texts, places, befores, strict=False)
    ]
    return [*marks, *labels]


def _beside(text: str, share: float, y: float, name: str, *, before: bool) -> Markup:
    """A label on one side of an upright, on the other one where the page ends."""
    before = (before or share > _EDGES[1]) and share > _EDGES[0]
    moved = {"dx": -4 if before else 4}
    return tag(
        "text", text, x=across(share), y=y, **moved, class_=f"{name} told a-{'end' if before else 'start'}".strip()
    )


def _grid(scale: LogScale, top: float, bottom: float) -> list[Markup]:
    """The axis of ms: its labels, and lines up from them."""
    marks = [tag("line", x1="0", x2="100%", y1=bottom, y2=bottom, class_="rule")]
    for tick in scale.ticks():
        x = across(scale.at(tick))
        marks.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        marks.append(write(f"{short(tick)} ms", scale.at(tick), bottom + _LABEL))
    return marks


def bar_chart(parts: Sequence[tuple[str, int, str]]) -> Markup:
    """Shares of a whole as one bar: name, count and class of each."""
    whole = sum(size for _, size, _ in parts)
    x, shapes = 0.0, []
    for name, size, class_ in parts:
        if size:
            wide = WIDE * size / whole
            title = tag("title", f"{name} {count(size)} ({percent(size, whole)})")
            shapes.append(tag("rect", title, x=x, y=0.0, width=wide, height=_BAR, class_=class_))
            x += wide
    told = ", ".join(f"{name} {count(size)}" for name, size, _ in parts if size)
    return plot(told or "nothing", canvas(_BAR, *shapes), height=_BAR, class_="shares")
