"""The nouns: what a user's code may do with a request, and what a flight is when it begins."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

import pytest

from replay_users import model
from replay_users.model import Fate, Fault, Flight, Outcome, Request, Skip, Verdict, outcome_of
from replay_users.testing import make_exchange, make_flight

REQUEST = Request(
    method="GET",
    target=b"/items/7%2f?q=1?2",
    authority="shop.example.com",
    head=b"Accept: a\r\nX-One:  1 \r\nx-one: 2\r\nCookie: \xe9\r\n",
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("Accept", "a", id="as it is written"),
        pytest.param("ACCEPT", "a", id="whatever its case"),
        pytest.param("x-one", "1", id="the first of several, without spaces around"),
        pytest.param("cookie", "é", id="bytes as Latin-1"),
        pytest.param("X", None, id="not there"),
        pytest.param("X-On", None, id="part of a name"),
        pytest.param("", None, id="no name"),
    ],
)
def test_header(name: str, value: str | None) -> None:
    """A header is found by its name, and is text."""
    assert REQUEST.header(name) == value


@pytest.mark.parametrize(
    ("target", "path"), [(b"/items/7%2f?q=1?2", "/items/7%2f"), (b"/", "/"), (b"*", "*"), (b"/\xe9", "/é")]
)
def test_path(target: bytes, path: str) -> None:
    """The path is the target up to its query, as it was recorded."""
    assert dataclasses.replace(REQUEST, target=target).path == path


def test_without_header() -> None:
    """All headers of a name go, whatever their case; the others stay byte for byte, in order."""
    assert REQUEST.without_header("X-ONE").head == b"Accept: a\r\nCookie: \xe9\r\n"
    assert REQUEST.without_header("none").head == REQUEST.head
    assert REQUEST.head.startswith(b"Accept: a\r\nX-One")


def test_with_header() -> None:
    """A header takes the place of all of its name, at the end."""
    changed = REQUEST.with_header("X-One", "3")
    assert changed.head == b"Accept: a\r\nCookie: \xe9\r\nX-One: 3\r\n"
    assert dataclasses.replace(changed, head=REQUEST.head) == REQUEST


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "1\r\nEvil: 2"),
        ("X", "1\nEvil: 2"),
        ("X", "\0"),
        ("X\r\nEvil", "1"),
        ("X:Y", "1"),
        ("X Y", "1"),
        ("", "1"),
        ("X", "\u20ac"),
    ],
)
def test_no_header_writes_another(name: str, value: str) -> None:
    """A name or value that could become a second header, or no header at all, is refused."""
    with pytest.raises(ValueError, match=r"header needs a name|latin-1"):
        REQUEST.with_header(name, value)


def test_a_flight_begins_without_marks() -> None:
    """A new flight has no marks, no answer, no fault and nobody who waits for it."""
    flight = Flight(100, 7, b"s", 3, "GET", b"/", b"wire", 200, b"head", b"body", 20, "id")
    begun = {name: getattr(flight, name) for name in Flight.__slots__}
    given = {
        "at",
        "due",
        "session",
        "endpoint",
        "method",
        "target",
        "wire",
        "status",
        "response_head",
        "body",
        "duration",
        "id",
    }
    assert {name for name, value in begun.items() if value} == given | {"ended"}


@pytest.mark.parametrize(("duration", "ended"), [(20, 120), (0, 100), (None, 100)])
def test_a_flights_recorded_end(duration: int | None, ended: int) -> None:
    """The recorded end is the beginning and the duration; without one it is the beginning."""
    assert make_flight(at=100, duration=duration).ended == ended


@pytest.mark.parametrize("value", [REQUEST, Skip("why"), make_exchange()], ids=lambda value: type(value).__name__)
def test_public_values_are_frozen(value: object) -> None:
    """What a user's code is given cannot be changed, only replaced."""
    field = dataclasses.fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, None)


def test_an_outcome_says_what_a_flight_says() -> None:
    """Every mark of a flight that a listener may want has the same name in its outcome."""
    fields = {field.name for field in dataclasses.fields(Outcome)}
    assert {
        "due",
        "ready",
        "picked",
        "sent",
        "done",
        "fault",
        "resent",
        "session",
        "method",
        "target",
        "id",
    } <= fields & set(Flight.__slots__)


def test_words_are_values_of_their_own_kind() -> None:
    """Each word of an enumeration is its own lower-case value, as it stands in results."""
    kinds = [
        kind
        for kind in vars(model).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
    ]
    assert Fault in kinds
    assert len(kinds) >= 6
    for kind in kinds:
        assert [word.value.replace("-", "_") for word in kind] == [word.name.lower() for word in kind]


def test_an_outcome_says_of_a_flight_what_the_flight_says() -> None:
    """Nothing is lost or swapped on the way to a listener."""
    flight = make_flight(due=1, status=200, duration=9)
    flight.ready, flight.picked, flight.sent, flight.done = 2, 3, 4, 5
    flight.answer_status, flight.fault, flight.resent, flight.judged = 503, Fault.TIMEOUT, True, Verdict.MISMATCHED
    outcome = outcome_of(flight, endpoint="GET /x", fate=Fate.SENT, reason="why")
    assert (outcome.due, outcome.ready, outcome.picked, outcome.sent, outcome.done) == (1, 2, 3, 4, 5)
    assert (outcome.recorded_status, outcome.recorded_duration, outcome.answer_status) == (200, 9, 503)
    assert (outcome.fault, outcome.resent, outcome.verdict) == (Fault.TIMEOUT, True, Verdict.MISMATCHED)
    assert (outcome.endpoint, outcome.fate, outcome.reason) == ("GET /x", Fate.SENT, "why")
