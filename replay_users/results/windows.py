"""Whether a run is to be stopped: windows over counts that only ever grow.

Law: pure; told what was counted at every step, answers with a sentence once a criterion is met. Constant memory: of each
criterion and endpoint at most sixty readings are kept, of a longer window in longer steps.
The subtle thing: a share of a window that has only begun says little, so it is judged when the window is full for the
first time; a number that has been reached is reached. And when the load pauses or ends, what still comes in are timeouts and
the slowest answers of what was sent before: with one request in a hundred that times out, all of a window would. So a share
is one of the busiest window that ended as long ago as an answer may take, or since.
And when we stood still ourselves, the answers of that time were read late, and what was due was sent at once: windows that hold
some of it say nothing of times.
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

    def __init__(self, criteria: Sequence[Criterion], step: int, *, patience: int = 0) -> None:
        """Counts come every `step` ns of the run, the first ones a step after its start; an answer may take `patience` ns."""
        self.criteria = criteria
        self._windows = [_Window(criterion, step, patience) for criterion in criteria]

    def judge(self, counts: Counts, passed: int = 1, stood: Sequence[int] = ()) -> Iterator[str | None]:
        """The counts after so many more steps: for each criterion the sentence that stops the run, or `None`.

        `stood`: for each criterion how often we stood still by now for longer than its `standstill`.
        """
        for nth, (window, counted) in enumerate(zip(self._windows, counts, strict=True)):
            yield window.judge(counted, passed, stood[nth] if stood else 0)


class _Window:
    """One criterion over time."""

    def __init__(self, criterion: Criterion, step: int, patience: int) -> None:
        steps = ceil(criterion.window / step)
        self._every = ceil(steps / _READINGS)
        self._length = ceil(steps / self._every)
        self._ns = self._length * self._every * step
        self._looked_back = min(ceil(patience / (self._every * step)), _READINGS) + 1
        self._criterion = criterion
        self._steps = self._stood = self._clear_at = 0
        self._past: dict[str, _Past] = {}

    def judge(self, counted: Mapping[str, tuple[int, int]], passed: int, stood: int) -> str | None:
        before, self._steps = self._steps, self._steps + passed
        if stood > self._stood:
            self._stood, self._clear_at = stood, self._steps + (self._length + 1) * self._every
        readings = self._steps // self._every - before // self._every
        if not readings:
            return None
        criterion, found = self._criterion, None
        is_full = self._steps >= self._length * self._every or not criterion.is_share
        is_judged = is_full and self._steps >= self._clear_at
        for key, now in counted.items():
            past = self._past.get(key)
            if past is None:
                past = self._past[key] = _Past(self._length, self._looked_back)
            hits, seen, busiest = past.move(now, readings)
            if found is None and is_judged and criterion.is_met(hits, seen, busiest):
                found = criterion.sentence(key, hits, seen, self._ns)
        return found


class _Past:
    """The readings of one criterion and endpoint that a window still needs."""

    __slots__ = ("_readings", "_seen")

    def __init__(self, length: int, looked_back: int) -> None:
        self._readings: deque[tuple[int, int]] = deque(maxlen=length)
        self._seen: deque[int] = deque(maxlen=looked_back)

    def move(self, now: tuple[int, int], passed: int) -> tuple[int, int, int]:
        """What was counted within the window that ends now, and how many were seen in the busiest one of late.

        Before it was first seen, an endpoint had counted nothing. Where nobody looked for some readings, counts grew evenly.
        """
        readings = self._readings
        length, last = readings.maxlen or 1, readings[-1] if readings else (0, 0)
        for nth in range(max(1, passed - length), passed):
            readings.append(_between(last, now, nth, passed))
        before = readings[0] if len(readings) == length else (0, 0)
        readings.append(now)
        hits, seen = now[0] - before[0], now[1] - before[1]
        self._seen.append(seen)
        return hits, seen, max(self._seen)


def _between(last: tuple[int, int], now: tuple[int, int], nth: int, steps: int) -> tuple[int, int]:
    """What it was after some of the steps from one reading to the next."""
    return last[0] + (now[0] - last[0]) * nth // steps, last[1] + (now[1] - last[1]) * nth // steps
