"""What the run was."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.html.facts import Tile, facts_of
from tests.results.html.worlds import small, times


def tiles(result: dict[str, Any]) -> dict[str, Tile]:
    """The figures at the top, by name."""
    return {tile.name: tile for tile in facts_of(result).tiles}


def test_the_figures_at_the_top() -> None:
    """What an operator asks first, each with its whole and its tone."""
    found = tiles(small())
    assert [(tile.name, tile.value, tile.tone) for tile in found.values()] == [
        ("sent", "920", ""),
        ("compared", "97.8 %", ""),
        ("regressions", "150", "bad"),
        ("stand apart", "9", "warn"),
        ("no answer", "11", "bad"),
        ("slow endpoints", "1", "warn"),
        ("our lag, p99", "1.80 ms", "good"),
    ]
    assert found["sent"].of == "of 1,000 planned"


def test_sessions_are_told_where_they_are_known() -> None:
    """A regression is of so many answers, and of so many sessions."""
    result = {**small(), "sessions": {"compared": 128, "differing": 119}}
    assert tiles(result)["regressions"].of == "16.7 % of answers, 119 of 128 sessions"
    result["sessions"] |= {"broken": 113}
    assert tiles(result)["regressions"].of == "16.7 % of answers, at least 119 of 128 sessions"


@pytest.mark.parametrize(("lag", "shown"), [(None, "–"), ({"p99": "over"}, "over")], ids=["none", "over"])  # noqa: RUF001
def test_lag_that_is_no_number(lag: Any, shown: str) -> None:
    """A lag beyond all that was sent has no unit."""
    assert tiles({"fidelity": {"lag_ms": lag}})["our lag, p99"].value == shown


def test_the_facts() -> None:
    """Facts that are there have a line, in words where there are any; labels are kept."""
    facts = facts_of(small())
    assert dict(facts.rows)["Ended by"] == "its own end"
    assert facts.labels == {"git": "4f2a91c", "image": "shop:2.1"}
    assert "Autostop" not in dict(facts.rows)
    stopped = facts_of({"run": {"stopped_by": "autostop", "autostop": "too many 5xx"}})
    assert dict(stopped.rows) == {"Ended by": "autostop", "Autostop": "too many 5xx"}


def test_connections_and_comparing() -> None:
    """Counts of nothing are left out, addresses and errors are told."""
    result = {
        "connections": {
            "opened": 3,
            "retired": 0,
            "connect_ms": times(0.2),
            "addresses": {"192.0.2.7:443": {"opened": 2, "failed": 1}, "other": {"opened": 1}},
            "tls_errors": {"expired": 2},
        },
        "comparers": {"pairs": 9, "sample": ["GET /a=10%"]},
    }
    facts = facts_of(result)
    assert facts.connections == [
        ("opened", "3"),
        ("connect p50 / p99", "0.20 / 0.40 ms"),
        ("192.0.2.7:443", "2 opened, 1 failed"),
        ("other", "1 opened"),
        ("tls errors: expired", "2"),
    ]
    assert facts.comparing == [("pairs", "9")]


def test_workers_and_noise() -> None:
    """Each worker and each learnt rule is a row, with what is missing as nothing."""
    facts = facts_of(
        {
            "workers": [{"worker": "a", "host": "h", "partitions": 4, "lost_at_s": 2.5}],
            "noise": [
                {"endpoint": "GET /a", "path": "root['t']", "kind": "value", "learnt": {"rate": 0.1}, "alarm": True}
            ],
        }
    )
    assert (facts.workers[0].name, facts.workers[0].lost_at_s, facts.workers[0].rows) == ("a", 2.5, None)
    assert (facts.noise[0].learnt, facts.noise[0].seen, facts.noise[0].alarm) == (0.1, None, True)


def test_nothing_is_known() -> None:
    """An empty result has figures of nothing, and no facts but its end."""
    facts = facts_of({})
    assert facts.rows == [("Ended by", "its own end")]
    assert (facts.workers, facts.connections, facts.noise, facts.labels) == ([], [], [], {})


def test_what_never_answers_is_not_called_slow() -> None:
    """Endpoints without answers have a tile of their own."""
    endpoints = [{"endpoint": f"GET /{name}", "verdict": name} for name in ("slow", "failing", "ok")]
    tiles = {tile.name: (tile.value, tile.of) for tile in facts_of({"endpoints": endpoints}).tiles}
    assert tiles["slow endpoints"] == ("1", "of 3")


def test_nothing_compared_is_nothing_good() -> None:
    """No regression among no answers is no green figure, and one answer is one."""
    found = {tile.name: tile for tile in facts_of({"totals": {"sent": 9, "failed": 9}}).tiles}
    assert (found["regressions"].of, found["regressions"].tone) == ("nothing was compared", "")
    one = {tile.name: tile for tile in facts_of({"totals": {"sent": 1, "compared": 1, "matched": 1}}).tiles}
    assert (one["compared"].of, one["regressions"].tone) == ("1 answer", "good")


def test_what_a_baseline_accepts_is_no_red_figure() -> None:
    """It is counted, and red only where what differs fails the run; the facts name what the run was judged by."""
    totals = {"sent": 9, "compared": 9, "mismatched": 4, "mismatched_by": {"regression": 4}}
    slower = {"kind": "latency", "verdict": "fail", "advisory": False}
    gate = {"checks": [slower], "baseline": {"runs": ["r1", "r2"], "signatures": 1}, "baseline_run": "r0"}
    found = facts_of({"totals": totals, "gate": gate})
    assert {tile.name: tile.tone for tile in found.tiles}["regressions"] == ""
    assert ("Baseline", "1 signature accepted, of run r1 and 1 more") in found.rows
    assert ("Baseline run", "r0") in found.rows
    assert found.has_baseline
    differs = {"kind": "mismatches", "verdict": "fail", "advisory": False}
    tiles = facts_of({"totals": totals, "gate": {"checks": [differs]}}).tiles
    assert {tile.name: tile.tone for tile in tiles}["regressions"] == "bad"
