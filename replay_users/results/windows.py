"""Whether a run is to be stopped: windows over counts that only ever grow.

Law: pure; told what was counted at every step, answers with a sentence once a criterion is met. Constant memory: of each
criterion and endpoint at most sixty readings are kept, of a longer window in longer steps.
The subtle thing: a share of a window that has only begun says little, so it is judged when the window is full for the
first time; a number that has been reached is reached.
"""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from replay_users.results.autostop import Criterion
    from replay_users.results.endpoint_tally import EndpointTally

__all__ = ["Autostop", "Counts", "added_up", "count_endpoint", "no_counts"]

_READINGS = 60

Counts: TypeAlias = "list[dict[str, tuple[int, int]]]"
"""For each criterion what it counted so far: hits of so many, by endpoint; under an empty name where all count together."""


def no_counts(criteria: Sequence[Criterion]) -> Counts:
    """Nothing counted yet."""
    return [{} for _ in criteria]


def count_endpoint(counts: Counts, criteria: Sequence[Criterion], name: str, mine: EndpointTally) -> None:
    """Count an endpoint for each criterion that covers it."""
    for counted, criterion in zip(counts, criteria, strict=True):
        if criterion.covers(name):
            key = "" if criterion.pattern is None else name
            _add(counted, key, criterion.read(mine))


def added_up(parts: Iterable[Counts], criteria: Sequence[Criterion]) -> Counts:
    """The counts of several who counted apart."""
    total = no_counts(criteria)
    for part in parts:
        for counted, theirs in zip(total, part, strict=True):
            for key, reading in theirs.items():
                _add(counted, key, reading)
    return total


def _add(counted: dict[str, tuple[int, int]], key: str, reading: tuple[int, int]) -> None:
    hits, seen = counted.get(key, (0, 0))
    counted[key] = hits + reading[0], seen + reading[1]


class Autostop:
    """The windows of one run's criteria."""

    def __init__(self, criteria: Sequence[Criterion], step: int) -> None:
        """Counts come every `step` ns of the run, the first ones a step after its start."""
        self.criteria = criteria
        self._windows = [_Window(criterion, step) for criterion in criteria]

    def judge(self, counts: Counts) -> Iterator[str | None]:
        """The counts of another step: for each criterion the sentence that stops the run, or `None`."""
        for window, counted in zip(self._windows, counts, strict=True):
            yield window.judge(counted)


class _Window:
    """One criterion over time."""

    def __init__(self, criterion: Criterion, step: int) -> None:
        steps = ceil(criterion.window / step)
        self._every = ceil(steps / _READINGS)
        self._length = ceil(steps / self._every)
        self._ns = self._length * self._every * step
        self._criterion = criterion
        self._steps = 0
        self._past: dict[str, deque[tuple[int, int]]] = {}

    def judge(self, counted: Mapping[str, tuple[int, int]]) -> str | None:
        self._steps += 1
        if self._steps % self._every:
            return None
        is_full, found = self._steps >= self._length * self._every, None
        for key, now in counted.items():
            hits, seen = self._move(key, now)
            if found is None and (is_full or not self._criterion.is_share) and self._criterion.is_met(hits, seen):
                found = self._criterion.sentence(key, hits, seen, self._ns)
        return found

    def _move(self, key: str, now: tuple[int, int]) -> tuple[int, int]:
        """What was counted within the window that ends now; before it was first seen, an endpoint had counted nothing."""
        past = self._past.get(key)
        if past is None:
            past = self._past[key] = deque(maxlen=self._length)
        before = past[0] if len(past) == self._length else (0, 0)
        past.append(now)
        return now[0] - before[0], now[1] - before[1]
