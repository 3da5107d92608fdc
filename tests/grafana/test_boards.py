from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest

from replay_users.results.influx_schema import INTERVAL_S, MEASUREMENTS
from tests.grafana.asking import BOARDS, Asked, asked_by, panels_of
from tests.grafana.reading import columns_of, selects_of, tag_values_of

NEWEST_READ_BY_GRAFANA_11 = 39
UNITS = {"none", "string", "short", "percent", "percentunit", "ms", "s", "reqps"}
"""Of those that Grafana's dashboard-linter knows, what ours use."""

boards = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
PANELS = {
    f"{uid}: {panel['title']}": panel
    for uid, board in BOARDS.items()
    for panel in panels_of(board)
    if panel["type"] != "row"
}
panels = pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS)
TABLES = {name: panel for name, panel in PANELS.items() if panel["type"] == "table"}
QUERIES = [asked for board in BOARDS.values() for asked in asked_by(board)]
SELECTS = [asked for asked in QUERIES if asked.query.startswith("SELECT")]
selects = pytest.mark.parametrize("asked", SELECTS, ids=str)


def test_there_are_the_three() -> None:
    """Their files are called after their uids, which links and bookmarks name."""
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        name: name for name in ("replay-overview", "replay-mismatches", "replay-runs")
    }


@boards
def test_a_dashboard_can_be_provisioned(board: Any) -> None:
    """No id of its own, no inputs, not editable, a schema that Grafana 11 reads (linter: uneditable)."""
    assert board["id"] is None
    assert board["editable"] is False
    assert not {"__inputs", "__requires", "__elements"} & set(board)
    assert board["schemaVersion"] == NEWEST_READ_BY_GRAFANA_11
    assert board["title"]
    assert board["description"]


@boards
def test_the_data_source_is_a_variable(board: Any) -> None:
    """Linter: template-datasource."""
    found = [variable for variable in board["templating"]["list"] if variable["type"] == "datasource"]
    assert [(each["name"], each["label"], each["query"]) for each in found] == [
        ("datasource", "Data source", "influxdb")
    ]


@boards
def test_variables_follow_the_time(board: Any) -> None:
    """Linter: template-on-time-change-reload."""
    assert {each["refresh"] for each in board["templating"]["list"] if each["type"] == "query"} == {2}


@panels
def test_a_panel_asks_the_chosen_data_source(panel: Any) -> None:
    """It, and each of its queries (linter: panel-datasource, panel-no-targets)."""
    assert panel["targets"]
    used = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    assert all(source == {"type": "influxdb", "uid": "${datasource}"} for source in used)
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert all(target["rawQuery"] for target in panel["targets"])


@panels
def test_a_panel_says_what_it_answers(panel: Any) -> None:
    """Linter: panel-title-description; a description is a sentence."""
    assert panel["title"]
    assert re.fullmatch(r"[A-Z0-9].{15,400}[.]", panel["description"])


@panels
def test_a_panel_has_units(panel: Any) -> None:
    """Its own, and those of its columns (linter: panel-units)."""
    config = panel["fieldConfig"]
    own = [each["value"] for rule in config["overrides"] for each in rule["properties"] if each["id"] == "unit"]
    assert {config["defaults"]["unit"], *own} <= UNITS


@panels
def test_a_panel_asks_no_finer_than_points_come(panel: Any) -> None:
    """Else lines would be dots."""
    assert panel["interval"] == f"{INTERVAL_S}s"


@boards
def test_panels_have_numbers_and_places_of_their_own(board: Any) -> None:
    """Ids differ, nothing overlaps, nothing is wider than the page, and a row holds what is closed in it only."""
    found = list(panels_of(board))
    assert len({panel["id"] for panel in found}) == len(found)
    places = [panel["gridPos"] for panel in found]
    assert all(0 <= place["x"] < place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(bool(panel["panels"]) == panel["collapsed"] for panel in found if panel["type"] == "row")


@boards
def test_choices_are_used_and_there(board: Any) -> None:
    """Every variable that something speaks of is one of the dashboard's, and none is without use."""
    named = {variable["name"] for variable in board["templating"]["list"]}
    spoken = set(re.findall(r"\$\{?(\w+)(?:[:}]|\b)", str(board)))
    of_grafana = {"timeFilter", "__interval", "col", "__data", "__url_time_range", "__all"}
    own = of_grafana | {name for name in spoken if name.startswith("tag_")}
    assert spoken - own == named


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_no_query_is_flux(asked: Asked) -> None:
    """InfluxDB 3 does not answer it."""
    assert re.match(r"SELECT |SHOW TAG VALUES ", asked.query)
    assert not re.search(r"\|>|from\(|import ", asked.query)


@selects
def test_each_select_is_of_the_chosen_time(asked: Asked) -> None:
    """The inner ones too: what the server has to read stays bounded."""
    found = list(selects_of(asked.query))
    assert len(found) == asked.query.count("SELECT ")
    assert all(select.rest.startswith(" WHERE $timeFilter") for select in found)


@selects
def test_names_in_a_query_are_those_that_are_written(asked: Asked) -> None:
    """Measurement, fields and tags are the schema's; an outer query uses what an inner one names."""
    found = list(selects_of(asked.query))
    given = {name for select in found for name in select.aliases}
    tags = {tag for select in found if select.measurement for tag in MEASUREMENTS[select.measurement].tags}
    for select in found:
        if select.measurement:
            known = MEASUREMENTS[select.measurement]
            assert select.names <= {*known.tags, *known.kinds}
        else:
            assert select.names <= given | tags


@pytest.mark.parametrize("asked", [each for each in QUERIES if each.query.startswith("SHOW")], ids=str)
def test_choices_come_from_tags_that_are_written(asked: Asked) -> None:
    """The measurement has the tag, and those that the choice depends on."""
    measurement, tag, condition = tag_values_of(asked.query)
    assert {tag, *re.findall(r'"(\w+)"', condition)} <= set(MEASUREMENTS[measurement].tags)


@selects
def test_choices_in_a_query_are_regular_expressions(asked: Asked) -> None:
    """In all versions of Grafana the same, and of the whole value."""
    for found in re.finditer(r"\$\{(\w+)[^}]*\}", asked.query):
        assert found[0] == f"${{{found[1]}:regex}}"
        assert re.search(r"/\^\(?[^/]*$", asked.query[: found.start()])
        assert re.match(r"[^/]*\$/", asked.query[found.end() :])


@pytest.mark.parametrize("asked", [each for each in SELECTS if each.table], ids=str)
def test_a_table_takes_tags_as_columns(asked: Asked) -> None:
    """Grafana puts the tags of a grouped answer into a table in random order."""
    outer = next(selects_of(asked.query))
    assert "GROUP BY" not in outer.rest


@panels
def test_series_have_names(panel: Any) -> None:
    """By their tag, their column, or in words; a table's columns have their own."""
    for target in panel["targets"]:
        if target["resultFormat"] == "time_series":
            grouped = re.findall(r'"(\w+)"', next(selects_of(target["query"])).rest.rpartition("GROUP BY")[2])
            in_groups = {name for name in grouped if "GROUP BY" in next(selects_of(target["query"])).rest}
            assert target["alias"]
            assert all(f"$tag_{name}" in target["alias"] for name in in_groups)
            several = next(selects_of(target["query"])).columns.count(", ") > 0
            assert ("$col" in target["alias"]) == several


@pytest.mark.parametrize("panel", TABLES.values(), ids=TABLES)
def test_what_is_said_of_columns_is_said_of_columns_that_are_there(panel: Any) -> None:
    """Sorting, units, colours and links name columns of the query; a matrix has those of the run."""
    columns = {"Time", *columns_of(panel["targets"][0]["query"])}
    is_matrix = any(step["id"] == "groupingToMatrix" for step in panel["transformations"])
    for rule in panel["fieldConfig"]["overrides"]:
        kind, what = rule["matcher"]["id"], rule["matcher"]["options"]
        if kind == "byName":
            assert what in columns
        elif not is_matrix:
            assert any(re.search(what.strip("/"), column) for column in columns)
    assert {each["displayName"] for each in panel["options"]["sortBy"]} <= columns
    for step in panel["transformations"]:
        if step["id"] == "sortBy":
            assert {each["field"] for each in step["options"]["sort"]} <= columns


def test_columns_of_the_matrix_are_coloured_where_the_status_changed() -> None:
    """What it was and is now being the same is no finding; the first column is no status."""
    (rule,) = (
        rule
        for rule in PANELS["replay-mismatches: Statuses: recorded -> replayed"]["fieldConfig"]["overrides"]
        if rule["matcher"]["id"] == "byRegexp"
    )
    pattern = re.compile(rule["matcher"]["options"].strip("/"))
    names = ["200 -> 200", "404 -> 404", "200 -> 500", "200 -> timeout", "500 -> 200", "endpoint\\kind"]
    assert [bool(pattern.search(name)) for name in names] == [False, False, True, True, True, False]


def links() -> list[tuple[str, str]]:
    """Every address that a row links to, with where it stands."""
    found = []
    for name, panel in PANELS.items():
        for rule in panel["fieldConfig"]["overrides"]:
            found += [
                (name, link["url"]) for each in rule["properties"] if each["id"] == "links" for link in each["value"]
            ]
    return found


@pytest.mark.parametrize(("where", "url"), links())
def test_links_lead_to_dashboards_of_ours(where: str, url: str) -> None:
    """With variables that are there, of values of columns that are in the row, and with a stretch of time."""
    uid, _, parameters = url.removeprefix("/d/").partition("?")
    names = {variable["name"] for variable in BOARDS[uid]["templating"]["list"]}
    assert set(re.findall(r"var-(\w+)=", parameters)) | set(re.findall(r"\$\{(\w+):queryparam\}", parameters)) <= names
    columns = columns_of(PANELS[where]["targets"][0]["query"])
    assert set(re.findall(r"\$\{__data\.fields\.(\w+)", parameters)) <= set(columns)
    assert "${__url_time_range}" in parameters or {"from", "to"} <= set(re.findall(r"(\w+)=", parameters))


def test_hidden_columns_are_plain_numbers() -> None:
    """Links take them as they are shown."""
    overrides = PANELS["replay-runs: Runs"]["fieldConfig"]["overrides"]
    for name in ("started_ms", "ended_ms"):
        found = {
            each["id"]: each["value"]
            for rule in overrides
            if rule["matcher"]["options"] == name
            for each in rule["properties"]
        }
        assert (found["unit"], found["decimals"], found["custom.hidden"], found["custom.hideFrom.viz"]) == (
            "none",
            0,
            True,
            True,
        )


@boards
def test_dashboards_link_to_each_other(board: Any) -> None:
    """By a tag that all have, with the time and the choices."""
    (link,) = board["links"]
    assert link["tags"] == board["tags"] == ["replay-users"]
    assert link["keepTime"]
    assert link["includeVars"]


@pytest.mark.parametrize("uid", ["replay-overview", "replay-mismatches"])
def test_events_are_marked_in_time(uid: str) -> None:
    """Start, end and autostop are shown, with the text of the event; warnings for those who switch them on."""
    found = {each["name"]: each for each in BOARDS[uid]["annotations"]["list"]}
    assert [name for name, each in found.items() if each["enable"]] == ["Start", "End", "Autostop"]
    for each in found.values():
        target = each["target"]
        assert (target["titleColumn"], target["textColumn"]) == ("title", "text")
        assert target["fromAnnotations"]
        assert target["rawQuery"]


@pytest.mark.parametrize(
    ("measurement", "field"),
    [
        (measurement.name, field)
        for measurement in MEASUREMENTS.values()
        for field in measurement.kinds
        if (measurement.name, field)
        not in {
            ("replay_latency", "sum_ms"),
            ("replay_latency", "max_ms"),
            ("replay_latency", "p90_ms"),
            ("replay_latency", "p99_ms"),
            ("replay_latency", "over"),
            ("replay_compare", "matched"),
            ("replay_compare", "dropped"),
            ("replay_compare", "skipped"),
            ("replay_generator", "sent"),
            ("replay_generator", "lag_p50_ms"),
            ("replay_generator", "lag_max_ms"),
            ("replay_generator", "wait_p99_ms"),
            ("replay_verdict", "exit_code"),
        }
    ],
)
def test_what_is_written_is_shown(measurement: str, field: str) -> None:
    """But for what is there for people's own panels."""
    assert any(
        select.measurement == measurement and field in select.names
        for asked in SELECTS
        for select in selects_of(asked.query)
    )
