"""The table of endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from replay_users.results.html.endpoints import Table, table_of
from replay_users.results.samples import Samples
from tests.results.html.drawn import labels, of_class
from tests.results.html.worlds import endpoint, samples_like, small, times


def table(*endpoints: dict[str, Any], samples: Samples | None = None) -> Table:
    """The table of these."""
    return table_of({"endpoints": list(endpoints)}, samples)


def test_those_with_trouble_come_first() -> None:
    """What is slow, failing, differing or dropped stands above what is well, which keeps its order."""
    found = table_of(small(), None)
    assert [each.name for each in found.endpoints] == [
        "GET /search",
        "GET /items/{id}",
        "POST /carts/{id}/items",
        "GET /health",
    ]
    assert found.troubled == 3


def test_a_row_has_its_numbers() -> None:
    """Counts, percentiles, bounds and statuses are those of the result; changed statuses lead."""
    search = table_of(small(), None).endpoints[0]
    assert (search.sent, search.compared, search.differing, search.regressions, search.failed) == (280, 260, 30, 30, 11)
    assert (search.recorded["p50"], search.service["p99"], search.ratio) == (20.0, "over", (2.9, 3.05, 3.2))
    assert [(each.recorded, each.replayed, each.count, each.is_worse) for each in search.statuses] == [
        ("200", "500", 30, True),
        ("200", "timeout", 8, True),
        ("200", "connect", 3, True),
        ("200", "200", 239, False),
    ]
    assert [(each.id, each.recorded, each.replayed) for each in search.slow] == [("slow-1", 20.0, 61.5)]


def test_samples_are_drawn() -> None:
    """With samples each row has both distributions, and its own chart when it is unfolded."""
    result = small()
    found = table_of(result, samples_like(result))
    assert found.has_samples
    assert of_class(found.endpoints[0].twin, "rep", "shape")[0].tag == "path"
    assert [text.partition(" ")[0] for text in labels(found.endpoints[0].chart) if text.startswith("p")] == [
        "p50",
        "p99",
        "p50",
    ]


def test_without_samples_percentiles_are_drawn() -> None:
    """An older run has bars from its percentiles, and no chart."""
    found = table_of(small(), None)
    assert not found.has_samples
    assert of_class(found.endpoints[0].twin, "rec", "shape")[0].tag == "rect"
    assert found.endpoints[0].chart == ""


def test_samples_without_an_endpoint() -> None:
    """An endpoint that the samples do not know is drawn from its percentiles."""
    found = table(endpoint("GET /a"), samples=Samples())
    assert not found.has_samples
    assert of_class(found.endpoints[0].twin, "rec", "shape")[0].tag == "rect"


def test_few_pairs_do_not_stretch_the_axis() -> None:
    """An endpoint of a dozen fast answers leaves the axis to the others."""
    few = endpoint("GET /health", 12, verdict="few", recorded_ms=times(0.1), service_ms=times(0.1))
    assert labels(table(endpoint("GET /a"), few).axis) == labels(table(endpoint("GET /a")).axis)
    assert labels(table(few).axis) != labels(table(endpoint("GET /a")).axis)


def test_nothing_was_sent() -> None:
    """A row of nothing has no drawings."""
    health = table_of(small(), None).endpoints[-1]
    assert (health.twin, health.mark, health.chart, health.statuses) == ("", "", "", [])


@pytest.mark.parametrize("value", [None, "over", "x", [], {}, {"p50": "over"}], ids=repr)
def test_damaged_rows(value: Any) -> None:
    """Whatever a field holds, there is a row."""
    one = endpoint("GET /a")
    damaged = {name: value for name in one if name not in {"endpoint", "count"}}
    [row] = table({**damaged, "endpoint": "GET /a", "count": 3}).endpoints
    assert (row.name, row.sent) == ("GET /a", 3)


def test_of_an_older_run_all_that_differs_regressed() -> None:
    """Before there were classes every difference counted."""
    old = endpoint("GET /a", mismatched=4)
    del old["mismatched_by"]
    assert table(old).endpoints[0].regressions == 4
