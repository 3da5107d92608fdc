"""Exchanges and flights with one field of interest."""

from __future__ import annotations

import pytest

from replay_users.model import Capture, Exchange, Fault, Verdict
from replay_users.recording.traits import traits
from replay_users.testing import make_exchange, make_flight


def test_an_exchange_is_whole_and_can_be_sent() -> None:
    """Without overrides it is a complete exchange that nothing keeps from being replayed."""
    exchange = make_exchange()
    assert isinstance(exchange, Exchange)
    assert (exchange.capture, traits(exchange)) == (Capture.COMPLETE, 0)
    assert exchange.response_size == len(exchange.response_body or b"") > 0


@pytest.mark.parametrize(
    ("overrides", "sizes"),
    [
        pytest.param({"request_body": b"12345"}, (5, 8), id="request"),
        pytest.param({"response_body": b"123"}, (0, 3), id="response"),
        pytest.param({"request_body": None, "response_body": None}, (0, 0), id="not kept"),
        pytest.param({"request_body": b"1", "request_size": 9, "response_size": 7}, (9, 7), id="given"),
    ],
)
def test_sizes_follow_the_bodies(overrides: dict[str, object], sizes: tuple[int, int]) -> None:
    """The true sizes are those of the bodies, unless a test is about their difference."""
    exchange = make_exchange(**overrides)
    assert (exchange.request_size, exchange.response_size) == sizes


def test_a_field_that_is_none() -> None:
    """A misspelt field is an error at once."""
    with pytest.raises(TypeError, match="statsu"):
        make_exchange(statsu=200)
    with pytest.raises(AttributeError, match="statsu"):
        make_flight(statsu=200)


def test_a_flight_follows_what_it_is_about() -> None:
    """Due time and wire follow from when it was recorded, its method and its target."""
    flight = make_flight(at=5, method="HEAD", target=b"/x")
    assert (flight.at, flight.due, flight.session) == (5, 5, None)
    assert flight.wire.startswith(b"HEAD /x HTTP/1.1\r\n")
    assert flight.wire.endswith(b"\r\n\r\n")
    assert make_flight(at=5, due=2, wire=b"w").due == 2


def test_a_flight_that_has_landed() -> None:
    """Marks that a flight gets later can be given at once."""
    flight = make_flight(picked=1, done=3, answer_status=500, fault=Fault.TIMEOUT, judged=Verdict.UNCHECKED)
    assert (flight.picked, flight.done, flight.answer_status) == (1, 3, 500)
    assert (flight.fault, flight.judged) == (Fault.TIMEOUT, Verdict.UNCHECKED)
