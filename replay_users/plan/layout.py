"""Figures and names as a terminal shows them: thousands separated, columns aligned, no colours.

Law: values to text. The subtle thing: names come out of recorded traffic, so what cannot be printed in them (an escape
sequence would act on the reader's terminal) is shown as its code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from replay_users.histogram import Measure

__all__ = ["amounts", "byte_size", "columns", "counted", "labelled", "listed", "milliseconds", "shown", "sparkline"]

_LABEL = 12
_LISTED = 5
_NAMED = 3
_UNTOLD = "(not recorded)"
_WIDEST = 60
_BLOCKS = "▁▂▃▄▅▆▇█"


def shown(name: str) -> str:
    """A name out of a recording, printable and at most 60 characters wide."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return plain if len(plain) <= _WIDEST else f"{plain[: _WIDEST - 1]}…"


def labelled(label: str, text: str) -> str:
    """A line of a summary: what it is about, and what there is to say."""
    return f"{label:<{_LABEL}}{text}"


def amounts(counts: Mapping[str, int]) -> str:
    """Names with their counts, in the order given, the first five; `none` if there are none.

    An empty name stands for what capture could not tell.
    """
    listed = [f"{shown(name) or _UNTOLD} {rows:,}" for name, rows in list(counts.items())[:_LISTED]]
    if len(counts) > _LISTED:
        listed.append(f"{len(counts) - _LISTED:,} more")
    return ", ".join(listed) or "none"


def listed(names: Sequence[str]) -> str:
    """The first three of some names, quoted, and how many more there are."""
    named = ", ".join(repr(shown(name)) for name in names[:_NAMED])
    return named if len(names) <= _NAMED else f"{named} and {len(names) - _NAMED:,} more"


def counted(number: int, noun: str) -> str:
    """A number of things, one or many."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def byte_size(size: int) -> str:
    """A size in the unit that suits it (powers of 1000)."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:  # noqa: PLR2004 - the step between units
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.1f} GB"


def milliseconds(measure: Measure) -> str:
    """A duration in ns as ms; `over` and `-` where there is no number."""
    return f"{measure / 1e6:,.1f} ms" if isinstance(measure, int) else str(measure or "-")


def sparkline(values: Sequence[float]) -> str:
    """Values as a line of blocks, the highest one full; zero is the lowest block."""
    peak = max(values, default=0.0) or 1.0
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round(max(value, 0.0) / peak * top)] for value in values)


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as aligned lines: the first column to the left, the others to the right."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in table
    ]
