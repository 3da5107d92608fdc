"""What a drawing shows, read back from its markup.

Law: for tests; the markup is parsed as a browser would, so that what is not well-formed is noticed.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

__all__ = ["labels", "of_class", "parsed", "titles"]


def parsed(svg: str) -> ET.Element:
    """The drawing's elements; it must be well-formed."""
    return ET.fromstring(svg)  # noqa: S314 - our own


def labels(svg: str) -> list[str]:
    """The texts that are written in it."""
    return [each.text or "" for each in parsed(svg).iter("text")]


def titles(svg: str) -> list[str]:
    """What shows under the pointer."""
    return [each.text or "" for each in parsed(svg).iter("title")]


def of_class(svg: str, *names: str) -> list[ET.Element]:
    """The elements that have all these classes."""
    return [each for each in parsed(svg).iter() if set(names) <= set((each.get("class") or "").split())]
