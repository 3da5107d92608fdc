"""SVG, element by element, and steps as the shortest path that draws them.

Law: pure; values to markup, every attribute and text escaped. No style attribute is ever written: the page's policy forbids
them, so colours are classes. The subtle thing: a chart is as wide as its page while its letters keep their size, so shapes lie
in a stretched `canvas` of 1,000 units and labels beside it, at percentages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["WIDE", "across", "amount", "area", "canvas", "line", "picture", "plot", "rect", "short", "tag", "write"]

_HUNDRED = 100
"""From here on three digits need no decimals."""

WIDE: Final = 1000
"""Units of a canvas from left to right, whatever its width on the page."""


def tag(name: str, *children: str, **attributes: str | float) -> Markup:
    """An element; `class_` is its class, underscores in names are hyphens."""
    told = "".join([f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items()])
    inner = "".join([escape(child) for child in children])
    body = f">{inner}</{name}>" if inner else "/>"
    return Markup(f"<{name}{told}{body}")  # noqa: S704 - names are ours, values and children are escaped


def _attribute(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else amount(value)


def amount(value: float) -> str:
    """A number with no digit too many."""
    return f"{value:.1f}".removesuffix(".0")


def across(share: float) -> str:
    """A place on the width of a page."""
    return f"{amount(100 * share)}%"


def canvas(height: float, *shapes: str) -> Markup:
    """Shapes in units of `WIDE`, stretched to the width there is."""
    return tag(
        "svg", *shapes, width="100%", height=height, viewBox=f"0 0 {WIDE} {amount(height)}", preserveAspectRatio="none"
    )


def write(text: str, share: float, y: float, class_: str = "") -> Markup:
    """A label whose anchor keeps it inside of the chart."""
    anchor = "start" if share < 0.08 else "end" if share > 0.92 else "middle"  # noqa: PLR2004 - near an edge
    return tag("text", text, x=across(share), y=y, class_=f"{class_} a-{anchor}".strip())


def area(heights: Sequence[float], width: float, base: float, reach: float) -> str:
    """The path of steps from a base line; `reach` is where a height of 1 ends (above the base, or below it)."""
    edge = _steps(heights, width, base, reach)
    return f"M0 {_whole(base)}{edge}H{_whole(width)}V{_whole(base)}Z"


def line(heights: Sequence[float], width: float, base: float, reach: float) -> str:
    """The path of the steps' upper edge."""
    edge = _steps(heights, width, base, reach)
    return f"M0 {_whole(base)}{edge}H{_whole(width)}"


def _steps(heights: Sequence[float], width: float, base: float, reach: float) -> str:
    """From place to place where the height changes; half a unit is seen by nobody."""
    step = width / max(1, len(heights))
    path, last = [], _whole(base)
    for number, height in enumerate(heights):
        y = _whole(base + (reach - base) * height)
        if y != last:
            path.append(f"H{_whole(number * step)}V{y}")
            last = y
    return "".join(path)


def _whole(value: float) -> str:
    return f"{value:.0f}"


def rect(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    """A rectangle."""
    return tag("rect", x=x, y=y, width=width, height=height, class_=class_)


def picture(told: str, *shapes: str, size: tuple[float, float], class_: str) -> Markup:
    """A drawing of a fixed size; what is told shows under the pointer too."""
    width, height = map(amount, size)
    box = f"0 0 {width} {height}"
    return tag("svg", tag("title", told), *shapes, class_=class_, width=width, height=height, viewBox=box, role="img")


def plot(told: str, *parts: str, height: float, class_: str) -> Markup:
    """A drawing as wide as its place."""
    return tag("svg", *parts, class_=f"plot {class_}", width="100%", height=height, role="img", aria_label=told)


def short(value: float) -> str:
    """A round value as an axis has it: `0.03`, `5`, `1,000`."""
    return f"{value:,.0f}" if value >= _HUNDRED or value == int(value) else f"{value:.3g}"
