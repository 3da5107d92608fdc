"""The course of a run: what was sent when, and how that went, in slots of equal width.

Law: pure, constant memory, merges by addition although widths differ: slots are a second wide, and twice that whenever there
would be more than 600. A flight counts in the slot in which it was sent, a dropped one in that in which it was due.
The subtle thing: a batch of finished flights was mostly sent within one slot. Then its sums, which the tally has at hand,
are one call (`add`); only the flights of a batch that lies across slots are counted one by one (`count`).
"""

# ruff: noqa: PLR1730 - `if lag > peak` takes a fifth of the time of `peak = max(peak, lag)`
from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from replay_users.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay_users.model import Flight

__all__ = ["MOST_SLOTS", "Slot", "Timeline"]

MOST_SLOTS = 600
"""A line of a chart has no more points, and the lists of 600 slots take 0.2 MB."""

_SECOND = 1_000_000_000
_SENT, _FAILED, _MISMATCHED, _DROPPED, _LAG_MAX, _LAG_SUM, _SERVICE_SUM = range(7)
_FIELDS = 7


@dataclass(frozen=True, slots=True)
class Slot:
    """What happened in one slot; times in ns. `service_sum` is of those that were answered: `sent - failed`."""

    sent: int = 0
    failed: int = 0
    mismatched: int = 0
    dropped: int = 0
    lag_max: int = 0
    lag_sum: int = 0
    service_sum: int = 0


_VALUES = attrgetter(*Slot.__dataclass_fields__)


class Timeline:
    """Slots from the run's start on, `width` ns each."""

    __slots__ = ("_slots", "width")

    def __init__(self) -> None:
        self.width = _SECOND
        self._slots: list[list[int]] = []

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def slots(self) -> list[Slot]:
        """All slots up to the last one in which anything happened."""
        return [Slot(*slot) for slot in self._slots]

    def add(
        self,
        first_sent: int,
        last_sent: int,
        *,
        sent: int,
        failed: int,
        mismatched: int,
        lag_max: int,
        lag_sum: int,
        service_sum: int,
    ) -> bool:
        """Count a batch that was sent from `first_sent` to `last_sent`; `False`, and nothing is, if that is not one slot."""
        if first_sent // self.width != last_sent // self.width:
            return False
        self._add_to(self._at(last_sent), (sent, failed, mismatched, 0, lag_max, lag_sum, service_sum))
        return True

    def count(self, flights: Sequence[Flight]) -> None:
        """Count flights one by one, each in its slot."""
        mismatched = Verdict.MISMATCHED
        for flight in flights:
            slot = self._at(flight.sent)
            slot[_SENT] += 1
            if flight.fault is not None:
                slot[_FAILED] += 1
            elif (took := flight.done - flight.sent) > 0:
                slot[_SERVICE_SUM] += took
            if flight.judged is mismatched:
                slot[_MISMATCHED] += 1
            if (lag := flight.picked - flight.ready) > 0:
                slot[_LAG_SUM] += lag
                if lag > slot[_LAG_MAX]:
                    slot[_LAG_MAX] = lag

    def drop(self, due: int) -> None:
        """Count an exchange that was due then, and was not sent."""
        self._at(due)[_DROPPED] += 1

    def merge(self, other: Timeline) -> None:
        """Count everything the other counted as well."""
        if other._slots:
            self._widen(other.width)
        for nth, slot in enumerate(other._slots):
            self._add_to(self._at(nth * other.width), slot)

    def widened(self, until: int) -> Timeline:
        """The same, in slots so wide that a run of so many ns fits in, and reaching that far."""
        wide = Timeline()
        wide.merge(self)
        if until > 0:
            wide._at(until - 1)
        return wide

    def pack(self) -> list[int]:
        """The width, and all slots' numbers."""
        return [self.width, *chain.from_iterable(self._slots)]

    @classmethod
    def unpack(cls, data: Sequence[Any]) -> Timeline:
        """What was packed.

        Raises:
            ValueError: this is no timeline.
        """
        width, *numbers = data
        if len(numbers) % _FIELDS:
            raise ValueError(f"not a timeline: {len(numbers)} numbers")
        return cls.of(width, [Slot(*numbers[at : at + _FIELDS]) for at in range(0, len(numbers), _FIELDS)])

    @classmethod
    def of(cls, width: int, slots: Sequence[Slot]) -> Timeline:
        """One that holds these.

        Raises:
            ValueError: no timeline can.
        """
        if len(slots) > MOST_SLOTS or not _is_width(width):
            raise ValueError(f"not a timeline: {len(slots)} slots, width {width!r}")
        timeline = cls()
        timeline.width = width
        timeline._slots = [list(_VALUES(slot)) for slot in slots]
        return timeline

    def _at(self, when: int) -> list[int]:
        """The slot of a moment; one before the run's start is in the first."""
        nth = when // self.width
        if nth < len(self._slots):
            return self._slots[max(nth, 0)] if self._slots else self._grown(0)
        if nth >= MOST_SLOTS:
            self._widen(2 * self.width)
            return self._at(when)
        return self._grown(nth)

    def _grown(self, nth: int) -> list[int]:
        self._slots += [[0] * _FIELDS for _ in repeat(None, nth + 1 - len(self._slots))]
        return self._slots[nth]

    def _widen(self, width: int) -> None:
        """Two slots become one, as often as it takes for them to be at least so wide."""
        while self.width < width:
            narrow, self._slots = self._slots, self._slots[::2]
            self.width *= 2
            for left, right in zip(self._slots, narrow[1::2], strict=False):
                self._add_to(left, right)

    @staticmethod
    def _add_to(slot: list[int], more: Sequence[int]) -> None:
        lag_max = max(slot[_LAG_MAX], more[_LAG_MAX])
        slot[:] = [a + b for a, b in zip(slot, more, strict=True)]
        slot[_LAG_MAX] = lag_max


def _is_width(width: object) -> bool:
    """A second, doubled some times."""
    return isinstance(width, int) and width >= _SECOND and not width % _SECOND and (width // _SECOND).bit_count() == 1
