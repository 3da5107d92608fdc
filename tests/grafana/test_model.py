from __future__ import annotations

from typing import Any

from k8s.grafana.model import Row, annotation, dashboard, query_variable


def board(*rows: Row) -> list[Any]:
    """The panels of a dashboard with these rows."""
    made = dashboard(
        uid="u", title="T", says="S.", since="now-1h", refresh="", variables=[], annotations=[], rows=list(rows)
    )
    return list(made["panels"])


def places(panels: list[Any]) -> list[tuple[int, int, int, int]]:
    """x, y, width and height of each."""
    return [tuple(panel["gridPos"][side] for side in "xywh") for panel in panels]


def test_panels_stand_from_left_to_right_then_below() -> None:
    """Below the highest of the line above."""
    found = board(Row(title="", panels=((12, 4, {}), (12, 8, {}), (6, 2, {}), (24, 3, {}))))
    assert places(found) == [(0, 0, 12, 4), (12, 0, 12, 8), (0, 8, 6, 2), (0, 10, 24, 3)]
    assert [panel["id"] for panel in found] == [1, 2, 3, 4]


def test_a_row_has_a_heading_above_its_panels() -> None:
    """On lines of their own, whatever stood before."""
    found = board(Row(title="", panels=((6, 4, {}),)), Row(title="More", panels=((12, 8, {}),)))
    assert places(found) == [(0, 0, 6, 4), (0, 4, 24, 1), (0, 5, 12, 8)]
    assert (found[1]["type"], found[1]["title"], found[1]["collapsed"]) == ("row", "More", False)


def test_a_closed_row_holds_its_panels() -> None:
    """They are not beside it, so nobody asks anything before it is opened."""
    (found,) = board(Row(title="Each", panels=((8, 7, {"title": "one"}),), closed=True))
    assert found["collapsed"]
    assert [panel["title"] for panel in found["panels"]] == ["one"]


def test_a_choice_of_many_begins_with_all() -> None:
    """As one pattern for all of them, not as a list of hundreds; a choice of one begins with the newest."""
    many = query_variable("endpoint", "Endpoint", "SHOW", many=True)
    assert (many["multi"], many["includeAll"], many["allValue"], many["current"]["value"]) == (
        True,
        True,
        ".*",
        "$__all",
    )
    one = query_variable("run", "Run", "SHOW")
    assert (one["multi"], one["includeAll"], one["current"], one["sort"]) == (False, False, {}, 2)


def test_an_annotation_asks_by_itself() -> None:
    """With what Grafana's data source wants to see: a target with a query that says it is an annotation's."""
    found = annotation("Start", "SELECT", "green", shown=False)
    assert not found["enable"]
    assert found["target"]["query"] == "SELECT"
    assert found["target"]["fromAnnotations"]
