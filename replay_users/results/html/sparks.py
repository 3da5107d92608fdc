"""The drawings inside of tables: recorded against replayed times of one row, its ratio with bounds, and the axes above them.

Law: pure; values to SVG of a fixed size. All rows of a table share one axis, so that they can be held against each other. The
subtle thing: recorded stands above the line and replayed below it, so that colour only repeats what the place says.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from replay_users.results.html.figures import Figure, ms, times
from replay_users.results.html.scale import LogScale
from replay_users.results.html.svg import amount, area, picture, rect, short, tag

if TYPE_CHECKING:
    from replay_users.results.html.spans import Times

__all__ = ["ratio_axis", "ratio_mark", "twin", "twin_axis"]

_WIDTH, _HEIGHT = 208.0, 36.0
_BINS = 69
_LOST = 6.0
"""At the right end: those without an answer."""
_RATIOS: Final = LogScale(0.25, 8)
_RATIO_WIDTH, _RATIO_HEIGHT = 96.0, 20.0
_AXIS = 18.0
_LEAST_PEAK = 1 / 3
"""Nine tenths of a distribution within two bins fill the height; a broader one is flatter."""


def twin(recorded: Times, replayed: Times, scale: LogScale) -> Markup:
    """Recorded above the line, replayed below it; medians marked."""
    middle, span = _HEIGHT / 2, _WIDTH - _LOST
    shapes = []
    for side, name, end in ((recorded, "rec", 1.0), (replayed, "rep", _HEIGHT - 1)):
        shapes.append(_half(side, scale, (span, middle, end), name))
        if side.over:
            tall = (end - middle) * max(0.15, sqrt(side.over))
            shapes.append(rect(span + 1, min(middle, middle + tall), _LOST - 1, abs(tall), f"{name} lost"))
    rule = tag("path", d=f"M0 {amount(middle)}H{amount(_WIDTH)}", class_="rule")
    told = f"{recorded.told('recorded')}; {replayed.told('replayed')}"
    return picture(told, *shapes, rule, size=(_WIDTH, _HEIGHT), class_="twin")


def _half(side: Times, scale: LogScale, at: tuple[float, float, float], name: str) -> Markup:
    """One side, and where its middle lies; without counts, what its percentiles say."""
    span, base, end = at
    shape = _range(side, scale, at, name)
    if side.buckets:
        heights = side.heights(scale, _BINS)
        peak = max(_LEAST_PEAK, *heights)
        shape = tag("path", d=area([each / peak for each in heights], span, base, end), class_=f"{name} shape")
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
    top, bottom = sorted((base + (end - base) * 0.25, base + (end - base) * 0.65))
    return rect(begin, top, max(1.0, close - begin), bottom - top, f"{name} shape")


def twin_axis(scale: LogScale) -> Markup:
    """The axis above the twins, in ms."""
    ticks = [(short(tick), scale.at(tick) * (_WIDTH - _LOST) / _WIDTH) for tick in scale.ticks()]
    return _axis(ticks, _WIDTH, f"from {ms(scale.low)} to {ms(scale.high)} ms", "twin axis")


def ratio_mark(value: Figure, lower: Figure, upper: Figure, limit: float) -> Markup:
    """A ratio with its bounds, from a quarter to eight times; 1x and the limit are marked."""
    places = [_place(each) for each in (lower, value, upper)]
    rules = [_upright(1, "rule"), _upright(limit, "limit")]
    shapes = []
    begin, middle, end = places
    if begin is not None and end is not None:
        shapes.append(rect(begin, _RATIO_HEIGHT / 2 - 2, max(2.0, end - begin), 4, "rep lost"))
    if middle is not None:
        x = min(_RATIO_WIDTH - 3.5, max(3.5, middle))
        shapes.append(tag("circle", cx=x, cy=_RATIO_HEIGHT / 2, r=3.5, class_="rep dot"))
    told = f"replayed took {times(value)} of recorded, 99 % bounds {times(lower)} to {times(upper)}"
    return picture(told, *rules, *shapes, size=(_RATIO_WIDTH, _RATIO_HEIGHT), class_="ratio")


def _place(ratio: Figure) -> float | None:
    if ratio == "over":
        return _RATIO_WIDTH
    return _RATIOS.at(ratio) * _RATIO_WIDTH if isinstance(ratio, int | float) else None


def _upright(ratio: float, class_: str) -> Markup:
    return tag("path", d=f"M{amount(_RATIOS.at(ratio) * _RATIO_WIDTH)} 0V{amount(_RATIO_HEIGHT)}", class_=class_)


def ratio_axis(limit: float) -> Markup:
    """The axis above the ratios."""
    ticks = [(name, _RATIOS.at(at)) for name, at in (("¼x", 0.25), ("1x", 1.0), ("8x", 8.0))]
    return _axis(ticks, _RATIO_WIDTH, f"from {_RATIOS.low:g}x to {_RATIOS.high:g}x, dashed at {limit:g}x", "ratio axis")


def _axis(ticks: list[tuple[str, float]], width: float, told: str, class_: str) -> Markup:
    marks = []
    for name, share in ticks:
        anchor = "start" if share < 0.06 else "end" if share > 0.94 else "middle"  # noqa: PLR2004 - near an edge
        marks.append(tag("path", d=f"M{amount(share * width)} {amount(_AXIS - 4)}V{amount(_AXIS)}", class_="rule"))
        marks.append(tag("text", name, x=share * width, y=_AXIS - 6, class_=f"a-{anchor}"))
    return picture(told, *marks, size=(width, _AXIS), class_=class_)
