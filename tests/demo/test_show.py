from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from replay_users.demo import show
from replay_users.demo.expectations import Finding
from replay_users.demo.shop import find_shop
from replay_users.demo.show import Show, clean_environment
from replay_users.errors import ReplayError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def _show(folder: Path) -> Show:
    return Show(root=find_shop(), folder=folder, env=os.environ)


def test_children_get_nobodys_settings_or_credentials() -> None:
    """Settings of other replays and real credentials stay out of the demo; the shop's switches go through."""
    given = {
        "PATH": "/bin",
        "REPLAY_PACE": "9x",
        "LOCUST_HOST": "http://x",
        "AWS_PROFILE": "prod",
        "INFLUXDB_V2_URL": "http://influxdb.example.com",
        "SHOP_PLANTED": "price",
    }
    assert clean_environment(given) == {"PATH": "/bin", "SHOP_PLANTED": "price"}


def test_nothing_kept_cannot_be_replayed(tmp_path: Path) -> None:
    """Where no earlier demo left a recording, `keep` is refused in one sentence."""
    with pytest.raises(UsageError, match="run the demo without --keep first"):
        _show(tmp_path).run(keep=True)


def test_a_command_that_fails_ends_the_demo(tmp_path: Path) -> None:
    """A step that ends with a code it should not is an error that names it."""
    with pytest.raises(ReplayError, match="replay-users inspect ended with 2"):
        _show(tmp_path)._tool(["inspect", str(tmp_path / "nothing")], os.environ)


def test_what_an_earlier_demo_left_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    """An old recording and its capture go; whatever else lies there stays."""
    (tmp_path / "recording").mkdir()
    for name in ("capture.jsonl", "rejects.jsonl", "notes.txt", "recording/manifest.json"):
        (tmp_path / name).touch()
    _show(tmp_path)._clear()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_findings_are_said_one_a_line() -> None:
    """What was found, what is missing and what nobody planted are told apart at a glance."""
    findings = [Finding("a", True, True, "12 answers"), Finding("b", True, False), Finding("c", False, True)]
    assert show._found(findings)[2:-1] == ["  found       a (12 answers)", "  MISSING     b", "  UNEXPECTED  c"]


def test_it_ends_with_links(tmp_path: Path) -> None:
    """To what the replay wrote, as a terminal opens it, and to the dashboard where points went to InfluxDB."""
    folder = tmp_path / "a b"
    folder.mkdir()
    for name in ("report.html", "report.md", "junit.xml", "result.json"):
        (folder / name).touch()
    lines = show._links(folder, {"run": {"dashboard": "http://g:3000/d/replay-overview?var-run=r1"}})
    place = f"file://{tmp_path}/a%20b"
    assert lines == [
        f"report      {place}/report.html",
        f"junit       {place}/junit.xml",
        f"markdown    {place}/report.md",
        f"result      {place}/result.json",
        "dashboards  http://g:3000/d/replay-overview?var-run=r1",
    ]


def test_points_without_a_grafana_say_where_the_dashboards_are(tmp_path: Path) -> None:
    """Where only the InfluxDB was given, there is no address to link to, but files that the repository has."""
    [line] = show._links(tmp_path, {"run": {}}, has_points=True)
    assert line.startswith("dashboards  k8s/grafana/dashboards, for your Grafana (docs/grafana.md)")
    assert (find_shop() / "k8s" / "grafana" / "dashboards" / "replay-overview.json").exists()
    assert (find_shop() / "docs" / "grafana.md").exists()
    [link] = show._links(tmp_path, {"run": {"dashboard": "http://g:3000/d/x"}}, has_points=True)
    assert link == "dashboards  http://g:3000/d/x"


def test_what_is_not_there_is_not_linked(tmp_path: Path) -> None:
    """Such as a report that could not be made."""
    (tmp_path / "result.json").touch()
    assert show._links(tmp_path, {"run": {}}) == [f"result      file://{tmp_path}/result.json"]
