"""Numbers as the report shows them: one unit each, three digits that mean something, and words where there is no number.

Law: pure; values to short texts. The subtle thing: a figure may be missing (`None`, a dash) or lie beyond everything that was
observed (`"over"`); neither is a number, and neither may become one. Nothing is rounded up to the whole: 99.96 % is `>99.9 %`.
"""

from __future__ import annotations

from math import isfinite
from typing import Final, TypeAlias, TypeGuard

__all__ = ["NOTHING", "Figure", "clock", "count", "ms", "percent", "probability", "seconds", "times"]

Figure: TypeAlias = float | str | None
"""What result.json has where a number should be: a number, `"over"`, or null."""

NOTHING: Final = "–"  # noqa: RUF001 - a dash as tables have it
_HUNDRED, _TEN = 100, 10
_MINUTE, _HOUR = 60, 3600
_LEAST_PERCENT, _MOST_PERCENT = 0.1, 99.9
_LEAST_P = 0.001


def count(value: Figure) -> str:
    """A count with thousands separated."""
    return f"{value:,.0f}" if _is_number(value) else _word(value)


def ms(value: Figure) -> str:
    """Milliseconds with three digits, without the unit: `0.42`, `3.54`, `26.2`, `1,250`."""
    if not _is_number(value):
        return _word(value)
    size = abs(value)
    digits = 0 if size >= _HUNDRED else 1 if size >= _TEN else 2
    return f"{value:,.{digits}f}"


def times(value: Figure) -> str:
    """A ratio: `1.02x`, `13.4x`, `210x`."""
    return f"{ms(value)}x" if _is_number(value) else _word(value)


def percent(part: Figure, whole: Figure = 1) -> str:
    """A share; what is not nothing and not all is never shown as such."""
    if not _is_number(part) or not _is_number(whole) or not whole:
        return NOTHING
    share = 100 * part / whole
    if 0 < abs(share) < _LEAST_PERCENT:
        return f"<{_LEAST_PERCENT} %" if share > 0 else f">-{_LEAST_PERCENT} %"
    if _MOST_PERCENT < share < _HUNDRED:
        return f">{_MOST_PERCENT} %"
    return f"{share:.0f} %" if share in {0, _HUNDRED} else f"{share:.1f} %"


def probability(p: Figure) -> str:
    """A p-value."""
    if not _is_number(p):
        return _word(p)
    return f"<{_LEAST_P}" if p < _LEAST_P else f"{p:.3f}"


def seconds(value: Figure) -> str:
    """A length of time: `12.4 s`, `3 min 20 s`, `1 h 2 min`."""
    if not _is_number(value):
        return _word(value)
    if value < _MINUTE:
        return f"{value:.0f} s" if value >= _TEN and value == int(value) else f"{value:.1f} s"
    whole = round(value)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def clock(at_s: float) -> str:
    """A moment of the run: `0:07`, `12:30`, `1:02:03`."""
    whole = max(0, int(at_s))
    hours, minutes, rest = whole // _HOUR, whole % _HOUR // _MINUTE, whole % _MINUTE
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _word(value: object) -> str:
    return "over" if value == "over" else NOTHING
