"""The gate's checks as rows."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.html.gate import checks_of
from tests.results.html.worlds import check, small


def test_those_that_decided_come_first() -> None:
    """Failed checks stand above passed ones, advisory ones below all that decide."""
    assert [(each.name, each.verdict, each.advisory) for each in checks_of(small())] == [
        ("mismatches", "fail", False),
        ("server errors", "fail", False),
        ("coverage", "pass", False),
        ("slow endpoints", "fail", True),
    ]


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (check("coverage", "coverage", "pass", "s", value=0.957, limit=0.95), ("95.7 %", "95.0 %")),
        (check("mismatches", "mismatches", "fail", "s", value=455, limit=0), ("455", "0")),
        (check("mismatch limit", "mismatches", "fail", "s", value=2.5, limit=1), ("2.50 %", "1.00 %")),
        (check("p95 limit", "latency", "fail", "s", value=120.4, limit=100), ("120 ms", "100 ms")),
        (check("p95 limit", "latency", "fail", "s", value=None, limit=100), ("–", "100 ms")),  # noqa: RUF001
        (check("shift", "latency", "fail", "s", value=0.5, limit="over"), ("0.50", "over")),
        (check("latency evidence", "latency", "pass", "s", value=0.006, limit=0.05), ("0.6 %", "5.0 %")),
        (check("latency tail", "latency", "pass", "s", value=-0.048, limit=0.03), ("-4.8 %", "3.0 %")),
    ],
    ids=["share", "count", "percent", "ms", "none", "ratio", "share of pairs", "more became faster"],
)
def test_numbers_have_their_unit(one: dict[str, Any], shown: tuple[str, str]) -> None:
    """Shares are percent, limits of users have the unit they were given in, the rest are counts or ratios."""
    [row] = checks_of({"gate": {"checks": [one]}})
    assert (row.found, row.allowed) == shown


def test_numbers_behind_a_check() -> None:
    """What a check hands over is shown as it is: counts, ratios, words, nothing."""
    numbers = {"pairs": 800, "ratio": 1.0234, "whole": 3.0, "what": "GET", "none": None, "yes": True}
    [row] = checks_of({"gate": {"checks": [check("x", "latency", "pass", "s", numbers=numbers, p=0.2)]}})
    assert list(row.numbers.values()) == ["800", "1.02", "3", "GET", "–", "True"]  # noqa: RUF001
    assert row.p == 0.2


def test_probabilities_keep_their_digits() -> None:
    """0.0033 is not 0.00: what a check was corrected to, and what it must not exceed, read like its p."""
    numbers = {"p_corrected": 1e-13, "together": 2, "alpha": 0.0033}
    [row] = checks_of({"gate": {"checks": [check("x", "latency", "pass", "s", numbers=numbers, p=0.2)]}})
    assert row.numbers == {"p_corrected": "<0.001", "together": "2", "alpha": "0.003"}


def test_a_void_check_says_so() -> None:
    """What cannot be trusted in this run is marked."""
    result = {"validity": {"void": ["latency"]}, "gate": {"checks": [check("x", "latency", "pass", "s")]}}
    assert checks_of(result)[0].is_void


def test_single_endpoints_that_passed_are_routine() -> None:
    """Among hundreds of checks those with something to say stand out."""
    rows = checks_of(
        {"gate": {"checks": [check("x", "latency", verdict, "s", endpoint="GET /a") for verdict in ("pass", "fail")]}}
    )
    assert [(row.verdict, row.is_routine) for row in rows] == [("fail", False), ("pass", True)]


def test_single_endpoints_of_a_late_run_are_routine_where_they_decide_nothing() -> None:
    """Of a run that was late there is one for each endpoint; what decides, and what is of the whole run, stands out."""
    made = [
        check("x", "latency", "inconclusive", "s", endpoint=endpoint, advisory=advisory)
        for endpoint in ("GET /a", None)
        for advisory in (False, True)
    ]
    rows = checks_of({"gate": {"checks": made}})
    assert [(row.endpoint, row.advisory, row.is_routine) for row in rows] == [
        ("GET /a", False, False),
        ("", False, False),
        ("GET /a", True, True),
        ("", True, False),
    ]


def test_an_older_check() -> None:
    """A check without the newer fields is a row."""
    [row] = checks_of({"gate": {"checks": [{"name": "x"}]}})
    assert (row.endpoint, row.p, row.numbers, row.found) == ("", None, {}, "–")  # noqa: RUF001
