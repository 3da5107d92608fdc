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

__all__ = ["WIDE", "across", "amount", "area", "canvas", "line", "tag", "write"]

WIDE: Final = 1000
"""Units of a canvas from left to right, whatever its width on the page."""


def tag(name: str, *children: str, **attributes: str | float) -> Markup:
    """An element; `class_` is its class, underscores in names are hyphens."""
    told = Markup().join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), value if isinstance(value, str) else amount(value))
        for key, value in attributes.items()
    )
    inner = Markup().join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), told, inner)  # noqa: S704 - names are ours


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
    step = width / max(1, len(heights))
    path, last = [f"M0 {amount(base)}"], amount(base)
    for number, height in enumerate(heights):
        y = amount(base + (reach - base) * height)
        if y != last:
            path.append(f"H{amount(number * step)}V{y}")
            last = y
    return f"{''.join(path)}H{amount(width)}V{amount(base)}Z"


def line(heights: Sequence[float], width: float, base: float, reach: float) -> str:
    """The path of the steps' upper edge."""
    step = width / max(1, len(heights))
    path, last = [], ""
    for number, height in enumerate(heights):
        y = amount(base + (reach - base) * height)
        if y != last:
            path.append(f"H{amount(number * step)}V{y}" if path else f"M0 {y}")
            last = y
    return f"{''.join(path)}H{amount(width)}" if path else ""
