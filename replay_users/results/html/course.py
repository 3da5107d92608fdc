"""The course of a run as one chart: planned against sent, below them what went wrong when, all on one axis of time.

Law: pure; values to SVG. The subtle thing: each row of trouble has a height of its own, said beside its name, so that three
failures in an hour are seen as well as three thousand; rows in which nothing happened are not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay_users.results.html.figures import clock
from replay_users.results.html.scale import LinearScale
from replay_users.results.html.svg import WIDE, across, area, canvas, line, plot, short, tag, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

__all__ = ["Curve", "Moment", "course_chart"]

_PLOT, _LABEL, _AXIS = 150.0, 14.0, 18.0
_ROW, _STRIP = 52.0, 26.0
"""Height of a row with its name, and of its strip."""
_CLOCKS = 4


@dataclass(frozen=True, slots=True)
class Curve:
    """A value per slot, its name, its class and its unit."""

    name: str
    values: Sequence[float]
    class_: str
    unit: str = ""

    @property
    def peak(self) -> float:
        """The largest value."""
        return max(self.values, default=0.0)

    def said(self, slot: int) -> str:
        """One value in words."""
        return f"{self.name} {short(round(self.values[slot], 2))}{self.unit}"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened `at_s` seconds after the start, under its number in the list of events."""

    at_s: float
    number: int
    text: str


def course_chart(
    outline: Curve, filled: Curve, rows: Sequence[Curve], width_s: float, moments: Sequence[Moment] = ()
) -> Markup:
    """Two curves over each other, and a row for each further one; a slot is `width_s` wide."""
    top = _LABEL + 4
    bottom = top + _PLOT
    end = bottom + _ROW * len(rows)
    whole_s = len(filled.values) * width_s
    levels, shapes = _plotted(outline, filled, top, bottom)
    names, strips = _rowed(rows, bottom)
    hovers = _hovers([outline, filled, *rows], width_s, top, end)
    marks = [mark for moment in moments for mark in _moment(moment, whole_s, end)]
    told = f"{outline.name} and {filled.name} over {clock(whole_s)}"
    parts = (*levels, canvas(end, *shapes, *strips, *hovers), *names, *marks, *_clocks(whole_s, end))
    return plot(told, *parts, height=end + _AXIS, class_="course")


def _plotted(outline: Curve, filled: Curve, top: float, bottom: float) -> tuple[list[Markup], list[Markup]]:
    """The upper chart: its levels, and both its curves."""
    scale = LinearScale(max(outline.peak, filled.peak))
    over, under = ([scale.at(value) for value in curve.values] for curve in (outline, filled))
    shapes = [
        tag("path", d=area(under, WIDE, bottom, top), class_=f"{filled.class_} veil"),
        tag("path", d=line(over, WIDE, bottom, top), class_=f"{outline.class_} edge"),
    ]
    return _levels(scale, top, bottom, outline.unit), shapes


def _levels(scale: LinearScale, top: float, bottom: float, unit: str) -> list[Markup]:
    """Lines across with their values above them."""
    marks = []
    for tick in scale.ticks():
        y = bottom - (bottom - top) * scale.at(tick)
        marks.append(tag("line", x1="0", x2="100%", y1=y, y2=y, class_="grid" if tick else "rule"))
        if tick:
            marks.append(write(f"{short(tick)}{unit}", 0, y - 3))
    return marks


def _rowed(rows: Sequence[Curve], bottom: float) -> tuple[list[Markup], list[Markup]]:
    """Under the upper chart: the names of the rows with their peaks, and their strips."""
    names, strips = [], []
    for number, row in enumerate(rows):
        base = bottom + _ROW * (number + 1)
        peak = row.peak or 1.0
        names.append(write(f"{row.name}, peak {short(round(row.peak, 2))}{row.unit}", 0, base - _STRIP - 6, "told"))
        heights = [value / peak for value in row.values]
        strips.append(tag("path", d=area(heights, WIDE, base, base - _STRIP), class_=f"{row.class_} strip"))
        strips.append(tag("path", d=f"M0 {base:.0f}H{WIDE}", class_="grid"))
    return names, strips


def _clocks(whole_s: float, y: float) -> list[Markup]:
    """Times below, each there once: of a short run several places are of one second."""
    told = {clock(whole_s * part / _CLOCKS): part / _CLOCKS for part in reversed(range(_CLOCKS + 1))}
    return [write(text, share, y + _LABEL) for text, share in reversed(told.items())]


def _moment(moment: Moment, whole_s: float, bottom: float) -> list[Markup]:
    share = min(1.0, max(0.0, moment.at_s / whole_s)) if whole_s else 0.0
    x = across(share)
    title = tag("title", f"{clock(moment.at_s)} {moment.text}")
    upright = tag("line", title, x1=x, x2=x, y1=_LABEL, y2=bottom, class_="moment")
    return [upright, write(str(moment.number), share, _LABEL - 3, "told")]


def _hovers(curves: Sequence[Curve], width_s: float, top: float, bottom: float) -> list[Markup]:
    """What the pointer reads in each slot."""
    slots = max(len(curve.values) for curve in curves)
    wide = WIDE / max(1, slots)
    found = []
    for slot in range(slots):
        said = ", ".join(curve.said(slot) for curve in curves if slot < len(curve.values))
        title = tag("title", f"{clock(slot * width_s)}: {said}")
        found.append(tag("rect", title, x=slot * wide, y=top, width=wide, height=bottom - top, class_="hover"))
    return found
