"""Where a run's dashboard can be opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay_users.errors import UsageError
from replay_users.swarm.grafana_link import OVERVIEW, dashboard_link, read_grafana


@pytest.mark.parametrize(
    ("given", "read"),
    [("", ""), ("http://g:3000/", "http://g:3000"), ("https://x.example/grafana", "https://x.example/grafana")],
)
def test_it_is_an_address_or_nothing(given: str, read: str) -> None:
    """Below a path too."""
    assert read_grafana(given, has_points=True) == read


@pytest.mark.parametrize(
    "given",
    ["grafana:3000", "ftp://g", "http://", "http://me:secret@g", "http://g/?token=secret", "http://[", "http://g:x"],
)
def test_what_is_no_plain_address_is_refused_and_not_repeated(given: str) -> None:
    """It would stand in every report."""
    with pytest.raises(UsageError, match=r"^--grafana-url is no plain address: write it like http://grafana:3000$"):
        read_grafana(given, has_points=True)


def test_without_points_it_leads_nowhere() -> None:
    """And is refused before the run."""
    with pytest.raises(UsageError, match="leads nowhere without --influx-url"):
        read_grafana("http://g:3000", has_points=False)


def test_it_opens_one_run_for_the_time_that_it_took() -> None:
    """A little before and after, in ms; the run's id is escaped."""
    link = dashboard_link("http://g:3000", "a&b", 1_000.0, 60.0)
    assert link == "http://g:3000/d/replay-overview?var-run=a%26b&from=995000&to=1090000"


def test_there_is_such_a_dashboard() -> None:
    """With that variable."""
    path = Path(__file__).parents[2] / "k8s" / "grafana" / "dashboards" / f"{OVERVIEW}.json"
    dashboard = json.loads(path.read_text("utf-8"))
    assert dashboard["uid"] == OVERVIEW
    assert "run" in {each["name"] for each in dashboard["templating"]["list"]}
