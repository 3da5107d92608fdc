"""Whole pairs behind a few exemplars, so that rules can be tried on a finished run and differences explained.

Law: pure. Bounded: 200 pairs, 8 MiB of bodies in all, none larger than 64 KiB; of each signature the pair whose id has the
smallest hash is wanted, as its first exemplar is. The subtle thing: while the run lasts they are the flights' own bytes, as
nothing may be searched for secrets on the hub; `redacted` makes of them what may be written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

from replay_users.compare.case import Case, sides
from replay_users.compare.redaction import MAX_KEPT
from replay_users.trailers import with_trailers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from replay_users.compare.redaction import Redaction
    from replay_users.model import Flight

__all__ = ["MAX_BYTES", "MAX_EXHIBITS", "Exhibit", "Exhibits", "merged"]

MAX_EXHIBITS = 200
MAX_BYTES = 8 << 20


_SORTS: Final[tuple[Any, ...]] = (str, str, int, str, str | None, int, str, str | None, str, str)
_RARE: Final = ("trailers", "answer_trailers")


class Exhibit(NamedTuple):
    """One exchange with both its answers, redacted and decoded; a body is None that could not be kept.

    Trailers are those that were compared, and in a line only where there are any.
    """

    id: str
    endpoint: str
    status: int
    head: str
    body: str | None
    answer_status: int
    answer_head: str
    answer_body: str | None
    trailers: str = ""
    answer_trailers: str = ""

    def case(self) -> Case:
        """The pair, to be judged again."""
        body, answer = (
            None if text is None else text.encode("utf-8", "surrogatepass") for text in (self.body, self.answer_body)
        )
        whole = body if answer is not None else None
        return Case(
            0,
            self.status,
            self.head.encode("latin-1", "replace"),
            whole,
            self.answer_status,
            self.answer_head.encode("latin-1", "replace"),
            answer or b"",
            len(answer or b""),
            None,
            self.trailers.encode("latin-1", "replace"),
            self.answer_trailers.encode("latin-1", "replace"),
        )

    def line(self) -> dict[str, Any]:
        """Its line of exhibits.jsonl."""
        return {name: value for name, value in self._asdict().items() if value or name not in _RARE}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """One line of exhibits.jsonl.

        Raises:
            ValueError: this is none.
        """
        try:
            made = cls(**data)
        except TypeError as error:
            raise ValueError(f"no exhibit: {error}") from None
        if not all(isinstance(value, sorts) for value, sorts in zip(made, _SORTS, strict=True)):
            raise ValueError("an exhibit has texts, and two statuses")
        return made


class Exhibits:
    """The pairs of a run that are kept."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: dict[int, tuple[str, str, Case]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, flight: Flight, endpoint: str) -> None:
        """Keep this one, instead of those with larger hashes if there is no room."""
        number = crc32(flight.id.encode())
        if number in self._kept:
            return
        case = _case(flight)
        self._kept[number] = flight.id, endpoint, case
        self._bytes += _size(case)
        while len(self._kept) > MAX_EXHIBITS or self._bytes > MAX_BYTES:
            self._bytes -= _size(self._kept.pop(max(self._kept))[2])

    def redacted(self, redaction: Redaction) -> list[dict[str, Any]]:
        """All of them as the lines of exhibits.jsonl."""
        return [_exhibit(*self._kept[number], redaction).line() for number in sorted(self._kept)]


def _case(flight: Flight) -> Case:
    """Its bytes; bodies that are too large already are not held."""
    body, answer = flight.body, flight.answer_body
    fits = body is not None and len(body) <= MAX_KEPT and len(answer) <= MAX_KEPT and flight.answer_size <= len(answer)
    return Case(
        flight.endpoint,
        flight.status,
        flight.response_head,
        body if fits else None,
        flight.answer_status,
        with_trailers(flight.answer_head),
        answer if fits else b"",
        flight.answer_size,
    )


def _size(case: Case) -> int:
    return len(case.head) + len(case.body or b"") + len(case.answer_head) + len(case.answer_body)


def _exhibit(name: str, endpoint: str, case: Case, redaction: Redaction) -> Exhibit:
    head, answer_head, *trailers = sides(case.head, case.answer_head)
    body = answer = None
    if case.body is not None:
        body, answer = redaction.body(case.body, head), redaction.body(case.answer_body, answer_head)
    whole = body is not None and answer is not None
    return Exhibit(
        name,
        endpoint,
        case.status,
        redaction.head(head),
        body if whole else None,
        case.answer_status,
        redaction.head(answer_head),
        answer if whole else None,
        *map(redaction.head, trailers),
    )


def merged(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those of several workers, as many as are kept of one."""
    by_number = {crc32(str(line["id"]).encode()): dict(line) for line in lines}
    return [by_number[number] for number in sorted(by_number)][:MAX_EXHIBITS]
