"""The rows of the benchmark table: what is claimed of whom, and whether the rounds bear it out.

Law: pure arithmetic over measured rounds; no processes, no clock, no files.
The subtle thing: a ratio is the median of the ratios of single rounds, never a ratio of medians.
Both contenders of a round ran within seconds of each other, so a neighbour that slows the machine
for a minute slows both and cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Literal

__all__ = [
    "Absent",
    "Bar",
    "Beside",
    "Better",
    "Level",
    "Line",
    "Measured",
    "Ratio",
    "Result",
    "Round",
    "Row",
    "Standing",
    "judge",
]

Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The JSON line of one contender in one round: names to numbers."""

    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Absent:
    """A contender without a result: `skipped` because the machine lacks something, else broken."""

    reason: str
    skipped: bool


Result = Measured | Absent
Round = Mapping[str, Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Whether a peer does well enough to be compared with.

    Rows that name this bar are void below `least`.
    Value: what `peer` reaches per CPU second against what `bare` would reach if it had to spend
    the peer's own `decode_us` per request as well.
    """

    name: str
    peer: str
    bare: str
    least: float = 0.8
    unit: str = "x"
    better: Better = "more"

    @property
    def goal(self) -> float:
        """A bar has one height."""
        return self.least

    floor = goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """`of` against `over` by one key; a `unit` of "%" multiplies by 100.

    Keys are those the contenders print, and `per_cpu_s`, requests per CPU second, from their
    `cpu_us`.
    """

    name: str
    of: str
    over: str
    key: str = "per_cpu_s"
    goal: float | None = None
    floor: float | None = None
    unit: str = "x"
    better: Better = "more"
    bar: Bar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A goal or floor that is another contender's own figure in the same rounds, plus an allowance."""

    of: str
    key: str
    plus: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One key of one contender by itself (lag, memory, stretch), in `unit`."""

    name: str
    of: str
    key: str
    unit: str
    goal: float | Beside | None = None
    floor: float | Beside | None = None
    better: Better = "less"


Row = Ratio | Level | Bar


class Standing(StrEnum):
    """How a row came out."""

    GOAL = "goal met"
    FLOOR = "floor met, goal missed"
    MISSED = "FLOOR MISSED"
    SHOWN = "no promise"
    SKIPPED = "skipped"
    VOID = "VOID"
    BROKEN = "BROKEN"

    @property
    def holds(self) -> bool:
        """Whether the floor was not missed; a skipped row says nothing, and holds."""
        return self not in {Standing.MISSED, Standing.VOID, Standing.BROKEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A judged row: its value (`None`: there is none, see `note`) and its floor as a number."""

    name: str
    value: float | None
    unit: str
    goal: float | None
    floor: float | None
    standing: Standing
    note: str = ""


class _NoValue(Exception):
    def __init__(self, reason: str, standing: Standing = Standing.BROKEN) -> None:
        super().__init__(reason)
        self.standing = standing


def _quotient(top: float, bottom: float) -> float:
    if not bottom:
        raise _NoValue("a measured figure is zero")
    return top / bottom


def _figure(round_: Round, contender: str, key: str) -> float:
    result = round_.get(contender, Absent("it is not among the contenders", skipped=False))
    if isinstance(result, Absent):
        standing = Standing.SKIPPED if result.skipped else Standing.BROKEN
        raise _NoValue(f"{contender}: {result.reason}", standing)
    if key == "per_cpu_s":
        return _quotient(1e6, _figure(round_, contender, "cpu_us"))
    if key not in result.values:
        raise _NoValue(f"{contender} did not measure {key}")
    return result.values[key]


def _median(rounds: Sequence[Round], value: Callable[[Round], float]) -> float:
    if not rounds:
        raise _NoValue("no round was run")
    return median(value(one) for one in rounds)


def _bar_value(bar: Bar, one: Round) -> float:
    spent = _figure(one, bar.peer, "cpu_us")
    needed = _figure(one, bar.bare, "cpu_us") + _figure(one, bar.peer, "decode_us")
    return _quotient(needed, spent)


def _ratio_value(row: Ratio, one: Round) -> float:
    scale = 100 if row.unit == "%" else 1
    return scale * _quotient(_figure(one, row.of, row.key), _figure(one, row.over, row.key))


def _refuse_below(bar: Bar, rounds: Sequence[Round]) -> None:
    reached = _value(bar, rounds)
    if reached < bar.least:
        said = f"{bar.peer} reaches {reached:.2f} of its bar, {bar.least:.2f} is needed"
        raise _NoValue(said, Standing.VOID)


def _value(row: Row, rounds: Sequence[Round]) -> float:
    match row:
        case Bar():
            return _median(rounds, lambda one: _bar_value(row, one))
        case Level():
            return _median(rounds, lambda one: _figure(one, row.of, row.key))
        case Ratio():
            if row.bar:
                _refuse_below(row.bar, rounds)
            return _median(rounds, lambda one: _ratio_value(row, one))


def _promised(promise: float | Beside | None, rounds: Sequence[Round]) -> float | None:
    if not isinstance(promise, Beside):
        return promise
    return promise.plus + _median(rounds, lambda one: _figure(one, promise.of, promise.key))


def _reaches(value: float, promise: float, better: Better) -> bool:
    return value >= promise if better == "more" else value <= promise


def _standing(value: float, goal: float | None, floor: float | None, better: Better) -> Standing:
    if floor is not None and not _reaches(value, floor, better):
        return Standing.MISSED
    if goal is not None:
        return Standing.GOAL if _reaches(value, goal, better) else Standing.FLOOR
    return Standing.SHOWN if floor is None else Standing.FLOOR


def judge(row: Row, rounds: Sequence[Round]) -> Line:
    """What the rounds say about a row: its median, and where that stands against floor and goal.

    A goal without a floor cannot be missed: below it a row stands at `FLOOR`.
    """
    try:
        value, goal, floor = _value(row, rounds), _promised(row.goal, rounds), _promised(row.floor, rounds)
    except _NoValue as e:
        goal, floor = (None if isinstance(promise, Beside) else promise for promise in (row.goal, row.floor))
        return Line(name=row.name, value=None, unit=row.unit, goal=goal, floor=floor, standing=e.standing, note=str(e))
    standing = _standing(value, goal, floor, row.better)
    return Line(name=row.name, value=value, unit=row.unit, goal=goal, floor=floor, standing=standing)
