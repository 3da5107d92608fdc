"""Lines of a run's series, and who of many has a series of their own.

Law: pure. The subtle thing: a series costs the server memory for as long as it keeps the data, so of each kind of tag only
so many have a place for a whole run (`influx_schema`), and a place that was given is never given to another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from replay_users.histogram import Over
from replay_users.results.line_protocol import line, series

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from replay_users.histogram import Measure
    from replay_users.results.influx_schema import Measurement

__all__ = ["Lines", "Places", "in_ms"]


class Lines:
    """Whole lines of points; what a series is called is put together once."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[tuple[str, ...], str] = {}

    def __len__(self) -> int:
        """How many series there are."""
        return len(self._keys)

    def of(self, measurement: Measurement, tags: tuple[str, ...], values: Mapping[str, Any], at: int) -> str:
        """A point with the tags in the measurement's order, with its line's end; empty if it has no value."""
        known = measurement.name, *tags
        key = self._keys.get(known)
        if key is None:
            key = self._keys[known] = series(measurement.name, zip(measurement.tags, tags, strict=True))
        text = line(key, measurement, values, at)
        return f"{text}\n" if text else ""


class Places:
    """Who has a series of their own: the first ones that ask."""

    __slots__ = ("_most", "_taken")

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: set[Hashable] = set()

    def has(self, name: Hashable) -> bool:
        """Whether this one has a place; it gets one if there is one left."""
        if name not in self._taken:
            if len(self._taken) >= self._most:
                return False
            self._taken.add(name)
        return True


def in_ms(measure: Measure) -> float | None:
    """Milliseconds to the microsecond; nothing for what is larger than any number."""
    return None if measure is None or isinstance(measure, Over) else round(measure / 1e6, 3)
