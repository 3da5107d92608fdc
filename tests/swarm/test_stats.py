"""Locust's statistics: the same as ours, whichever way they are fed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from replay_users.model import Fault, Verdict
from replay_users.swarm.stats import LocustStats, ReplayFault, wants_events
from replay_users.testing import make_flight

if TYPE_CHECKING:
    from locust.stats import StatsEntry

    from replay_users.model import Flight

NAMES = ["GET /items/{id}", "POST /graphql getUser", "__other__", "mine"]
MS = 1_000_000


def answer(took_ms: float = 10, endpoint: int = 0, **marks: Any) -> Flight:
    """A flight that was answered after some time."""
    return make_flight(
        endpoint=endpoint,
        **{"sent": 5 * MS, "done": 5 * MS + int(took_ms * MS), "judged": Verdict.MATCHED, "answer_size": 8, **marks},
    )


def fed(environment: Any, *flights: Flight, fire: bool = False, mismatch_is_failure: bool = False) -> Any:
    """Locust's statistics after these flights."""
    stats = LocustStats(environment, NAMES, fire=fire, mismatch_is_failure=mismatch_is_failure)
    stats.add(flights)
    stats.flush()
    return environment.runner.stats


def test_answers_are_merged(environment: Any) -> None:
    """Requests, times and sizes add up, by name and in total, with exact extremes."""
    stats = fed(environment, answer(10), answer(30), answer(20, endpoint=1))
    entry, total = stats.get("/items/{id}", "GET"), stats.total
    assert (entry.num_requests, entry.num_failures, entry.avg_response_time) == (2, 0, 20)
    assert (entry.min_response_time, entry.max_response_time, entry.avg_content_length) == (10, 30, 8)
    assert (total.num_requests, total.min_response_time, total.max_response_time) == (3, 10, 30)
    assert sum(total.num_reqs_per_sec.values()) == 3
    assert entry.response_times == {10: 1, 30: 1}


def test_current_percentiles_stay(environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The web UI's current percentiles are there after half a minute of batches."""
    clock = [1_000_000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    stats = LocustStats(environment, NAMES, fire=False, mismatch_is_failure=False)
    for _ in range(30):
        stats.add([answer(10)])
        stats.flush()
        clock[0] += 1
    assert environment.runner.stats.total.get_current_response_time_percentile(0.95) == 10


def test_a_batch_is_merged_now_and_then(environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers reach Locust a quarter of a second later at the latest, without a flush."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    stats = LocustStats(environment, NAMES, fire=False, mismatch_is_failure=False)
    stats.add([answer()])
    assert environment.runner.stats.total.num_requests == 0
    clock[0] += 0.3
    stats.add([answer()])
    assert environment.runner.stats.total.num_requests == 2


def test_an_exchange_without_an_answer_is_a_failure(environment: Any) -> None:
    """A fault counts as request and failure, and is shown by its name."""
    stats = fed(environment, answer(), answer(fault=Fault.TIMEOUT, judged=None))
    entry = stats.get("/items/{id}", "GET")
    assert (entry.num_requests, entry.num_failures) == (2, 1)
    [error] = stats.errors.values()
    assert (error.to_name(), error.occurrences) == ("GET /items/{id}: timeout", 1)


@pytest.mark.parametrize("mismatch_is_failure", [False, True])
def test_a_mismatch_is_a_failure_if_that_is_asked(environment: Any, mismatch_is_failure: bool) -> None:
    """An answer that differs is a failure to Locust only with `--mismatch-is-failure`, and then only once."""
    flights = (answer(), answer(judged=Verdict.MISMATCHED), answer(judged=Verdict.UNCHECKED))
    stats = fed(environment, *flights, mismatch_is_failure=mismatch_is_failure)
    assert (stats.total.num_requests, stats.total.num_failures) == (3, int(mismatch_is_failure))
    told = [error.to_name() for error in stats.errors.values()]
    assert told == ["GET /items/{id}: answer differs from the recording"] * mismatch_is_failure


@pytest.mark.parametrize(
    ("endpoint", "method", "label"),
    [
        pytest.param(0, "GET", ("/items/{id}", "GET"), id="method and template"),
        pytest.param(1, "POST", ("/graphql getUser", "POST"), id="a name with a blank"),
        pytest.param(0, "HEAD", ("/items/{id}", "GET"), id="the endpoint's method, not the exchange's"),
        pytest.param(2, "PUT", ("__other__", "PUT"), id="overflow has the exchange's method"),
        pytest.param(3, "GET", ("mine", "GET"), id="a name without a method"),
    ],
)
@pytest.mark.parametrize("way", ["merged", "failed", "fired"])
def test_a_name_is_the_same_on_every_way(
    environment: Any, endpoint: int, method: str, label: tuple[str, str], way: str
) -> None:
    """Answers, failures and events of one endpoint meet in one row of Locust's tables."""
    fault = Fault.CONNECT if way == "failed" else None
    stats = fed(environment, answer(endpoint=endpoint, method=method, fault=fault), fire=way == "fired")
    assert set(stats.entries) == {label}


def test_events_count_as_merging_does(environment: Any) -> None:
    """Fired one by one, Locust's own listener counts the same requests, failures and times."""
    flights = (answer(10), answer(30), answer(20, endpoint=1), answer(fault=Fault.TIMEOUT, judged=None))
    before = counts(fed(environment, *flights))
    environment.runner.stats.reset_all()
    environment.runner.stats.clear_all()
    assert counts(fed(environment, *flights, fire=True)) == before


def counts(stats: Any) -> dict[Any, Any]:
    """What matters of each row, and of the errors."""
    rows = {key: numbers(entry) for key, entry in [*stats.entries.items(), ("total", stats.total)]}
    return {**rows, "errors": sorted(error.to_name() for error in stats.errors.values())}


def numbers(entry: StatsEntry) -> tuple[Any, ...]:
    """Counts, times and sizes of a row."""
    times = entry.total_response_time, entry.min_response_time, entry.max_response_time
    return entry.num_requests, entry.num_failures, *times, entry.total_content_length, dict(entry.response_times)


def test_a_listener_gets_what_it_needs(environment: Any) -> None:
    """The event has Locust's own arguments, and in its context which exchange it was and what comparing it said."""
    got: list[Any] = []
    environment.events.request.add_listener(lambda **facts: got.append(facts))
    fed(environment, answer(10, answer_status=404, id="x"), answer(fault=Fault.CONNECT, judged=None), fire=True)
    first, second = got
    assert (first["request_type"], first["name"], first["response_time"]) == ("GET", "/items/{id}", 10)
    assert (first["response_length"], first["exception"], first["url"]) == (8, None, "/items/7")
    assert first["context"] == {"replay_id": "x", "status": 404, "judged": Verdict.MATCHED}
    assert isinstance(second["exception"], ReplayFault)


@pytest.mark.parametrize(
    ("choice", "others", "expected"),
    [("auto", 0, False), ("auto", 1, True), ("always", 0, True), ("never", 1, False)],
)
def test_who_wants_events(environment: Any, choice: str, others: int, expected: bool) -> None:
    """By default events are fired if somebody besides Locust listens."""
    for _ in range(others):
        environment.events.request.add_listener(print)
    assert wants_events(environment.events, choice) is expected
