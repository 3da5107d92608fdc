"""Flights that have landed, for the tests of this stage."""

from __future__ import annotations

from typing import Protocol

import pytest

from replay_users.model import Fault, Flight, Verdict

MS = 1_000_000


class Land(Protocol):
    """Makes a finished flight; times in ms from its due time."""

    def __call__(  # noqa: PLR0913 - every mark of a flight
        self,
        number: int = 0,
        *,
        endpoint: int = 0,
        session: bytes | None = b"s",
        due: float = 0,
        wait: float = 0,
        lag: float = 0,
        service: float = 10,
        duration: float | None = 10,
        status: int = 200,
        answer: int = 200,
        fault: Fault | None = None,
        judged: Verdict | None = Verdict.MATCHED,
        resent: bool = False,
        target: bytes = b"/items/7",
    ) -> Flight:
        """A flight with these marks."""


@pytest.fixture(scope="session")
def land() -> Land:
    """A maker of finished flights."""

    def make(  # noqa: PLR0913 - every mark of a flight
        number: int = 0,
        *,
        endpoint: int = 0,
        session: bytes | None = b"s",
        due: float = 0,
        wait: float = 0,
        lag: float = 0,
        service: float = 10,
        duration: float | None = 10,
        status: int = 200,
        answer: int = 200,
        fault: Fault | None = None,
        judged: Verdict | None = Verdict.MATCHED,
        resent: bool = False,
        target: bytes = b"/items/7",
    ) -> Flight:
        recorded = None if duration is None else round(duration * MS)
        flight = Flight(
            0,
            round(due * MS),
            session,
            endpoint,
            "GET",
            target,
            b"",
            status,
            b"",
            b"",
            recorded,
            f"id-{number}",
        )
        flight.ready = flight.due + round(wait * MS)
        flight.picked = flight.sent = flight.ready + round(lag * MS)
        flight.done = flight.sent + round(service * MS)
        flight.answer_status, flight.fault, flight.resent = answer, fault, resent
        flight.judged = None if fault else judged
        return flight

    return make
