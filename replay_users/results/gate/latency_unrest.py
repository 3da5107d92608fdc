"""How much endpoints differ from run to run by themselves: other machines, other neighbours, other plans of a database.

Law: pure. Within a run nothing shows it, however many requests there are; between endpoints it does: their median ratios then
lie further apart than their own noise explains. A release must be worse than that to be blamed.
The subtle thing: a few endpoints that are really slower must not hide behind their own distance, so the measure is one of
medians, which less than half of the endpoints cannot move far, and little unrest is taken for none.
"""

from __future__ import annotations

from math import sqrt
from statistics import median
from typing import TYPE_CHECKING

from replay_users.results.gate.environment import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.results.gate.latency_shift import Shift

__all__ = ["unrest_of"]

_ENDPOINTS = 10
"""Fewer cannot tell."""
_CALM = 1.5
"""Distances so many times as large as noise explains are still taken for noise: of 40 endpoints chance makes that never."""
_NORMAL_MAD = 1.4826
_OF_A_MEDIAN = 1.2533
"""The standard error of a median is so many times that of a mean, if noise is normal."""
_MOST, _HALVINGS = 2.0, 20


def unrest_of(shifts: Sequence[Shift], run_likeness: float) -> float:
    """The sigma (of logarithms) of what endpoints differ by themselves; 0 where their noise explains all of it."""
    known = [
        (shift.middle, _error(shift, run_likeness))
        for shift in shifts
        if len(shift.logs) and abs(shift.middle) < NEVER / 4
    ]
    if len(known) < _ENDPOINTS or _distance(known, 0.0) <= _CALM:
        return 0.0
    low, high = 0.0, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _distance(known, middle) > 1 else (low, middle)
    return high


def _error(shift: Shift, run_likeness: float) -> float:
    return _OF_A_MEDIAN * shift.sigma * sqrt(shift.sway(run_likeness) / len(shift.logs))


def _distance(known: Sequence[tuple[float, float]], unrest: float) -> float:
    """How far endpoints are from each other, in units of what their noise and this unrest explain."""
    around = median(middle for middle, _ in known)
    away = [abs(middle - around) / sqrt(error * error + unrest * unrest) for middle, error in known]
    return _NORMAL_MAD * median(away)
