"""Criteria as text: what is read, and what is said of what cannot be."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay_users.errors import UsageError
from replay_users.model import Fault
from replay_users.plan.duration import SECOND
from replay_users.results.autostop import (
    Count,
    Faults,
    Mean,
    Mismatches,
    Percentile,
    Share,
    Slower,
    Statuses,
    Time,
)
from replay_users.results.autostop_text import parse_autostop


@pytest.mark.parametrize(
    ("text", "counted", "limit", "window_s"),
    [
        pytest.param("http(5xx,10%,5s)", Statuses("5xx"), Share(10), 5, id="a share of a class"),
        pytest.param("http(4xx,25,10s)", Statuses("4xx"), Count(25), 10, id="a number"),
        pytest.param("http(50x,0.5%,1m)", Statuses("50x"), Share(0.5), 60, id="ten statuses"),
        pytest.param(" HTTP( 503 , 100% , 1s ) ", Statuses("503"), Share(100), 1, id="capitals and blanks"),
        pytest.param("net(xx,10%,5s)", Faults(None), Share(10), 5, id="any fault"),
        pytest.param("net(timeout,3,5s)", Faults(Fault.TIMEOUT), Count(3), 5, id="one fault"),
        pytest.param("failed(10%,5s)", Faults(None), Share(10), 5, id="failed"),
        pytest.param("mismatch(5%,30s)", Mismatches(), Share(5), 30, id="mismatch"),
        pytest.param("time(1.5s,10s)", Time(), Mean(1_500_000_000), 10, id="time"),
        pytest.param("quantile(95,500ms,10s)", Slower(500_000_000), Percentile(95), 10, id="quantile"),
        pytest.param("quantile(99.9,2s,1m30s)", Slower(2 * SECOND), Percentile(99.9), 90, id="a part of a percent"),
    ],
)
def test_a_criterion_is_read(text: str, counted: object, limit: object, window_s: int) -> None:
    """What is counted, how much is too much, within how long; without an endpoint all count together."""
    [criterion] = parse_autostop([text])
    assert (criterion.counted, criterion.limit, criterion.window) == (counted, limit, window_s * SECOND)
    assert (criterion.pattern, criterion.text) == (None, text.strip())


@pytest.mark.parametrize(
    ("endpoint", "covered", "not_covered"),
    [
        pytest.param("GET /users/*", "GET /users/{id}", "GET /items", id="a glob"),
        pytest.param("/a,b(c)", "PUT /a,b(c)", "PUT /a", id="commas and brackets"),
        pytest.param("*", "GET /", None, id="each"),
    ],
)
def test_an_endpoint_is_the_last_argument(endpoint: str, covered: str, not_covered: str | None) -> None:
    """It may hold whatever a name may hold."""
    [criterion] = parse_autostop([f"http(5xx,10%,5s,{endpoint})"])
    assert criterion.covers(covered)
    assert not_covered is None or not criterion.covers(not_covered)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "'' is none of the criteria: write one of http(5xx,10%,5s), net", id="nothing"),
        pytest.param("htp(5xx,10%,5s)", "'htp' is none of the criteria: did you mean http(5xx,10%,5s)? ", id="a typo"),
        pytest.param("http 5xx", "'http 5xx' is none of the criteria", id="no brackets"),
        pytest.param("http", "put its arguments in brackets, as in http(5xx,10%,5s)", id="no arguments"),
        pytest.param("http(5xx,10%,5s", "put its arguments in brackets", id="not closed"),
        pytest.param("http()", "argument 1 (''): write a status such as 503", id="empty brackets"),
        pytest.param("http(6xx,10%,5s)", "argument 1 ('6xx'): write a status such as 503", id="no status"),
        pytest.param("http(5xx,0%,5s)", "argument 2 ('0%'): write a share above 0% and up to 100%", id="no share"),
        pytest.param("http(5xx,101%,5s)", "argument 2 ('101%'): write a share", id="too much"),
        pytest.param("http(5xx,0,5s)", "argument 2 ('0'): write a share", id="no number"),
        pytest.param("http(5xx,10%)", "argument 3 is missing: the length of the window such as", id="no window"),
        pytest.param("http(5xx,10%,5)", "argument 3 ('5'): write the length of the window like 100ms", id="no unit"),
        pytest.param("http(5xx,10%,500ms)", "argument 3 ('500ms'): the window is 1s at least", id="too short"),
        pytest.param("http(5xx,10%,5s,)", "the endpoint is missing behind the last comma", id="no endpoint"),
        pytest.param("net(5xx,10%,5s)", "argument 1 ('5xx'): write one of xx (any), connect,", id="no fault"),
        pytest.param("net(stopped,10%,5s)", "argument 1 ('stopped'): write one of xx", id="our own stop"),
        pytest.param("time(fast,10s)", "argument 1 ('fast'): write a time like", id="no time"),
        pytest.param("quantile(100,1s,10s)", "argument 1 ('100'): write a percentile above 0 and below", id="all"),
        pytest.param("quantile(0,1s,10s)", "argument 1 ('0'): write a percentile", id="none"),
        pytest.param("quantile(95,10s)", "argument 3 is missing: the length of the window", id="no time of its own"),
        pytest.param("mismatch(,30s)", "argument 1 (''): write a share", id="an empty one"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, said: str) -> None:
    """The sentence names the criterion, the argument, and what would be right."""
    with pytest.raises(UsageError) as refused:
        parse_autostop(["failed(10%,5s)", text])
    assert str(refused.value).startswith(f"--autostop {text!r}")
    assert said in str(refused.value)


@given(st.text(max_size=40) | st.text("http(5x,10%s) ", max_size=30))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    """No text breaks the reader down."""
    with suppress(UsageError):
        [criterion] = parse_autostop([text])
        assert criterion.window >= SECOND
