"""What each criterion counts, when that is too much, and how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.compare.difference import Class
from replay_users.histogram import Histogram, Over
from replay_users.model import Drop, Fault, Verdict
from replay_users.results.autostop import MIN_SEEN, Percentile, Slower
from replay_users.results.autostop_text import parse_autostop
from replay_users.results.tally import Tally
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from replay_users.model import Flight

MS = 1_000_000


def answer(status: int = 200, ms: int = 10, judged: Verdict = Verdict.MATCHED, **more: Any) -> Flight:
    """An answered exchange."""
    return make_flight(answer_status=status, sent=MS, done=MS + ms * MS, judged=judged, **more)


def lost(fault: Fault) -> Flight:
    """An exchange without an answer."""
    return make_flight(fault=fault, sent=MS, done=2 * MS)


def read(text: str, *flights: Flight, dropped: int = 0) -> tuple[int, int]:
    """What a criterion counts of these."""
    tally = Tally(["GET /"])
    tally.settle(flights)
    for _ in range(dropped):
        tally.drop(make_flight(), Drop.WAIT)
    return parse_autostop([text])[0].read(tally.endpoints["GET /"])


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        pytest.param("http(5xx,1,5s)", (3, 7), id="a class of statuses"),
        pytest.param("http(50x,1,5s)", (2, 7), id="ten statuses"),
        pytest.param("http(503,1,5s)", (1, 7), id="one status"),
        pytest.param("http(2xx,1,5s)", (1, 7), id="good ones"),
        pytest.param("net(xx,1,5s)", (3, 7), id="no answer"),
        pytest.param("failed(1,5s)", (3, 7), id="no answer, in a word"),
        pytest.param("net(timeout,1,5s)", (2, 7), id="no answer for one reason"),
        pytest.param("time(1s,5s)", (2_060 * MS, 4), id="times of answers"),
        pytest.param("quantile(95,1s,5s)", (4, 7), id="longer, or no answer at all"),
        pytest.param("mismatch(1,5s)", (1, 2), id="differing ones of those compared"),
    ],
)
def test_what_is_counted(text: str, counts: tuple[int, int]) -> None:
    """Hits of so many; what was not sent is none, and what a stop did not wait for is not counted against the target."""
    flights = [
        answer(200),
        answer(500, 20, Verdict.UNCHECKED),
        answer(503, 30, Verdict.UNCHECKED),
        answer(522, 2_000, Verdict.MISMATCHED),
        lost(Fault.TIMEOUT),
        lost(Fault.TIMEOUT),
        lost(Fault.CONNECT),
        lost(Fault.STOPPED),
    ]
    assert read(text, *flights, dropped=5) == counts


def test_an_answer_that_differs_for_what_staging_lacks_is_no_hit() -> None:
    """Only what the release may be blamed for."""
    tally = Tally(["GET /"])
    mine = tally.endpoints["GET /"]
    mine.mismatched, mine.matched = 9, 11
    mine.mismatched_by[Class.MISSING], mine.mismatched_by[Class.REGRESSION] = 7, 2
    assert parse_autostop(["mismatch(5%,30s)"])[0].read(mine) == (2, 20)


@pytest.mark.parametrize(
    ("text", "hits", "seen", "met"),
    [
        pytest.param("http(5xx,10%,5s)", 10, 100, True, id="the share is reached"),
        pytest.param("http(5xx,10%,5s)", 9, 100, False, id="the share is not reached"),
        pytest.param("http(5xx,10%,5s)", 19, 19, False, id="too few to say"),
        pytest.param("http(5xx,10%,5s)", 20, 20, True, id="enough to say"),
        pytest.param("http(5xx,100%,5s)", 99, 100, False, id="not quite all"),
        pytest.param("http(4xx,25,10s)", 25, 25, True, id="the number is reached"),
        pytest.param("http(4xx,25,10s)", 24, 9_000, False, id="the number is not reached"),
        pytest.param("http(4xx,1,10s)", 1, 1, True, id="a number needs no more"),
        pytest.param("time(1s,5s)", 20 * 1_000 * MS, 20, False, id="as long as may be on average"),
        pytest.param("time(1s,5s)", 20 * 1_000 * MS + 1, 20, True, id="longer on average"),
        pytest.param("quantile(95,1s,5s)", 5, 100, False, id="p95 is below"),
        pytest.param("quantile(95,1s,5s)", 6, 100, True, id="p95 is above"),
        pytest.param("quantile(50,1s,5s)", 11, 20, True, id="the median is above"),
        pytest.param("mismatch(5%,5s)", 0, 0, False, id="nothing at all"),
    ],
)
def test_when_it_is_too_much(text: str, hits: int, seen: int, *, met: bool) -> None:
    """A limit that is reached stops a run; a share, a mean or a percentile of fewer than 20 does not."""
    assert parse_autostop([text])[0].is_met(hits, seen) is met


@given(st.lists(st.integers(0, 3_000), min_size=MIN_SEEN, max_size=60), st.integers(0, 5), st.integers(1, 99))
def test_a_percentile_is_that_of_the_histogram(times_ms: list[int], failed: int, percent: int) -> None:
    """It is met when the percentile of all that was counted lies in a bucket above the limit's, or over."""
    limit, service = 1_000 * MS, Histogram()
    tally = Tally(["GET /"])
    tally.settle([*(answer(ms=ms) for ms in times_ms), *(lost(Fault.TIMEOUT) for _ in range(failed))])
    for ms in times_ms:
        service.add(ms * MS)
    service.add_over(failed)
    border = Histogram()
    border.add(limit)
    [bucket] = border.buckets
    found = service.bucket_at(max(1, -(-percent * service.count // 100)))
    expected = isinstance(found, Over) or found > bucket
    hits, seen = Slower(limit).read(tally.endpoints["GET /"])
    assert Percentile(percent).is_met(hits, seen) is expected


@pytest.mark.parametrize(
    ("text", "endpoint", "hits", "seen", "said"),
    [
        pytest.param(
            "http(5xx,10%,5s)",
            "",
            212,
            1030,
            "within 5 s, 212 of 1,030 requests were answered with 5xx (20.6 %), 10 % is the limit",
            id="a share",
        ),
        pytest.param(
            "net(timeout,25,5s,GET /*)",
            "GET /users/{id}",
            31,
            90,
            "within 5 s on GET /users/{id}, 31 of 90 requests got no answer (timeout), 25 is the limit",
            id="a number, of an endpoint",
        ),
        pytest.param(
            "failed(1%,5s)",
            "",
            1,
            50,
            "within 5 s, 1 of 50 requests got no answer (2.0 %), 1 % is the limit",
            id="failed",
        ),
        pytest.param(
            "time(1.5s,5s)",
            "",
            40 * 1_812 * MS,
            40,
            "within 5 s, 40 answers took 1,812 ms on average, 1,500 ms is the limit",
            id="a mean",
        ),
        pytest.param(
            "quantile(95,0.5s,5s)",
            "",
            71,
            412,
            "within 5 s, 71 of 412 requests took longer than 500 ms (17.2 %), 5 % is the limit",
            id="a percentile",
        ),
        pytest.param(
            "mismatch(5%,5s)",
            "",
            8,
            40,
            "within 5 s, 8 of 40 compared answers differ (20.0 %), 5 % is the limit",
            id="mismatch",
        ),
    ],
)
def test_the_sentence_has_the_numbers(text: str, endpoint: str, hits: int, seen: int, said: str) -> None:
    """Criterion, window, endpoint, what was found and what the limit is."""
    [criterion] = parse_autostop([text])
    assert criterion.sentence(endpoint, hits, seen, criterion.window) == f"{text}: {said}"


@pytest.mark.parametrize(("percent", "seen", "beyond"), [(99.9, 1000, 1), (99.9, 4000, 4), (95, 20, 1), (97.5, 40, 1)])
def test_a_percentile_is_at_its_rank_whatever_floats_say(percent: float, seen: int, beyond: int) -> None:
    """1 of 1,000 may lie beyond the 99.9th, which is the 999th."""
    assert not Percentile(percent).is_met(beyond, seen)
    assert Percentile(percent).is_met(beyond + 1, seen)
