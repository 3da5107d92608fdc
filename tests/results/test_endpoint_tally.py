"""One endpoint's counts: pairs only where they mean something, everybody else under a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from replay_users.histogram import OVER, Histogram, RatioHistogram
from replay_users.model import Drop, Fault, Verdict
from replay_users.results.endpoint_tally import (
    EndpointTally,
    count_answers,
    count_failed,
    count_times,
)

if TYPE_CHECKING:
    from replay_users.model import Flight
    from tests.results.conftest import Land


def counted(flights: list[Flight]) -> EndpointTally:
    """Count these flights of one endpoint."""
    mine = EndpointTally()
    answered = [flight for flight in flights if flight.fault is None]
    count_times([mine], answered)
    count_answers([mine], answered)
    for flight in flights:
        if flight.fault is not None:
            count_failed(mine, flight, flight.fault)
    return mine


def test_the_inlined_arithmetic_is_that_of_add(land: Land) -> None:
    """The hot pass counts exactly what the histograms' own add would."""
    rows = [(3 * n, 7 * n + 1, 5 * n) for n in range(40)]
    flights = [land(n, lag=lag / 9, service=s, duration=d) for n, (lag, s, d) in enumerate(rows)]
    service, latency, recorded, ratio = Histogram(), Histogram(), Histogram(), RatioHistogram()
    for flight in flights:
        duration = flight.duration or 0
        service.add(flight.done - flight.sent)
        latency.add(flight.done - flight.due)
        recorded.add(duration)
        if flight.picked - flight.ready <= 10_000_000:
            ratio.add(duration, flight.done - flight.sent)
    mine = counted(flights)
    assert (mine.service, mine.latency) == (service, latency)
    assert (mine.recorded, mine.ratio) == (recorded, ratio)


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        pytest.param({"duration": None}, "no_duration", id="nothing-recorded-to-compare-with"),
        pytest.param({"lag": 10.1}, "lag", id="we-were-late"),
        pytest.param({"answer": 404}, "status", id="other-work-was-done"),
        pytest.param({"resent": True}, "resent", id="it-went-out-twice"),
        pytest.param({"fault": Fault.STOPPED}, "stopped", id="we-cut-it-off"),
        pytest.param({"fault": Fault.CONNECT, "duration": None}, "no_duration", id="failed-unpaired"),
        pytest.param({"fault": Fault.TIMEOUT, "lag": 11}, "lag", id="failed-and-late"),
    ],
)
def test_a_pair_that_means_nothing_is_excluded(land: Land, marks: dict[str, Any], reason: str) -> None:
    """An exchange whose pair says nothing about the target's speed is counted under the reason."""
    mine = counted([land(1), land(2, **marks)])
    assert dict(mine.excluded_by) == {reason: 1}
    assert mine.ratio.count == 1


def test_a_failed_exchange_is_over_and_a_pair(land: Land) -> None:
    """A timeout is the longest service, latency and ratio, and still counts as sent."""
    mine = counted([land(1), land(2, fault=Fault.TIMEOUT)])
    assert (mine.sent, mine.failed, mine.failed_by["timeout"]) == (2, 1, 1)
    assert mine.service.maximum is mine.latency.maximum is OVER
    assert (mine.ratio.count, mine.ratio.over, mine.recorded.count) == (2, 1, 2)


def test_a_dropped_exchange_is_over_of_latency_only(land: Land) -> None:
    """What was never sent has no service, but its user waited for ever."""
    mine = counted([land()])
    mine.drop(Drop.WAIT)
    assert (mine.latency.maximum, mine.service.over, mine.sent) == (OVER, 0, 1)


def test_statuses_make_a_matrix_with_faults(land: Land) -> None:
    """The matrix shows what each recorded status became, faults included."""
    flights = [land(1), land(2, answer=500), land(3, status=404, answer=404)]
    flights.append(land(4, fault=Fault.CONNECT, answer=0))
    assert counted(flights).status_matrix() == {
        "200": {"200": 1, "500": 1, "connect": 1},
        "404": {"404": 1},
    }


def test_every_answer_has_its_verdict_counted(land: Land) -> None:
    """Matches, mismatches and unchecked answers are told apart; an unjudged one is none of them."""
    verdicts = [Verdict.MATCHED, Verdict.MISMATCHED, Verdict.UNCHECKED, None]
    mine = counted([land(n, judged=verdict) for n, verdict in enumerate(verdicts)])
    assert (mine.sent, mine.matched, mine.mismatched, mine.unchecked) == (4, 1, 1, 1)


def test_sessions_are_counted_once(land: Land) -> None:
    """A session counts once however much it sends; an exchange without one is its own."""
    flights = [land(n, session=b"s%d" % (n % 3)) for n in range(9)]
    flights += [land(n, session=None) for n in range(20, 24)]
    flights.append(land(30, session=b"s-failed", fault=Fault.RESET_IN_BODY))
    assert counted(flights).sessions.count == 3 + 4 + 1


def test_resent_exchanges_are_counted(land: Land) -> None:
    """A second attempt is counted whether or not it got an answer."""
    assert counted([land(1, resent=True), land(2, resent=True, fault=Fault.CONNECT)]).resent == 2
