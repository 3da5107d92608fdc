"""The answers of a run's first pass, kept for its second one to be compared with.

Law: an edge; a file without a name in the run's directory, for its owner only, which is gone with the process whatever ends
it: it holds what the target answered, as it came. What finds no room is not kept, and its counterpart is unchecked.
The subtle thing: it runs on the hub, where writing 2 KB takes 3 us and reading them back 5 (measured, from the page cache);
an A/A run asks how answers differ, not how fast a target is.
"""

from __future__ import annotations

import tempfile
from struct import Struct
from struct import error as StructError  # noqa: N812 - a class
from typing import TYPE_CHECKING, Final
from zlib import crc32

from replay_users.compare.case import head_of
from replay_users.errors import StoreError
from replay_users.model import Verdict
from replay_users.private import make_folder
from replay_users.trailers import joined, trailers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from replay_users.model import Flight
    from replay_users.results.tally import Tally

__all__ = ["NO_FIRST", "Against", "FirstPass", "Keeping"]

NO_FIRST: Final = "first_pass"
"""Why a pair was not compared: the first pass has no answer to it, or had no room for one."""

_MOST_BYTES = 16 << 30
_MOST_ANSWERS = 1_000_000  # of 120 bytes each in memory
_ENTRY = Struct("<IiqII")  # check of the id, status, ns of service, length of head and of body
_CUT = 0xFFFFFFFF


class FirstPass:
    """Answers by exchange; `kept` are how many there are, `left_out` those that found no room."""

    def __init__(self, folder: Path) -> None:
        """Nothing is kept yet.

        Raises:
            StoreError: there is no file to be had in the folder.
        """
        try:
            make_folder(folder)
            self._file = tempfile.TemporaryFile(dir=folder, buffering=1 << 20)  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise StoreError(
                f"the answers of the first pass cannot be kept in {folder} ({error.strerror}): choose another --out"
            ) from None
        self._places: dict[str, int] = {}
        self._end = 0
        self._full = False
        self.left_out = 0

    @property
    def kept(self) -> int:
        """How many answers there are."""
        return len(self._places)

    def keep(self, flights: Sequence[Flight]) -> None:
        """Keep the answers of a batch, which is not compared with anything but its status."""
        for flight in flights:
            if flight.fault is None:
                self._keep(flight)
                flight.body = flight.hash = None
                flight.response_head, flight.status = b"", flight.answer_status

    def _keep(self, flight: Flight) -> None:
        """An exchange that is in the recording twice under one id has the first of both answers."""
        if self._full or self.kept >= _MOST_ANSWERS or self._end >= _MOST_BYTES or flight.id in self._places:
            self.left_out += 1
            return
        name, body = flight.id.encode(), flight.answer_body
        head = joined(head_of(flight.answer_head), trailers_of(flight.answer_head) or b"")
        length = _CUT if flight.answer_size > len(body) else len(body)
        entry = _ENTRY.pack(crc32(name), flight.answer_status, max(0, flight.done - flight.sent), len(head), length)
        parts = entry + head + (b"" if length == _CUT else body)
        try:
            self._file.write(parts)
        except OSError:  # the disk is full
            self._full = True
            self.left_out += 1
            return
        self._places[flight.id] = self._end
        self._end += len(parts)

    def hand_out(self, flights: Sequence[Flight]) -> tuple[list[Flight], list[Flight]]:
        """Put the first answers in the place of the recorded ones; those that have one, or none came now, and the others."""
        found: list[Flight] = []
        missing: list[Flight] = []
        for flight in flights:
            (found if flight.fault is not None or self._put(flight) else missing).append(flight)
        return found, missing

    def _put(self, flight: Flight) -> bool:
        place = self._places.get(flight.id)
        if place is None:
            return False
        try:
            self._file.seek(place)
            check, status, service, head, length = _ENTRY.unpack(self._file.read(_ENTRY.size))
            fields, body = self._file.read(head), None if length == _CUT else self._file.read(length)
        except (OSError, StructError):  # what was to be written late could not be
            return False
        if check != crc32(flight.id.encode()):
            return False
        flight.status, flight.duration, flight.response_head, flight.body = status, service, fields, body
        flight.hash = None  # of the recorded body
        return True

    def close(self) -> None:
        """Forget everything; the disk's space is free again."""
        self._places.clear()
        self._file.close()


class Keeping:
    """The first pass: its answers are kept."""

    def __init__(self, answers: FirstPass) -> None:
        """Where."""
        self._answers = answers

    def take(self, flights: list[Flight], _tally: Tally) -> tuple[list[Flight], list[Flight]]:
        """Those to be compared, and those that cannot be."""
        self._answers.keep(flights)
        return flights, []


class Against:
    """The second pass: its answers are compared with those of the first."""

    def __init__(self, answers: FirstPass) -> None:
        """Those."""
        self._answers = answers

    def take(self, flights: list[Flight], tally: Tally) -> tuple[list[Flight], list[Flight]]:
        """Those to be compared, and those that cannot be, which are unchecked."""
        found, missing = self._answers.hand_out(flights)
        for flight in missing:
            flight.judged = Verdict.UNCHECKED
            tally.unchecked(flight, NO_FIRST)
        return found, missing
