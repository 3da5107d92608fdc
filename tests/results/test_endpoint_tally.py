"""One endpoint's counts: pairs only where they mean something, everybody else under a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_users.compare.difference import Class, Difference, Differences, Kind
from replay_users.histogram import OVER, Histogram, RatioHistogram
from replay_users.model import Drop, Fault, Verdict
from replay_users.path import Key
from replay_users.results.endpoint_tally import (
    EndpointTally,
    count_answers,
    count_failed,
    count_times,
)
from replay_users.results.pairs import Pair

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


@pytest.mark.parametrize(
    ("marks", "pair"),
    [
        pytest.param({}, (20_000_000, 200), id="an answer"),
        pytest.param({"answer": 500}, (20_000_000, 500), id="of another status"),
        pytest.param({"fault": Fault.TIMEOUT}, (None, 0), id="no answer"),
        pytest.param({"fault": Fault.CONNECT, "resent": True}, (None, 0), id="no answer the second time either"),
        pytest.param({"duration": None}, None, id="nothing-recorded-to-compare-with"),
        pytest.param({"lag": 10.1}, None, id="we-were-late"),
        pytest.param({"resent": True}, None, id="it-went-out-twice"),
        pytest.param({"fault": Fault.STOPPED}, None, id="we-cut-it-off"),
        pytest.param({"fault": Fault.TIMEOUT, "lag": 11}, None, id="failed-and-late"),
    ],
)
def test_what_is_offered_as_a_pair(land: Land, marks: dict[str, Any], pair: tuple[int | None, int] | None) -> None:
    """All that says something of the target's speed or that it is broken is, and counted; nothing that is our own lateness."""
    mine = counted([land(7, due=3, session=b"me", service=20, **marks)])
    found = [Pair(crc32(b"id-7"), crc32(b"me"), 3_000_000, 10_000_000, *pair)] if pair else []
    assert mine.pairs.pairs() == found
    assert mine.paired == len(found)


def test_a_pair_without_a_session_is_its_own(land: Land) -> None:
    """As in every other count of sessions."""
    for fault in (None, Fault.TIMEOUT):
        [pair] = counted([land(7, session=None, fault=fault)]).pairs.pairs()
        assert pair.id == pair.session == crc32(b"id-7")


@pytest.mark.parametrize(
    ("marks", "is_slow"),
    [
        pytest.param({"service": 15.2}, True, id="half as long again"),
        pytest.param({"service": 14.8}, False, id="not quite"),
        pytest.param({"service": 90, "answer": 404}, False, id="other work"),
        pytest.param({"service": 90, "resent": True}, False, id="no pair"),
        pytest.param({"service": 90, "fault": Fault.TIMEOUT}, False, id="no answer"),
    ],
)
def test_slow_exemplars_are_answered_pairs(land: Land, marks: dict[str, Any], *, is_slow: bool) -> None:
    """An exemplar is what the ratio counts as more than 1.5 times as long."""
    mine = counted([land(7, **marks)])
    assert [pair.id for pair in mine.slow.shown()] == ["id-7"] * is_slow
    assert mine.ratio.count_above(1.5) == is_slow


@pytest.mark.parametrize(
    ("status", "answer", "turned"),
    [
        pytest.param(200, 500, "broken", id="broken"),
        pytest.param(204, 599, "broken", id="at-the-edges"),
        pytest.param(503, 201, "mended", id="mended"),
        pytest.param(500, 502, None, id="as-broken-as-before"),
        pytest.param(200, 404, None, id="refused"),
        pytest.param(301, 500, None, id="no-answer-that-worked"),
        pytest.param(200, 200, None, id="the-same"),
    ],
)
def test_answers_that_broke_or_were_mended_are_counted(
    land: Land, status: int, answer: int, turned: str | None
) -> None:
    """2xx to 5xx and back, by exchanges and by sessions; these are weighed up by themselves, and do not differ."""
    marks: dict[str, Any] = {"status": status, "answer": answer}
    mine = counted([land(n, session=b"%d" % (n % 2), judged=Verdict.MISMATCHED, **marks) for n in range(6)])
    for name in ("broken", "mended"):
        found = getattr(mine, name)
        assert (found.count, found.sessions.count) == ((6, 2) if name == turned else (0, 0))
    assert mine.differing.count == (0 if turned else 2)
    settled = counted([land(1, judged=Verdict.MATCHED, **marks)])
    assert settled.broken.count == settled.mended.count == settled.differing.count == 0


def test_only_regressions_make_a_session_differ(land: Land) -> None:
    """A session differs if one of its answers has a regression; one whose data was missing does not."""
    missing, worse, plain = (land(n, session=b"%d" % n, judged=Verdict.MISMATCHED) for n in range(3))
    price = Difference("GET /a", (Key("price"),), Kind.VALUE, "1", "2")
    missing.differences = Differences([price], classes=(Class.MISSING,))
    worse.differences = Differences([price], classes=(Class.REGRESSION,))
    mine = counted([missing, worse, plain, land(9, session=b"9")])
    assert (mine.differing.count, mine.compared_sessions.count) == (2, 4)
    assert mine.sampled() == (2, 4)


@settings(max_examples=20, deadline=None)
@given(differing=st.integers(0, 900), same=st.integers(0, 900), unchecked=st.integers(0, 300))
def test_the_sampled_share_is_exact(land: Land, differing: int, same: int, unchecked: int) -> None:
    """Of the sessions in the sample each is known to differ or not; what could not be compared is not among them."""
    sizes = {Verdict.MISMATCHED: differing, Verdict.MATCHED: same, Verdict.UNCHECKED: unchecked}
    flights = [land(n, session=b"%s-%d" % (v.encode(), n), judged=v) for v, size in sizes.items() for n in range(size)]
    mine = counted(flights)
    hashes = sorted(crc32(f.session or b"") for f in flights if f.judged is not Verdict.UNCHECKED)
    known = hashes[:255] if len(hashes) >= 256 else hashes
    worse = {crc32(f.session or b"") for f in flights if f.judged is Verdict.MISMATCHED}
    assert mine.sampled() == (len(worse.intersection(known)), len(known))
    assert mine.sessions.count == pytest.approx(differing + same + unchecked, rel=0.25)
